"""When do two replies count as the same? Exactly equal, except where this file says why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.differential.step import Step
from tests.lib.resp import Reply, render

ALLOWED_FILE = Path(__file__).with_name("allowed.yaml")
# Both servers run a command within this time of each other, even on a busy machine.
DEADLINE_TOLERANCE_MS = 20_000

# A command with the reply of the reference and that of the server under test.
Mismatch = tuple[Step, Reply, Reply]


def _exact(step: Step, a: Reply, b: Reply) -> bool:
    return a == b


def _set(step: Step, a: Reply, b: Reply) -> bool:
    """Same elements in any order (KEYS)."""
    if a[0] != b[0] or not isinstance(a[1], list) or not isinstance(b[1], list):
        return a == b
    return sorted(a[1]) == sorted(b[1])


def _in_pairs(reply: Reply) -> list[Any]:
    """Fields with their values: of a map, of a flat array, or of an array of pairs."""
    items = reply[1]
    if items and items[0][0] == "*":
        return sorted(items)
    return sorted(zip(items[0::2], items[1::2]))


def _pairs(step: Step, a: Reply, b: Reply) -> bool:
    """The same fields with the same values, in any order (HGETALL)."""
    if a[0] != b[0] or not isinstance(a[1], list) or not isinstance(b[1], list):
        return a == b
    return len(a[1]) == len(b[1]) and _in_pairs(a) == _in_pairs(b)


def _random(step: Step, a: Reply, b: Reply) -> bool:
    """HRANDFIELD: as many elements of the same types; a positive count that no hash reaches
    gives all of them."""
    if a[0] != b[0] or not isinstance(a[1], list) or not isinstance(b[1], list):
        return _shape(step, a, b)
    if [item[0] for item in a[1]] != [item[0] for item in b[1]]:
        return False
    given = len(a[1]) // (2 if len(step.args) == 4 and a[1] and a[1][0][0] != "*" else 1)
    if given >= int(step.args[2]):
        return True
    if len(step.args) == 4:
        return _in_pairs(a) == _in_pairs(b)
    return sorted(a[1]) == sorted(b[1])


def _deadlines(step: Step, a: Reply, b: Reply) -> bool:
    """As _deadline, field by field."""
    if a[0] != "*" or b[0] != "*" or a[1] is None or b[1] is None or len(a[1]) != len(b[1]):
        return a == b
    name = (step.args[0][1:], *step.args[1:])
    of_key = Step(step.connection, name, step.kind, step.payload)
    return all(_deadline(of_key, left, right) for left, right in zip(a[1], b[1]))


def _deadline(step: Step, a: Reply, b: Reply) -> bool:
    """A relative deadline is counted from when the command ran. -1 and -2 are exact."""
    if a[0] != ":" or b[0] != ":" or a[1] < 0 or b[1] < 0:
        return a == b
    milliseconds = step.args[0].upper().startswith(b"P")
    tolerance = DEADLINE_TOLERANCE_MS if milliseconds else DEADLINE_TOLERANCE_MS // 1000
    return bool(abs(a[1] - b[1]) <= tolerance)


def _shape(step: Step, a: Reply, b: Reply) -> bool:
    """Values that belong to the server (time, memory, statistics): same type, both null or
    neither, errors equal."""
    if a[0] == "-" or b[0] == "-":
        return a == b
    return a[0] == b[0] and (a[1] is None) == (b[1] is None)


def pairs(reply: Reply) -> dict[Any, Any]:
    """A map, or the flat array that stands for one in RESP2."""
    items = reply[1]
    keys = [item[1] for item in items[0::2]]
    return dict(zip(keys, items[1::2]))


def _config(step: Step, a: Reply, b: Reply) -> bool:
    """The same options with values of the same type; the values are the server's own."""
    if a[0] != b[0] or a[0] not in "*%":
        return a == b
    left, right = pairs(a), pairs(b)
    return left.keys() == right.keys() and all(left[k][0] == right[k][0] for k in left)


def _hello(step: Step, a: Reply, b: Reply) -> bool:
    """Every field of the reference is there with the same type. Version and id differ by
    nature; further fields may be added."""
    if a[0] != b[0] or a[0] not in "*%":
        return a == b
    left, right = pairs(a), pairs(b)
    for name, value in left.items():
        if name not in right or right[name][0] != value[0]:
            return False
        if name in (b"server", b"proto", b"mode", b"role") and right[name] != value:
            return False
    return True


def _command_info(step: Step, a: Reply, b: Reply) -> bool:
    """Name, arity and key positions; flags and categories have grown between versions."""
    if a[0] != b[0] or not isinstance(a[1], list) or len(a[1]) != len(b[1]):
        return a == b
    for left, right in zip(a[1], b[1]):
        if left[0] != right[0] or (left[1] is None) != (right[1] is None):
            return False
        if left[1] is not None and [left[1][i] for i in (0, 1, 3, 4, 5)] != [
            right[1][i] for i in (0, 1, 3, 4, 5)
        ]:
            return False
    return True


COMPARISONS: dict[str, Callable[[Step, Reply, Reply], bool]] = {
    "exact": _exact,
    "set": _set,
    "pairs": _pairs,
    "random": _random,
    "deadline": _deadline,
    "deadlines": _deadlines,
    "shape": _shape,
    "dbsize": _exact,
    "config": _config,
    "hello": _hello,
    "command_info": _command_info,
}


def differing(step: Step, queued: list[Step], a: Reply, b: Reply) -> list[Mismatch]:
    """The commands whose replies differ: `step` itself, or those inside the array of EXEC."""
    if a == b or COMPARISONS[step.kind](step, a, b):
        return []
    arrays = a[0] == "*" and b[0] == "*" and a[1] is not None and b[1] is not None
    if not queued or not arrays or not len(a[1]) == len(b[1]) == len(queued):
        return [(step, a, b)]
    found = []
    for inner, left, right in zip(queued, a[1], b[1]):
        # Inside a transaction nothing drops expired keys first, so DBSIZE may count them.
        kind = "shape" if inner.kind == "dbsize" else inner.kind
        if left != right and not COMPARISONS.get(kind, _exact)(inner, left, right):
            found.append((inner, left, right))
    return found


@dataclass
class Rule:
    """One accepted difference of allowed.yaml."""

    name: str
    reason: str
    command: re.Pattern[str]
    reference: re.Pattern[str]
    tested: re.Pattern[str]


@dataclass
class Allowed:
    """The accepted differences, and how often each was met."""

    rules: list[Rule]
    met: Counter[str] = field(default_factory=Counter)

    @classmethod
    def load(cls, path: Path = ALLOWED_FILE) -> Allowed:
        rules = []
        for entry in yaml.safe_load(path.read_text()) or []:
            missing = {"name", "reason", "command", "reference", "tested"} - entry.keys()
            if missing or not str(entry["reason"]).strip():
                raise ValueError(f"{path.name}: {entry}: lacks {sorted(missing) or 'a reason'}")
            patterns = {k: re.compile(entry[k]) for k in ("command", "reference", "tested")}
            rules.append(Rule(entry["name"], entry["reason"], **patterns))
        return cls(rules)

    def accepts(self, step: Step, a: Reply, b: Reply) -> bool:
        line = b" ".join(step.args).decode("utf-8", "backslashreplace")
        left, right = render(a, 100_000), render(b, 100_000)
        for rule in self.rules:
            replies_match = rule.reference.fullmatch(left) and rule.tested.fullmatch(right)
            if replies_match and rule.command.search(line):
                self.met[rule.name] += 1
                return True
        return False
