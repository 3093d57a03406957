"""Random sequences of steps: families, transactions, two connections, damaged commands."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.differential import generic, hashes, strings
from tests.differential.step import (
    HSCAN_ALL,
    JUMP,
    SCAN_ALL,
    SLEEP,
    Step,
    command,
    hscan_all,
    jump,
    scan_all,
    sleep,
)
from tests.differential.strings import Group
from tests.differential.values import ODD_TOKENS, Pool

# Chances a group. A transaction stays open for about eight groups.
TRANSACTION = 0.03
TRANSACTION_END = 0.12
RESET = 0.002
RARE = 0.002
DAMAGE = 0.05
# How many groups go to one connection before the other may get its turn: short enough that
# watched keys are touched by the other, long enough for real pipelines.
STRETCH = 30
# Comparisons of commands that may be damaged.
DAMAGED = ("exact", "deadline", "deadlines", "set", "pairs", "random")

Weighted = list[tuple[Callable[[Pool], Group], int]]


def _families(reference: str, jumps: bool) -> tuple[Weighted, Weighted]:
    """What may be asked of a reference, often and rarely."""
    clock = generic.RARE_OF_CLOCK if jumps else []
    if reference == "redis":
        often = strings.WEIGHTED + generic.WEIGHTED + hashes.WEIGHTED
        return often, generic.RARE + clock
    known = set(strings.BASIC + generic.BASIC)
    basic = [entry for entry in strings.WEIGHTED + generic.WEIGHTED if entry[0] in known]
    often = basic + hashes.WEIGHTED + hashes.WEIGHTED_OF_FIELDS
    return often, generic.RARE + hashes.RARE_OF_FIELDS + clock



class Generator:
    """An endless sequence that depends on these arguments alone. The families are those that the
    reference has: "redis" is 7.0, "redis8" knows deadlines of fields."""

    def __init__(
        self, seed: int, protocol: int, reference: str = "redis", jumps: bool = False
    ) -> None:
        self.protocol = protocol
        self.rng = random.Random(f"{seed}/{protocol}")
        self.pool = Pool(self.rng)
        self.connection = 0
        self.left_in_stretch = STRETCH
        self.in_multi = [False, False]
        often, rarely = _families(reference, jumps)
        self._makers = [maker for maker, _ in often]
        self._weights = [weight for _, weight in often]
        self._rare_makers = [maker for maker, _ in rarely]
        self._rare_weights = [weight for _, weight in rarely]

    def generate(self, commands: int) -> list[Step]:
        steps: list[Step] = []
        while len(steps) < commands:
            self._turn()
            steps += self._next()
        return steps

    def _turn(self) -> None:
        self.left_in_stretch -= 1
        if self.left_in_stretch <= 0:
            self.connection = 1 - self.connection
            self.left_in_stretch = self.rng.randint(1, STRETCH)

    def _next(self) -> list[Step]:
        open_transaction = self.in_multi[self.connection]
        draw = self.rng.random()
        if open_transaction and draw < TRANSACTION_END:
            return self._end_transaction()
        if not open_transaction and draw < TRANSACTION:
            return self._begin_transaction()
        if draw > 1 - RESET:
            return self._reset()
        if draw > 1 - RESET - RARE:
            return self._steps(self.rng.choices(self._rare_makers, self._rare_weights)[0])
        return self._steps(self.rng.choices(self._makers, self._weights)[0])

    def _steps(self, maker: Callable[[Pool], Group]) -> list[Step]:
        group = maker(self.pool)
        if self.in_multi[self.connection] and not _fits_in_multi(group):
            group = strings.one(b"GET", self.pool.key())
        elif len(group) == 1 and self.pool.chance(DAMAGE):
            group = self._damage(group)
        return [self._step(args, kind) for args, kind in group]

    def _step(self, args: list[bytes], kind: str) -> Step:
        if kind == SLEEP:
            return sleep(int(args[0]))
        if kind == SCAN_ALL:
            return scan_all(self.connection, *args)
        if kind == HSCAN_ALL:
            return hscan_all(self.connection, *args)
        if kind == JUMP:
            return jump(int(args[0]))
        return command(self.connection, tuple(args), kind)

    def _damage(self, group: Group) -> Group:
        """Drops, adds, doubles or replaces one argument: wrong arity, syntax, numbers."""
        args, kind = group[0]
        # Damaged, these would ask for whole tables, leave the protocol of the run, or (COMMAND
        # GETKEYS) fall below an arity that 7.2 lowered.
        spared = (b"HELLO", b"CONFIG", b"COMMAND")
        if kind not in DAMAGED or args[0].upper() in spared:
            return group
        damaged = list(args)
        place = self.rng.randint(1, len(damaged))
        draw = self.rng.random()
        if draw < 0.35 and place < len(damaged):
            del damaged[place]
        elif draw < 0.6:
            damaged.insert(place, self.rng.choice(ODD_TOKENS))
        elif draw < 0.7:
            damaged.append(damaged[-1])
        elif place < len(damaged):
            damaged[place] = self.rng.choice(ODD_TOKENS)
        return [(damaged, kind)]

    def _begin_transaction(self) -> list[Step]:
        """MULTI, often behind a WATCH whose keys the other connection may touch."""
        here = self.connection
        steps: list[Step] = []
        if self.pool.chance(0.5):
            keys = self.pool.keys(3)
            steps.append(command(here, (b"WATCH", *keys)))
            if self.pool.chance(0.5):
                steps += self._touch_from_other(keys)
            if self.pool.chance(0.1):
                steps.append(command(here, (b"UNWATCH",)))
        steps.append(command(here, (self.pool.case(b"MULTI"),)))
        self.in_multi[here] = True
        return steps

    def _touch_from_other(self, watched: list[bytes]) -> list[Step]:
        here, self.connection = self.connection, 1 - self.connection
        steps = []
        if self.pool.chance(0.5):
            name = self.rng.choice([b"APPEND", b"SET", b"SETNX", b"GETSET"])
            touch = (name, self.rng.choice(watched), self.pool.value()[:100])
            steps.append(command(self.connection, touch))
        for _ in range(self.rng.randint(1, 3)):
            steps += self._steps(self.rng.choices(self._makers, self._weights)[0])
        self.connection = here
        return steps

    def _end_transaction(self) -> list[Step]:
        here = self.connection
        draw = self.rng.random()
        if draw < 0.08:
            return [command(here, (b"MULTI",))]
        if draw < 0.14:
            return [command(here, (b"WATCH", self.pool.key()))]
        if draw < 0.18:
            return [command(here, (b"EXEC", b"extra"))]
        self.in_multi[here] = False
        if draw < 0.3:
            return [command(here, (self.pool.case(b"DISCARD"),))]
        return [command(here, (self.pool.case(b"EXEC"),))]

    def _reset(self) -> list[Step]:
        """RESET goes back to RESP2 and database 0; then HELLO restores the protocol."""
        here = self.connection
        self.in_multi[here] = False
        steps = [command(here, (b"RESET",))]
        if self.pool.chance(0.2):
            steps.append(command(here, (b"EXEC",)))
        if self.pool.chance(0.2):
            steps.append(command(here, (b"DISCARD",)))
        hello: tuple[bytes, ...] = (b"HELLO", b"%d" % self.protocol)
        if self.pool.chance(0.3):
            hello += (b"SETNAME", b"again")
        return [*steps, command(here, hello, "hello")]


def _fits_in_multi(group: Group) -> bool:
    """Iterations and waits cannot be queued; HELLO could change the protocol inside a reply."""
    return not any(
        kind in (SCAN_ALL, HSCAN_ALL, SLEEP, JUMP) or args[0].upper() == b"HELLO"
        for args, kind in group
    )
