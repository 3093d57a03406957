#!/usr/bin/env python3
"""Sets and gets of random keys from Python, through one of several embedded stores.

usage: python_store.py ENGINE FOLDER [--keys N] [--seconds S]        ENGINE: synap, lmdb, ...

Each set is a write of its own that is in the kernel when it returns and that no engine fsyncs: the
death of the process loses nothing, a power cut may. Each engine is called as its documentation has
it, in the way that is quickest for one key at a time. Prints one line of JSON with the operations
of a second, by the clock on the wall for sets and by that of the processor for gets.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

VALUE = b"x" * 64
GETS_OF_A_ROUND = 20_000

Get = Callable[[bytes], object]
Set = Callable[[bytes, bytes], object]


def synap(folder: Path) -> tuple[Set, Get]:
    import synap as engine

    store = engine.open(str(folder))
    return store.using(durability="os").set, store.get


def lmdb(folder: Path) -> tuple[Set, Get]:
    import lmdb as engine  # type: ignore[import-untyped]

    environment = engine.open(str(folder), map_size=1 << 30, sync=False)
    reader = None

    def set_one(key: bytes, value: bytes) -> None:
        with environment.begin(write=True) as transaction:
            transaction.put(key, value)

    def get_one(key: bytes) -> object:
        nonlocal reader
        reader = reader or environment.begin()  # one transaction for all gets
        return reader.get(key)

    return set_one, get_one


def sqlite(folder: Path) -> tuple[Set, Get]:
    connection = sqlite3.connect(folder / "store.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -262144")  # KiB: all of it in memory
    connection.execute("CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")
    run = connection.execute

    def set_one(key: bytes, value: bytes) -> None:
        run("INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, value))

    def get_one(key: bytes) -> object:
        return run("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()[0]

    return set_one, get_one


def diskcache(folder: Path) -> tuple[Set, Get]:
    import diskcache as engine  # type: ignore[import-untyped]

    cache = engine.Cache(str(folder), size_limit=1 << 40, eviction_policy="none",
                         sqlite_synchronous=0, sqlite_cache_size=1 << 16)
    return cache.set, cache.get


ENGINES = {"synap": synap, "lmdb": lmdb, "sqlite": sqlite, "diskcache": diskcache}


def measure(set_one: Set, get_one: Get, keys: list[bytes], seconds: float) -> dict[str, float]:
    start = time.perf_counter()
    for key in keys:
        set_one(key, VALUE)
    sets = len(keys) / (time.perf_counter() - start)
    wanted = random.Random(2026).choices(keys, k=GETS_OF_A_ROUND)
    assert all(get_one(key) == VALUE for key in wanted)
    rounds, used, end = 0, 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        random.Random(rounds).shuffle(wanted)
        before = time.thread_time()
        for key in wanted:
            get_one(key)
        used += time.thread_time() - before
        rounds += 1
    return {"sets_per_second": sets, "gets_per_cpu_second": rounds * len(wanted) / used}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keys", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    keys = [b"key:%012d" % number for number in range(args.keys)]
    random.Random(1).shuffle(keys)
    args.folder.mkdir(parents=True, exist_ok=True)
    set_one, get_one = ENGINES[args.engine](args.folder)
    print(json.dumps(measure(set_one, get_one, keys, args.seconds)))


if __name__ == "__main__":
    main()
