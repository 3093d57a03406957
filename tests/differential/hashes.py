"""Generators of the hash commands: those of 7.2, and those on single fields that 7.4 to 8 added.

Deadlines of fields keep to the rules of values.py: past, or far away. Hashes have keys of their own
and share those of the strings, so that wrong types are met both ways.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.differential.step import HSCAN_ALL, SLEEP
from tests.differential.strings import EXACT, Group, one
from tests.differential.values import FAR_EPOCH_SECONDS, PATTERNS, Pool

FIELDS = [b"f%d" % i for i in range(8)]
ODD_FIELDS = [b"", b"field with space", b"\x00\xff\r\nbin", b"f*", b"F0", b"12345", b"-1"]
ODD_FIELDS += [b"g" * 64, b"g" * 65, b"h" * 300, b"i" * 5000]
# Below and above what either server packs; the last is a tree of several leaves.
SIZES = [5, 60, 127, 129, 511, 513, 1500]
COUNTS = [b"0", b"1", b"2", b"3", b"5", b"100", b"-1", b"-2", b"-7", b"-100", b"2000"]
BAD_COUNTS = [b"abc", b"", b"1.5", b"-9223372036854775808", b"9223372036854775808", b"0x10"]
MEBIBYTE = 1 << 20


def field(p: Pool) -> bytes:
    draw = p.rng.random()
    if draw < 0.8:
        return p.rng.choice(FIELDS)
    if draw < 0.9:
        return b"m%d" % p.rng.randint(0, 1500)
    return p.rng.choice(ODD_FIELDS)


def fields(p: Pool, most: int = 5) -> list[bytes]:
    """One may be among them twice."""
    return [field(p) for _ in range(p.rng.randint(1, most))]


def value(p: Pool) -> bytes:
    return b"%c" % p.rng.randint(0, 255) * MEBIBYTE if p.chance(0.0007) else p.value()


def pairs(p: Pool, most: int = 5) -> list[bytes]:
    return [word for name in fields(p, most) for word in (name, value(p))]


def numbered(p: Pool, names: list[bytes]) -> list[bytes]:
    """FIELDS numfields field ..., sometimes with another number."""
    count = b"%d" % len(names)
    if p.chance(0.04):
        count = p.rng.choice([b"0", b"-1", b"abc", b"", b"2", b"9223372036854775807", b"1.5"])
    word = b"FIELDS" if p.chance(0.98) else p.rng.choice([b"FIELD", b"", b"NX"])
    return [p.case(word), count, *names]


def set_fields(p: Pool) -> Group:
    name = p.rng.choice([b"HSET", b"HSET", b"HSET", b"HMSET"])
    args = [p.case(name), p.hash_key(), *pairs(p)]
    if p.chance(0.03):
        args.append(field(p))
    return [(args, EXACT)]


def set_field_if_absent(p: Pool) -> Group:
    return one(p.case(b"HSETNX"), p.hash_key(), field(p), value(p))


def get_field(p: Pool) -> Group:
    name = p.rng.choice([b"HGET", b"HGET", b"HSTRLEN", b"HEXISTS"])
    return one(p.case(name), p.hash_key(), field(p))


def get_fields(p: Pool) -> Group:
    return one(p.case(b"HMGET"), p.hash_key(), *fields(p, 6))


def get_all(p: Pool) -> Group:
    name = p.rng.choice([b"HGETALL", b"HKEYS", b"HVALS", b"HLEN"])
    kind = {b"HGETALL": "pairs", b"HLEN": EXACT}.get(name, "set")
    return one(p.case(name), p.hash_key(), kind=kind)


def delete_fields(p: Pool) -> Group:
    return one(p.case(b"HDEL"), p.hash_key(), *fields(p, 4))


def count_up(p: Pool) -> Group:
    key, name = p.hash_key(), field(p)
    group: Group = []
    if p.chance(0.4):
        group += one(b"HSET", key, name, p.rng.choice([p.integer(), p.float(), p.value()]))
    for _ in range(p.rng.randint(1, 3)):
        if p.chance(0.5):
            group += one(p.case(b"HINCRBY"), key, name, p.integer())
        else:
            group += one(p.case(b"HINCRBYFLOAT"), key, name, p.float())
    return group


def random_fields(p: Pool) -> Group:
    args = [p.case(b"HRANDFIELD"), p.hash_key()]
    if p.chance(0.8):
        args.append(p.rng.choice(COUNTS if p.chance(0.93) else BAD_COUNTS))
        if p.chance(0.5):
            args.append(p.case(b"WITHVALUES"))
        elif p.chance(0.05):
            args += p.rng.choice([[b"nosuch"], [b"WITHVALUES", b"x"], [b""]])
    return [(args, "random")]


def random_of_one(p: Pool) -> Group:
    """Of a hash with one field the answer is certain."""
    key, name = p.hash_key(), field(p)
    group = one(b"DEL", key) + one(b"HSET", key, name, value(p)) + one(b"HRANDFIELD", key)
    for count in p.rng.sample([b"1", b"-3", b"0", b"10", b"-1"], 2):
        group += one(b"HRANDFIELD", key, count) + one(b"HRANDFIELD", key, count, b"WITHVALUES")
    return group


def scan_fields(p: Pool) -> Group:
    options: list[bytes] = []
    if p.chance(0.4):
        options += [p.case(b"MATCH"), p.rng.choice([*PATTERNS, b"f*", b"m*", b"f[0-3]"])]
    if p.chance(0.5):
        options += [p.case(b"COUNT"), p.rng.choice([b"1", b"10", b"1000"])]
    return [([p.hash_key(), *options], HSCAN_ALL)]


def scan_wrong(p: Pool) -> Group:
    cursor = p.rng.choice([b"abc", b"", b"-1", b"1.5", b"18446744073709551616"])
    wrong = [[b"COUNT", b"0"], [b"COUNT", b"abc"], [b"COUNT"], [b"MATCH"], [b"nosuch", b"1"]]
    wrong += [[b"TYPE", b"hash"]]
    if p.chance(0.5):
        return one(b"HSCAN", p.hash_key(), cursor, kind="shape")
    return one(b"HSCAN", p.hash_key(), b"0", *p.rng.choice(wrong), kind="shape")


def grow(p: Pool) -> Group:
    """A hash that is large, by many fields or by one long one, and perhaps small again."""
    key = p.hash_key()
    if p.chance(0.2):
        length = p.rng.choice([63, 64, 65, 255, 257, 4096, 20_000])
        return one(b"HSET", key, field(p), b"v" * length) + one(b"OBJECT", b"ENCODING", key)
    size = p.rng.choice(SIZES)
    words = [word for i in range(size) for word in (b"m%d" % i, b"%d" % (i * size))]
    group = one(p.case(b"HSET"), key, *words) + one(b"OBJECT", b"ENCODING", key)
    if p.chance(0.3):
        group += one(b"HDEL", key, *words[: 2 * (size - p.rng.randint(0, 3)) : 2])
        group += one(b"HLEN", key) + one(b"OBJECT", b"ENCODING", key)
    return group


def expire_fields(p: Pool) -> Group:
    name = p.rng.choice([b"HEXPIRE", b"HPEXPIRE", b"HEXPIREAT", b"HPEXPIREAT"])
    unit = (b"P" if name.startswith(b"HP") else b"E") + (b"AT" if name.endswith(b"AT") else b"X")
    moment, _ = p.deadline(unit)
    args = [p.case(name), p.hash_key(), moment]
    if p.chance(0.45):
        args.append(p.case(p.rng.choice([b"NX", b"XX", b"GT", b"LT"])))
        if p.chance(0.05):
            args.append(p.rng.choice([b"NX", b"GT", b"nosuch", b""]))
    return [(args + numbered(p, fields(p)), EXACT)]


def deadlines(p: Pool) -> Group:
    name = p.rng.choice([b"HTTL", b"HPTTL", b"HEXPIRETIME", b"HPEXPIRETIME"])
    return one(p.case(name), p.hash_key(), *numbered(p, fields(p)), kind="deadlines")


def deadlines_exact(p: Pool) -> Group:
    key, names = p.hash_key(), fields(p, 3)
    moment = b"%d" % (FAR_EPOCH_SECONDS * 1000 + p.rng.randint(0, 10**10))
    # Not malformed: a deadline of another command would be compared to the millisecond.
    group = one(b"HPEXPIREAT", key, moment, b"FIELDS", b"%d" % len(names), *names)
    for name in (b"HEXPIRETIME", b"HPEXPIRETIME"):
        group += one(name, key, b"FIELDS", b"%d" % len(names), *names)
    return group


def persist_fields(p: Pool) -> Group:
    return one(p.case(b"HPERSIST"), p.hash_key(), *numbered(p, fields(p)))


def get_and_delete(p: Pool) -> Group:
    return one(p.case(b"HGETDEL"), p.hash_key(), *numbered(p, fields(p, 4)))


def _expiry(p: Pool, words: list[bytes]) -> list[bytes]:
    args: list[bytes] = []
    for _ in range(p.rng.choice([0, 1, 1, 1, 1, 1, 1, 2])):
        option = p.rng.choice(words)
        args.append(p.case(option))
        if option in (b"EX", b"PX", b"EXAT", b"PXAT"):
            args.append(p.deadline(option)[0])
    return args


def get_and_expire(p: Pool) -> Group:
    options = _expiry(p, [b"EX", b"PX", b"EXAT", b"PXAT", b"PERSIST"])
    return one(p.case(b"HGETEX"), p.hash_key(), *options, *numbered(p, fields(p, 4)))


def set_and_expire(p: Pool) -> Group:
    options = _expiry(p, [b"EX", b"PX", b"EXAT", b"PXAT", b"KEEPTTL"])
    if p.chance(0.4):
        options.insert(p.rng.choice([0, len(options)]), p.case(p.rng.choice([b"FNX", b"FXX"])))
    if p.chance(0.03):
        options.append(p.rng.choice([b"FNX", b"NX", b"nosuch", b""]))
    words = pairs(p, 4)
    args = [p.case(b"HSETEX"), p.hash_key(), *options, *numbered(p, words)]
    at = len(args) - len(words) - 1
    if args[at] == b"%d" % len(words):
        args[at] = b"%d" % (len(words) // 2)
    return [(args, EXACT)]


def scan_without_values(p: Pool) -> Group:
    return [([p.hash_key(), p.case(b"NOVALUES")], HSCAN_ALL)]


def gone_at_once(p: Pool) -> Group:
    """Every way to give the only field, or one of two, a deadline that has passed."""
    key = p.rng.choice([b"gone:0", b"gone:1"])
    group = one(b"DEL", key) + one(b"HSET", key, b"f", b"1")
    if p.chance(0.4):
        group += one(b"HSET", key, b"stays", b"2")
    ways = [
        [b"HPEXPIREAT", key, b"1", b"FIELDS", b"1", b"f"],
        [b"HEXPIRE", key, b"0", b"FIELDS", b"2", b"f", b"f"],
        [b"HGETEX", key, b"PXAT", b"1", b"FIELDS", b"1", b"f"],
        [b"HGETDEL", key, b"FIELDS", b"1", b"f"],
        [b"HSETEX", key, b"EXAT", b"1", b"FIELDS", b"1", b"f", b"v"],
        [b"HSETEX", key, b"FXX", b"PX", b"0", b"FIELDS", b"1", b"f", b"v"],
        [b"HDEL", key, b"f"],
    ]
    group += [(p.rng.choice(ways), EXACT)]
    return group + one(b"EXISTS", key) + one(b"TYPE", key) + one(b"HGETALL", key, kind="pairs")


def short_lived_fields(p: Pool) -> Group:
    """Fields that are surely gone, on both servers, when the next command runs. The reference
    counts them in HLEN until its sweeper came, so that is not asked for."""
    key = p.rng.choice([b"short:3", b"short:4"])
    group = one(b"DEL", key) + one(b"HSET", key, b"f", b"5", b"g", b"6")
    if p.chance(0.6):
        group += one(b"HSET", key, b"stays", b"7")
    moment = b"%d" % p.rng.randint(1, 5)
    group += one(b"HPEXPIRE", key, moment, b"FIELDS", b"2", b"f", b"g", kind="shape")
    group += [([b"150"], SLEEP)]
    commands = [
        [b"HGET", key, b"f"],
        [b"HMGET", key, b"f", b"g"],
        [b"HPERSIST", key, b"FIELDS", b"1", b"f"],
        [b"HTTL", key, b"FIELDS", b"2", b"f", b"g"],
        [b"HEXPIRE", key, b"5000", b"FIELDS", b"1", b"f"],
        [b"HGETEX", key, b"EX", b"5000", b"FIELDS", b"1", b"f"],
        [b"HINCRBY", key, b"f", b"3"],
        [b"HINCRBYFLOAT", key, b"g", b"0.5"],
        [b"HSETNX", key, b"f", b"new"],
        [b"HSET", key, b"f", b"new", b"g", b"new"],
        [b"HSETEX", key, b"FXX", b"FIELDS", b"1", b"f", b"new"],
        [b"HSETEX", key, b"FNX", b"KEEPTTL", b"FIELDS", b"1", b"f", b"new"],
        [b"HGETDEL", key, b"FIELDS", b"2", b"f", b"g"],
        [b"HDEL", key, b"f", b"g"],
        [b"HEXISTS", key, b"f"],
        [b"HSTRLEN", key, b"g"],
        [b"EXISTS", key],
    ]
    for chosen in p.rng.sample(commands, 3):
        group += [(chosen, EXACT)]
    group += one(b"HGETALL", key, kind="pairs")
    return group + one(b"HTTL", key, b"FIELDS", b"3", b"f", b"g", b"stays", kind="deadlines")


WEIGHTED: list[tuple[Callable[[Pool], Group], int]] = [
    (set_fields, 12),
    (set_field_if_absent, 3),
    (get_field, 9),
    (get_fields, 5),
    (get_all, 6),
    (delete_fields, 5),
    (count_up, 5),
    (random_fields, 5),
    (random_of_one, 1),
    (scan_fields, 2),
    (scan_wrong, 1),
    (grow, 1),
]
# Only where the reference has them.
WEIGHTED_OF_FIELDS: list[tuple[Callable[[Pool], Group], int]] = [
    (expire_fields, 12),
    (deadlines, 6),
    (deadlines_exact, 2),
    (persist_fields, 4),
    (get_and_delete, 4),
    (get_and_expire, 6),
    (set_and_expire, 8),
    (scan_without_values, 1),
    (gone_at_once, 3),
]
RARE_OF_FIELDS: list[tuple[Callable[[Pool], Group], int]] = [(short_lived_fields, 2)]
