"""Options of a store, from the engine's own table."""

from __future__ import annotations

import difflib
from datetime import timedelta
from typing import Mapping, NamedTuple, Optional, Union

from . import _native
from ._errors import InvalidArgumentError

OptionValue = Union[str, int, float, bool]

DURABILITY = _native.CONSTANTS["durability"]
FOREVER_MS = 0xFFFF_FFFF


class Option(NamedTuple):
    """One option: `name` is the engine's; open() also takes it with `_` in place of `.`."""

    name: str
    type: str
    default: str
    range: str
    help: str
    mutable: bool


def options() -> dict[str, Option]:
    """Every option of a store, by name."""
    return {row[0]: Option(*row) for row in _native.options()}


def text_of(value: OptionValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def named(given: Mapping[str, OptionValue]) -> dict[str, str]:
    """Options by the engine's names and in its notation. Unknown ones are left to the engine,
    which knows what was meant."""
    dotted = {name.replace(".", "_"): name for name in options()}
    return {dotted.get(name, name): text_of(value) for name, value in given.items()}


def suggestion(name: str, where: str, keywords: tuple[str, ...]) -> None:
    """Refuses a keyword that is no option either, and says which may have been meant."""
    known = [option.replace(".", "_") for option in options()]
    if name in known or name in options():
        return
    near = difflib.get_close_matches(name, [*keywords, *known], n=1)
    meant = f"; did you mean {near[0]!r}?" if near else "; see synap.options()"
    raise InvalidArgumentError(f"{where} has no option {name!r}{meant}")


def durability_level(name: Optional[str]) -> int:
    """The number of a level; that of "default" for None."""
    level = DURABILITY.get("default" if name is None else name)
    if level is None:
        raise ValueError(f"durability is one of {', '.join(DURABILITY)}, not {name!r}")
    return level


def milliseconds(seconds: Union[float, timedelta, None]) -> int:
    """A timeout in the engine's unit; None waits for ever. 0 would mean its default there."""
    if seconds is None:
        return FOREVER_MS
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"a timeout is a number of seconds, a timedelta or None, not {seconds!r}")
    if not seconds > 0:
        raise ValueError(f"a timeout is a positive number of seconds or None, not {seconds!r}")
    return min(max(round(seconds * 1000), 1), FOREVER_MS - 1)
