"""Generators of the string commands. Each returns a group: commands that belong together."""

from __future__ import annotations

from collections.abc import Callable

from tests.differential.values import LCS_KEYS, Pool

# (arguments, comparison); see compare.py for the comparisons.
Group = list[tuple[list[bytes], str]]
EXACT = "exact"


def one(*args: bytes, kind: str = EXACT) -> Group:
    return [(list(args), kind)]


def _with_touch(group: Group, key: bytes, gone: bool) -> Group:
    """After a deadline that has passed, an access makes both servers drop the key now; until
    then only their sweepers decide when it stops being counted."""
    return group + one(b"EXISTS", key) if gone else group


def set_any(p: Pool) -> Group:
    """SET with options that mostly make sense, or with a random soup of them."""
    key = p.key()
    args = [p.case(b"SET"), key, p.value()]
    gone = False
    if p.chance(0.35):
        return [(args, EXACT)]
    soup = p.chance(0.25)
    options = [b"NX", b"XX", b"GET", b"KEEPTTL", b"EX", b"PX", b"EXAT", b"PXAT"]
    if soup:
        chosen = [p.rng.choice(options) for _ in range(p.rng.randint(1, 4))]
    else:
        chosen = []
        if p.chance(0.5):
            chosen.append(p.rng.choice([b"NX", b"XX"]))
        if p.chance(0.4):
            chosen.append(b"GET")
        if p.chance(0.6):
            chosen.append(p.rng.choice(options[3:]))
        p.rng.shuffle(chosen)
    for option in chosen:
        args.append(p.case(option))
        if option in (b"EX", b"PX", b"EXAT", b"PXAT"):
            deadline, past = p.deadline(option)
            args.append(deadline)
            gone = gone or past
    return _with_touch([(args, EXACT)], key, gone)


def getex(p: Pool) -> Group:
    key = p.key()
    args = [p.case(b"GETEX"), key]
    gone = False
    for _ in range(p.rng.choice([0, 1, 1, 1, 1, 2])):
        option = p.rng.choice([b"PERSIST", b"EX", b"PX", b"EXAT", b"PXAT"])
        args.append(p.case(option))
        if option != b"PERSIST":
            deadline, past = p.deadline(option)
            args.append(deadline)
            gone = gone or past
    return _with_touch([(args, EXACT)], key, gone)


def setex(p: Pool) -> Group:
    name, option = p.rng.choice([(b"SETEX", b"EX"), (b"PSETEX", b"PX")])
    deadline, _ = p.deadline(option)
    return one(p.case(name), p.key(), deadline, p.value())


def get_like(p: Pool) -> Group:
    name = p.rng.choice([b"GET", b"GET", b"GET", b"GETDEL", b"STRLEN"])
    return one(p.case(name), p.key())


def set_like(p: Pool) -> Group:
    name = p.rng.choice([b"GETSET", b"SETNX", b"SET"])
    return one(p.case(name), p.key(), p.value())


def append(p: Pool) -> Group:
    value = p.value()
    return one(p.case(b"APPEND"), p.key(), value[:2000])


def many(p: Pool) -> Group:
    name = p.rng.choice([b"MGET", b"MGET", b"MSET", b"MSET", b"MSETNX"])
    args = [p.case(name)]
    for key in p.keys(6):
        args.append(key)
        if name != b"MGET":
            args.append(p.value())
    if name != b"MGET" and p.chance(0.05):
        args.append(p.key())
    return [(args, EXACT)]


def counter(p: Pool) -> Group:
    name = p.rng.choice([b"INCR", b"DECR", b"INCRBY", b"DECRBY", b"INCRBYFLOAT"])
    args = [p.case(name), p.key()]
    if name.endswith(b"BY"):
        args.append(p.integer())
    elif name == b"INCRBYFLOAT":
        args.append(p.float())
    return [(args, EXACT)]


def counter_on_fresh(p: Pool) -> Group:
    """Arithmetic on a value that was just set, so that it meets every kind of value often."""
    key = p.key()
    value = p.rng.choice([p.integer(), p.float(), p.value()])
    group = one(b"SET", key, value)
    for _ in range(p.rng.randint(1, 3)):
        name = p.rng.choice([b"INCRBY", b"DECRBY", b"INCRBYFLOAT", b"INCRBYFLOAT"])
        amount = p.float() if name == b"INCRBYFLOAT" else p.integer()
        group += one(p.case(name), key, amount)
    return group + one(b"OBJECT", b"ENCODING", key)


def get_range(p: Pool) -> Group:
    name = p.rng.choice([b"GETRANGE", b"GETRANGE", b"SUBSTR"])
    return one(p.case(name), p.key(), p.range_end(), p.range_end())


def set_range(p: Pool) -> Group:
    return one(p.case(b"SETRANGE"), p.key(), p.offset(), p.value()[:2000])


def lcs(p: Pool) -> Group:
    """On keys of their own with short values: LCS costs the product of the lengths."""
    group: Group = []
    if p.chance(0.6):
        alphabet = p.rng.choice([b"ab", b"abc", b"abcdefgh", b"\x00\xff"])
        text = bytes(p.rng.choice(alphabet) for _ in range(p.rng.randint(0, 60)))
        group += one(b"SET", p.rng.choice(LCS_KEYS), text)
    second = p.rng.choice(LCS_KEYS) if p.chance(0.95) else b"nosuchkey"
    args = [p.case(b"LCS"), p.rng.choice(LCS_KEYS), second]
    options = p.rng.choice([[], [b"LEN"], [b"IDX"], [b"IDX", b"WITHMATCHLEN"], [b"LEN", b"IDX"]])
    args += [p.case(o) for o in options]
    if p.chance(0.4):
        length = p.rng.choice([b"0", b"1", b"2", b"4", b"-1", b"100"])
        args += [b"MINMATCHLEN", length if p.chance(0.9) else p.integer()]
    if p.chance(0.05):
        args.append(p.rng.choice([b"LEN", b"MINMATCHLEN", b"nosuch", b"WITHMATCHLEN"]))
    return group + [(args, EXACT)]


BASIC = (get_like, set_like, set_any)
WEIGHTED: list[tuple[Callable[[Pool], Group], int]] = [
    (set_any, 14),
    (getex, 6),
    (setex, 3),
    (get_like, 10),
    (set_like, 5),
    (append, 4),
    (many, 6),
    (counter, 7),
    (counter_on_fresh, 3),
    (get_range, 5),
    (set_range, 4),
    (lcs, 3),
]
