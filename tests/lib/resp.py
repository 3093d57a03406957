"""A strict RESP2/RESP3 client that keeps the exact wire type of every reply.

A reply is a tuple (type, value): type is the first byte on the wire as a one-character string,
value is bytes for scalars, int for ':', a list of replies for aggregates, None for null bulk
strings and null arrays. Maps and sets stay flat lists, in wire order. Nothing is converted, so
that two servers which answer `:1` and `$1` are told apart; nothing is forgiven, so that a reply
which only a lenient client would accept fails the test that provoked it.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any

Reply = tuple[str, Any]
Argument = bytes | str | int

RECEIVE_BYTES = 1 << 18
_INTEGER = re.compile(rb"-?(0|[1-9][0-9]*)\Z")
_DOUBLE = re.compile(rb"(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|-?inf|nan)\Z")
_LENGTH = re.compile(rb"(-1|0|[1-9][0-9]*)\Z")


class ProtocolError(Exception):
    """The server sent bytes that are not RESP."""


class Disconnected(Exception):
    """The server closed the connection, or never accepted it."""


class Incomplete(Exception):
    """More bytes are needed; internal to the reader."""


def encode(args: Iterable[Argument]) -> bytes:
    """One command as a RESP array of bulk strings."""
    parts = [a if isinstance(a, bytes) else str(a).encode() for a in args]
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        out.append(b"$%d\r\n%b\r\n" % (len(part), part))
    return b"".join(out)


def _parse_bulk(kind: str, line: bytes, buf: bytes, pos: int) -> tuple[Reply, int]:
    if not _LENGTH.match(line):
        raise ProtocolError(f"bad bulk length {line[:40]!r}")
    length = int(line)
    if length < 0:
        if kind != "$":
            raise ProtocolError(f"null length in a reply of type {kind}")
        return ("$", None), pos
    end = pos + length
    if len(buf) < end + 2:
        raise Incomplete
    if buf[end : end + 2] != b"\r\n":
        raise ProtocolError(f"bulk of {length} bytes is not followed by CRLF")
    value = bytes(buf[pos:end])
    if kind == "=" and (length < 4 or value[3:4] != b":"):
        raise ProtocolError(f"bad verbatim string {value[:40]!r}")
    return (kind, value), end + 2


def _parse_aggregate(kind: str, line: bytes, buf: bytes, pos: int) -> tuple[Reply, int]:
    if not _LENGTH.match(line):
        raise ProtocolError(f"bad aggregate length {line[:40]!r}")
    count = int(line)
    if count < 0:
        if kind != "*":
            raise ProtocolError(f"null length in a reply of type {kind}")
        return ("*", None), pos
    if kind in "%|":
        count *= 2
    items = []
    for _ in range(count):
        item, pos = parse(buf, pos)
        items.append(item)
    return (kind, items), pos


def _parse_line(kind: str, line: bytes) -> Reply:
    if kind == "+":
        if b"\n" in line:
            raise ProtocolError(f"line feed in a simple string {line[:40]!r}")
        return ("+", line)
    if kind == "-":
        if not line or b"\n" in line:
            raise ProtocolError(f"bad error line {line[:40]!r}")
        return ("-", line)
    if kind == ":" or kind == "(":
        if not _INTEGER.match(line):
            raise ProtocolError(f"bad integer {line[:40]!r}")
        return (kind, int(line))
    if kind == "_" and line == b"":
        return ("_", None)
    if kind == "#" and line in (b"t", b"f"):
        return ("#", line)
    if kind == "," and _DOUBLE.match(line):
        return (",", line)
    raise ProtocolError(f"bad reply {kind!r} {line[:40]!r}")


def parse(buf: bytes, pos: int = 0) -> tuple[Reply, int]:
    """One reply that starts at buf[pos], and where it ends; raises Incomplete."""
    end = buf.find(b"\r\n", pos)
    if end < 0:
        if len(buf) - pos > (1 << 16):
            raise ProtocolError(f"no line end in 64 KiB: {bytes(buf[pos : pos + 40])!r}")
        raise Incomplete
    kind = chr(buf[pos])
    line = bytes(buf[pos + 1 : end])
    if kind == "$" or kind == "=":
        return _parse_bulk(kind, line, buf, end + 2)
    if kind in "*%~>|":
        return _parse_aggregate(kind, line, buf, end + 2)
    return _parse_line(kind, line), end + 2


def render(reply: Reply, limit: int = 400) -> str:
    """A reply as one line of text with its types: `*[:1 $"a" _]`."""
    kind, value = reply
    if kind in "+-":
        text = kind + str(value, "utf-8", "backslashreplace")
    elif kind in "*~>%|" and value is not None:
        text = kind + "[" + " ".join(render(item, limit) for item in value) + "]"
    elif value is None:
        text = "_" if kind == "_" else kind + "nil"
    elif isinstance(value, bytes) and kind in "$=":
        text = kind + '"' + repr(value)[2:-1].replace('"', '\\"') + '"'
    else:
        text = kind + (value.decode() if isinstance(value, bytes) else str(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."


class Client:
    """One connection. Not thread-safe."""

    def __init__(self, port: int, host: str = "127.0.0.1", timeout: float = 30.0) -> None:
        self.timeout = timeout
        self.pushes: list[Reply] = []
        # What finish() had read before it failed: those commands are known to be done.
        self.partial: list[Reply] = []
        self._buffer = bytearray()
        try:
            self.socket = socket.create_connection((host, port), timeout=timeout)
        except OSError as error:
            raise Disconnected(f"cannot connect to port {port}: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self.socket, select.POLLIN)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def call(self, *args: Argument) -> Reply:
        return self.exchange(encode(args), 1)[0]

    def batch(self, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
        """Runs the commands as one pipeline."""
        return self.exchange(b"".join(encode(c) for c in commands), len(commands))

    def exchange(self, payload: bytes, count: int) -> list[Reply]:
        """Sends a pipeline and reads its `count` replies. Reads while it writes, so that a
        server which stops reading until its replies are taken cannot deadlock with it."""
        self.start(payload)
        return self.finish(count)

    def start(self, payload: bytes) -> None:
        """Sends a pipeline; replies that arrive meanwhile are kept for finish()."""
        self.partial = []
        view = memoryview(payload)
        deadline = time.monotonic() + self.timeout
        while view:
            try:
                view = view[self.socket.send(view) :]
            except BlockingIOError:
                self._wait(select.POLLIN | select.POLLOUT, deadline)
                self._receive()
            except OSError as error:
                raise Disconnected(f"while sending: {error}") from error

    def finish(self, count: int) -> list[Reply]:
        replies: list[Reply] = []
        self.partial = replies
        deadline = time.monotonic() + self.timeout
        while True:
            self._take(replies, count)
            if len(replies) == count:
                return replies
            self._wait(select.POLLIN, deadline)
            self._receive()

    def _take(self, replies: list[Reply], count: int) -> None:
        pos = 0
        buf = bytes(self._buffer)
        try:
            while len(replies) < count:
                if pos == len(buf):
                    break
                reply, pos = parse(buf, pos)
                if reply[0] == ">":
                    self.pushes.append(reply)
                elif reply[0] == "|":
                    raise ProtocolError("an attribute that nobody asked for")
                else:
                    replies.append(reply)
        except Incomplete:
            pass
        del self._buffer[:pos]

    def _wait(self, events: int, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        self._poll.modify(self.socket, events)
        if remaining <= 0 or not self._poll.poll(remaining * 1000):
            raise TimeoutError(f"no answer within {self.timeout} s")

    def _receive(self) -> None:
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise Disconnected(f"while receiving: {error}") from error
        if not data:
            raise Disconnected("the server closed the connection")
        self._buffer += data
