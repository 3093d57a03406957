"""Makes a failing sequence small: fewer steps that still show the same difference."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.differential.runner import Difference
from tests.differential.step import Step

# Commands that decide what others mean; never removed by the guess on keys.
CONTEXT = {
    b"SELECT", b"MULTI", b"EXEC", b"DISCARD", b"WATCH", b"UNWATCH", b"HELLO", b"RESET",
    b"FLUSHALL", b"FLUSHDB", b"SWAPDB", b"MOVE", b"COPY", b"RENAME", b"RENAMENX",
}  # fmt: skip

Reproduce = Callable[[list[Step]], Difference | None]


class Shrinker:
    """Delta debugging within a time budget."""

    def __init__(self, reproduce: Reproduce, wanted: Difference, seconds: float) -> None:
        self.reproduce = reproduce
        self.signature = wanted.signature()
        self.deadline = time.monotonic() + seconds
        self.last = wanted

    def shrink(self, steps: list[Step]) -> list[Step]:
        """The smallest sequence found; `last` is the difference as that one shows it. Returns
        the sequence as it was when not even the whole of it fails again."""
        cut = steps[: self.last.index + 1]
        if not self._fails(cut):
            return steps
        cut = self._by_key(cut)
        size = max(1, len(cut) // 2)
        while size >= 1 and time.monotonic() < self.deadline:
            smaller = self._without_chunks(cut, size)
            if len(smaller) == len(cut) or size > len(smaller):
                size = size // 2 if size > 1 else 0
            cut = smaller
        return cut

    def _fails(self, steps: list[Step]) -> bool:
        found = self.reproduce(steps)
        if found is None or found.signature() != self.signature:
            return False
        self.last = found
        return True

    def _by_key(self, steps: list[Step]) -> list[Step]:
        """A guess that mostly holds: only commands on the same keys, and context, matter."""
        keys = set(self.last.step.args[1:])
        related = [
            s
            for s in steps
            if s is steps[-1]
            or not s.args
            or s.args[0].upper() in CONTEXT
            or keys.intersection(s.args[1:])
        ]
        return related if len(related) < len(steps) and self._fails(related) else steps

    def _without_chunks(self, steps: list[Step], size: int) -> list[Step]:
        start = 0
        while start < len(steps) and time.monotonic() < self.deadline:
            candidate = steps[:start] + steps[start + size :]
            if candidate and self._fails(candidate):
                steps = candidate
            else:
                start += size
        return steps
