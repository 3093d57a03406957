"""Types: mypy in strict mode, and stubs that say what the modules hold."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]

# Only for type checkers, or hidden from them on purpose.
ALLOWED = r"""
synap\._commands\.(Key|Value|Duration|UnixTime|Pairs|V|Q)
synap\._native\.(V|D|S)
synap\._(commands\.Commands|native\.Store)\.__class_getitem__
synap\._commands\.Commands\._call
synap\._commands\.QueuedCommands\._queue
synap\._native\.Store
synap\._mapping\._LastBytes
synap\._mapping\.MappingMethods\.pipeline
synap\._native\.Store\.set
synap\._store\.Store\.using
"""

EXAMPLE = '''
from datetime import datetime, timedelta
from typing import Optional
import synap

with synap.open("data", durability="disk", max_memory="1gb") as store:
    raw: bytes = store["a"]
    maybe: Optional[bytes] = store.get("a")
    sure: bytes = store.get("a", b"")
    done: bool = store.set("a", 1, ex=10)
    old: Optional[bytes] = store.set("a", 1, get=True)
    names: list[bytes] = [key for key in store]
    field: bytes = store.hash("user:1")["name"]
    fields: dict[bytes, bytes] = store.hgetall("user:1") | store.hash("user:1").copy()
    page: tuple[int, dict[bytes, bytes]] = store.hscan("user:1", count=5)
    chosen: list[bytes] = store.hrandfield("user:1", count=2)
    with store.pipeline() as pipe:
        results = pipe.set("a", 1).incr("b").execute()
    text: Optional[str] = store.using(decode_responses=True).get("a")
    same: synap.Store[bytes] = store.using(durability="os")
with synap.open(":memory:", decode_responses=True) as decoded:
    value: str = decoded["a"]
    values: list[Optional[str]] = decoded.mget("a", "b")
    values = decoded.mget(["a", "b"])
    found: list[str] = sorted(decoded.keys()) + decoded.keys("a*") + list(decoded.values())
    text_pairs: dict[str, str] = dict(decoded.items())
    popped: str = decoded.pop("a", "") + decoded.setdefault("b", 1) + decoded.popitem()[0]
    decoded.update({"a": 1}, b=2.5)
    decoded.set("a", 1, ex=timedelta(hours=1), pxat=None)
    decoded.expireat("a", datetime.now())
    count: int = decoded.incr("n") + decoded.incr("n", 5)
try:
    decoded.execute("GET", "a")
except synap.ReplyError as error:
    print(error.code, error.retryable)
'''

WRONG = '''
import synap
store = synap.open("data")
store.get(1.5)
store.set("a", None)
store.set("a", 1, ez=10)
text: str = store["a"]
number: str = store.incr("a")
'''


def mypy(*arguments):
    pytest.importorskip("mypy")
    return subprocess.run([sys.executable, "-m", "mypy", *arguments], capture_output=True,
                          text=True)


def test_the_package_is_strictly_typed(tmp_path):
    done = mypy("--config-file", PACKAGE / "pyproject.toml", "--cache-dir", tmp_path,
                PACKAGE / "src" / "synap")
    assert done.returncode == 0, done.stdout + done.stderr


def test_stubs_describe_the_modules(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "allowed").write_text(ALLOWED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "synap", "--allowlist", tmp_path / "allowed"],
        cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_programs_are_checked_against_the_types(tmp_path):
    (tmp_path / "example.py").write_text(EXAMPLE)
    done = mypy("--strict", "--cache-dir", tmp_path / "cache", tmp_path / "example.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "wrong.py").write_text(WRONG)
    done = mypy("--strict", "--cache-dir", tmp_path / "cache", tmp_path / "wrong.py")
    for line in range(4, 9):
        assert f"wrong.py:{line}: error" in done.stdout, done.stdout
