"""The threads that load a server until it is killed, and what they know then."""

from __future__ import annotations

import random
import threading
from collections import Counter

from tests.chaos.model import Operation, State
from tests.chaos.operations import PAIR, SHARED_COUNTERS, SHARED_DATABASE, Operations
from tests.lib.resp import Client, Disconnected, Reply, encode, render
from tests.lib.servers import Server

PIPELINES = (1, 1, 2, 4, 16, 48)


class Writer(threading.Thread):
    """Writes pipelines until the connection breaks. Then `acknowledged` is the state after the
    last operation that was answered, `in_flight` what was sent beyond it."""

    def __init__(self, server: Server, number: int, state: State, seed: int, turn: int) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self.server = server
        self.number = number
        self.rng = random.Random(f"{seed}/{turn}/{number}")
        self.acknowledged = state.copy()
        self.operations = Operations(
            self.rng, number, state.copy(), turn, timed=server.kind == "synap"
        )
        self.in_flight: list[Operation] = []
        self.acknowledged_count = 0
        self.counters: Counter[bytes] = Counter()
        self.last_pair = 0
        self.problem = ""

    def run(self) -> None:
        try:
            with self.server.client() as client:
                client.call("SELECT", self.acknowledged.first)
                while not self.problem:
                    self._pipeline(client)
        except Disconnected:
            pass
        except Exception as error:  # a thread's exception must reach the report
            self.problem = f"{type(error).__name__}: {error}"

    def _pipeline(self, client: Client) -> None:
        size = self.rng.choice(PIPELINES)
        self.in_flight = [self.operations.draw() for _ in range(size)]
        commands = [c for operation in self.in_flight for c in operation.wire]
        try:
            client.exchange(b"".join(map(encode, commands)), len(commands))
        finally:
            # Also when the connection broke: what had been answered by then is acknowledged.
            self._account(client.partial)

    def _account(self, replies: list[Reply]) -> None:
        """Moves the operations that were fully answered from in flight to acknowledged."""
        start = 0
        answered = 0
        for operation in self.in_flight:
            answers = replies[start : start + len(operation.wire)]
            if len(answers) < len(operation.wire):
                break
            start += len(operation.wire)
            answered += 1
            self._check(operation, answers)
            self.acknowledged.apply(operation)
            self.counters[operation.counter] += 1
            self.last_pair = operation.pair or self.last_pair
        self.acknowledged_count += answered
        del self.in_flight[:answered]

    def _check(self, operation: Operation, answers: list[Reply]) -> None:
        wrong = [a for a in answers if a[0] == "-" or a == ("*", None)]
        wrong += [i for a in answers if a[0] == "*" for i in a[1] if i[0] == "-"]
        if wrong:
            self.problem = f"{operation} was answered {render(wrong[0])}"


class Reader(threading.Thread):
    """Watches the shared keys while they are written: groups are never seen half done, and
    counters never go back. With fsync always, what was read must also survive."""

    def __init__(self, server: Server) -> None:
        super().__init__(name="reader", daemon=True)
        self.server = server
        self.seen = dict.fromkeys(SHARED_COUNTERS, 0)
        self.problem = ""

    def run(self) -> None:
        try:
            with self.server.client() as client:
                client.call("SELECT", SHARED_DATABASE)
                while not self.problem:
                    self._look(client)
        except Disconnected:
            pass
        except Exception as error:  # a thread's exception must reach the report
            self.problem = f"{type(error).__name__}: {error}"

    def _look(self, client: Client) -> None:
        pair, counters = client.batch([("MGET", *PAIR), ("MGET", *SHARED_COUNTERS)])
        if pair[1][0] != pair[1][1]:
            self.problem = f"saw half of an atomic write: {render(pair)}"
        for name, reply in zip(SHARED_COUNTERS, counters[1]):
            value = int(reply[1] or b"0")
            if value < self.seen[name]:
                self.problem = f"{name!r} went from {self.seen[name]} back to {value}"
            self.seen[name] = value
