"""The store: a mapping, and a method for each command."""

from __future__ import annotations

import atexit
import builtins
import os
import sys
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Literal,
    Mapping,
    Optional,
    TypeVar,
    Union,
    overload,
)

from . import _native
from ._errors import LockedError, WatchError
from ._mapping import MappingMethods
from ._options import OptionValue, durability_level, milliseconds, named, suggestion, text_of
from ._pipeline import Pipeline

if TYPE_CHECKING:
    from ._commands import Key, Value

V = TypeVar("V")
S = TypeVar("S", bound="Store[Any]")

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

_KEYWORDS = ("decode_responses", "durability", "timeout", "options")
_STATES = {number: name for name, number in _native.CONSTANTS["state"].items()}

# From here on each write is handed to the kernel before its call returns. The native half closes
# what is open once no Python code can run any more.
atexit.register(_native.begin_ending)


def _watch_the_end_of_a_child() -> None:
    """Children of multiprocessing end without atexit functions, by os._exit()."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing import util

        util.Finalize(None, _native.begin_ending, exitpriority=-1_000_000)


class Store(MappingMethods[V]):
    """A store opened in this process; made by synap.open().

    A MutableMapping from keys to values, plus one method for each command of the engine. Keys and
    values are bytes-like, str (as UTF-8) or numbers on the way in, as their decimal text; values
    come back as bytes, or as str with decode_responses=True. Any thread may use it: each has a
    session of its own, so what SELECT, WATCH or MULTI change through execute() concerns the calling
    thread only.
    """

    __slots__ = ("_path", "_settings", "__weakref__")
    _path: bytes
    _settings: tuple[int, int, bool]

    @classmethod
    def _make(
        cls: type[S],
        origin: Union[bytes, Store[Any]],
        settings: tuple[int, int, bool],
        options: Optional[dict[str, str]] = None,
        own_session: bool = False,
    ) -> S:
        store = cls(origin, options or {}, *settings, own_session)
        store._path = origin if isinstance(origin, bytes) else origin._path
        store._settings = settings
        return store

    def _with_session(self: S) -> S:
        """The same store through a session that no other object uses."""
        return self._make(self, self._settings, own_session=True)

    @overload
    def using(
        self: Store[Any],
        *,
        durability: Optional[str] = ...,
        timeout: Optional[float] = ...,
        decode_responses: Literal[True],
    ) -> Store[str]: ...
    @overload
    def using(
        self: Store[Any],
        *,
        durability: Optional[str] = ...,
        timeout: Optional[float] = ...,
        decode_responses: Literal[False],
    ) -> Store[bytes]: ...
    @overload
    def using(
        self: S, *, durability: Optional[str] = ..., timeout: Optional[float] = ...
    ) -> S: ...
    def using(
        self,
        *,
        durability: Optional[str] = "",
        timeout: Optional[float] = -1,
        decode_responses: Optional[bool] = None,
    ) -> Any:
        """The same store with other settings for the calls made through the result:

            store.using(durability="disk").set("paid", 1)      # on disk when set() returns

        Closing either closes both.
        """
        level, timeout_ms, decode = self._settings
        if durability != "":
            level = durability_level(durability)
        if timeout != -1:
            timeout_ms = milliseconds(timeout)
        if decode_responses is not None:
            decode = decode_responses
        return self._make(self, (level, timeout_ms, decode))

    def execute(
        self,
        *args: Value,
        durability: Optional[str] = None,
        timeout: Optional[float] = -1,
    ) -> Any:
        """Runs any command by its words, and returns its reply as the engine gave it."""
        level = -1 if durability is None else durability_level(durability)
        return self._execute(level, -1 if timeout == -1 else milliseconds(timeout), *args)

    def pipeline(self, transaction: bool = True) -> Pipeline:
        """Commands to be run together: as one transaction, or just one after the other."""
        return Pipeline(self._with_session, transaction)

    def transaction(self, body: Callable[[Pipeline], object], *keys: Key) -> list[Any]:
        """Watches keys, calls body(pipeline), which queues commands, and executes them; again from
        the start whenever a watched key was changed meanwhile."""
        with self.pipeline() as pipe:
            while True:
                if keys:
                    pipe.watch(*keys)
                body(pipe)
                try:
                    return pipe.execute()
                except WatchError:
                    continue

    def option(self, name: str) -> str:
        """The value of an option now."""
        return self._option(name)

    def set_option(self, name: str, value: OptionValue) -> None:
        """Changes an option that is mutable (see synap.options())."""
        self._set_option(name, text_of(value))

    @property
    def state(self) -> str:
        """ "loading", "ready", "blocked" (it serves reads and refuses writes until there is room
        again), or "closed"; a store that failed raises its error."""
        return _STATES[self._state()[0]]

    @property
    def used_memory(self) -> int:
        """Bytes charged to the store."""
        return self._state()[3]

    @property
    def path(self) -> str:
        """What open() was given."""
        return os.fsdecode(self._path)

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<synap.Store {self.path!r}{' closed' if self.closed else ''}>"


@overload
def open(
    path: Path,
    *,
    decode_responses: Literal[True],
    durability: Optional[str] = ...,
    timeout: Optional[float] = ...,
    options: Optional[Mapping[str, OptionValue]] = ...,
    **more_options: OptionValue,
) -> Store[str]: ...
@overload
def open(
    path: Path,
    *,
    decode_responses: Literal[False] = ...,
    durability: Optional[str] = ...,
    timeout: Optional[float] = ...,
    options: Optional[Mapping[str, OptionValue]] = ...,
    **more_options: OptionValue,
) -> Store[bytes]: ...
def open(
    path: Path,
    *,
    decode_responses: bool = False,
    durability: Optional[str] = None,
    timeout: Optional[float] = 10.0,
    options: Optional[Mapping[str, OptionValue]] = None,
    **more_options: OptionValue,
) -> Any:
    """Opens a data directory, which is created when absent, or ":memory:".

    durability     how far a write must have come before its call returns: "memory", "os" (the
                   kernel has it), "disk" (fsynced), or None for the store's own default
    timeout        seconds to wait for that; None waits for ever
    options        options of the engine by name; as keywords with `_` in place of `.`
                   (persistence_fsync="always"); synap.options() lists them
    """
    if not isinstance(decode_responses, (bool, int)):
        raise TypeError(f"decode_responses must be True or False, not {decode_responses!r}")
    for name in more_options:
        suggestion(name, "open()", _KEYWORDS)
    settings = (durability_level(durability), milliseconds(timeout), bool(decode_responses))
    given = {**named(options or {}), **named(more_options)}
    _watch_the_end_of_a_child()
    where = os.fsencode(path)
    try:
        return Store._make(where, settings, given)
    except LockedError as error:
        if _owner(where) == os.getpid():
            error.args = (
                f"{os.fsdecode(where)} is already open in this very process: use that store, which "
                "any thread may, or close it first",
            )
        raise


def _owner(directory: bytes) -> Optional[int]:
    """The process that has a directory open, by its file LOCK."""
    try:
        with builtins.open(os.path.join(directory, b"LOCK"), "rb") as file:
            return int(file.read(32))
    except (OSError, ValueError):
        return None
