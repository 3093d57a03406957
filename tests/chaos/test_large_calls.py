"""Calls with values of many MiB: they are run aside, in their place, and nobody else waits for
them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.watch import CLIENT_SECONDS, MIB, eventually, others_are_served
from tests.conftest import make_server
from tests.lib.resp import encode
from tests.lib.servers import Server

LARGE = 32 * MIB
# What is received (two of them in a pipeline, in a block with room for more), the copies for the
# log, the value it is appended to, another of that, and what they replace.
COPIES = 10


@pytest.fixture
def server(kind: str, tmp_path: Path) -> Iterator[Server]:
    if kind != "synap":
        pytest.skip("Redis runs them where it serves")
    with make_server(kind, tmp_path / "data", {"server.io_threads": 1}) as running:
        yield running


def value(letter: bytes) -> bytes:
    return letter * LARGE


def test_they_keep_their_place_in_a_pipeline(server: Server) -> None:
    with others_are_served(server, COPIES * LARGE // MIB), server.client(timeout=60) as client:
        replies = client.batch(
            [
                ("SET", "k", "1"),
                ("INCR", "k"),
                ("SET", "k", value(b"a")),
                ("STRLEN", "k"),
                ("COPY", "k", "other"),
                ("APPEND", "k", "x"),
                ("STRLEN", "k"),
                ("SET", "n", "1"),
                ("APPEND", "k", value(b"b")),
                ("INCR", "n"),
                ("GETRANGE", "k", LARGE - 1, LARGE + 1),
            ]
        )
    assert replies == [
        ("+", b"OK"),
        (":", 2),
        ("+", b"OK"),
        (":", LARGE),
        (":", 1),
        (":", LARGE + 1),
        (":", LARGE + 1),
        ("+", b"OK"),
        (":", 2 * LARGE + 1),
        (":", 2),
        ("$", b"axb"),
    ]


def test_transactions(server: Server) -> None:
    with others_are_served(server, COPIES * LARGE // MIB), server.client(timeout=60) as client:
        commands = [("MULTI",), ("SET", "k", value(b"a")), ("INCR", "n"), ("STRLEN", "k")]
        assert client.batch(commands)[1:] == [("+", b"QUEUED")] * 3
        assert client.call("EXEC") == ("*", [("+", b"OK"), (":", 1), (":", LARGE)])
        assert client.batch([("MULTI",), ("SET", "k", value(b"a")), ("DISCARD",)])[-1] == (
            "+",
            b"OK",
        )
        assert client.call("STRLEN", "k") == (":", LARGE)


@pytest.mark.parametrize("ends", ["closes", "resets", "is killed"])
def test_a_client_that_goes_meanwhile(server: Server, ends: str) -> None:
    with server.client() as other:
        with socket.create_connection(("127.0.0.1", server.port), timeout=CLIENT_SECONDS) as s:
            s.sendall(encode(["CLIENT", "ID"]))
            number = s.recv(64).strip().lstrip(b":")
            s.sendall(encode(["SET", "k", value(b"a")]) + encode(["INCR", "after"]))
            if ends == "is killed":
                assert other.call("CLIENT", "KILL", "ID", number) == (":", 1)
            if ends == "resets":
                linger = (1).to_bytes(4, "little") + bytes(4)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        gone = b"id=" + number + b" "
        assert eventually(lambda: gone not in other.call("CLIENT", "LIST")[1])
        assert other.call("SET", "k", value(b"b")) == ("+", b"OK")
        assert other.call("GETRANGE", "k", LARGE - 2, -1) == ("$", b"bb")


def test_they_are_there_after_a_kill(server: Server) -> None:
    with server.client(timeout=60) as client:
        client.call("SET", "before", "1")
        assert client.call("SET", "k", value(b"a")) == ("+", b"OK")
        assert client.call("APPEND", "k", value(b"b")) == (":", 2 * LARGE)
        fields = ("HSET", "h", "f", value(b"c"), "g", value(b"d"), "small", "1")
        assert client.call(*fields) == (":", 3)
        client.call("SET", "after", "2")
    server.kill()
    server.start()
    with server.client(timeout=60) as client:
        assert client.call("MGET", "before", "after")[1] == [("$", b"1"), ("$", b"2")]
        assert client.call("GETRANGE", "k", LARGE - 1, LARGE) == ("$", b"ab")
        assert client.call("HSTRLEN", "h", "g") == (":", LARGE)
        assert client.call("HMGET", "h", "small", "none")[1] == [("$", b"1"), ("$", None)]
