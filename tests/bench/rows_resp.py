"""CPU and throughput of GET and SET over RESP, and what durability costs them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.context import LOG_ONLY, Bench
from tests.bench.load import CLIENT_LIMIT, SERVER_LIMIT, Phase, run_load
from tests.bench.report import Row, Target
from tests.lib.servers import Server

CLIENTS = 50
KINDS = {"GET": 0, "SET": 100}
CPU_TARGETS = {1: Target(0.90, 0.80), 16: Target(0.50, 0.33), 64: Target(0.33, 0.20)}
RATE_TARGETS = {16: Target(1.8, 3, "higher"), 64: Target(2.5, 5, "higher")}
EVERYSEC = Target(1.8, 3, "higher")
ALWAYS = Target(1.5, 3, "higher")


@dataclass
class Pair:
    """The same load on both servers, once a run."""

    synap: list[Phase] = field(default_factory=list)
    redis: list[Phase] = field(default_factory=list)

    def add(self, kind: str, phase: Phase) -> None:
        (self.synap if kind == "synap" else self.redis).append(phase)


def drive(bench: Bench, server: Server, depth: int, set_percent: int, seed: int) -> Phase:
    return run_load(
        server,
        bench.cores.client,
        keys=bench.scale.keys,
        clients=CLIENTS,
        pipeline=depth,
        set_percent=set_percent,
        seconds=bench.scale.seconds,
        warmup=bench.scale.warmup,
        seed=seed,
    )


def cpu_row(group: str, title: str, pair: Pair, target: Target | None) -> Row:
    ours, theirs = [p.cpu_us for p in pair.synap], [p.cpu_us for p in pair.redis]
    return Row(group, f"CPU of {title}", "us", ours, theirs, "Redis", target)


def why_not_counted(pair: Pair, cpu_limited: bool) -> str:
    """Throughput counts where the server was its limit; empty when it was."""
    for phases in (pair.synap, pair.redis):
        if statistics.median(phase.client_share for phase in phases) >= CLIENT_LIMIT:
            return "client-bound"
        server = statistics.median(phase.server_share for phase in phases)
        if cpu_limited and server < SERVER_LIMIT:
            return "disturbed, the servers did not get their core"
    return ""


def shares(phases: Sequence[Phase]) -> str:
    server = statistics.median(phase.server_share for phase in phases)
    client = statistics.median(phase.client_share for phase in phases)
    return f"{server:.0%} and {client:.0%}"


def rate_row(group: str, title: str, pair: Pair, target: Target, cpu_limited: bool) -> Row:
    """Throughput; where something else than the server was its limit, what its CPU would allow."""
    ours, theirs = [p.rate / 1e3 for p in pair.synap], [p.rate / 1e3 for p in pair.redis]
    note = f"server and client used {shares(pair.synap)} of their cores, with Redis "
    note += shares(pair.redis)
    reason = why_not_counted(pair, cpu_limited)
    if reason:
        measured = f"{statistics.median(ours):,.0f} and {statistics.median(theirs):,.0f} k/s"
        note = f"{reason}: estimated from CPU a request; measured were {measured}; {note}"
        ours, theirs = [1e3 / p.cpu_us for p in pair.synap], [1e3 / p.cpu_us for p in pair.redis]
    title = f"throughput of {title}" + (" (estimate)" if reason else "")
    return Row(group, title, "k/s", ours, theirs, "Redis", target, note)


def pipelines(bench: Bench) -> list[Row]:
    """GET and SET at three depths, data in memory only on both sides."""
    pairs = {(name, depth): Pair() for name in KINDS for depth in CPU_TARGETS}
    for run in range(bench.scale.runs):
        for kind in ("redis", "synap"):
            bench.say(f"pipelines: run {run + 1}, {kind}")
            with bench.server(kind) as server:
                for (name, depth), pair in pairs.items():
                    pair.add(kind, drive(bench, server, depth, KINDS[name], run + 1))
    titles = {case: f"{case[0]}, -P {case[1]}" for case in pairs}
    rows = [
        cpu_row("pipelines", titles[case], pair, CPU_TARGETS[case[1]])
        for case, pair in pairs.items()
    ]
    rows += [
        rate_row("pipelines", titles[case], pair, RATE_TARGETS[case[1]], cpu_limited=True)
        for case, pair in pairs.items()
        if case[1] in RATE_TARGETS
    ]
    return rows


def durable(bench: Bench, fsync: str, depth: int) -> Pair:
    pair = Pair()
    for run in range(bench.scale.runs):
        for kind in ("redis", "synap"):
            bench.say(f"{fsync}: run {run + 1}, {kind}")
            # Loading under `always` would take minutes where an fsync is slow.
            with bench.server(kind, "everysec", LOG_ONLY[kind]) as server:
                if fsync != "everysec":
                    with server.client() as client:
                        reply = client.call("CONFIG", "SET", "appendfsync", fsync)
                    if reply != ("+", b"OK"):
                        raise RuntimeError(f"{kind} answered {reply} to CONFIG SET appendfsync")
                pair.add(kind, drive(bench, server, depth, KINDS["SET"], run + 1))
    return pair


def everysec(bench: Bench) -> list[Row]:
    pair = durable(bench, "everysec", 16)
    title = "SET, everysec, -P 16"
    return [
        rate_row("everysec", title, pair, EVERYSEC, cpu_limited=False),
        cpu_row("everysec", title, pair, None),
    ]


def always(bench: Bench) -> list[Row]:
    pair = durable(bench, "always", 1)
    title = "SET, always, 50 clients, -P 1"
    latency = [p.latency_us["p99"] / 1e3 for p in pair.synap]
    peer = [p.latency_us["p99"] / 1e3 for p in pair.redis]
    return [
        rate_row("always", title, pair, ALWAYS, cpu_limited=False),
        Row("always", f"p99 of {title}", "ms", latency, peer, "Redis"),
    ]
