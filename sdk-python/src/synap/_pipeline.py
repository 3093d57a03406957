"""Commands that are queued and run together."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from . import _native
from ._commands import QueuedCommands
from ._errors import ReplyError, WatchError

if TYPE_CHECKING:
    from ._commands import Key, Value

Convert = Optional[Callable[[Any], Any]]


class Pipeline(QueuedCommands):
    """Queues commands until execute() runs them, by default as one atomic transaction.

    Methods are those of Store and return the pipeline. One thread at a time. After watch() the
    transaction only happens if none of the watched keys was changed meanwhile:

        with store.pipeline() as pipe:
            pipe.watch("stock")
            left = int(store["stock"])
            pipe.set("stock", left - 1).execute()      # or WatchError
    """

    __slots__ = ("_open_session", "_session", "_transaction", "_calls", "_converts")

    def __init__(
        self, open_session: Callable[[], _native.Store[Any]], transaction: bool
    ) -> None:
        """Made by Store.pipeline(); open_session() is the store through a session of its own."""
        self._open_session = open_session
        self._session: Optional[_native.Store[Any]] = None
        self._transaction = transaction
        self._calls: list[tuple[Value, ...]] = []
        self._converts: list[Convert] = []

    def _queue(self, id: int, args: Sequence[Value], convert: Convert = None) -> Pipeline:
        self._calls.append((id, *args))
        self._converts.append(convert)
        return self

    def command(self, *args: Value) -> Pipeline:
        """Queues a command by its words; its reply is not converted."""
        if not args or not isinstance(args[0], (str, bytes)):
            raise TypeError("the name of a command is str or bytes")
        self._calls.append(args)
        self._converts.append(None)
        return self

    def watch(self, *keys: Key) -> Pipeline:
        """Makes the transaction depend on keys staying as they are from now on."""
        if not self._transaction:
            raise ValueError("only a transaction can watch keys")
        self._own_session()._execute(-1, -1, "WATCH", *keys)
        return self

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Runs what was queued and returns a result for each command.

        The first error reply is raised; with raise_on_error=False error replies stand in the list
        as ReplyError objects. In a transaction the other commands have taken effect all the same.
        """
        calls, converts = self._calls, self._converts
        self._calls, self._converts = [], []
        try:
            replies = self._transact(calls) if self._transaction else self._run(calls)
        except BaseException:
            self.reset()
            raise
        for i, (reply, convert) in enumerate(zip(replies, converts)):
            if isinstance(reply, ReplyError):
                if raise_on_error:
                    raise reply
            elif convert is not None:
                replies[i] = convert(reply)
        return replies

    def reset(self) -> None:
        """Forgets what was queued and watched."""
        self._calls, self._converts = [], []
        self._session = None

    def _own_session(self) -> _native.Store[Any]:
        # Of its own: what other code does with the thread's session must not end up in here.
        if self._session is None:
            self._session = self._open_session()
        return self._session

    def _run(self, calls: list[tuple[Value, ...]]) -> list[Any]:
        return self._own_session()._many(calls) if calls else []

    def _transact(self, calls: list[tuple[Value, ...]]) -> list[Any]:
        if not calls:
            self.reset()
            return []
        *queued, result = self._run([("MULTI",), *calls, ("EXEC",)])
        if result is None:
            raise WatchError("a watched key was changed; nothing was done")
        if isinstance(result, ReplyError):
            raise next((reply for reply in queued if isinstance(reply, ReplyError)), result)
        assert isinstance(result, list)
        return result

    def __len__(self) -> int:
        return len(self._calls)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:
            self._warn_of_calls()
        self.reset()

    def _warn_of_calls(self) -> None:
        if self._calls:
            warnings.warn(
                f"{len(self._calls)} commands of a synap pipeline were never executed",
                ResourceWarning,
                stacklevel=3,
            )

    def __del__(self) -> None:
        if hasattr(self, "_calls"):
            self._warn_of_calls()
