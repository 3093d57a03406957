"""Looks at a server while something bad is done to it."""

from __future__ import annotations

import contextlib
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.lib.resp import Client, Disconnected
from tests.lib.servers import Server

MIB = 1 << 20
CLIENT_SECONDS = 20.0
PAUSE_SECONDS = 0.005
# Bounds for a busy machine with two cores; a server that is stuck is far beyond them.
MEDIAN_SECONDS = 0.1
WORST_SECONDS = 3.0
RESET_PEAK = "5"


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=CLIENT_SECONDS)


def connected(client: Client) -> int:
    info = client.call("INFO", "clients")[1].decode()
    return int(info.split("connected_clients:")[1].split()[0])


def eventually(condition: Callable[[], bool], seconds: float = CLIENT_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@dataclass
class Bystander:
    """A well-behaved client that goes on writing and reading."""

    server: Server
    latencies: list[float] = field(default_factory=list)
    problem: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            with self.server.client(timeout=WORST_SECONDS * 2) as client:
                # At least once, also where the bad thing is over in no time.
                while not self.latencies or not self._stop.is_set():
                    began = time.monotonic()
                    value = b"%d" % len(self.latencies)
                    replies = client.batch([("SET", "bystander", value), ("GET", "bystander")])
                    self.latencies.append(time.monotonic() - began)
                    if replies != [("+", b"OK"), ("$", value)]:
                        self.problem = f"was answered {replies}"
                        return
                    self._stop.wait(PAUSE_SECONDS)
        except (Disconnected, TimeoutError) as error:
            self.problem = str(error)

    def stop(self) -> None:
        self._stop.set()


@contextlib.contextmanager
def others_are_served(server: Server, growth_mib: int) -> Iterator[Bystander]:
    """Runs the block while another client works; then asserts that it was served all the time
    and that the server's memory never grew by more than `growth_mib`."""
    Path(f"/proc/{server.pid}/clear_refs").write_text(RESET_PEAK)
    before = server.resident_bytes()
    bystander = Bystander(server)
    thread = threading.Thread(target=bystander.run, name="bystander", daemon=True)
    thread.start()
    try:
        yield bystander
    finally:
        bystander.stop()
        thread.join(WORST_SECONDS * 4)
    assert server.alive(), f"the server ended; its log:\n{server.log()}"
    assert bystander.latencies, f"another client {bystander.problem}"
    growth = (server.peak_resident_bytes() - before) / MIB
    worst, median = max(bystander.latencies), statistics.median(bystander.latencies)
    print(
        f"memory grew by {growth:.1f} MiB at most; another client made "
        f"{len(bystander.latencies)} round trips, median {median * 1000:.1f} ms, "
        f"worst {worst * 1000:.0f} ms"
    )
    assert not bystander.problem, f"another client {bystander.problem}"
    assert growth <= growth_mib, f"memory grew by {growth:.1f} MiB; {growth_mib} are allowed"
    assert median <= MEDIAN_SECONDS and worst <= WORST_SECONDS, "another client had to wait"
