"""Reads everything back after a restart and compares it with what the writers know."""

from __future__ import annotations

from collections import Counter

from tests.chaos.model import DATABASES_EACH, Dump, State, Value, explain, surviving_prefix
from tests.chaos.operations import PAIR, PAIR_STRIDE, SHARED_COUNTERS, SHARED_DATABASE
from tests.chaos.workers import Reader, Writer
from tests.lib.resp import Client, Reply

DATABASES = 16


class Lost(Exception):
    """The server broke its promise; the message says how."""


def read_all(client: Client, timed: bool = True) -> Dump:
    """Every key of every database with its value and absolute deadline; `timed`: fields of hashes
    have deadlines, too."""
    listings = client.batch(
        [c for db in range(DATABASES) for c in (("SELECT", db), ("KEYS", "*"))]
    )[1::2]
    dump: Dump = {}
    for database, listing in enumerate(listings):
        keys = [item[1] for item in listing[1]]
        if not keys:
            continue
        client.call("SELECT", database)
        types = [reply[1] for reply in client.batch([("TYPE", key) for key in keys])]
        reads = [("HGETALL" if t == b"hash" else "GET", key) for key, t in zip(keys, types)]
        values = client.batch(reads)
        deadlines = client.batch([("PEXPIRETIME", key) for key in keys])
        for key, value, deadline in zip(keys, values, deadlines):
            dump[database, key] = (_value(client, key, value, timed), deadline[1])
    return dump


def _value(client: Client, key: bytes, reply: Reply, timed: bool) -> Value:
    kind, value = reply
    if kind != "*":
        return _present(key, reply)
    fields, values = ([item[1] for item in value[start::2]] for start in (0, 1))
    if len(set(fields)) != len(fields) or not fields:
        raise Lost(f"HGETALL of {key!r} lists {len(fields)} fields, {len(set(fields))} different")
    deadlines = [-1] * len(fields)
    if timed:
        answer = client.call("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)
        deadlines = [item[1] for item in answer[1]]
    length = client.call("HLEN", key)
    if length != (":", len(fields)) or -2 in deadlines:
        raise Lost(f"HGETALL of {key!r} lists {len(fields)} fields, HLEN says {length}")
    return dict(zip(fields, zip(values, deadlines)))


def _present(key: bytes, value: Reply) -> bytes:
    if not isinstance(value[1], bytes):
        raise Lost(f"KEYS lists {key!r}, but GET finds {value} there")
    return value[1]


def check_writer(writer: Writer, dump: Dump) -> tuple[State, int]:
    """The writer's state as recovered, and how much of what was in flight took effect."""
    first = writer.acknowledged.first
    own = range(first, first + DATABASES_EACH)
    found = {place: entry for place, entry in dump.items() if place[0] in own}
    done = surviving_prefix(writer.acknowledged, writer.in_flight, found)
    if done is None:
        raise Lost(f"{writer.name}: {explain(writer.acknowledged, writer.in_flight, found)}")
    return State(first, found), done


def _string(dump: Dump, key: bytes) -> bytes:
    value = dump.get((SHARED_DATABASE, key), (b"", -1))[0]
    assert isinstance(value, bytes)
    return value


def check_counters(before: Counter[bytes], writers: list[Writer], dump: Dump) -> Counter[bytes]:
    """Every acknowledged INCR is there; at most those in flight besides."""
    after: Counter[bytes] = Counter()
    for name in SHARED_COUNTERS:
        least = before[name] + sum(w.counters[name] for w in writers)
        most = least + sum(o.counter == name for w in writers for o in w.in_flight)
        value = int(_string(dump, name) or b"0")
        if not least <= value <= most:
            raise Lost(f"counter {name!r} is {value}; {least} to {most} were expected")
        after[name] = value
    return after


def check_pair(before: bytes, writers: list[Writer], dump: Dump) -> bytes:
    """Both keys hold one value, and no writer's value that it had replaced for certain."""
    values = [_string(dump, key) for key in PAIR]
    if values[0] != values[1]:
        raise Lost(f"half of an atomic write survived: {values}")
    value = values[0]
    acknowledged = any(w.last_pair for w in writers)
    if value == before:
        if acknowledged:
            raise Lost(f"the pair is still {value!r}, but later writes were acknowledged")
        return value
    number, sequence = divmod(int(value or b"0"), PAIR_STRIDE)
    by_number = {w.number: w for w in writers}
    sent = [o.pair for w in writers if w.number == number for o in w.in_flight]
    if number not in by_number or not by_number[number].last_pair <= sequence:
        raise Lost(f"the pair is {value!r}, which its writer had replaced, or never wrote")
    if sequence > max(sent + [by_number[number].last_pair]):
        raise Lost(f"the pair is {value!r}, which its writer never sent")
    return value


def check_reader(reader: Reader, counters: Counter[bytes]) -> None:
    """Only where a read is answered after what it read is durable (fsync always)."""
    for name, seen in reader.seen.items():
        if counters[name] < seen:
            raise Lost(f"counter {name!r} was read as {seen}, but {counters[name]} survived")
