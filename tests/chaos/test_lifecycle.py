"""Orderly ends: SIGTERM under load, and a directory that is already in use."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.model import State
from tests.chaos.verify import check_counters, check_pair, check_writer, read_all
from tests.chaos.workers import Writer
from tests.conftest import make_server
from tests.lib.servers import Server, StartFailed

WRITERS = 3
LOAD_SECONDS = 0.5


def loaded(server: Server, turn: int) -> list[Writer]:
    writers = [Writer(server, n, State(2 * (n - 1)), 1, turn) for n in range(1, WRITERS + 1)]
    for writer in writers:
        writer.start()
    time.sleep(LOAD_SECONDS)
    return writers


@pytest.mark.parametrize("fsync", ["everysec", "always", "never"])
def test_sigterm_under_load_loses_nothing(kind: str, tmp_path: Path, fsync: str) -> None:
    """Whatever the setting: an orderly end makes everything durable, and exits with 0."""
    server = make_server(kind, tmp_path / "data")
    server.fsync = {"redis": {"never": "no"}}.get(kind, {}).get(fsync, fsync)
    with server:
        writers = loaded(server, 1)
        assert server.stop() == 0, server.log()
        assert not server.error_lines(), server.log()
        for writer in writers:
            writer.join()
            assert not writer.problem, writer.problem
            assert writer.acknowledged_count > 0
        server.start()
        with server.client() as client:
            dump = read_all(client, timed=kind == "synap")
        for writer in writers:
            check_writer(writer, dump)
        check_counters(Counter(), writers, dump)
        check_pair(b"", writers, dump)


def test_sigterm_does_not_wait_for_idle_clients(kind: str, tmp_path: Path) -> None:
    """Open connections without anything under way are closed at once."""
    with make_server(kind, tmp_path / "data") as server, contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(server.client()).call("PING")
        began = time.monotonic()
        assert server.stop() == 0, server.log()
        assert time.monotonic() - began < 3


def test_directory_in_use_names_its_owner(kind: str, tmp_path: Path) -> None:
    if kind != "synap":
        pytest.skip("redis-server does not lock its directory")
    with make_server(kind, tmp_path / "data") as owner:
        with owner.client() as client:
            client.call("SET", "a", "1")
        second = make_server(kind, tmp_path / "data")
        second.log_path = tmp_path / "second.log"
        with pytest.raises(StartFailed) as refused:
            second.start()
        assert re.search(rf"\b{owner.pid}\b", str(refused.value)), refused.value
        assert second.process is not None and second.process.returncode not in (0, None)
        with owner.client() as client:
            assert client.call("GET", "a") == ("$", b"1")
