"""Numbers in a store do not follow the locale of the program around it."""

import os
import subprocess
import sys
from pathlib import Path

COPIED = ("CTYPE", "COLLATE", "MONETARY", "TIME", "MESSAGES")
COMMA = "".join(f'LC_{name}\ncopy "POSIX"\nEND LC_{name}\n' for name in COPIED) + """
LC_NUMERIC
decimal_point ","
thousands_sep ""
grouping -1
END LC_NUMERIC
"""

PROGRAM = """
import locale
locale.setlocale(locale.LC_ALL, "")
assert locale.localeconv()["decimal_point"] == ","
import synap
with synap.open(":memory:") as store:
    assert store.execute("SET", "a", "1.5") == "OK"
    assert float(store.execute("INCRBYFLOAT", "a", "1.25")) == 2.75
    assert store["a"] == b"2.75"
    assert "mem_fragmentation_ratio:" in store.execute("INFO", "memory")
    assert "," not in store.execute("INFO", "memory")
"""


def test_a_decimal_comma_outside_stays_outside(tmp_path: Path) -> None:
    (tmp_path / "comma").write_text(COMMA)
    made = tmp_path / "comma.UTF-8"
    build = ["localedef", "-c", "-i", str(tmp_path / "comma"), "-f", "UTF-8", str(made)]
    subprocess.run(build, check=False, capture_output=True)  # it warns of what is left out
    assert made.exists()
    environment = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": "comma.UTF-8"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
