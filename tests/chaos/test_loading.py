"""Fault case 12: a server told to stop while it loads does so at once, and loses nothing."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import make_server
from tests.lib.servers import Server, find_installed

RECORDS = 1_500_000  # that take a second or so to load
REPLAYED = "replayed "  # the engine says so once it has read the log to its end
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A directory that holds much, and how many keys."""
    folder = tmp_path_factory.mktemp("loading") / "data"
    with make_server("synap", folder) as server:
        bench = find_installed("redis-benchmark", "redis-tools")
        load = f"-n {RECORDS} -P 500 -c 4 -r 100000000 -q SET k:__rand_int__ v"
        subprocess.run(
            [str(bench), "-p", str(server.port), *load.split()],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with server.client() as client:
            size = client.call("DBSIZE")[1]
        assert server.stop() == 0, server.log()
    return folder, int(size)


@contextlib.contextmanager
def loading(folder: Path) -> Iterator[Server]:
    server = make_server("synap", folder)
    server.start_only()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "listening" not in server.log() and time.monotonic() < deadline:
        assert server.alive(), server.log()
    try:
        yield server
    finally:
        server.kill()


def check_stopped(server: Server, size: int) -> None:
    """It ended in order, before all was read; and all of it is still there."""
    assert REPLAYED not in server.log(), "it was loaded to its end first:\n" + server.log()
    assert not server.error_lines(), server.log()
    server.start()
    with server.client(timeout=PATIENCE_SECONDS) as client:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (reply := client.call("DBSIZE"))[0] != ":" and time.monotonic() < deadline:
            time.sleep(0.02)
        assert reply == (":", size)


def test_sigterm_while_loading(loaded: tuple[Path, int]) -> None:
    folder, size = loaded
    with loading(folder) as server:
        assert server.stop() == 0, server.log()
        check_stopped(server, size)


def test_shutdown_while_loading(loaded: tuple[Path, int]) -> None:
    folder, size = loaded
    with loading(folder) as server:
        with server.client() as client:
            client.start(b"SHUTDOWN NOSAVE\r\n")
        assert server.process is not None
        assert server.process.wait(PATIENCE_SECONDS) == 0, server.log()
        check_stopped(server, size)
