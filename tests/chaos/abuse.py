"""pytest tests/chaos/abuse.py: clients that misbehave cost a bounded amount and are cut, while
others are served. Run with -s to see what each cost."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.watch import (
    CLIENT_SECONDS,
    MIB,
    connect,
    connected,
    eventually,
    others_are_served,
)
from tests.conftest import make_server
from tests.lib.resp import Client, Disconnected
from tests.lib.servers import Server

HEADER_TIMEOUT = 1.0
WRITE_TIMEOUT = 2.0
OUTPUT_LIMIT = 8 * MIB
# Small limits in time, so that the tests are quick; sizes are the defaults unless noted.
SETTINGS = {
    "limits.header_timeout_ms": str(int(HEADER_TIMEOUT * 1000)),
    "limits.write_timeout_ms": str(int(WRITE_TIMEOUT * 1000)),
    "limits.output_buffer_bytes": str(OUTPUT_LIMIT),
}
# What redis-server can be told of the same; it has no limit in time on a started command.
REDIS_SETTINGS = {"client-output-buffer-limit": f"normal {OUTPUT_LIMIT} 0 0"}
GROWTH_MIB = 48
CROWD = 200


@pytest.fixture(scope="module")
def victim(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = SETTINGS if kind == "synap" else REDIS_SETTINGS
    folder: Path = tmp_path_factory.mktemp("abuse") / "data"
    with make_server(kind, folder, settings) as server:
        yield server
        errors = server.error_lines()
    assert not errors, "errors in the server's log:\n" + "\n".join(errors)


@pytest.fixture
def http(kind: str) -> None:
    if kind != "synap":
        pytest.skip("only Synap speaks HTTP, and limits the time of a request")


def send_until_cut(s: socket.socket, piece: bytes, most: int) -> int:
    """Sends until the server will have no more; returns how much it took."""
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < most:
            sent += s.send(piece)
    return sent


def assert_refused(s: socket.socket, piece: bytes, size: int, reason: bytes) -> None:
    """Sends up to `size` bytes. The server may cut the connection, or throw away what comes for
    a while so that the client can read why; it may not wait for more in silence."""
    sent = send_until_cut(s, piece, size)
    answer = read_to_end(s)
    print(f"the server took {sent / MIB:.0f} MiB and answered {answer[:40]!r}")
    assert answer.startswith(reason) or (sent < size and answer == b""), answer[:200]


def read_to_end(s: socket.socket) -> bytes:
    """What is received until the server closes; fails when it does not."""
    received = b""
    try:
        while piece := s.recv(1 << 16):
            received += piece
    except ConnectionResetError:
        pass  # what had been sent to it was thrown away: still an end
    except TimeoutError:
        pytest.fail(f"not cut within {CLIENT_SECONDS} s; received {received[:200]!r}")
    return received


def test_one_byte_at_a_time(victim: Server, http: None) -> None:
    """A byte a second keeps the connection lively, but the request must be complete in time."""
    request_bytes = b"GET /health HTTP/1.1\r\nX-Slow: ".ljust(1000, b"a")
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        began = time.monotonic()
        s.settimeout(1.0)
        for byte in request_bytes:
            elapsed = time.monotonic() - began
            assert elapsed <= HEADER_TIMEOUT * 5, "the slow client was not cut"
            try:
                s.send(bytes([byte]))
                if s.recv(1 << 16) == b"":
                    return
            except TimeoutError:
                continue  # a second without an answer: time for the next byte
            except OSError:
                return
        pytest.fail("the request became complete")


def test_requests_that_never_end(victim: Server, http: None) -> None:
    """Half of a request and then silence, from many connections: each is cut."""
    halves = [b"GET /hea", b"POST /kv/set HTTP/1.1\r\nHost: x\r\n"]
    halves += [b"POST /kv/set HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"]
    with others_are_served(victim, GROWTH_MIB), contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connect(victim)) for _ in range(CROWD)]
        for i, s in enumerate(crowd):
            s.sendall(halves[i % len(halves)])
        began = time.monotonic()
        for s in crowd:
            read_to_end(s)
        assert time.monotonic() - began <= HEADER_TIMEOUT * 10


def test_commands_that_take_their_time(victim: Server) -> None:
    """Half of a command and then silence, as from a pipe whose producer pauses (fault case 4): it
    costs what has arrived, others are served, and the whole command is answered."""
    parts = [(b"*2\r\n$3\r\nGET\r\n$10\r\nab", b"cdefghij\r\n", b"$-1\r\n"),
             (b"*", b"1\r\n$4\r\nPING\r\n", b"+PONG\r\n")]
    with others_are_served(victim, GROWTH_MIB), contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connect(victim)) for _ in range(CROWD)]
        for i, s in enumerate(crowd):
            s.sendall(parts[i % len(parts)][0])
        time.sleep(2 * HEADER_TIMEOUT)  # in which a request of HTTP is cut
        for i, s in enumerate(crowd):
            s.sendall(parts[i % len(parts)][1])
        for i, s in enumerate(crowd):
            assert s.recv(1 << 16) == parts[i % len(parts)][2]


def test_replies_that_nobody_reads(victim: Server) -> None:
    """Asks for a GiB in replies of one MiB and reads none of them."""
    with victim.client() as client:
        client.call("SET", "large", b"x" * MIB)
    began = time.monotonic()
    with others_are_served(victim, 3 * OUTPUT_LIMIT // MIB + 16), connect(victim) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError, TimeoutError):
            for _ in range(1024):
                s.sendall(b"GET large\r\n")
        # The connection must end by itself: without reading, wait for the error on the socket.
        while time.monotonic() - began < CLIENT_SECONDS:
            try:
                s.send(b"PING\r\n")
            except OSError:
                return
            time.sleep(0.05)
        pytest.fail("a client that never reads was not cut")


@pytest.mark.parametrize(
    "announcement",
    [
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4611686018427387904\r\n",
        b"*2147483648\r\n",
        b"*2\r\n$2147483648\r\n",
        b"*9223372036854775807\r\n",
    ],
    ids=["bulk of 2^62", "multibulk of 2^31", "bulk of 2^31", "multibulk of 2^63-1"],
)
def test_impossible_lengths(victim: Server, announcement: bytes) -> None:
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        s.sendall(announcement)
        assert read_to_end(s).startswith(b"-ERR Protocol error")


@pytest.mark.parametrize(
    "announcement",
    [b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000000\r\nabc", b"*1000000\r\n$4\r\nMSET\r\n"],
    ids=["bulk of 500 MB", "a million arguments"],
)
def test_lengths_that_are_only_claimed(victim: Server, announcement: bytes) -> None:
    """Allowed lengths, of which nothing arrives: memory follows what came, not what was said."""
    with others_are_served(victim, GROWTH_MIB), contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connect(victim)) for _ in range(CROWD)]
        for s in crowd:
            s.sendall(announcement)
        time.sleep(0.3)


HEAD = b"POST /api/v1/command HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY_START = b'{"command":"kv.set","request_id":"1","payload":{"key":"a","value":"'
GIB = 1 << 30


def test_json_body_of_a_gibibyte(victim: Server, http: None) -> None:
    """Refused from its announcement; what the client sends all the same is not kept."""
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        s.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % GIB + BODY_START)
        assert_refused(s, b"x" * (1 << 16), GIB, b"HTTP/1.1 413")


def test_refusal_of_a_large_body_can_be_read(victim: Server, http: None) -> None:
    """A client that waits for the answer before it sends the body gets one."""
    with connect(victim) as s:
        s.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % GIB)
        assert read_to_end(s).startswith(b"HTTP/1.1 413")


def test_chunked_json_body_of_a_gibibyte(victim: Server, http: None) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        s.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        s.sendall(b"%x\r\n%b\r\n" % (len(BODY_START), BODY_START))
        assert_refused(s, chunk, GIB, b"HTTP/1.1 413")


def test_a_hundred_thousand_headers(victim: Server, http: None) -> None:
    headers = b"".join(b"X-%d: y\r\n" % i for i in range(100_000))
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        assert_refused(s, headers, len(headers), b"HTTP/1.1 431")


def test_one_endless_header(victim: Server, http: None) -> None:
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        s.sendall(b"GET /health HTTP/1.1\r\nX-Long: ")
        assert_refused(s, b"a" * (1 << 16), 64 * MIB, b"HTTP/1.1 431")


def test_one_endless_inline_command(victim: Server) -> None:
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        assert_refused(s, b"a" * (1 << 16), 64 * MIB, b"-ERR Protocol error")


def test_json_nested_a_million_deep(victim: Server, http: None) -> None:
    body = b'{"command":"kv.set","request_id":"1","payload":' + b"[" * 1_000_000
    with others_are_served(victim, GROWTH_MIB), connect(victim) as s:
        s.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert read_to_end(s).startswith(b"HTTP/1.1 4")


def test_connections_that_come_and_go(victim: Server) -> None:
    """A thousand that close in the middle of a command leave nothing behind."""
    with victim.client() as client:
        # The count is published from time to time: only then does it hold this client too.
        assert eventually(lambda: connected(client) >= 1)
        before = connected(client)
        with others_are_served(victim, GROWTH_MIB):
            for _ in range(1000):
                with connect(victim) as s:
                    s.sendall(b"*2\r\n$3\r\nGET\r\n$100\r\nabc")
        gone = eventually(lambda: connected(client) <= before)
        assert gone, f"{connected(client)} connections are left"


def _admitted(stack: contextlib.ExitStack, server: Server) -> Client:
    """A client with a place, which the one that asked whether the server is up may still hold."""
    deadline = time.monotonic() + CLIENT_SECONDS
    while True:
        client = stack.enter_context(server.client())
        with contextlib.suppress(Disconnected, OSError):
            if client.call("PING") == ("+", b"PONG"):
                return client
        client.close()
        assert time.monotonic() < deadline, "no place became free"
        time.sleep(0.02)


def test_too_many_connections(kind: str, tmp_path: Path) -> None:
    """Beyond the limit a connection is refused with a reason; those before go on."""
    option = {"synap": "server.max_connections", "redis": "maxclients"}[kind]
    with make_server(kind, tmp_path / "data", {option: "50"}) as server:
        with contextlib.ExitStack() as stack:
            clients = [_admitted(stack, server) for _ in range(50)]
            assert all(c.call("PING") == ("+", b"PONG") for c in clients)
            with connect(server) as extra:
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    extra.sendall(b"PING\r\n")
                answer = read_to_end(extra)
                assert answer in (b"", b"-ERR max number of clients reached\r\n"), answer
            assert clients[0].call("PING") == ("+", b"PONG")
        # Those 50 have left: there is room again.
        deadline = time.monotonic() + CLIENT_SECONDS
        answer = b""
        while answer != b"+PONG\r\n":
            assert time.monotonic() < deadline, f"still refused with {answer!r}"
            with connect(server) as again, contextlib.suppress(ConnectionResetError):
                again.sendall(b"PING\r\n")
                answer = again.recv(100)
