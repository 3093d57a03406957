"""bench_load, the load generator, from Python."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.machine import pinned
from tests.lib.servers import Server, find_built

# Above this share of its core the client, not the server, may be what limits throughput.
CLIENT_LIMIT = 0.9
# A server that waits for nothing uses its whole core, unless other programs do.
SERVER_LIMIT = 0.85
Option = str | int | float


class LoadFailed(Exception):
    """The load generator did not like an answer, or got none."""


@dataclass(frozen=True)
class Phase:
    """What one part of a run did, and what it cost both sides."""

    operations: int
    seconds: float
    server_cpu: float
    client_cpu: float
    latency_us: dict[str, float]

    @property
    def cpu_us(self) -> float:
        return self.server_cpu / self.operations * 1e6

    @property
    def rate(self) -> float:
        return self.operations / self.seconds

    @property
    def server_share(self) -> float:
        return self.server_cpu / self.seconds

    @property
    def client_share(self) -> float:
        return self.client_cpu / self.seconds


def _phases(output: str) -> dict[str, Phase]:
    return {name: Phase(**fields) for name, fields in json.loads(output)["phases"].items()}


def _command(server: Server, options: dict[str, Option]) -> list[str]:
    command = [str(find_built("bench_load")), "--port", str(server.port)]
    command += ["--server-pid", str(server.pid)]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    return command


def run_load(server: Server, core: int | None, **options: Option) -> Phase:
    """Random keys, after a warm-up."""
    with pinned(core):
        done = subprocess.run(
            _command(server, options), capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise LoadFailed(done.stderr.strip())
    return _phases(done.stdout)["run"]


def fill(server: Server, keys: int, value_bytes: int = 64, shape: str = "strings") -> None:
    """Writes every key once; see bench_load for what a `shape` makes of them."""
    options: dict[str, Option] = {"keys": keys, "value-bytes": value_bytes, "shape": shape}
    options |= {"clients": 8, "pipeline": min(200, keys)}
    command = [*_command(server, options), "--load"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadFailed(done.stderr.strip())


class ControlledLoad:
    """Load that runs until the block ends; its caller says which phase begins when."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.phases: dict[str, Phase] = {}

    def enter(self, phase: str) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(phase + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise LoadFailed(self._process.communicate()[1].strip()) from None

    def finish(self) -> None:
        output, errors = self._process.communicate()
        if self._process.returncode != 0:
            raise LoadFailed(errors.strip())
        self.phases = _phases(output)


@contextmanager
def controlled_load(server: Server, **options: Option) -> Iterator[ControlledLoad]:
    process = subprocess.Popen(
        [*_command(server, options), "--control"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    load = ControlledLoad(process)
    try:
        yield load
        load.finish()
    finally:
        process.kill()
        process.wait()
