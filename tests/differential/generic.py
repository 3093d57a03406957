"""Generators of the commands on keys of any type, databases, connection and server."""

from __future__ import annotations

from collections.abc import Callable

from tests.differential.step import JUMP, SCAN_ALL, SLEEP
from tests.differential.strings import EXACT, Group, one
from tests.differential.values import FAR_EPOCH_SECONDS, FAR_SECONDS, PATTERNS, SHORT_KEYS, Pool

CONFIG_NAMES = [
    b"maxmemory", b"maxmemory-policy", b"appendonly", b"appendfsync", b"save", b"databases",
    b"timeout", b"port", b"maxclients", b"MAXMEMORY",
]  # fmt: skip
UNKNOWN = [b"FOO", b"nosuch", b"", b"GETT", b"get ", b"x" * 150, b"a\r\nb", b"\x00", b"'", b"HGETT"]


def remove(p: Pool) -> Group:
    name = p.rng.choice([b"DEL", b"UNLINK"])
    return one(p.case(name), *p.keys(2))


def count_keys(p: Pool) -> Group:
    name = p.rng.choice([b"EXISTS", b"TOUCH"])
    return one(p.case(name), *p.keys(4))


def expire(p: Pool) -> Group:
    name = p.rng.choice([b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"])
    draw = p.rng.random()
    if draw < 0.08:
        amount = p.rng.choice([b"-1", b"0", b"-9223372036854775808", b"abc", b"", b"1.5"])
    elif draw < 0.14:
        amount = p.rng.choice([b"9223372036854775807", b"9223372036854775", b"9223372036854776"])
    else:
        seconds = p.rng.randint(FAR_SECONDS, 10_000_000)
        seconds += FAR_EPOCH_SECONDS if name.endswith(b"AT") else 0
        scale = 1000 if name.startswith(b"P") else 1
        amount = b"%d" % (seconds * scale)
    args = [p.case(name), p.key(), amount]
    # The huge relative amounts recur; whether one is greater than itself, set a moment ago,
    # would hang on the millisecond.
    if 0.08 <= draw < 0.14 and not name.endswith(b"AT"):
        return [(args, EXACT)]
    if p.chance(0.5):
        flags = p.rng.choice([[b"NX"], [b"XX"], [b"GT"], [b"LT"], [b"XX", b"GT"], [b"XX", b"LT"]])
        args += [p.case(f) for f in flags]
    elif p.chance(0.1):
        flags = p.rng.choice([[b"NX", b"GT"], [b"NX", b"XX"], [b"GT", b"LT"], [b"nosuch"], [b""]])
        args += flags
    return [(args, EXACT)]


def deadline_read(p: Pool) -> Group:
    name = p.rng.choice([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"])
    return one(p.case(name), p.key(), kind="deadline")


def deadline_exact(p: Pool) -> Group:
    """An absolute deadline does not depend on when it was set, so it is compared exactly."""
    key = p.key()
    moment = b"%d" % (FAR_EPOCH_SECONDS * 1000 + p.rng.randint(0, 10**10))
    group = one(b"PEXPIREAT", key, moment)
    for name in p.rng.sample([b"EXPIRETIME", b"PEXPIRETIME"], 2):
        group += one(name, key)
    return group


def short_lived(p: Pool) -> Group:
    """A key that is surely gone, on both servers, when the next command runs."""
    key = p.rng.choice(SHORT_KEYS)
    wait = (b"SET", key, p.value(), b"PX", b"%d" % p.rng.randint(1, 5))
    reads = [b"GET", b"TTL", b"EXISTS", b"TYPE", b"PERSIST", b"STRLEN", b"GETDEL"]
    group = [(list(wait), EXACT), ([b"25"], SLEEP)]
    return group + one(p.rng.choice(reads), key) + one(b"SET", key, b"new", b"NX", b"GET")


def jump(p: Pool) -> Group:
    """The wall clocks of both servers are set, by ten years or back. What had a relative deadline
    is past it then, and both are given the time to find out."""
    days = p.rng.choice([b"3650", b"3650", b"0", b"-3650"])
    return [([days], JUMP), ([b"400"], SLEEP), ([], SCAN_ALL)]


def persist_type(p: Pool) -> Group:
    return one(p.case(p.rng.choice([b"PERSIST", b"TYPE", b"TYPE"])), p.key())


def rename_copy(p: Pool) -> Group:
    name = p.rng.choice([b"RENAME", b"RENAMENX", b"COPY", b"COPY"])
    args = [p.case(name), p.key(), p.key()]
    if name == b"COPY":
        if p.chance(0.5):
            args += [p.case(b"DB"), p.database()]
        if p.chance(0.5):
            args.append(p.case(b"REPLACE"))
        if p.chance(0.05):
            args.append(p.rng.choice([b"DB", b"REPLACE", b"nosuch"]))
    return [(args, EXACT)]


def object_command(p: Pool) -> Group:
    sub = p.rng.choice([b"ENCODING"] * 4 + [b"REFCOUNT", b"FREQ", b"IDLETIME", b"nosuch"])
    kind = "shape" if sub in (b"IDLETIME", b"REFCOUNT") else EXACT
    return one(p.case(b"OBJECT"), p.case(sub), p.key(), kind=kind)


def list_keys(p: Pool) -> Group:
    if p.chance(0.5):
        return one(p.case(b"KEYS"), p.rng.choice(PATTERNS), kind="set")
    options: list[bytes] = []
    if p.chance(0.6):
        options += [b"MATCH", p.rng.choice(PATTERNS)]
    if p.chance(0.5):
        options += [p.case(b"COUNT"), p.rng.choice([b"1", b"2", b"10", b"1000"])]
    if p.chance(0.3):
        options += [b"TYPE", p.rng.choice([b"string", b"STRING", b"list", b"hash"])]
    return [(options, SCAN_ALL)]


def scan_wrong(p: Pool) -> Group:
    """Errors are equal; where the reference forgives, order and cursors are its own."""
    cursor = p.rng.choice([b"abc", b"", b"-1", b"1.5", b"18446744073709551616"])
    wrong = [[b"COUNT", b"0"], [b"COUNT", b"abc"], [b"COUNT"], [b"MATCH"], [b"nosuch", b"1"]]
    if p.chance(0.5):
        return one(b"SCAN", cursor, kind="shape")
    return one(b"SCAN", b"0", *p.rng.choice(wrong), kind="shape")


def random_key(p: Pool) -> Group:
    """In a database with one key the answer is certain; otherwise only its shape is."""
    if p.chance(0.7):
        return one(b"RANDOMKEY", kind="shape")
    key = p.key()
    group = one(b"SELECT", b"14") + one(b"FLUSHDB") + one(b"RANDOMKEY")
    group += one(b"SET", key, b"v") + one(b"RANDOMKEY") + one(b"DEL", key)
    return group + one(b"SELECT", b"0")


def db_size(p: Pool) -> Group:
    # The iteration first: it makes both drop the keys whose deadline has passed.
    return [([], SCAN_ALL), ([p.case(b"DBSIZE")], "dbsize")]


def move(p: Pool) -> Group:
    return one(p.case(b"MOVE"), p.key(), p.database())


def swap(p: Pool) -> Group:
    return one(p.case(b"SWAPDB"), p.database(), p.database())


def flush(p: Pool) -> Group:
    args = [p.case(p.rng.choice([b"FLUSHDB", b"FLUSHDB", b"FLUSHALL"]))]
    if p.chance(0.4):
        args.append(p.rng.choice([b"SYNC", b"ASYNC", b"async", b"nosuch", b""]))
    return [(args, EXACT)]


def select(p: Pool) -> Group:
    return one(p.case(b"SELECT"), p.database())


def connection(p: Pool) -> Group:
    draw = p.rng.random()
    if draw < 0.3:
        return one(p.case(b"PING"), *([p.value()] if p.chance(0.5) else []))
    if draw < 0.5:
        return one(p.case(b"ECHO"), p.value())
    if draw < 0.6:
        return one(b"CLIENT", b"SETNAME", p.rng.choice([b"name", b"", b"a b", b"n\n", b"ok-1"]))
    if draw < 0.7:
        return one(b"CLIENT", p.rng.choice([b"GETNAME", b"GETNAME", b"nosuch"]))
    if draw < 0.75:
        return one(b"CLIENT", p.rng.choice([b"ID", b"INFO", b"LIST"]), kind="shape")
    if draw < 0.8:
        return one(b"CLIENT", b"NO-EVICT", p.rng.choice([b"on", b"off", b"maybe"]))
    wrong = [[b"4"], [b"1"], [b"abc"], [b""], [b"-3"], [b"2", b"nosuch"], [b"3", b"SETNAME"]]
    wrong += [[b"3", b"SETNAME", b"a b"], [b"2", b"AUTH", b"nouser"]]
    if draw < 0.9:
        return one(b"HELLO", *p.rng.choice(wrong))
    return one(b"AUTH", *p.rng.choice([[b"secret"], [b"nouser", b"secret"], []]))


def server(p: Pool) -> Group:
    draw = p.rng.random()
    if draw < 0.25:
        return one(b"CONFIG", b"GET", p.rng.choice(CONFIG_NAMES), kind="config")
    if draw < 0.32:
        return one(b"CONFIG", b"GET", b"maxmemory", b"timeout", kind="config")
    if draw < 0.45:
        wrong = [[b"GET"], [b"GET", b"nosuch"], [b"SET"], [b"SET", b"nosuch", b"1"], [b"nosuch"]]
        wrong += [[b"SET", b"maxmemory", b"abc"], [b"SET", b"maxmemory", b"0"], [b"RESETSTAT"]]
        return one(b"CONFIG", *p.rng.choice(wrong))
    if draw < 0.65:
        shapes = [[b"TIME"], [b"INFO"], [b"INFO", b"server"], [b"INFO", b"nosuch"], [b"LASTSAVE"]]
        shapes += [[b"COMMAND", b"COUNT"], [b"INFO", b"keyspace", b"memory"]]
        return one(*p.rng.choice(shapes), kind="shape")
    if draw < 0.75:
        args = [b"MEMORY", b"USAGE", p.key()]
        if p.chance(0.3):
            args += [b"SAMPLES", p.rng.choice([b"0", b"5", b"abc", b"-1"])]
        return [(args, "shape")]
    if draw < 0.87:
        # Two words at least: 7.2 lowered the arity from 7.0's, so fewer are refused elsewhere.
        inner = [[b"SET", b"a", b"b"], [b"MSET", b"a", b"1", b"b", b"2"], [b"PING", b"x"]]
        inner += [[b"RENAME", b"x", b"y"], [b"COPY", b"x", b"y"], [b"MGET", b"x", b"y"]]
        inner += [[b"FOO", b"x"], [b"GET", b"a", b"b"]]
        return one(b"COMMAND", b"GETKEYS", *p.rng.choice(inner))
    names = [b"get", b"SET", b"mget", b"del", b"nosuch", b"lcs", b"expire", b"msetnx", b"ping"]
    return one(b"COMMAND", b"INFO", *p.rng.sample(names, 2), kind="command_info")


def unknown(p: Pool) -> Group:
    args = [p.rng.choice(UNKNOWN)]
    args += [p.value()[:300] for _ in range(p.rng.randint(0, 6))]
    return [(args, EXACT)]


WEIGHTED: list[tuple[Callable[[Pool], Group], int]] = [
    (remove, 6),
    (count_keys, 4),
    (expire, 8),
    (deadline_read, 6),
    (deadline_exact, 2),
    (persist_type, 4),
    (rename_copy, 7),
    (object_command, 4),
    (list_keys, 3),
    (scan_wrong, 1),
    (random_key, 1),
    (db_size, 1),
    (move, 2),
    (swap, 1),
    (select, 3),
    (connection, 3),
    (server, 2),
    (unknown, 1),
]
# Rare: they empty the databases, or make everybody wait.
RARE: list[tuple[Callable[[Pool], Group], int]] = [(flush, 4), (short_lived, 1)]
RARE_OF_CLOCK: list[tuple[Callable[[Pool], Group], int]] = [(jump, 2)]
# What newer references answer as 7.0 does, for runs that are about another family.
BASIC = (remove, count_keys, expire, deadline_read, deadline_exact, persist_type, rename_copy)
BASIC += (list_keys, db_size, move, swap, select)
