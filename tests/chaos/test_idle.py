"""Ten thousand connections that do nothing, and load beside them. Run with -s to see figures."""

from __future__ import annotations

import contextlib
import re
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.watch import others_are_served
from tests.conftest import make_server
from tests.lib.resp import Client
from tests.lib.servers import Server, find_installed

IDLE = 10_000
SPARE_FILES = 500
# The floor of the project's promise; see the size table in docs.
BYTES_PER_CONNECTION = 8192
SECONDS = 120
# Clients and a thousand keys of the load itself.
LOAD_GROWTH_MIB = 64


@contextlib.contextmanager
def open_files(wanted: int) -> Iterator[None]:
    """Raises this process' limit, which the servers it starts inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.fail(f"{wanted} open files are needed; the hard limit is {hard} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def throughput(server: Server) -> dict[str, float]:
    command = [str(find_installed("redis-benchmark", "redis-tools")), "-p", str(server.port)]
    command += ["-t", "set,get", "-P", "16", "-c", "20", "-n", "300000", "-r", "1000", "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    rows = re.findall(r'^"(SET|GET)","([\d.]+)"', done.stdout, re.MULTILINE)
    assert len(rows) == 2, done.stdout + done.stderr
    return {name: float(rate) for name, rate in rows}


def test_ten_thousand_idle_connections(kind: str, tmp_path: Path) -> None:
    option = {"synap": "server.max_connections", "redis": "maxclients"}[kind]
    settings = {option: str(IDLE + SPARE_FILES)}
    with open_files(IDLE + SPARE_FILES), make_server(kind, tmp_path / "data", settings) as server:
        quiet = throughput(server)
        before = server.resident_bytes()
        with contextlib.ExitStack() as stack:
            crowd: list[Client] = []
            for _ in range(IDLE):
                crowd.append(stack.enter_context(server.client()))
                # Each has been used: one that never spoke could be cheaper than it will stay.
                assert crowd[-1].call("PING") == ("+", b"PONG")
            each = (server.resident_bytes() - before) / IDLE
            with others_are_served(server, LOAD_GROWTH_MIB):
                crowded = throughput(server)
            print(f"{IDLE} idle connections: {each:.0f} bytes each")
            for name, rate in crowded.items():
                print(f"{name}: {rate:,.0f}/s beside them, {quiet[name]:,.0f}/s without")
            for client in crowd[:: IDLE // 100]:
                assert client.call("PING") == ("+", b"PONG"), "an idle client was forgotten"
        if kind == "synap":
            assert each <= BYTES_PER_CONNECTION
        assert not server.error_lines(), server.log()
