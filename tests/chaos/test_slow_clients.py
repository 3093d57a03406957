"""Clients that are slow to ask, ask for too much, take no reply or leave while they wait. Each is
ended for the reason that the metrics name, and others are served."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import struct
import time
import urllib.request
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
from tests.lib.resp import Client, encode
from tests.lib.servers import Server

HEADER_TIMEOUT = 1.0
WRITE_TIMEOUT = 2.0
OUTPUT_LIMIT = MIB
# A client that waits for the server is not held to the shorter of the two times.
SETTINGS = {
    "limits.header_timeout_ms": str(int(HEADER_TIMEOUT * 1000)),
    "limits.write_timeout_ms": str(int(WRITE_TIMEOUT * 1000)),
}
# Nothing stops reading before the limit, so that a pipeline can run into it.
SMALL_OUTPUT = {
    **SETTINGS,
    "limits.output_soft_bytes": str(OUTPUT_LIMIT),
    "limits.output_buffer_bytes": str(OUTPUT_LIMIT),
}
# How soon it must be noticed that a client has gone.
NOTICE_SECONDS = 5.0
DRIB_SECONDS = 0.05
GROWTH_MIB = 48
CROWD = 50


def running(kind: str, folder: Path, settings: dict[str, str]) -> Iterator[Server]:
    if kind != "synap":
        pytest.skip("only Synap speaks HTTP, has these limits and counts whom it cut")
    with make_server(kind, folder, settings) as server:
        yield server
        errors = server.error_lines()
    assert not errors, "errors in the server's log:\n" + "\n".join(errors)


@pytest.fixture(scope="module")
def patient(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Sizes are the defaults, and times short."""
    yield from running(kind, tmp_path_factory.mktemp("patient") / "data", SETTINGS)


@pytest.fixture(scope="module")
def small(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same with little room for replies."""
    yield from running(kind, tmp_path_factory.mktemp("small") / "data", SMALL_OUTPUT)


def cuts(server: Server) -> dict[str, int]:
    """How many connections the server has ended, by reason; those that occurred."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as page:
        text = page.read().decode()
    found = re.findall(r'^synap_connections_cut_total\{reason="(\w+)"\} (\d+)$', text, re.MULTILINE)
    assert found, text
    return {reason: int(count) for reason, count in found if count != "0"}


def assert_cut_for(server: Server, reason: str, before: dict[str, int]) -> None:
    """One more than `before` was cut for `reason`, and none for another one."""
    expected = {**before, reason: before.get(reason, 0) + 1}
    eventually(lambda: cuts(server) != before)
    assert cuts(server) == expected


def answered(s: socket.socket, request: bytes) -> None:
    """Sends a request and reads its whole answer, which has a body of declared length."""
    s.sendall(request)
    received = b""
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if end and length and len(body) == int(length[1]):
            assert head.startswith(b"HTTP/1.1 200"), head
            return
        piece = s.recv(1 << 16)
        assert piece, f"closed after {received!r}"
        received += piece


def drip(s: socket.socket, drib: bytes) -> tuple[bytes, float]:
    """Sends `drib` again and again until the server ends the connection. Returns what it said and
    how long that took."""
    began = time.monotonic()
    received = b""
    s.settimeout(DRIB_SECONDS)
    while time.monotonic() - began < CLIENT_SECONDS:
        try:
            if drib:
                s.send(drib)
            piece = s.recv(1 << 16)
        except TimeoutError:
            continue  # no answer yet: time for the next drib
        except (ConnectionResetError, BrokenPipeError):
            piece = b""
        received += piece
        if not piece:
            return received, time.monotonic() - began
    pytest.fail("a request that never ended was not cut")


LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST /kv/set HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("earlier", ["none", "answered", "in the same packet"])
@pytest.mark.parametrize(
    ("start", "drib"),
    [
        (CHUNKED + b"X-Slow: ", b"a"),
        (CHUNKED + b"\r\n", b""),
        (CHUNKED + b"\r\n1", b"0"),
        (CHUNKED + b"\r\n", b"1\r\n \r\n"),
    ],
    ids=["endless head", "head and silence", "endless chunk size", "chunk after chunk"],
)
def test_a_chunked_request_without_end(
    patient: Server, start: bytes, drib: bytes, earlier: str
) -> None:
    """It has as long as any other, whatever of it has arrived, and whether it is the first."""
    before = cuts(patient)
    with others_are_served(patient, GROWTH_MIB), connect(patient) as s:
        if earlier == "answered":
            for _ in range(2):
                answered(s, LIVEZ)
            time.sleep(HEADER_TIMEOUT)  # between requests there is no hurry
        s.sendall((LIVEZ if earlier == "in the same packet" else b"") + start)
        said, seconds = drip(s, drib)
    if earlier == "in the same packet":
        assert said.startswith(b"HTTP/1.1 200"), said
        said = said[said.index(b"HTTP/1.1", 1) :]
    assert said.startswith(b"HTTP/1.1 408"), said
    assert 0.9 * HEADER_TIMEOUT <= seconds <= 5 * HEADER_TIMEOUT
    assert_cut_for(patient, "request_timeout", before)


def post_command(server: Server, name: str, payload: object) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=CLIENT_SECONDS)
    envelope = {"command": name, "request_id": "r-1", "payload": payload}
    try:
        connection.request(
            "POST", "/api/v1/command", json.dumps(envelope), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        assert response.status == 200
        answer = json.loads(response.read())
    finally:
        connection.close()
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize(
    ("form", "size"),
    [
        pytest.param("{}", 65_534, id="text"),
        pytest.param('"{}"', 65_534, id="json"),
        pytest.param("{}", 12_000, id="small values"),
    ],
)
def test_mget_beyond_the_output_limit(small: Server, form: str, size: int) -> None:
    """One value may be asked for ten thousand times: the answer is refused, not built."""
    value = "x" * size
    with small.client() as client:
        client.call("SET", "large", form.format(value))
    before = cuts(small)
    with others_are_served(small, GROWTH_MIB):
        answer = post_command(small, "kv.mget", {"keys": ["large"] * 10_000})
    assert answer["success"] is False and answer["payload"] is None
    assert f"exceeds {OUTPUT_LIMIT} bytes (limits.output_buffer_bytes)" in str(answer["error"])
    # What fits is answered, by the same server.
    answer = post_command(small, "kv.mget", {"keys": ["large", "none"] * 8})
    assert answer["payload"] == {"values": [value, None] * 8}
    assert cuts(small) == before


def clients(client: Client) -> int:
    """Connections, by both accounts of them."""
    listed = client.call("CLIENT", "LIST")[1].decode().splitlines()
    return max(len(listed), connected(client))


def waiting(client: Client) -> int:
    return sum(b" cmd=wait " in line for line in client.call("CLIENT", "LIST")[1].splitlines())


@contextlib.contextmanager
def a_crowd_that_leaves(server: Server) -> Iterator[tuple[Client, list[socket.socket]]]:
    """Connections that the server knows, and a client that sees them come and must see them go."""
    with server.client() as client, contextlib.ExitStack() as stack:
        assert eventually(lambda: clients(client) == 1, NOTICE_SECONDS)
        crowd = [stack.enter_context(connect(server)) for _ in range(CROWD)]
        for s in crowd:
            s.sendall(b"PING\r\n")
            assert s.recv(100) == b"+PONG\r\n"
        assert clients(client) == CROWD + 1
        yield client, crowd
        assert eventually(lambda: clients(client) == 1, NOTICE_SECONDS), clients(client)


def leave(s: socket.socket, how: str) -> None:
    if how == "shutdown":
        s.shutdown(socket.SHUT_WR)
        return
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


@pytest.mark.parametrize("how", ["close", "shutdown", "reset"])
def test_clients_that_leave_while_they_wait(server: Server, how: str) -> None:
    """WAIT 1 0 waits for ever for a replica, but not for a client that has gone."""
    with a_crowd_that_leaves(server) as (client, crowd):
        for s in crowd:
            s.sendall(encode(["SET", "a", "1"]) + encode(["WAIT", "1", "0"]))
        assert eventually(lambda: waiting(client) == CROWD, NOTICE_SECONDS)
        for s in crowd:
            leave(s, how)


@pytest.mark.parametrize("how", ["close", "shutdown"])
def test_clients_that_leave_as_they_begin_to_wait(server: Server, how: str) -> None:
    """Command and end arrive while the server sleeps, so it sees both as one event: the last."""
    with a_crowd_that_leaves(server) as (_, crowd):
        os.kill(server.pid, signal.SIGSTOP)
        try:
            for s in crowd:
                s.sendall(encode(["SET", "a", "1"]) + encode(["WAIT", "1", "0"]))
                leave(s, how)
        finally:
            os.kill(server.pid, signal.SIGCONT)


def test_a_pipeline_beyond_the_output_limit(small: Server) -> None:
    """Its replies are not read and outgrow the limit, which is why it is cut: not for the part of
    a command at its end."""
    with small.client() as client:
        client.call("SET", "large", b"x" * (OUTPUT_LIMIT // 4))
    before = cuts(small)
    with others_are_served(small, GROWTH_MIB), connect(small) as s:
        s.sendall(b"GET large\r\n" * 100 + b"GET lar")
        assert_cut_for(small, "output_limit", before)


def test_replies_that_nobody_reads_below_the_limit(patient: Server) -> None:
    """The part of a command at its end waits for the server, not the other way round: the client
    has the time of one that does not read, which is the longer one here."""
    with patient.client() as client:
        client.call("SET", "large", b"x" * (16 * MIB))
    before = cuts(patient)
    with others_are_served(patient, GROWTH_MIB), connect(patient) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        began = time.monotonic()
        s.sendall(b"GET large\r\nGET lar")
        assert_cut_for(patient, "write_timeout", before)
        assert time.monotonic() - began >= 0.9 * WRITE_TIMEOUT
