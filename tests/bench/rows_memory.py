"""Memory: of a million keys, and of connections that do nothing."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from tests.bench.context import LOG_ONLY, Bench
from tests.bench.load import Phase, run_load
from tests.bench.machine import open_files
from tests.bench.report import Row, Target
from tests.lib.resp import Client
from tests.lib.servers import Server

MIB = 1 << 20
MEMORY = Target(0.70, 0.60)
IDLE = Target(8.0, 4.0)
SPARE_FILES = 500
STABLE_SECONDS = 0.5
PATIENCE = 20
MAX_CONNECTIONS = {"synap": "server.max_connections", "redis": "maxclients"}


def settled(server: Server) -> int:
    """Resident bytes, once they no longer change by themselves."""
    last = server.resident_bytes()
    for _ in range(PATIENCE):
        time.sleep(STABLE_SECONDS)
        now = server.resident_bytes()
        if abs(now - last) < 64 << 10:
            return now
        last = now
    return last


def keys(bench: Bench) -> list[Row]:
    rows = []
    for fsync, label in ((None, "in memory only"), ("everysec", "everysec")):
        whole: dict[str, list[float]] = {"redis": [], "synap": []}
        grown: dict[str, list[float]] = {"redis": [], "synap": []}
        for run in range(bench.scale.runs):
            for kind in whole:
                bench.say(f"memory, {label}: run {run + 1}, {kind}")
                with bench.server(kind, fsync, LOG_ONLY[kind], filled=False) as server:
                    empty = settled(server)
                    bench.fill(server)
                    full = settled(server)
                whole[kind].append(full / MIB)
                grown[kind].append((full - empty) / bench.scale.keys)
        title = f"resident memory, {bench.scale.keys:,} keys, {label}"
        row = Row("memory", title, "MiB", whole["synap"], whole["redis"], "Redis", MEMORY)
        row.note = (
            f"growth a key {max(grown['synap']):.0f} bytes, Redis {max(grown['redis']):.0f}, "
            f"of which 80 are key and value"
        )
        rows.append(row)
    return rows


@dataclass(frozen=True)
class Crowd:
    """What idle connections take, and what a request costs without and beside them."""

    each_kib: float
    quiet: Phase
    crowded: Phase


def requests(bench: Bench, server: Server) -> Phase:
    return run_load(
        server,
        bench.cores.client,
        keys=bench.scale.keys,
        pipeline=16,
        seconds=bench.scale.seconds,
        warmup=bench.scale.warmup,
    )


def crowd(bench: Bench, kind: str) -> Crowd:
    count = bench.scale.idle_connections
    settings = {MAX_CONNECTIONS[kind]: str(count + SPARE_FILES)}
    with bench.server(kind, None, settings) as server, contextlib.ExitStack() as stack:
        quiet = requests(bench, server)
        before = settled(server)
        for _ in range(count):
            client = stack.enter_context(Client(server.port))
            # One that never spoke could be cheaper than it will stay.
            if client.call("PING") != ("+", b"PONG"):
                raise RuntimeError(f"{kind} did not answer PING")
        time.sleep(bench.scale.idle_settle)
        each = (settled(server) - before) / count / 1024
        return Crowd(each, quiet, requests(bench, server))


def idle(bench: Bench) -> list[Row]:
    count = bench.scale.idle_connections
    with open_files(count + SPARE_FILES):
        bench.say("idle: redis")
        redis = crowd(bench, "redis")
        runs = []
        for run in range(bench.scale.runs):
            bench.say(f"idle: run {run + 1}, synap")
            runs.append(crowd(bench, "synap"))
    row = Row("idle", f"idle connection, of {count:,}", "KiB", target=IDLE)
    row.ours = [each.each_kib for each in runs]
    row.note = f"Redis {redis.each_kib:.2f} KiB; memory of the kernel's sockets is not counted"
    beside = Row("idle", f"CPU of GET, -P 16, beside {count:,} idle", "us", peer="without")
    beside.ours = [each.crowded.cpu_us for each in runs]
    beside.theirs = [each.quiet.cpu_us for each in runs]
    rates = [max(getattr(each, name).rate for each in runs) for name in ("crowded", "quiet")]
    beside.note = f"throughput {rates[0] / 1e3:,.0f} k/s, without them {rates[1] / 1e3:,.0f} k/s"
    return [row, beside]
