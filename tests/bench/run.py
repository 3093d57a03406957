#!/usr/bin/env python3
"""Measures what the design promises, beside Redis, nginx and embedded stores, as one table.

A figure below its floor is marked, not an error: the exit status is 1 only where something could
not be measured at all.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import (
    rows_embedded,
    rows_hash,
    rows_hash_waits,
    rows_http,
    rows_memory,
    rows_python,
    rows_resp,
    rows_snapshot,
    rows_start,
)
from tests.bench.context import Bench, Group, Scale
from tests.bench.machine import Cores, OtherLoad, describe, pinned
from tests.bench.report import NOT_RUN, Row, text_table, write
from tests.lib.servers import REPOSITORY

GROUPS: dict[str, Group] = {
    "pipelines": rows_resp.pipelines,
    "everysec": rows_resp.everysec,
    "always": rows_resp.always,
    "memory": rows_memory.keys,
    "start": rows_start.start,
    "http": rows_http.http,
    "embedded": rows_embedded.embedded,
    "python": rows_embedded.python,
    "node": rows_embedded.node,
    "stores": rows_python.stores,
    "instructions": rows_embedded.instructions,
    "idle": rows_memory.idle,
    "snapshot": rows_snapshot.snapshot,
    "hash": rows_hash.pipelines,
    "hash-memory": rows_hash.memory,
    "hash-waits": rows_hash_waits.waits,
}


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=list(GROUPS),
        metavar="ROW",
        help=f"measure only this; may be repeated: {', '.join(GROUPS)}",
    )
    parser.add_argument("--runs", type=int, help="runs of each row (default 3)")
    parser.add_argument(
        "--quick", action="store_true", help="only show that everything runs; figures mean nothing"
    )
    parser.add_argument(
        "--output", type=Path, help="folder for results (default build/bench, quick: a subfolder)"
    )
    return parser.parse_args(argv)


def measured(bench: Bench, name: str) -> tuple[list[Row], bool]:
    """The rows of a group, and whether it could be measured."""
    try:
        return GROUPS[name](bench), True
    except (Exception, subprocess.SubprocessError) as error:
        traceback.print_exc()
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return [Row(name, name, missing=reason)], False


def method(scale: Scale, cores: Cores) -> str:
    pinning = (
        "server and client pinned to a core each"
        if cores.server is not None
        else "one core only: server and client share it"
    )
    return (
        f"{scale.keys:,} keys of 16 + 64 bytes, loaded first, every GET hits; {pinning}; one I/O "
        f"thread; {scale.runs} runs of {scale.seconds:g} s, in turn with the peer; results are "
        f"medians, CPU is that of the server's process a request."
    )


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    scale = Scale.quick() if options.quick else Scale()
    if options.runs:
        scale = dataclasses.replace(scale, runs=options.runs)
    default = REPOSITORY / "build" / "bench"
    folder: Path = options.output or (default / "quick" if options.quick else default)
    bench = Bench(scale, folder / "scratch", verbose=not options.quick)
    bench.folder.mkdir(parents=True, exist_ok=True)
    conditions = describe(folder, REPOSITORY)
    conditions["method"] = method(scale, bench.cores)
    others = OtherLoad()
    rows: list[Row] = []
    complete = True
    try:
        for name in options.only or GROUPS:
            more, could = measured(bench, name)
            rows += more
            complete &= could
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
    conditions["other load"] = f"{others.cores():.2f}"
    write(folder, rows, conditions)
    if options.quick:
        print("QUICK RUN: shows that the benchmark works; its figures mean nothing.\n")
    print(text_table(rows, conditions))
    left_out = [row.title for row in rows if row.mark == NOT_RUN]
    if left_out:
        print(f"\nnot run: {', '.join(left_out)}")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
