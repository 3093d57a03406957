"""Replies that are longer than what the server holds of them: it writes them as they are read, from
what the keys held when the command ran, and others are served meanwhile."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.watch import CLIENT_SECONDS, MIB, connected, eventually, others_are_served
from tests.conftest import make_server
from tests.lib.resp import Client, encode
from tests.lib.servers import Server

# What a client that reads nothing may cost: its buffers and the system's, its queue of commands.
GROWTH_MIB = 40
READS = 30_000
FIELDS = 200_000
PIECE = 1 << 20
# Of one such hash, four of which might have stayed.
LEFT_MIB = 15


@pytest.fixture(scope="module")
def server(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if kind != "synap":
        pytest.skip("Redis copies replies")
    with make_server(kind, tmp_path_factory.mktemp("long") / "data", {}) as running:
        yield running


@contextlib.contextmanager
def slow_reader(server: Server) -> Iterator[socket.socket]:
    """The system holds little for it."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        s.settimeout(CLIENT_SECONDS)
        s.connect(("127.0.0.1", server.port))
        yield s


def receive(s: socket.socket, size: int) -> Iterator[bytes]:
    """So many bytes, piece by piece."""
    while size > 0:
        piece = s.recv(min(size, PIECE))
        assert piece, f"closed with {size} bytes to come"
        size -= len(piece)
        yield piece


def receive_all(s: socket.socket, size: int) -> bytes:
    return b"".join(receive(s, size))


def queue(s: socket.socket, command: bytes, count: int) -> None:
    s.sendall(encode(["MULTI"]))
    assert receive_all(s, 5) == b"+OK\r\n"
    step = 1_000
    for _ in range(0, count, step):
        s.sendall(command * step)
        assert receive_all(s, 9 * step) == b"+QUEUED\r\n" * step


@pytest.mark.parametrize("size", [2_000, 16_384, 16_385])
def test_many_reads_of_one_string_in_a_transaction(server: Server, size: int) -> None:
    with server.client() as client:
        client.call("SET", "long", b"v" * size)
    with slow_reader(server) as s, others_are_served(server, GROWTH_MIB):
        queue(s, encode(["GET", "long"]), READS)
        s.sendall(encode(["EXEC"]))
        head = b"*%d\r\n" % READS
        assert receive_all(s, len(head)) == head  # it has run
        with server.client() as client:
            client.call("DEL", "long")  # what is not read yet is of before
        one = b"$%d\r\n%s\r\n" % (size, b"v" * size)
        for _ in range(READS):
            assert receive_all(s, len(one)) == one


def fill(client: Client, key: str) -> None:
    step = 1_000
    for at in range(0, FIELDS, step):
        pairs = [part % i for i in range(at, at + step) for part in (b"f%07d", b"v%07d")]
        client.call("HSET", key, *pairs)


@pytest.mark.parametrize(
    ("command", "parts"), [("HGETALL", b"fv"), ("HKEYS", b"f"), ("HVALS", b"v")]
)
def test_a_large_hash_as_it_was(server: Server, command: str, parts: bytes) -> None:
    with server.client() as client:
        fill(client, "hash")
        with slow_reader(server) as s, others_are_served(server, GROWTH_MIB):
            s.sendall(encode([command, "hash"]))
            count = FIELDS * len(parts)
            head = b"*%d\r\n" % count
            assert receive_all(s, len(head)) == head
            for i in range(0, FIELDS, 1_000):
                client.call("HSET", "hash", b"f%07d" % i, "changed", b"new%d" % i, "")
            client.call("DEL", "hash")
            one = b"$8\r\nf0000000\r\n"
            seen = set(receive_all(s, count * len(one)).split(b"\r\n")[1::2])
        assert len(seen) == count
        for part in parts:
            assert {b"%c%07d" % (part, i) for i in range(FIELDS)} <= seen


def test_clients_that_leave_a_large_hash(server: Server) -> None:
    """What a reply was the last to hold is given back: it is there for what comes next."""
    sizes = []
    with server.client() as client:
        for _ in range(6):
            fill(client, "left")
            with slow_reader(server) as s:
                s.sendall(encode(["HGETALL", "left"]))
                receive_all(s, 100)
                client.call("DEL", "left")
            assert eventually(lambda: connected(client) == 1)
            sizes.append(server.resident_bytes() / MIB)
    print(*(f"{size:.0f}" for size in sizes), "MiB")
    assert sizes[-1] < sizes[1] + LEFT_MIB


def test_fields_that_have_expired_are_not_counted(server: Server) -> None:
    with server.client() as client:
        fill(client, "timed")
        gone = [b"f%07d" % i for i in range(0, FIELDS, 8)]
        client.call("HPEXPIRE", "timed", 1, "FIELDS", len(gone), *gone)
        fields = client.call("HKEYS", "timed")[1]
        assert len(fields) == FIELDS - len(gone)
        picked = client.call("HRANDFIELD", "timed", FIELDS // 2)[1]
        assert len({name for _, name in picked}) == FIELDS // 2
        assert len(client.call("HRANDFIELD", "timed", -50_000, "WITHVALUES")[1]) == 100_000
        client.call("DEL", "timed")
