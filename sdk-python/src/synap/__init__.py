"""Synap in the process: a durable key-value store behind a Python mapping.

    import synap

    with synap.open("./data") as store:
        store["greeting"] = "hello"
        store.set("session", b"...", ex=60)
        store.hash("user:1")["name"] = "Ada"
        with store.pipeline() as pipe:
            pipe.incr("visits").get("greeting")
            visits, greeting = pipe.execute()
"""

from __future__ import annotations

from ._errors import (
    BackpressureError,
    CancelledError,
    ClosedError,
    CorruptError,
    DiskError,
    ForkedError,
    InternalError,
    InvalidArgumentError,
    LockedError,
    MisuseError,
    OutOfMemoryError,
    ReadonlyError,
    ReplyError,
    SynapError,
    TimeoutError,
    UnsupportedError,
    VersionError,
    WatchError,
)
from ._hash import Hash
from ._native import BUILD as build
from ._options import Option, options
from ._pipeline import Pipeline
from ._store import Store, open

__version__ = "0.1.0"

__all__ = [
    "BackpressureError",
    "CancelledError",
    "ClosedError",
    "CorruptError",
    "DiskError",
    "ForkedError",
    "Hash",
    "InternalError",
    "InvalidArgumentError",
    "LockedError",
    "MisuseError",
    "Option",
    "OutOfMemoryError",
    "Pipeline",
    "ReadonlyError",
    "ReplyError",
    "Store",
    "SynapError",
    "TimeoutError",
    "UnsupportedError",
    "VersionError",
    "WatchError",
    "build",
    "open",
    "options",
]
