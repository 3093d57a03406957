"""Descriptors 0 to 2 belong to the program, also where it was started without them."""

import subprocess
import sys

import synap

PROGRAM = """
import ctypes, sys
libc = ctypes.CDLL(None)
import synap
store = synap.open(sys.argv[1])
for i in range(100):
    store.set(f"key{i}", "x" * 100)
    libc.write(2, b"a line of a C library\\n", 22)
store.close()
"""


def test_started_without_standard_streams(directory):
    """Fault case 2: `python prog.py 0<&- 1>&- 2>&-`, and C code prints to descriptor 2."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" "$2" 0<&- 1>&- 2>&-', sys.executable, PROGRAM, directory],
        timeout=60,
    )
    assert done.returncode == 0
    with synap.open(directory) as store:
        assert all(store[f"key{i}"] == b"x" * 100 for i in range(100))
