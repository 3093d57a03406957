"""Random operations of one writer, made so that none of them fails."""

from __future__ import annotations

import random

from tests.chaos.hashes import HASHES, Command, HashCommands, far_deadline
from tests.chaos.model import Operation, State

KEYS = [b"k%d" % i for i in range(12)]
COUNTERS = [b"n0", b"n1", b"n2"]
SHARED_DATABASE = 15
SHARED_COUNTERS = [b"c0", b"c1", b"c2", b"c3"]
PAIR = (b"pair:a", b"pair:b")
LONGEST = 4_000
# Larger than one frame of the log, so that a kill can hit a record that spans several.
HUGE = 1_300_000
HUGE_CHANCE = 0.002
HASH_CHANCE = 0.4
# Numbers of one writer's writes: far more than a round takes, and than all rounds take.
ROUND_STRIDE = 1_000_000
PAIR_STRIDE = 1_000_000_000_000


def pair_value(writer: int, sequence: int) -> bytes:
    return b"%d" % (writer * PAIR_STRIDE + sequence)


class Operations:
    """Draws operations. Looks at the state as it will be once all drawn before have run, so
    that RENAME finds its source."""

    def __init__(
        self, rng: random.Random, writer: int, ahead: State, number: int, timed: bool = True
    ) -> None:
        self.rng = rng
        self.writer = writer
        self.ahead = ahead
        self.sequence = number * ROUND_STRIDE
        self.pair_sequence = number * ROUND_STRIDE
        self.hashes = HashCommands(rng, self._value, timed)

    def draw(self) -> Operation:
        roll = self.rng.random()
        if roll < 0.08:
            operation = self._shared_counter()
        elif roll < 0.14:
            operation = self._shared_pair()
        elif roll < 0.3:
            effects = tuple(self._effect() for _ in range(self.rng.randint(2, 5)))
            # The effects were drawn against a state that already holds the earlier ones.
            return Operation(effects, ((b"MULTI",), *effects, (b"EXEC",)))
        else:
            effect = self._effect()
            return Operation((effect,), (effect,))
        return operation

    def _effect(self) -> Command:
        command = self._command()
        self.ahead.apply(Operation((command,), ()))
        return command

    def _value(self) -> bytes:
        """Never the same twice, so that every write can be told from every other."""
        self.sequence += 1
        head = b"w%d.%d." % (self.writer, self.sequence)
        if self.rng.random() < HUGE_CHANCE:
            return head.ljust(HUGE, b"#")
        return head.ljust(self.rng.choice([0, 0, 20, 60, 300]), b".")

    def _command(self) -> Command:
        rng, key = self.rng, self.rng.choice(KEYS)
        if rng.random() < HASH_CHANCE:
            return self._command_on_hash(rng.choice(HASHES))
        roll = rng.random()
        if roll < 0.2:
            return (b"SET", key, self._value())
        if roll < 0.27:
            return (b"SET", key, self._value(), b"PXAT", far_deadline(rng))
        if roll < 0.32:
            return (b"SET", key, self._value(), b"KEEPTTL")
        if roll < 0.46:
            return (b"INCRBY", rng.choice(COUNTERS), b"%d" % rng.randint(-5, 9))
        if roll < 0.56:
            keys = rng.sample(KEYS, rng.randint(2, 4))
            name = b"MSET" if roll < 0.54 else b"MSETNX"
            return (name, *(word for k in keys for word in (k, self._value())))
        if roll < 0.64:
            return (b"DEL", *rng.sample(KEYS, rng.randint(1, 2)))
        return self._command_on_present(roll, key)

    def _command_on_hash(self, key: bytes) -> Command:
        """Mostly on its fields, sometimes what can be done to every key."""
        rng, other = self.rng, b"%d" % (self.ahead.first + 1)
        roll = rng.random()
        if roll < 0.8 or not self.ahead.has(key):
            return self.hashes.draw(key)
        if roll < 0.84:
            return (b"PEXPIREAT", key, far_deadline(rng))
        if roll < 0.86:
            return (b"PERSIST", key)
        if roll < 0.9:
            return (b"DEL", *rng.sample(HASHES, rng.randint(1, 2)))
        if roll < 0.94:
            return (b"RENAME", key, rng.choice([k for k in HASHES if k != key]))
        if roll < 0.98:
            return (b"COPY", key, rng.choice(HASHES), b"DB", other, b"REPLACE")
        return (b"MOVE", key, other)

    def _command_on_present(self, roll: float, key: bytes) -> Command:
        """Commands that change what is there; they turn into SET when nothing is."""
        rng, ahead = self.rng, self.ahead
        other = b"%d" % (ahead.first + 1)
        if not ahead.has(key) or len(ahead.value(key)) > LONGEST:
            return (b"SET", key, self._value())
        if roll < 0.72:
            return (b"APPEND", key, self._value()[:50])
        if roll < 0.76:
            return (b"SETRANGE", key, b"%d" % rng.randint(0, 100), self._value()[:50])
        if roll < 0.82:
            return (b"PEXPIREAT", key, far_deadline(rng))
        if roll < 0.85:
            return (b"PERSIST", key)
        if roll < 0.87:
            return (b"GETDEL", key)
        if roll < 0.91:
            return (b"RENAME", key, rng.choice([k for k in KEYS if k != key]))
        if roll < 0.94:
            return (b"COPY", key, rng.choice(KEYS), b"DB", other, b"REPLACE")
        if roll < 0.97:
            return (b"MOVE", key, other)
        if roll < 0.995:
            return (b"SWAPDB", b"%d" % ahead.first, other)
        return (b"FLUSHDB",)

    def _elsewhere(self, *commands: Command) -> tuple[Command, ...]:
        home = (b"SELECT", b"%d" % self.ahead.first)
        return ((b"SELECT", b"%d" % SHARED_DATABASE), *commands, home)

    def _shared_counter(self) -> Operation:
        counter = self.rng.choice(SHARED_COUNTERS)
        return Operation((), self._elsewhere((b"INCR", counter)), counter=counter)

    def _shared_pair(self) -> Operation:
        """Both keys get the same value, in one of the two ways to do that at once."""
        self.pair_sequence += 1
        value = pair_value(self.writer, self.pair_sequence)
        if self.rng.random() < 0.5:
            commands: tuple[Command, ...] = ((b"MSET", PAIR[0], value, PAIR[1], value),)
        else:
            sets = tuple((b"SET", key, value) for key in PAIR)
            commands = ((b"MULTI",), *sets, (b"EXEC",))
        return Operation((), self._elsewhere(*commands), pair=self.pair_sequence)
