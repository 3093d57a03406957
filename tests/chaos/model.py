"""What the keys of one writer must hold, and which histories a crash may leave.

Each writer owns two databases, so its keys are the outcome of its own operations alone. It sends
them in order on one connection. Whatever the moment of a kill, the server must come back with
every acknowledged operation and a prefix of those in flight: never one without its predecessors,
never a part of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.chaos.hashes import Command, Fields, changed

DATABASES_EACH = 2

# A string, or the fields of a hash.
Value = bytes | Fields
# (database, key) -> (value, absolute deadline in ms or -1)
Dump = dict[tuple[int, bytes], tuple[Value, int]]


@dataclass(frozen=True)
class Operation:
    """Commands that take effect together, or not at all. `wire` is what is sent: it may be
    wrapped in MULTI and EXEC, or in SELECTs."""

    effects: tuple[Command, ...]
    wire: tuple[Command, ...]
    # For the keys that all writers share: what was done to them.
    counter: bytes = b""
    pair: int = 0

    def __str__(self) -> str:
        return "; ".join(" ".join(repr(w[:40])[1:] for w in c) for c in self.wire)


@dataclass
class State:
    """Two databases; `first` is the one that the connection has selected."""

    first: int
    entries: Dump = field(default_factory=dict)

    def copy(self) -> State:
        return State(self.first, dict(self.entries))

    def apply(self, operation: Operation) -> None:
        for command in operation.effects:
            if command[0].startswith(b"H"):
                self._change_hash(command)
            else:
                getattr(self, "_" + command[0].decode().lower())(*command[1:])

    def value(self, key: bytes) -> bytes:
        value = self.entries.get((self.first, key), (b"", -1))[0]
        assert isinstance(value, bytes)
        return value

    def _change_hash(self, command: Command) -> None:
        key = command[1]
        before, deadline = self.entries.get((self.first, key), ({}, -1))
        assert isinstance(before, dict)
        after = changed(before, command)
        if after:
            self.entries[self.first, key] = (after, deadline)
        else:
            self.entries.pop((self.first, key), None)

    def has(self, key: bytes, offset: int = 0) -> bool:
        return (self.first + offset, key) in self.entries

    def _deadline(self, key: bytes) -> int:
        return self.entries.get((self.first, key), (b"", -1))[1]

    def _set(self, key: bytes, value: bytes, option: bytes = b"", deadline: bytes = b"-1") -> None:
        kept = self._deadline(key) if option == b"KEEPTTL" else int(deadline)
        self.entries[self.first, key] = (value, kept)

    def _mset(self, *words: bytes) -> None:
        for key, value in zip(words[0::2], words[1::2]):
            self._set(key, value)

    def _msetnx(self, *words: bytes) -> None:
        if not any(self.has(key) for key in words[0::2]):
            self._mset(*words)

    def _del(self, *keys: bytes) -> None:
        for key in keys:
            self.entries.pop((self.first, key), None)

    def _getdel(self, key: bytes) -> None:
        self._del(key)

    def _incrby(self, key: bytes, amount: bytes) -> None:
        total = int(self.value(key) or b"0") + int(amount)
        self.entries[self.first, key] = (b"%d" % total, self._deadline(key))

    def _append(self, key: bytes, value: bytes) -> None:
        self.entries[self.first, key] = (self.value(key) + value, self._deadline(key))

    def _setrange(self, key: bytes, offset: bytes, value: bytes) -> None:
        start = int(offset)
        old = self.value(key).ljust(start, b"\x00")
        new = old[:start] + value + old[start + len(value) :]
        self.entries[self.first, key] = (new, self._deadline(key))

    def _pexpireat(self, key: bytes, deadline: bytes) -> None:
        if self.has(key):
            self.entries[self.first, key] = (self.entries[self.first, key][0], int(deadline))

    def _persist(self, key: bytes) -> None:
        self._pexpireat(key, b"-1")

    def _rename(self, source: bytes, target: bytes) -> None:
        self.entries[self.first, target] = self.entries.pop((self.first, source))

    def _copy(self, source: bytes, target: bytes, *options: bytes) -> None:
        database = int(options[1]) if options[0] == b"DB" else self.first
        if (self.first, source) in self.entries:
            self.entries[database, target] = self.entries[self.first, source]

    def _move(self, key: bytes, database: bytes) -> None:
        if self.has(key) and (int(database), key) not in self.entries:
            self.entries[int(database), key] = self.entries.pop((self.first, key))

    def _swapdb(self, one: bytes, other: bytes) -> None:
        swapped = {int(one): int(other), int(other): int(one)}
        self.entries = {(swapped[db], key): v for (db, key), v in self.entries.items()}

    def _flushdb(self) -> None:
        self.entries = {k: v for k, v in self.entries.items() if k[0] != self.first}


def surviving_prefix(acknowledged: State, in_flight: list[Operation], found: Dump) -> int | None:
    """How many of the operations in flight took effect, given what the server holds; None when
    no prefix explains it. `acknowledged` is left as it was."""
    state = acknowledged.copy()
    if state.entries == found:
        return 0
    for done, operation in enumerate(in_flight, start=1):
        state.apply(operation)
        if state.entries == found:
            return done
    return None


def explain(acknowledged: State, in_flight: list[Operation], found: Dump) -> str:
    """Which keys no prefix accounts for, with what was expected and what is there."""
    after = acknowledged.copy()
    for operation in in_flight:
        after.apply(operation)
    lines = [f"no prefix of the {len(in_flight)} operations in flight explains these keys:"]
    for place in sorted(acknowledged.entries.keys() | found.keys() | after.entries.keys()):
        shown = [_short(entries.get(place)) for entries in
                 (acknowledged.entries, after.entries, found)]  # fmt: skip
        if not shown[0] == shown[1] == shown[2]:
            lines.append(f"  db{place[0]} {place[1]!r}: acknowledged {shown[0]}, "
                         f"with all in flight {shown[1]}, found {shown[2]}")  # fmt: skip
    lines += [f"  in flight: {operation}" for operation in in_flight]
    return "\n".join(lines)


def _short(entry: tuple[Value, int] | None) -> str:
    if entry is None:
        return "nothing"
    value, deadline = entry
    if isinstance(value, dict):
        some = sorted(value.items())[:30]
        text = f"{len(value)} fields, " + ", ".join(
            f"{name!r}: {_short(field)}" for name, field in some
        )
    else:
        text = repr(value)[1:] if len(value) <= 40 else f"{len(value)} bytes from {value[:30]!r}"
    return f"{text} until {deadline}" if deadline >= 0 else text
