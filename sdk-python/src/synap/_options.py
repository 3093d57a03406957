"""Options of a store, from the engine's own table."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional, Union

from . import _native

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


def durability_level(name: Optional[str]) -> int:
    """The number of a level; that of "default" for None."""
    level = DURABILITY.get("default" if name is None else name)
    if level is None:
        raise ValueError(f"durability is one of {', '.join(DURABILITY)}, not {name!r}")
    return level


def milliseconds(seconds: Optional[float]) -> int:
    """A timeout in the engine's unit; None waits for ever. 0 would mean its default there."""
    if seconds is None:
        return FOREVER_MS
    if not seconds > 0:
        raise ValueError(f"a timeout is a positive number of seconds or None, not {seconds!r}")
    return min(max(round(seconds * 1000), 1), FOREVER_MS - 1)
