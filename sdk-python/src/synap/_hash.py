"""One hash of a store as a collections.abc.MutableMapping."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, Generic, Iterator, Optional, TypeVar, Union, overload

from ._words import words_of_pairs

if TYPE_CHECKING:
    from ._commands import Commands, Key, Pairs, Value

V = TypeVar("V")
D = TypeVar("D")

_PAGE = 512
_PAIRS_AT_ONCE = 10_000
_MISSING: Any = object()


class HashKeys(KeysView[V]):
    """The fields of a hash, as they are when they are looked at."""

    __slots__ = ()


class HashItems(ItemsView[V, V]):
    """Fields and values, read page by page."""

    __slots__ = ()
    _mapping: Hash[V]

    def __iter__(self) -> Iterator[tuple[V, V]]:
        return self._mapping._pairs()


class HashValues(ValuesView[V]):
    """The values of a hash, read page by page."""

    __slots__ = ()
    _mapping: Hash[V]

    def __iter__(self) -> Iterator[V]:
        for _, value in self._mapping._pairs():
            yield value


class Hash(Generic[V]):
    """The hash at one key; made by Store.hash(). It holds no data: each call reads or changes the
    store. A key that does not exist is an empty hash, and a hash without fields is no key."""

    __slots__ = ("_store", "_key")
    _store: Commands[V]
    _key: Key

    def __init__(self, store: Commands[V], key: Key) -> None:
        self._store = store
        self._key = key

    @property
    def key(self) -> Key:
        """The key it stands at."""
        return self._key

    def __len__(self) -> int:
        return self._store.hlen(self._key)

    def __contains__(self, field: Value) -> bool:
        return self._store.hexists(self._key, field)

    def __getitem__(self, field: Value) -> V:
        value = self._store.hget(self._key, field)
        if value is None:
            raise KeyError(field)
        return value

    def __setitem__(self, field: Value, value: Value) -> None:
        self._store.hset(self._key, [(field, value)])  # type: ignore[list-item]

    def __delitem__(self, field: Value) -> None:
        if not self._store.hdel(self._key, field):
            raise KeyError(field)

    def _pairs(self) -> Iterator[tuple[V, V]]:
        cursor = 0
        while True:
            cursor, page = self._store.hscan(self._key, cursor, count=_PAGE)
            yield from page.items()
            if cursor == 0:
                return

    def __iter__(self) -> Iterator[V]:
        """Fields, page by page: those that exist throughout come once or more."""
        for field, _ in self._pairs():
            yield field

    def keys(self) -> HashKeys[V]:
        """A view of the fields."""
        return HashKeys(self)

    def items(self) -> HashItems[V]:
        """A view of fields and values, read page by page."""
        return HashItems(self)  # type: ignore[arg-type]

    def values(self) -> HashValues[V]:
        """A view of the values, read page by page."""
        return HashValues(self)

    def copy(self) -> dict[V, V]:
        """All fields with their values, as they are at one moment."""
        return self._store.hgetall(self._key)

    @overload
    def get(self, field: Value, default: None = None) -> Optional[V]: ...
    @overload
    def get(self, field: Value, default: D) -> Union[V, D]: ...
    def get(self, field: Value, default: Any = None) -> Any:
        """The value of a field, or the default."""
        value = self._store.hget(self._key, field)
        return default if value is None else value

    @overload
    def pop(self, field: Value) -> V: ...
    @overload
    def pop(self, field: Value, default: D) -> Union[V, D]: ...
    def pop(self, field: Value, default: Any = _MISSING) -> Any:
        """Deletes a field and returns its value; else the default, or KeyError."""
        value = self._store.hgetdel(self._key, field)[0]
        if value is not None:
            return value
        if default is _MISSING:
            raise KeyError(field)
        return default

    def popitem(self) -> tuple[V, V]:
        """Deletes a random field and returns it with its value; KeyError when there is none."""
        while True:
            field = self._store.hrandfield(self._key)
            if field is None:
                raise KeyError("popitem(): the hash is empty")
            value = self._store.hgetdel(self._key, field)[0]  # type: ignore[arg-type]
            if value is not None:
                return field, value

    def setdefault(self, field: Value, default: Value) -> V:
        """The value of a field, which is set to the default first where it is absent; atomic."""
        store: Any = self._store
        pipe = store.pipeline()
        value: V = pipe.hsetnx(self._key, field, default).hget(self._key, field).execute()[1]
        return value

    def update(self, other: Union[Mapping[Any, Value], Pairs] = (), /, **more: Value) -> None:
        """Sets fields from a mapping, from pairs and from keywords; every 10,000 pairs at once."""
        source: Any = other
        if not isinstance(source, Mapping) and hasattr(source, "keys"):
            source = [(field, source[field]) for field in source.keys()]
        for pairs in (source, more):
            words = words_of_pairs(pairs)
            for i in range(0, len(words), 2 * _PAIRS_AT_ONCE):
                some = words[i : i + 2 * _PAIRS_AT_ONCE]
                self._store.hset(self._key, zip(some[::2], some[1::2]))

    def clear(self) -> None:
        """Deletes the key."""
        self._store.unlink(self._key)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same fields and values."""
        if isinstance(other, Hash):
            return self.copy() == other.copy()
        return self.copy() == dict(other.items()) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<synap.Hash {self._key!r} of {self._store!r}>"


MutableMapping.register(Hash)
