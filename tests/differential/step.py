"""One step of a generated sequence."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lib.resp import encode

# Pseudo-commands that the runner carries out itself.
SCAN_ALL = "scanall"  # a full SCAN iteration, compared as a set; arguments follow the cursor
HSCAN_ALL = "hscanall"  # the same of HSCAN; arguments are the key and what follows the cursor
SLEEP = "sleep"  # one argument: milliseconds
JUMP = "jump"  # one argument: how many days the wall clocks of both servers are ahead from now on
LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Step:
    """A command for one of the two connections of each server, and how to compare its reply.

    `kind` names a comparison of compare.py, or a pseudo-command above.
    """

    connection: int
    args: tuple[bytes, ...]
    kind: str
    payload: bytes

    def __str__(self) -> str:
        words = " ".join(quote(a) for a in self.args)
        if self.kind == SLEEP:
            return f"(sleep {words} ms)"
        if self.kind == JUMP:
            return f"(the wall clock is {words} days ahead)"
        if self.kind == HSCAN_ALL:
            return f"{'AB'[self.connection]}> (full iteration of) HSCAN {words}"
        if self.kind == SCAN_ALL:
            return f"{'AB'[self.connection]}> (full iteration of) SCAN 0 {words}".rstrip()
        return f"{'AB'[self.connection]}> {words}"


def command(connection: int, args: tuple[bytes, ...], kind: str = "exact") -> Step:
    return Step(connection, args, kind, encode(args))


def scan_all(connection: int, *options: bytes) -> Step:
    return Step(connection, options, SCAN_ALL, b"")


def hscan_all(connection: int, *words: bytes) -> Step:
    return Step(connection, words, HSCAN_ALL, b"")


def jump(days: int) -> Step:
    return Step(0, (b"%d" % days,), JUMP, b"")


def sleep(milliseconds: int) -> Step:
    return Step(0, (b"%d" % milliseconds,), SLEEP, b"")


_ESCAPES = {0x22: '\\"', 0x5C: "\\\\", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}


def quote(word: bytes) -> str:
    """As redis-cli would take it on its command line; long ones are described."""
    if 0 < len(word) <= LONGEST_SHOWN and all(0x21 <= c < 0x7F and c not in b"\"'\\" for c in word):
        return word.decode()
    if len(word) > LONGEST_SHOWN:
        run = "" if word.strip(word[:1]) else f" all {quote(word[:1])}"
        return f"<{len(word)} bytes{run or ' from ' + quote(word[:20])}>"
    parts = [_ESCAPES.get(c) or (chr(c) if 0x20 <= c < 0x7F else f"\\x{c:02x}") for c in word]
    return '"' + "".join(parts) + '"'
