"""Hashes beside Redis: CPU and throughput of HSET and HGET, and memory."""

from __future__ import annotations

import re
import subprocess

from tests.bench.context import Bench
from tests.bench.load import Phase, fill, run_load
from tests.bench.machine import pinned
from tests.bench.report import Row, Target
from tests.bench.rows_memory import MIB, settled
from tests.bench.rows_resp import CLIENTS, Pair, cpu_row
from tests.lib.servers import Server, find_installed

VALUE_BYTES = 16
FIELDS_EACH = 8
KINDS = {"HGET": 0, "HSET": 100}
# Members of one collection; the same is demanded of small ones.
CPU_TARGETS = {1: Target(0.95, 0.85), 16: Target(0.70, 0.45), 64: Target(0.60, 0.35)}
SMALL_MEMORY = Target(0.90, 0.83)
LARGE_MEMORY = Target(0.50, 0.37)
USED_MEMORY = re.compile(rb"^used_memory:(\d+)", re.MULTILINE)
# `shape` of the load generator, and what it is called in the table.
SHAPES = {"hash": "one hash of {fields:,} fields", "hashes": "{hashes:,} hashes of 8 fields"}


def fill_hashes(server: Server, shape: str, fields: int) -> None:
    """Writes every field once, and sees that all are there."""
    keys = fields if shape == "hash" else fields // FIELDS_EACH
    fill(server, keys, VALUE_BYTES, shape)
    with server.client() as client:
        count = client.call("HLEN", "hash") if shape == "hash" else client.call("DBSIZE")
    if count != (":", keys):
        raise RuntimeError(f"{server.kind} holds {count} of {keys}")


def drive(bench: Bench, server: Server, shape: str, depth: int, set_percent: int) -> Phase:
    fields = bench.scale.keys
    return run_load(
        server,
        bench.cores.client,
        shape=shape,
        keys=fields if shape == "hash" else fields // FIELDS_EACH,
        value_bytes=VALUE_BYTES,
        clients=CLIENTS,
        pipeline=depth,
        set_percent=set_percent,
        seconds=bench.scale.seconds / 2,
        warmup=bench.scale.warmup / 2,
    )


def printed_rate(bench: Bench, server: Server, name: str) -> float:
    """Thousands a second as redis-benchmark prints them, one request at a time."""
    program = str(find_installed("redis-benchmark", "redis-tools"))
    requests = max(1_000, int(bench.scale.seconds * 50_000))
    command = [program, "-p", str(server.port), "-c", str(CLIENTS), "-n", str(requests), "-q"]
    command += ["-r", str(bench.scale.keys), name, "hash", "fld:__rand_int__"]
    command += ["x" * VALUE_BYTES] if name == "HSET" else []
    with pinned(bench.cores.client):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"([\d.]+) requests per second", done.stdout)
    if not found:
        raise RuntimeError(f"redis-benchmark printed {done.stdout[-200:]!r}")
    return float(found[-1]) / 1e3


def pipelines(bench: Bench) -> list[Row]:
    """HSET and HGET at three depths, data in memory only on both sides."""
    cases = [(shape, name, depth) for shape in SHAPES for name in KINDS for depth in CPU_TARGETS]
    pairs = {case: Pair() for case in cases}
    printed: dict[str, dict[str, list[float]]] = {
        name: {"redis": [], "synap": []} for name in KINDS
    }
    for run in range(bench.scale.runs):
        for kind in ("redis", "synap"):
            bench.say(f"hash: run {run + 1}, {kind}")
            for shape in SHAPES:
                with bench.server(kind, filled=False) as server:
                    fill_hashes(server, shape, bench.scale.keys)
                    for case in (case for case in cases if case[0] == shape):
                        phase = drive(bench, server, shape, case[2], KINDS[case[1]])
                        pairs[case].add(kind, phase)
                    if shape == "hash":
                        for name, rates in printed.items():
                            rates[kind].append(printed_rate(bench, server, name))
    fields = bench.scale.keys
    rows = []
    for (shape, name, depth), pair in pairs.items():
        of = SHAPES[shape].format(fields=fields, hashes=fields // FIELDS_EACH)
        rows.append(cpu_row("hash", f"{name}, {of}, -P {depth}", pair, CPU_TARGETS[depth]))
    for name, rates in printed.items():
        title = f"{name}, -P 1, as redis-benchmark prints it"
        note = "redis-benchmark itself is often the limit"
        rows.append(Row("hash", title, "k/s", rates["synap"], rates["redis"], "Redis", None, note))
    return rows


def used_memory(server: Server) -> int:
    with server.client() as client:
        _, text = client.call("INFO", "memory")
    found = USED_MEMORY.search(text)
    if not found:
        raise RuntimeError("INFO does not tell used_memory")
    return int(found.group(1))


def memory_of(bench: Bench, kind: str, shape: str, fields: int) -> tuple[int, int]:
    """By how many bytes a server grows: what it says itself, and what is resident."""
    with bench.server(kind, filled=False) as server:
        empty = used_memory(server), settled(server)
        fill_hashes(server, shape, fields)
        full = used_memory(server), settled(server)
    return full[0] - empty[0], full[1] - empty[1]


def memory(bench: Bench) -> list[Row]:
    """Once each: what is stored does not change from run to run."""
    sizes = {"hashes": bench.scale.hashes * FIELDS_EACH, "hash": bench.scale.large_hash}
    targets = {"hashes": SMALL_MEMORY, "hash": LARGE_MEMORY}
    rows = []
    for shape, fields in sizes.items():
        grown = {}
        for kind in ("redis", "synap"):
            bench.say(f"hash-memory: {shape}, {kind}")
            grown[kind] = memory_of(bench, kind, shape, fields)
        title = SHAPES[shape].format(fields=fields, hashes=fields // FIELDS_EACH)
        for place, label in enumerate(("used memory", "resident memory")):
            ours, theirs = grown["synap"][place], grown["redis"][place]
            row = Row("hash-memory", f"{label}, {title}", "MiB", peer="Redis")
            row.ours, row.theirs = [ours / MIB], [theirs / MIB]
            row.target = targets[shape]
            row.note = (
                f"a field {ours / fields:.1f} bytes, Redis {theirs / fields:.1f}, "
                f"of which {2 * VALUE_BYTES} are field and value"
            )
            rows.append(row)
    return rows
