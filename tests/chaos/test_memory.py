"""A server whose allocations fail: what it acknowledged is there, what it refused is not, clients
may be cut, and it works on as soon as there is memory. Its I/O threads have no other test of it."""

from __future__ import annotations

import http.client
import random
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.watch import eventually
from tests.conftest import make_server
from tests.lib.resp import Client, Disconnected
from tests.lib.servers import REPOSITORY, Server

SEED = 20_261_128
CLIENTS = 4
CALLS = 1_500
# A connection is made anew after so many calls.
CALLS_EACH = 25
LARGE = b"x" * 40_000


class Memory:
    """One in so many allocations of the server fails; 0: none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fail_one_in(0)

    def fail_one_in(self, count: int) -> None:
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack("=q", count))


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    return Memory(tmp_path_factory.mktemp("memory") / "one_in")


def wait_until_loaded(server: Server) -> None:
    """Before that a failure ends the server."""
    assert eventually(lambda: server.log().count("INFO  ready") == server.log().count("starting "))


@pytest.fixture(scope="module")
def faulty(
    kind: str, memory: Memory, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    if kind != "synap":
        pytest.skip("Redis ends when memory does")
    folder = tmp_path_factory.mktemp("faulty")
    library = folder / "memory.so"
    source = REPOSITORY / "tests/lib/memory.c"
    subprocess.run(["cc", "-O2", "-fPIC", "-shared", "-o", library, source], check=True)
    server = make_server(kind, folder / "data")
    server.environment |= {"LD_PRELOAD": str(library), "FAULTY_MEMORY": str(memory.path)}
    with server:
        wait_until_loaded(server)
        yield server


class Writer:
    """Writes its own keys, and knows what each may hold."""

    def __init__(self, server: Server, number: int) -> None:
        self.server = server
        self.random = random.Random(f"{SEED} {number}")
        self.prefix = f"{number}:"
        self.held: dict[str, set[bytes | None]] = {}
        self.answered = 0
        self.refused = 0
        self.cut = 0

    def run(self) -> None:
        left = CALLS
        while left > 0:
            try:
                with self.server.client() as client:
                    for _ in range(CALLS_EACH):
                        left -= 1
                        self.step(client)
            except (Disconnected, OSError):
                self.cut += 1

    def step(self, client: Client) -> None:
        key = self.prefix + str(self.random.randrange(20))
        before = self.held.get(key, {None})
        number = b"%d" % self.random.randrange(10**9)
        value = self.random.choice([number, LARGE[: self.random.randrange(len(LARGE))]])
        write = self.random.random() < 0.6
        if write:
            self.held[key] = before | {value}  # until it is known
        kind, said = client.call("SET", key, value) if write else client.call("GET", key)
        if kind == "-":
            self.refused += 1
            if write and b"nothing was applied" in said:
                self.held[key] = before
            return
        self.answered += 1
        if write:
            self.held[key] = {value}
        else:
            assert said in before, (key, said[:40] if said else said)


def http_status(server: Server, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def assert_held(server: Server, writers: list[Writer]) -> None:
    with server.client() as client:
        for writer in writers:
            for key, allowed in writer.held.items():
                assert client.call("GET", key)[1] in allowed, key


@pytest.mark.parametrize("one_in", [1_000, 100, 20, 4])
def test_allocations_that_fail(faulty: Server, memory: Memory, one_in: int) -> None:
    writers = [Writer(faulty, number) for number in range(CLIENTS)]
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
    with faulty.client() as client:
        client.call("FLUSHALL")
    memory.fail_one_in(one_in)
    try:
        for thread in threads:
            thread.start()
        for _ in range(20):
            http_status(faulty, "/metrics")
        for thread in threads:
            thread.join(120)
    finally:
        memory.fail_one_in(0)
    assert not any(thread.is_alive() for thread in threads)
    assert faulty.alive(), faulty.log()
    print(*(f"{w.answered} answered, {w.refused} refused, {w.cut} cut" for w in writers), sep="\n")
    assert sum(writer.answered for writer in writers) > 0
    assert eventually(lambda: http_status(faulty, "/livez") == 200)
    assert_held(faulty, writers)
    with faulty.client() as client:
        stopped = client.call("SET", "probe", "1")[0] == "-"
    if stopped:  # a write could be neither finished nor taken back: it is said, and a start helps
        assert faulty.stop() == 0
        faulty.start()
        wait_until_loaded(faulty)
        assert_held(faulty, writers)
