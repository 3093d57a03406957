"""Fault case 1: a wall clock that is wrong, or is set while the server runs (by libfaketime)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.conftest import make_server
from tests.lib.resp import Client
from tests.lib.servers import Server

TEN_YEARS = 3650 * 86400
PATIENCE_SECONDS = 20.0


def faketime_library() -> Path:
    for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        return path
    pytest.fail("libfaketime is not installed: it is in Debian's package libfaketime")


def fake_clock(server: Server, offset_file: Path, days: int) -> None:
    """The server's wall clock alone is off by so much; again: it is set while the server runs."""
    offset_file.write_text(f"{days:+d}d\n")
    server.environment = {
        "LD_PRELOAD": str(faketime_library()),
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_TIMESTAMP_FILE": str(offset_file),
    }


def integer(client: Client, *words: str) -> int:
    mark, value = client.call(*words)
    assert mark == ":", (words, mark, value)
    return int(value)


def wait_until_gone(client: Client, key: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while integer(client, "EXISTS", key) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert integer(client, "EXISTS", key) == 0, f"{key} has outlived its deadline"


def check_deadlines(client: Client, now: float) -> None:
    """What is relative and what is absolute is judged by `now`, the clock that is shown."""
    assert client.call("SET", "lock", "1", "PX", "300") == ("+", b"OK")
    assert client.call("SET", "s", "v", "EXAT", str(int(now) + 3600)) == ("+", b"OK")
    assert integer(client, "EXISTS", "s") == 1
    assert 3500 < integer(client, "TTL", "s") <= 3601
    wait_until_gone(client, "lock")
    shown = int(client.call("TIME")[1][0][1])
    assert abs(shown - now) < PATIENCE_SECONDS + 5


@pytest.mark.parametrize("saved", [False, True])
def test_a_write_made_while_the_clock_was_ahead_freezes_nothing(
    tmp_path: Path, saved: bool
) -> None:
    server = make_server("synap", tmp_path / "data")
    fake_clock(server, tmp_path / "offset", 3650)
    with server:
        with server.client() as client:
            client.call("SET", "early", "v")
            if saved:
                assert client.call("SAVE") == ("+", b"OK")
        assert server.stop() == 0, server.log()
        server.environment = {}
        for _ in range(2):  # nor does it survive a restart
            server.start()
            with server.client() as client:
                assert client.call("GET", "early") == ("$", b"v")
                check_deadlines(client, time.time())
                assert client.call("SAVE") == ("+", b"OK")
                assert abs(integer(client, "LASTSAVE") - time.time()) < PATIENCE_SECONDS
            assert server.stop() == 0, server.log()


def test_a_clock_that_is_set_while_the_server_runs(tmp_path: Path) -> None:
    server = make_server("synap", tmp_path / "data")
    offset = tmp_path / "offset"
    fake_clock(server, offset, 0)
    with server, server.client() as client:
        client.call("SET", "soon", "v", "EX", "3600")
        client.call("SET", "plain", "v")
        check_deadlines(client, time.time())

        fake_clock(server, offset, 3650)
        assert integer(client, "EXISTS", "soon") == 0
        client.call("SET", "ahead", "v", "EX", "3600")
        check_deadlines(client, time.time() + TEN_YEARS)
        wait_until(client, "synap_clock_jumps", "1")

        fake_clock(server, offset, 0)
        wait_until(client, "synap_clock_jumps", "2")
        assert integer(client, "EXISTS", "soon") == 0, "its deadline passed while ahead"
        assert integer(client, "EXISTS", "plain", "ahead") == 2
        check_deadlines(client, time.time())
        assert int(info(client, "uptime_in_seconds")) < 300
        assert integer(client, "OBJECT", "IDLETIME", "plain") < 300
        text = client.call("CLIENT", "LIST")[1].decode()
        ages = [int(word[4:]) for word in text.split() if word.startswith("age=")]
        assert ages and max(ages) < 300
        told = [line for line in server.log().splitlines() if "the wall clock jumped" in line]
        assert len(told) == 2, server.log()


def info(client: Client, field: str) -> str:
    text = client.call("INFO", "everything")[1].decode()
    return next(
        line.partition(":")[2] for line in text.splitlines() if line.startswith(field + ":")
    )


def wait_until(client: Client, field: str, value: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while info(client, field) != value and time.monotonic() < deadline:
        time.sleep(0.02)
    assert info(client, field) == value
