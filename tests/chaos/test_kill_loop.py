"""CI's share of the kill loop, and the proof that its checks can fail."""

from __future__ import annotations

import pytest

from tests.chaos import kill_loop
from tests.chaos.model import Dump, Operation, State, surviving_prefix

ROUNDS = "50"


@pytest.mark.parametrize("fsync", ["everysec", "always", "never"])
def test_nothing_acknowledged_is_lost(fsync: str) -> None:
    assert kill_loop.main(["--rounds", ROUNDS, "--fsync", fsync]) == 0, "see the output"


def test_lost_writes_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """Redis with fsync always keeps the promise too, until its directory is rolled back. (With
    everysec it does not: it postpones writes to its file while an fsync is running.)"""
    options = ["--server", "redis", "--fsync", "always", "--rounds", "5"]
    assert kill_loop.main(options) == 0
    assert kill_loop.main([*options, "--canary"]) == 1
    assert "FAILED in round 3" in capsys.readouterr().out


def write(*commands: tuple[bytes, ...]) -> Operation:
    return Operation(commands, commands)


START: Dump = {(0, b"a"): (b"1", -1)}
PAIR = write((b"MSET", b"a", b"2", b"b", b"2"))
MORE = write((b"SET", b"c", b"3"))


@pytest.mark.parametrize(
    ("found", "prefix"),
    [
        (START, 0),
        ({(0, b"a"): (b"2", -1), (0, b"b"): (b"2", -1)}, 1),
        ({(0, b"a"): (b"2", -1), (0, b"b"): (b"2", -1), (0, b"c"): (b"3", -1)}, 2),
        pytest.param({(0, b"a"): (b"2", -1)}, None, id="torn group"),
        pytest.param({(0, b"a"): (b"1", -1), (0, b"c"): (b"3", -1)}, None, id="hole"),
        pytest.param({}, None, id="lost"),
        pytest.param({(0, b"a"): (b"1", 5)}, None, id="deadline from nowhere"),
        pytest.param({(0, b"a"): ({b"f": (b"1", -1)}, -1)}, None, id="another type"),
    ],
)
def test_only_whole_prefixes_are_accepted(found: Dump, prefix: int | None) -> None:
    assert surviving_prefix(State(0, dict(START)), [PAIR, MORE], found) == prefix


def test_model_follows_the_commands() -> None:
    state = State(2)
    for command in [
        (b"SET", b"k", b"ab", b"PXAT", b"99"),
        (b"APPEND", b"k", b"c"),
        (b"SETRANGE", b"k", b"4", b"e"),
        (b"RENAME", b"k", b"l"),
        (b"COPY", b"l", b"m", b"DB", b"3", b"REPLACE"),
        (b"PERSIST", b"l"),
        (b"MSETNX", b"l", b"x", b"n", b"x"),
        (b"INCRBY", b"i", b"-4"),
        (b"SWAPDB", b"2", b"3"),
        (b"MOVE", b"m", b"3"),
        (b"HSET", b"h", b"f", b"1", b"g", b"2", b"e", b"3"),
        (b"HPEXPIREAT", b"h", b"77", b"FIELDS", b"2", b"f", b"absent"),
        (b"COPY", b"h", b"o", b"DB", b"3", b"REPLACE"),
        (b"HINCRBY", b"h", b"f", b"4"),
        (b"HSETEX", b"h", b"KEEPTTL", b"FIELDS", b"2", b"f", b"6", b"i", b"7"),
        (b"HGETDEL", b"h", b"FIELDS", b"1", b"g"),
        (b"HPEXPIREAT", b"h", b"1", b"FIELDS", b"1", b"e"),
        (b"HGETEX", b"h", b"PXAT", b"88", b"FIELDS", b"1", b"i"),
        (b"HSET", b"gone", b"f", b"1"),
        (b"HDEL", b"gone", b"f"),
    ]:
        state.apply(write(command))
    assert state.entries == {
        (3, b"l"): (b"abc\x00e", -1),
        (3, b"i"): (b"-4", -1),
        (3, b"m"): (b"abc\x00e", 99),
        (2, b"h"): ({b"f": (b"6", 77), b"i": (b"7", 88)}, -1),
        (3, b"o"): ({b"f": (b"1", 77), b"g": (b"2", -1), b"e": (b"3", -1)}, -1),
    }
