"""Random hash operations of one writer, and what they make of a hash.

Hashes have keys of their own, so that no operation meets a value of the wrong type: they grow from
nothing to trees of some thousand fields, lose fields one by one and by deadlines that have passed,
and are renamed, copied and moved as a whole by the commands of every key.
"""

from __future__ import annotations

import random
from collections.abc import Callable

Command = tuple[bytes, ...]
# field -> (value, absolute deadline in ms or -1); never changed in place: states share them.
Fields = dict[bytes, tuple[bytes, int]]

HASHES = [b"h%d" % i for i in range(5)]
NAMES = [b"f%d" % i for i in range(24)]
NUMBER = b"n"
FAR_MS = 4_000_000_000_000
# Fields at a time: the largest writes make a tree of several leaves, and spread over frames.
MANY = [130, 400, 1500]
MANY_CHANCE = 0.02
PAST_MS = b"1"


def far_deadline(rng: random.Random) -> bytes:
    return b"%d" % (FAR_MS + rng.randint(0, 10**9))


class HashCommands:
    """Draws commands on hashes; `timed`: the server knows deadlines of fields."""

    def __init__(self, rng: random.Random, value: Callable[[], bytes], timed: bool) -> None:
        self.rng = rng
        self.value = value
        self.timed = timed

    def draw(self, key: bytes) -> Command:
        rng = self.rng
        roll = rng.random()
        if roll < MANY_CHANCE:
            first, count = rng.randint(0, 3000), rng.choice(MANY)
            names = [b"m%d" % number for number in range(first, first + count)]
            return (b"HSET", key, *(word for name in names for word in (name, b"v" + name)))
        names = rng.sample(NAMES, rng.randint(1, 4))
        if roll < 0.3 or not self.timed:
            if roll < 0.6:
                return (b"HSET", key, *(word for name in names for word in (name, self.value())))
            if roll < 0.8:
                return (b"HDEL", key, *names)
            return (b"HINCRBY", key, NUMBER, b"%d" % rng.randint(-5, 9))
        return self._timed(roll, key, names)

    def _timed(self, roll: float, key: bytes, names: list[bytes]) -> Command:
        rng = self.rng
        named = (b"FIELDS", b"%d" % len(names), *names)
        if roll < 0.38:
            return (b"HDEL", key, *names)
        if roll < 0.46:
            return (b"HINCRBY", key, NUMBER, b"%d" % rng.randint(-5, 9))
        if roll < 0.62:
            return (b"HPEXPIREAT", key, far_deadline(rng), *named)
        if roll < 0.66:
            return (b"HPEXPIREAT", key, PAST_MS, *named)
        if roll < 0.74:
            return (b"HPERSIST", key, *named)
        if roll < 0.8:
            return (b"HGETDEL", key, *named)
        if roll < 0.86:
            return (b"HGETEX", key, b"PXAT", far_deadline(rng), *named)
        pairs = tuple(word for name in names for word in (name, self.value()))
        option = (b"KEEPTTL",) if roll < 0.92 else (b"PXAT", far_deadline(rng))
        return (b"HSETEX", key, *option, b"FIELDS", b"%d" % len(names), *pairs)


def changed(fields: Fields, command: Command) -> Fields:
    """What a command makes of a hash; empty where the key is gone then."""
    name, words = command[0], command[2:]
    after = dict(fields)
    if name == b"HSET":
        after |= {field: (value, -1) for field, value in zip(words[0::2], words[1::2])}
    elif name == b"HDEL":
        for field in words:
            after.pop(field, None)
    elif name == b"HINCRBY":
        value, deadline = after.get(words[0], (b"0", -1))
        after[words[0]] = (b"%d" % (int(value) + int(words[1])), deadline)
    elif name == b"HSETEX":
        at = words.index(b"FIELDS")
        pairs = words[at + 2 :]
        for field, value in zip(pairs[0::2], pairs[1::2]):
            kept = fields.get(field, (b"", -1))[1] if words[0] == b"KEEPTTL" else int(words[1])
            after[field] = (value, kept)
    else:
        _change_deadlines(after, name, words)
    return after


def _change_deadlines(after: Fields, name: bytes, words: Command) -> None:
    deadline = {b"HPEXPIREAT": words[0], b"HGETEX": words[1]}.get(name, b"-1")
    for field in words[words.index(b"FIELDS") + 2 :]:
        if name == b"HGETDEL" or deadline == PAST_MS:
            after.pop(field, None)
        elif field in after:
            after[field] = (after[field][0], int(deadline))
