"""The store as a collections.abc.MutableMapping, over the methods of its commands."""

from __future__ import annotations

import time
from collections.abc import ItemsView, KeysView, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, Generic, Iterator, Optional, TypeVar, Union, overload

from . import _native
from ._commands import Commands
from ._hash import Hash
from ._words import words_of_pairs

if TYPE_CHECKING:
    from ._commands import Key, Pairs, Value
    from ._pipeline import Pipeline

V = TypeVar("V")
D = TypeVar("D")

_PAGE = 512
_PAIRS_AT_ONCE = 100_000
_SOON_MS = 60_000
_CLOCK_MS = 10  # what the clocks here and in the engine may differ by
_MISSING: Any = object()


class _Last:
    """A key that expires soon, and the value it had.

    dict(store) asks for the keys first and for each value after that. What has expired between the
    two is answered once, as of when the key was read. Such keys come from keys() only.
    """

    last_value: Any = None
    expires_ms = 0.0

    def _take_last_value(self) -> Any:
        value, self.last_value = self.last_value, None
        return value if time.time() * 1000 >= self.expires_ms else None


class _LastBytes(_Last, bytes):
    def __reduce__(self) -> Any:
        return bytes, (bytes(self),)


class _LastStr(_Last, str):
    def __reduce__(self) -> Any:
        return str, (str(self),)


class Keys(KeysView[V]):
    """The keys of a store, as they are when they are looked at."""

    __slots__ = ()
    _mapping: MappingMethods[V]

    def __iter__(self) -> Iterator[V]:
        for page in self._mapping._pages():
            yield from self._with_last_values(page)

    def _with_last_values(self, page: list[V]) -> Iterator[V]:
        now = time.time() * 1000
        pipe = self._mapping.pipeline(transaction=False)
        for key in page:
            pipe.pttl(key)  # type: ignore[arg-type]
        left = dict(zip(page, pipe.execute()))
        soon = [key for key, ms in left.items() if 0 <= ms < _SOON_MS]
        given: Any = self._mapping.mget(soon) if soon else ()  # type: ignore[arg-type]
        values = dict(zip(soon, given))
        for key, ms in left.items():
            if key in values:
                if values[key] is None:
                    if self._mapping.type(key) != "none":  # type: ignore[arg-type]
                        yield key
                    continue
                last: Any = _LastBytes(key) if isinstance(key, bytes) else _LastStr(key)
                last.last_value, last.expires_ms = values[key], now + ms - _CLOCK_MS
                yield last
            elif ms != -2:
                yield key


class Items(ItemsView[V, V]):
    """Keys and string values, read page by page; keys of other types are left out."""

    __slots__ = ()
    _mapping: MappingMethods[V]

    def __iter__(self) -> Iterator[tuple[V, V]]:
        return self._mapping._pairs()


class Values(ValuesView[V]):
    """The string values of a store, read page by page."""

    __slots__ = ()
    _mapping: MappingMethods[V]

    def __iter__(self) -> Iterator[V]:
        for _, value in self._mapping._pairs():
            yield value


class MappingMethods(_native.Store[V], Commands[V], Generic[V]):
    """What the native half and the commands leave to be done."""

    __slots__ = ()

    if TYPE_CHECKING:  # of Store, which is made from this

        def pipeline(self, transaction: bool = ...) -> Pipeline: ...

    def hash(self, key: Key) -> Hash[V]:
        """The hash at a key as a mapping from fields to values:

            store.hash("user:1")["name"] = "Ada"
        """
        return Hash(self, key)

    def scan_iter(
        self, match: Optional[Key] = None, *, count: int = _PAGE, type: Optional[str] = None
    ) -> Iterator[V]:
        """Keys, page by page, without holding anything up: those that exist throughout come once
        or more.

        match        glob pattern of keys
        count        about how many keys to look at in one call
        type         only keys of this type
        """
        cursor = 0
        while True:
            cursor, page = self.scan(cursor, match=match, count=count, type=type)
            yield from page
            if cursor == 0:
                return

    def _pages(self) -> Iterator[list[V]]:
        cursor = 0
        while True:
            cursor, page = self.scan(cursor, count=_PAGE)
            if page:
                yield page
            if cursor == 0:
                return

    def _pairs(self) -> Iterator[tuple[V, V]]:
        for page in self._pages():
            for key, value in zip(page, self.mget(*page)):  # type: ignore[arg-type]
                if value is not None:
                    yield key, value

    def __iter__(self) -> Iterator[V]:
        """Keys, page by page: those that exist throughout come once or more."""
        return self.scan_iter()

    @overload
    def keys(self, pattern: None = None) -> Keys[V]: ...
    @overload
    def keys(self, pattern: Key) -> list[V]: ...
    def keys(self, pattern: Optional[Key] = None) -> Union[Keys[V], list[V]]:
        """A view of all keys; or a list of those that match a glob pattern."""
        return Keys(self) if pattern is None else super().keys(pattern)

    def items(self) -> Items[V]:
        """A view of keys and string values; what expires meanwhile is left out."""
        return Items(self)  # type: ignore[arg-type]

    def values(self) -> Values[V]:
        """A view of the string values; what expires meanwhile is left out."""
        return Values(self)

    @overload
    def pop(self, key: Key) -> V: ...
    @overload
    def pop(self, key: Key, default: D) -> Union[V, D]: ...
    def pop(self, key: Key, default: Any = _MISSING) -> Any:
        """Deletes a key and returns its value; else the default, or KeyError."""
        value = self.getdel(key)
        if value is not None:
            return value
        if default is _MISSING:
            raise KeyError(key)
        return default

    def popitem(self) -> tuple[V, V]:
        """Deletes a random key and returns it with its value; KeyError when there is none."""
        while True:
            key = self.randomkey()
            if key is None:
                raise KeyError("popitem(): the store is empty")
            value = self.getdel(key)  # type: ignore[arg-type]
            if value is not None:
                return key, value

    def setdefault(self, key: Key, default: Value) -> V:
        """The value of a key, which is set to the default first where it is absent; atomic."""
        pipe = self.pipeline()
        value: V = pipe.set(key, default, nx=True).get(key).execute()[1]
        return value

    def update(self, other: Union[Mapping[Any, Value], Pairs] = (), /, **more: Value) -> None:
        """Sets keys from a mapping, from pairs and from keywords; every 100,000 pairs at once."""
        source: Any = other
        if not isinstance(source, Mapping) and hasattr(source, "keys"):
            source = [(key, source[key]) for key in source.keys()]
        for pairs in (source, more):
            words = words_of_pairs(pairs)
            for i in range(0, len(words), 2 * _PAIRS_AT_ONCE):
                some = words[i : i + 2 * _PAIRS_AT_ONCE]
                self.mset(zip(some[::2], some[1::2]))

    def clear(self) -> None:
        """Deletes every key of the database."""
        self.flushdb()

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same keys and values, as they are read."""
        if self is other:
            return True
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a store is neither copied nor pickled; dict(store) copies its data")


MutableMapping.register(MappingMethods)
