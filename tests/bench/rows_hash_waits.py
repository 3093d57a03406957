"""How long another client waits at most while something happens to a large value as a whole."""

from __future__ import annotations

import contextlib
import re
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.context import LOG_ONLY, Bench
from tests.bench.load import ControlledLoad, controlled_load, fill
from tests.bench.report import Row, Target
from tests.bench.rows_hash import VALUE_BYTES, fill_hashes
from tests.bench.rows_snapshot import take_snapshot
from tests.lib.resp import Client, encode
from tests.lib.servers import Server

WAIT = Target(10.0, 2.0)
PATIENCE = 120
POLL_SECONDS = 0.02
RATE = 2_000
CLIENTS = 8
STRINGS = 10_000
DUE_BATCH = 1_000
DUE_AHEAD_MS = 1_500
WRITES = 1_000
SLOW_READS = 100
SLOW_PAUSE = 0.005
APPENDED_MIB = 400
PIECE = b"x" * (1 << 20)
# What a step leaves to do in the background belongs to it.
AFTER_SECONDS = 0.5
EXPIRED_FIELDS = re.compile(rb"^expired_subkeys:(\d+)", re.MULTILINE)


def demand(client: Client, *command: str | int) -> tuple[str, Any]:
    reply = client.call(*command)
    if reply[0] == "-":
        raise RuntimeError(f"{command[0]} was answered {reply[1]}")
    return reply


def wait_until(what: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not end in {PATIENCE} s")
        time.sleep(POLL_SECONDS)


def scan(client: Client) -> None:
    """To the end; what matches nothing is looked at all the same, and costs this client least."""
    cursor = "0"
    while True:
        _, (position, _) = demand(client, "HSCAN", "hash", cursor, "MATCH", "none*", "COUNT", 1_000)
        cursor = position[1].decode()
        if cursor == "0":
            return


def read_slowly(server: Server) -> None:
    """HGETALL by somebody who takes a little now and then, and leaves before the end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(encode(["HGETALL", "hash"]))
        if not connection.recv(1):
            raise RuntimeError("HGETALL was not answered")
        connection.setblocking(False)
        for _ in range(SLOW_READS):
            time.sleep(SLOW_PAUSE)
            with contextlib.suppress(BlockingIOError):
                connection.recv(1 << 18)


def due_fields(bench: Bench) -> int:
    return min(1_000_000, bench.scale.large_hash // 2)


def expired_fields(client: Client) -> int:
    _, text = demand(client, "INFO", "stats")
    found = EXPIRED_FIELDS.search(text)
    if not found:
        raise RuntimeError("INFO does not tell how many fields expired")
    return int(found.group(1))


class Steps:
    """What happens to the hash, in order; each is a phase of the load beside it."""

    def __init__(self, bench: Bench, server: Server, load: ControlledLoad) -> None:
        self.bench = bench
        self.server = server
        self.load = load
        self.fields = bench.scale.large_hash

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.load.enter(name)
        yield
        time.sleep(min(AFTER_SECONDS, self.bench.scale.seconds))
        self.load.enter("between")

    def run(self) -> None:
        with self.server.client(timeout=PATIENCE) as client:
            with self.phase("quiet"):
                time.sleep(self.bench.scale.seconds)
            with self.phase("snapshotted"):
                take_snapshot(client)
            with self.phase("copied"):
                demand(client, "COPY", "hash", "copy")
                # Whoever writes to it now copies nodes first.
                fill(self.server, min(WRITES, self.fields), VALUE_BYTES, "hash")
            with self.phase("scanned"):
                scan(client)
            with self.phase("read whole, slowly"):
                read_slowly(self.server)
            demand(client, "DEL", "copy")
            self._let_fields_expire(client)
            with self.phase("expired"):
                demand(client, "PEXPIRE", "hash", 1)
                wait_until("expiry", lambda: client.call("EXISTS", "hash") == (":", 0))
            fill_hashes(self.server, "hash", self.fields)
            with self.phase("deleted"):
                demand(client, "DEL", "hash")

    def _let_fields_expire(self, client: Client) -> None:
        """All of them come due in the same millisecond."""
        fields = due_fields(self.bench)
        _, now = demand(client, "TIME")
        # The larger the hash, the longer it takes to say so.
        due = int(now[0][1]) * 1_000 + DUE_AHEAD_MS + fields // 100
        left = self.fields - fields
        for first in range(0, fields, DUE_BATCH):
            names = [f"fld:{number:012d}" for number in range(first, first + DUE_BATCH)]
            demand(client, "HPEXPIREAT", "hash", due, "FIELDS", DUE_BATCH, *names)
        with self.phase("due"):
            # Not by HLEN, which counts what is due.
            wait_until("expiry of fields", lambda: expired_fields(client) >= fields)
        if client.call("HLEN", "hash") != (":", left):
            raise RuntimeError("other fields expired than those that were due")


TITLES = {
    "snapshotted": "is snapshotted",
    "copied": "is copied, then written to",
    "scanned": "is scanned",
    "read whole, slowly": "is read whole by a slow client",
    "due": "has {due:,} fields come due at once",
    "expired": "expires",
    "deleted": "is deleted",
}


def measure(bench: Bench) -> dict[str, float]:
    """The longest wait of each phase, in milliseconds."""
    with bench.server("synap", "everysec", LOG_ONLY["synap"], single=False, filled=False) as server:
        fill(server, STRINGS)
        fill_hashes(server, "hash", bench.scale.large_hash)
        with controlled_load(server, keys=STRINGS, clients=CLIENTS, rate=RATE) as load:
            time.sleep(bench.scale.warmup)
            Steps(bench, server, load).run()
    return {name: phase.latency_us["max"] / 1e3 for name, phase in load.phases.items()}


def append(server: Server, mib: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(b"*3\r\n$6\r\nAPPEND\r\n$6\r\nlarge:\r\n$%d\r\n" % (mib << 20))
        for _ in range(mib):
            connection.sendall(PIECE)
        connection.sendall(b"\r\n")
        if not connection.recv(64).startswith(b":"):
            raise RuntimeError("APPEND was not answered with a length")


def measure_append(bench: Bench, mib: int) -> float:
    """Of SETs, one I/O thread serving all clients: milliseconds."""
    with bench.server("synap", "everysec", LOG_ONLY["synap"], filled=False) as server:
        fill(server, STRINGS)
        with server.client(timeout=PATIENCE) as client:
            demand(client, "SETRANGE", "large:", 50 << 20, "x")
        with controlled_load(
            server, keys=STRINGS, clients=CLIENTS, rate=RATE, set_percent=100
        ) as load:
            time.sleep(bench.scale.warmup)
            load.enter("appended")
            append(server, mib)
            time.sleep(min(AFTER_SECONDS, bench.scale.seconds))
            load.enter("between")
    return load.phases["appended"].latency_us["max"] / 1e3


def append_row(bench: Bench) -> Row:
    mib = min(APPENDED_MIB, bench.scale.large_hash // 25_000 + 1)
    row = Row("hash-waits", f"longest wait of a SET while APPEND adds {mib} MiB", "ms")
    row.target = WAIT
    runs = []
    for run in range(bench.scale.runs):
        bench.say(f"hash-waits: run {run + 1}, APPEND, synap")
        runs.append(measure_append(bench, mib))
    row.ours = runs
    row.note = "one I/O thread; the server and all clients on two cores"
    return row


def waits(bench: Bench) -> list[Row]:
    runs = []
    for run in range(bench.scale.runs):
        bench.say(f"hash-waits: run {run + 1}, synap")
        runs.append(measure(bench))
    quiet = statistics.median(run["quiet"] for run in runs)
    due = due_fields(bench)
    rows = []
    for phase, title in TITLES.items():
        what = f"longest wait of a GET while a hash of {bench.scale.large_hash:,} fields "
        row = Row("hash-waits", what + title.format(due=due), "ms", target=WAIT)
        row.ours = [run[phase] for run in runs]
        rows.append(row)
    rows[0].note = f"{RATE:,} GETs a second by the clock; {quiet:.2f} ms when quiet"
    return [*rows, append_row(bench)]
