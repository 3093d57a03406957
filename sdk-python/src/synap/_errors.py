"""Exceptions. Statuses say that a call failed; ReplyError is what a command answered."""

from __future__ import annotations

import builtins
import errno
import os

from ._native import CONSTANTS

_TRAIT = CONSTANTS["trait"]
_ERRNO = {os.strerror(number): number for number in errno.errorcode}


class SynapError(Exception):
    """A call that failed; the base of every exception of this package.

    `status` is the number of the C interface. `retryable` says that the same call may succeed
    later, `outcome_unknown` that a write may have taken effect, `fatal` that the store refuses
    everything from now on. `token` is the (epoch, position) already given to the write.
    """

    status = 0
    retryable = False
    outcome_unknown = False
    fatal = False
    token: tuple[int, int] | None = None


class ReplyError(SynapError):
    """The command answered with an error: WRONGTYPE, a syntax error, an unknown command."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        #: The first word, which is stable: "WRONGTYPE", "ERR".
        self.code = message.partition(" ")[0]


class WatchError(SynapError):
    """A watched key was changed, so the transaction did nothing."""

    retryable = True


class InvalidArgumentError(SynapError, ValueError):
    """An option or argument is not what it must be; the message says what was expected."""


class MisuseError(SynapError):
    """A threading or re-entrancy rule was broken."""


class OutOfMemoryError(SynapError, MemoryError):
    """Memory is exhausted."""


class DiskError(SynapError, OSError):
    """A disk failed; the message says what could not be done, `errno` why where it is known."""


class CorruptError(SynapError):
    """The directory holds damaged data; the message says where."""


class LockedError(SynapError):
    """The directory is open already: in another process, which the message names, or in this."""


class BackpressureError(SynapError):
    """A queue is full."""


class TimeoutError(SynapError, builtins.TimeoutError):
    """A write did not become as durable as asked for in time. It may still do."""


class CancelledError(SynapError):
    """The operation was cancelled."""


class ClosedError(SynapError):
    """The store is closed."""


class ReadonlyError(SynapError):
    """This copy of the data accepts no writes."""


class UnsupportedError(SynapError):
    """This version, or an embedded store, does not do that."""


class VersionError(SynapError):
    """The data is newer than this library."""


class ForkedError(SynapError):
    """The store was opened before fork(); open it in the process that uses it."""


class InternalError(SynapError):
    """A bug in the engine."""


_BY_STATUS: dict[int, type[SynapError]] = {
    3: UnsupportedError,
    -1: InvalidArgumentError,
    -2: MisuseError,
    -3: MisuseError,
    -4: OutOfMemoryError,
    -5: DiskError,
    -6: CorruptError,
    -7: LockedError,
    -8: BackpressureError,
    -9: TimeoutError,
    -10: CancelledError,
    -11: ClosedError,
    -12: ReadonlyError,
    -13: UnsupportedError,
    -14: VersionError,
    -17: ForkedError,
    -18: InternalError,
}


def make(status: int, message: str, traits: int, epoch: int, position: int) -> SynapError:
    """The exception of a status; called by the native module."""
    error = _BY_STATUS.get(status, SynapError)(message)
    if isinstance(error, DiskError):
        error.errno = _ERRNO.get(message.rpartition(": ")[2])
    error.status = status
    error.retryable = bool(traits & _TRAIT["retryable"])
    error.outcome_unknown = bool(traits & _TRAIT["outcome_unknown"])
    error.fatal = bool(traits & _TRAIT["fatal"])
    error.token = (epoch, position) if position else None
    return error
