"""How long a server takes from exec to its first answer, with a million keys on disk."""

from __future__ import annotations

import re
import time

from tests.bench.context import LOG_ONLY, Bench
from tests.bench.load import fill
from tests.bench.machine import whole_cpu_seconds
from tests.bench.report import Row, Target
from tests.lib.resp import Client, Disconnected
from tests.lib.servers import Server

START = Target(0.5, 0.25)
POLL_SECONDS = 0.001
START_SECONDS = 120
LOG_SECONDS = 5
REPLAYED = re.compile(r"replayed (\d+) records")
PROBE = "key:000000000007"


def prepare(bench: Bench, kind: str, snapshot: bool) -> Server:
    """A stopped server whose directory holds the keys, as a snapshot or as a log."""
    # Redis replays an append-only file whenever there is one, so that its RDB row is without.
    fsync = None if kind == "redis" and snapshot else "everysec"
    server = bench.new_server(kind, fsync, LOG_ONLY[kind])
    server.start()
    fill(server, bench.scale.keys)
    if snapshot:
        with server.client(timeout=START_SECONDS) as client:
            reply = client.call("SAVE")
        if reply != ("+", b"OK"):
            raise RuntimeError(f"{kind} answered {reply} to SAVE")
    if snapshot and kind == "redis":
        server.kill()
    else:
        server.stop()
    return server


def time_to_first_answer(server: Server) -> tuple[float, float]:
    """Seconds by the clock, and of CPU."""
    began = time.monotonic()
    server.start_only()
    while time.monotonic() - began < START_SECONDS:
        if not server.alive():
            raise RuntimeError(f"{server.kind} ended while it started:\n{server.log()}")
        try:
            with Client(server.port) as client:
                while time.monotonic() - began < START_SECONDS:
                    kind, value = client.call("GET", PROBE)
                    if kind == "$" and value is not None:
                        return time.monotonic() - began, whole_cpu_seconds(server.pid)
                    if kind == "$":
                        raise RuntimeError(f"{server.kind} has lost a key")
                    time.sleep(POLL_SECONDS)
        except Disconnected:
            time.sleep(POLL_SECONDS)
    raise RuntimeError(f"{server.kind} did not start in {START_SECONDS} s")


def check_source(server: Server, snapshot: bool, keys: int) -> None:
    """The row must measure what it says: Synap's log tells how many records were replayed."""
    if server.kind != "synap":
        return
    deadline = time.monotonic() + LOG_SECONDS
    while not (found := REPLAYED.search(server.log())):
        # The server writes its log on a thread of its own, behind the first answer.
        if time.monotonic() > deadline:
            raise RuntimeError("the server's log does not tell what it replayed")
        time.sleep(POLL_SECONDS)
    if (int(found.group(1)) == 0) != snapshot:
        what = "a snapshot" if snapshot else f"a log of {keys} keys"
        raise RuntimeError(f"started from {what} but {found.group()}")


def measure(bench: Bench, snapshot: bool) -> dict[str, list[tuple[float, float]]]:
    label = "snapshot" if snapshot else "log"
    servers = {kind: prepare(bench, kind, snapshot) for kind in ("redis", "synap")}
    times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in servers}
    try:
        for run in range(bench.scale.runs):
            for kind, server in servers.items():
                bench.say(f"start from {label}: run {run + 1}, {kind}")
                times[kind].append(time_to_first_answer(server))
                check_source(server, snapshot, bench.scale.keys)
                server.kill()
    finally:
        for server in servers.values():
            bench.discard(server)
    return times


def start(bench: Bench) -> list[Row]:
    rows = []
    for snapshot, what, beside in ((True, "a snapshot", "RDB"), (False, "the log", "AOF")):
        times = measure(bench, snapshot)
        clock = {kind: [wall for wall, _ in pairs] for kind, pairs in times.items()}
        cpu = {kind: min(spent for _, spent in pairs) for kind, pairs in times.items()}
        title = f"start from {what}, {bench.scale.keys:,} keys"
        row = Row("start", title, "s", clock["synap"], clock["redis"], f"Redis, {beside}", START)
        row.note = (
            f"from exec to the first answered GET; files in the page cache, nothing pinned; CPU "
            f"{cpu['synap']:.2f} s, Redis {cpu['redis']:.2f} s"
        )
        rows.append(row)
    return rows
