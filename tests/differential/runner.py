"""Carries steps out on both servers and reports the first reply that differs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.differential.compare import Allowed, differing
from tests.differential.step import HSCAN_ALL, JUMP, SCAN_ALL, SLEEP, Step, command, scan_all
from tests.lib.resp import Client, Disconnected, ProtocolError, Reply, encode, render
from tests.lib.servers import Server

DATABASES = 16
CONNECTIONS = 2
BATCH_SIZES = (1, 2, 8, 32, 128)
SCAN_PAGES = 10_000
QUEUED: Reply = ("+", b"QUEUED")

# Changes replies of the tested server before they are compared; see canary.py.
Alter = Callable[[Step, Reply], Reply]


@dataclass
class Difference:
    """The first step whose replies differ. `index` is its place in the sequence; the length of
    the sequence when the replies agreed and the final states do not."""

    index: int
    step: Step
    reference: str
    tested: str

    def signature(self) -> tuple[bytes, str, str]:
        """What a smaller sequence must show to count as the same difference."""
        name = self.step.args[0].upper() if self.step.args else b""
        return name, self.reference[:12], self.tested[:12]

    def __str__(self) -> str:
        return f"{self.step}\n    reference: {self.reference}\n    tested:    {self.tested}"


class Stopped(Exception):
    """A server that closed the connection, stalled, or broke the protocol."""


class Pair:
    """The reference and the server under test, with the same two connections to each."""

    def __init__(self, reference: Server, tested: Server, protocol: int) -> None:
        self.servers = (reference, tested)
        self.protocol = protocol
        self.allowed = Allowed.load()
        self.alter: Alter | None = None
        self.clients: list[list[Client]] = []

    def __enter__(self) -> Pair:
        self.fresh()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        for client in (c for side in self.clients for c in side):
            client.close()
        self.clients = []

    def fresh(self) -> None:
        """Empty servers and new connections; a server that died is started again."""
        self._close()
        self.set_clocks(0)
        for server in self.servers:
            if not server.alive():
                server.start()
            side = []
            for _ in range(CONNECTIONS):
                client = server.client()
                if self.protocol == 3:
                    client.call("HELLO", "3")
                side.append(client)
            emptied = side[0].call("FLUSHALL")
            if emptied != ("+", b"OK"):
                raise Stopped(f"{server.binary.name}: FLUSHALL answered {render(emptied)}")
            self.clients.append(side)

    def set_clocks(self, days_ahead: int) -> None:
        for server in self.servers:
            if server.clock_file is not None:
                server.set_clock(days_ahead)

    def exchange(self, connection: int, steps: list[Step]) -> list[tuple[Reply, Reply]]:
        payload = b"".join(s.payload for s in steps)
        answers: list[list[Reply]] = []
        # Both work at the same time: first everything is sent, then replies are taken.
        for action in ("start", "finish"):
            for side, server in zip(self.clients, self.servers):
                try:
                    if action == "start":
                        side[connection].start(payload)
                    else:
                        answers.append(side[connection].finish(len(steps)))
                except (Disconnected, ProtocolError, TimeoutError) as error:
                    raise Stopped(f"{server.binary.name}: {error}") from error
        if self.alter:
            answers[1] = [self.alter(s, r) for s, r in zip(steps, answers[1])]
        return list(zip(answers[0], answers[1]))


class Run:
    """One pass over a sequence."""

    def __init__(self, pair: Pair, steps: list[Step], batch: int | None, seed: int) -> None:
        self.pair = pair
        self.steps = steps
        self.batch = batch
        self.rng = random.Random(seed)
        self.queues: list[list[Step]] = [[] for _ in range(CONNECTIONS)]
        # What was met and is not on the allowed list; only the first ends the pass.
        self.differences: list[Difference] = []

    def execute(self, stop_at_first: bool = True) -> None:
        for start, end in self._slices():
            try:
                self._carry_out(start, end)
            except Stopped as stopped:
                step = self.steps[start]
                self.differences.append(Difference(end - 1, step, "", str(stopped)))
                return
            if self.differences and stop_at_first:
                return
        if not self.differences or not stop_at_first:
            self._compare_states()

    def _slices(self) -> Iterator[tuple[int, int]]:
        """Pipelines: runs of commands on one connection, up to a drawn size."""
        start = 0
        while start < len(self.steps):
            first = self.steps[start]
            limit = self.batch or self.rng.choice(BATCH_SIZES)
            end = start + 1
            if first.payload:
                while end < len(self.steps) and end - start < limit:
                    step = self.steps[end]
                    if step.connection != first.connection or not step.payload:
                        break
                    end += 1
            yield start, end
            start = end

    def _carry_out(self, start: int, end: int) -> None:
        first = self.steps[start]
        if first.kind == SLEEP:
            time.sleep(int(first.args[0]) / 1000)
        elif first.kind == JUMP:
            self.pair.set_clocks(int(first.args[0]))
        elif first.kind in (SCAN_ALL, HSCAN_ALL):
            self._scan(start, first)
        else:
            steps = self.steps[start:end]
            for offset, replies in enumerate(self.pair.exchange(first.connection, steps)):
                self._compare(start + offset, steps[offset], *replies)

    def _compare(self, index: int, step: Step, a: Reply, b: Reply) -> None:
        queue = self.queues[step.connection]
        name = step.args[0].upper()
        if a == QUEUED and b == QUEUED:
            queue.append(step)
            return
        for mismatch in differing(step, queue if name == b"EXEC" else [], a, b):
            if not self.pair.allowed.accepts(*mismatch):
                inner, left, right = mismatch
                self.differences.append(Difference(index, inner, render(left), render(right)))
        if _ends_transaction(name, a):
            queue.clear()

    def _scan(self, index: int, step: Step) -> None:
        """Iterates on both to the end; the elements are compared as sets."""
        first = command(step.connection, _page_words(step, b"0"), "scan")
        replies = self.pair.exchange(step.connection, [first])[0]
        if any(not _is_page(r) for r in replies):
            self._compare(index, command(step.connection, first.args), *replies)
            return
        found = [self._iterate(side, step, reply) for side, reply in enumerate(replies)]
        if found[0] != found[1]:
            only = [sorted(found[0] - found[1]), sorted(found[1] - found[0])]
            self.differences.append(
                Difference(index, step, f"also has {only[0]}", f"also has {only[1]}")
            )

    def _iterate(self, side: int, step: Step, page: Reply) -> set[Any]:
        client = self.pair.clients[side][step.connection]
        found: set[Any] = set()
        for _ in range(SCAN_PAGES):
            cursor, elements = page[1]
            found.update(_elements(step, [element[1] for element in elements[1]]))
            if cursor[1] == b"0":
                return found
            page = client.exchange(encode(_page_words(step, cursor[1])), 1)[0]
            if not _is_page(page):
                raise Stopped(f"{step} with cursor {cursor[1]!r} answered {render(page)}")
        raise Stopped(f"{step} did not end after {SCAN_PAGES} pages")

    def _compare_states(self) -> None:
        """Every key of every database with type, value, deadline and encoding."""
        size = len(self.steps)
        known = len(self.differences)
        hello = (b"HELLO", b"%d" % self.pair.protocol)
        leave = [command(0, (b"RESET",)), command(0, hello, "hello")]
        try:
            self._state_steps(size, leave)
            for database in range(DATABASES):
                self._state_steps(size, [command(0, (b"SELECT", b"%d" % database))])
                self._scan(size, scan_all(0, b"COUNT", b"1000"))
                keys = self.pair.clients[0][0].call("KEYS", "*")[1]
                for key in sorted(k[1] for k in keys):
                    self._state_steps(size, _describe(key))
                    if self.pair.servers[0].kind == "redis8":
                        self._state_steps(size, self._describe_fields(key))
                self._state_steps(size, [command(0, (b"DBSIZE",))])
                if len(self.differences) > known:
                    return
        except Stopped as stopped:
            self.differences.append(Difference(size, leave[0], "", str(stopped)))

    def _describe_fields(self, key: bytes) -> list[Step]:
        kind, names = self.pair.clients[0][0].call("HKEYS", key)
        words = sorted(name[1] for name in names) if kind != "-" else [b"none"]
        count = b"%d" % len(words)
        return [command(0, (b"HPTTL", key, b"FIELDS", count, *words), "deadlines")]

    def _state_steps(self, index: int, steps: list[Step]) -> None:
        for step, replies in zip(steps, self.pair.exchange(0, steps)):
            self._compare(index, step, *replies)


def _describe(key: bytes) -> list[Step]:
    return [
        command(0, (b"TYPE", key)),
        command(0, (b"GET", key)),
        command(0, (b"HGETALL", key), "pairs"),
        command(0, (b"PTTL", key), "deadline"),
        command(0, (b"OBJECT", b"ENCODING", key)),
    ]


def _page_words(step: Step, cursor: bytes) -> tuple[bytes, ...]:
    if step.kind == SCAN_ALL:
        return (b"SCAN", cursor, *step.args)
    return (b"HSCAN", step.args[0], cursor, *step.args[1:])


def _elements(step: Step, words: list[bytes]) -> list[Any]:
    """Keys, or fields with their values."""
    with_values = step.kind == HSCAN_ALL and b"NOVALUES" not in map(bytes.upper, step.args)
    return list(zip(words[0::2], words[1::2])) if with_values else words


def _ends_transaction(name: bytes, reply: Reply) -> bool:
    if name == b"EXEC" and reply[0] == "-":
        return bool(reply[1].startswith(b"EXECABORT"))
    return name in (b"EXEC", b"DISCARD", b"RESET") and reply[0] != "-"


def _is_page(reply: Reply) -> bool:
    kind, value = reply
    if kind != "*" or not value or len(value) != 2:
        return False
    return value[0][0] == "$" and value[1][0] == "*" and value[1][1] is not None
