"""One key at a time from Python, beside what else lives in a Python program: LMDB, SQLite and
diskcache, in turn and with the same promise to the disk."""

from __future__ import annotations

import json
import sqlite3
import sys
from importlib.metadata import version
from importlib.util import find_spec

from tests.bench.context import Bench
from tests.bench.report import Row
from tests.bench.rows_embedded import checked
from tests.lib.servers import REPOSITORY

SCRIPT = REPOSITORY / "tests" / "bench" / "python_store.py"
KEYS = 200_000
PEERS = {"LMDB": "lmdb", "SQLite": "sqlite", "diskcache": "diskcache"}
MODULES = {"lmdb", "diskcache", "synap"}


def figures(bench: Bench, engine: str, keys: int) -> dict[str, float]:
    with bench.scratch_folder() as folder:
        command = [sys.executable, str(SCRIPT), engine, str(folder / "store")]
        command += ["--keys", str(keys), "--seconds", str(bench.scale.seconds)]
        found: dict[str, float] = json.loads(checked(bench, command))
    return {name: rate / 1e6 for name, rate in found.items()}


def stores(bench: Bench) -> list[Row]:
    keys = min(KEYS, bench.scale.keys)
    titles = {
        "gets_per_cpu_second": f"Python get, {keys:,} random keys",
        "sets_per_second": f"Python set, {keys:,} random keys, no fsync",
    }
    if missing := sorted(name for name in MODULES if not find_spec(name)):
        return [Row("stores", title, missing=f"Python's {', '.join(missing)} needed")
                for title in titles.values()]
    runs: dict[str, list[dict[str, float]]] = {}
    for run in range(bench.scale.runs):
        for engine in ("synap", *PEERS.values()):
            bench.say(f"stores: {engine}, run {run + 1}")
            runs.setdefault(engine, []).append(figures(bench, engine, keys))
    rows = [
        Row("stores", f"{title}, beside {peer}", "M/s", [run[kind] for run in runs["synap"]],
            [run[kind] for run in runs[engine]], peer)
        for kind, title in titles.items() for peer, engine in PEERS.items()
    ]
    rows[0].note = "of CPU time; LMDB reads in one transaction for all, SQLite caches all its pages"
    rows[3].note = (
        "of time; each set is in the kernel when it returns and nothing is fsynced: Synap with "
        "durability 'os', LMDB with sync=False, SQLite and diskcache with WAL and synchronous OFF; "
        f"lmdb {version('lmdb')}, SQLite {sqlite3.sqlite_version}, "
        f"diskcache {version('diskcache')}"
    )
    return rows
