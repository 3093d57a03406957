"""Arguments of the typed methods: checked, and as words of a command."""

from __future__ import annotations

import operator
from collections.abc import Iterator, KeysView, Mapping
from datetime import datetime, timedelta
from typing import Any, Iterable, Tuple, Union

_MANY = (list, tuple, set, frozenset, KeysView, Iterator)
_TEXT = frozenset((bytes, str))
_MILLISECOND = timedelta(milliseconds=1)


def flat(given: Tuple[Any, ...]) -> Tuple[Any, ...]:
    """f(a, b) and f([a, b]) alike."""
    if len(given) == 1 and type(given[0]) not in _TEXT and isinstance(given[0], _MANY):
        return tuple(given[0])
    return given


def words_of_pairs(pairs: Union[Mapping[Any, Any], Iterable[Tuple[Any, Any]]]) -> list[Any]:
    """Keys and values in turn."""
    words: list[Any] = []
    try:
        for key, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            words += (key, value)
    except (TypeError, ValueError):
        raise TypeError(
            f"pairs must be a mapping or an iterable of pairs, not {type(pairs).__name__}"
        ) from None
    return words


def flag(name: str, value: Any) -> bool:
    """An option that is given or not."""
    if value is True or value is False:
        return bool(value)
    if value is None:
        return False
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise TypeError(f"{name} must be True or False, not {value!r}")


def integer(name: str, value: Any, *others: str) -> int:
    """An int, or what is one for sure: 60.0, "60"."""
    if not isinstance(value, bool):
        try:
            if isinstance(value, float) and value.is_integer():
                return int(value)
            if isinstance(value, (str, bytes)):
                return int(value)
            return operator.index(value)
        except (TypeError, ValueError):
            pass
    wanted = " or ".join(("an int", *others))
    raise TypeError(f"{name} must be {wanted}, not {value!r}")


def in_ms(duration: timedelta) -> int:
    """Rounded up: nothing expires early."""
    return -(-duration // _MILLISECOND)


def unix_ms(moment: datetime) -> int:
    """Rounded up. A datetime without a zone is local time, as everywhere in Python."""
    whole = moment.replace(microsecond=0).timestamp()
    return int(whole) * 1000 - (-moment.microsecond // 1000)


def timed(token: bytes, value: Any) -> Tuple[bytes, int]:
    """EX, PX, EXAT or PXAT with its value; in milliseconds for a timedelta or datetime."""
    if type(value) is int:
        return token, value
    if token.endswith(b"AT"):
        if isinstance(value, datetime):
            return b"PXAT", unix_ms(value)
        return token, integer(token.decode().lower(), value, "a datetime")
    if isinstance(value, timedelta):
        return b"PX", in_ms(value)
    return token, integer(token.decode().lower(), value, "a timedelta")
