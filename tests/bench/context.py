"""What every row needs: how much to do, where, and servers to do it with."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import fill
from tests.bench.machine import Cores, pinned
from tests.bench.report import Row
from tests.lib.servers import Server

VALUE_BYTES = 64

# Neither side compacts its log on its own while it is measured.
LOG_ONLY = {
    "synap": {
        "persistence.snapshot.interval_secs": "0",
        "persistence.snapshot.log_growth_bytes": "0",
    },
    "redis": {"auto-aof-rewrite-percentage": "0"},
}
ONE_THREAD = {"synap": {"server.io_threads": "1"}, "redis": {}}


@dataclass(frozen=True)
class Scale:
    """How much is measured. The quick one only shows that everything still runs."""

    runs: int = 3
    keys: int = 1_000_000
    seconds: float = 2.0
    warmup: float = 0.5
    idle_connections: int = 10_000
    idle_settle: float = 3.0
    snapshot_rate: int = 20_000
    snapshot_rounds: int = 5
    instructions: int = 100_000
    hashes: int = 1_000_000
    large_hash: int = 10_000_000

    @classmethod
    def quick(cls) -> Scale:
        return cls(
            runs=1,
            keys=10_000,
            seconds=0.1,
            warmup=0.02,
            idle_connections=200,
            idle_settle=0.1,
            snapshot_rate=2_000,
            snapshot_rounds=1,
            instructions=1_000,
            hashes=5_000,
            large_hash=20_000,
        )


class Bench:
    """One run of the benchmark."""

    def __init__(self, scale: Scale, folder: Path, verbose: bool = True) -> None:
        self.scale = scale
        self.cores = Cores.find()
        self.verbose = verbose
        self.folder = folder
        self._scratch = 0

    def say(self, text: str) -> None:
        if self.verbose:
            print(f"  {text}", file=sys.stderr, flush=True)

    def scratch(self) -> Path:
        """A path for a new data directory."""
        self._scratch += 1
        return self.folder / f"data-{self._scratch}"

    @contextmanager
    def scratch_folder(self) -> Iterator[Path]:
        folder = self.scratch()
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def new_server(self, kind: str, fsync: str | None, settings: dict[str, str]) -> Server:
        """Not started; without `fsync` it keeps its data in memory only."""
        return Server(kind, self.scratch(), fsync or "everysec", settings, persistent=bool(fsync))

    @contextmanager
    def server(
        self,
        kind: str,
        fsync: str | None = None,
        settings: dict[str, str] | None = None,
        single: bool = True,
        filled: bool = True,
    ) -> Iterator[Server]:
        """A running server, with all keys; `single`: one I/O thread on a core of its own."""
        options = dict(settings or {})
        if single:
            options |= ONE_THREAD[kind]
        server = self.new_server(kind, fsync, options)
        try:
            with pinned(self.cores.server if single else None):
                server.start()
            if filled:
                self.fill(server)
            yield server
        finally:
            self.discard(server)

    def fill(self, server: Server) -> None:
        fill(server, self.scale.keys, VALUE_BYTES)
        with server.client() as client:
            count = client.call("DBSIZE")
        if count != (":", self.scale.keys):
            raise RuntimeError(f"{server.kind} holds {count} of {self.scale.keys} keys")

    @staticmethod
    def discard(server: Server) -> None:
        server.kill()
        shutil.rmtree(server.data_dir, ignore_errors=True)
        server.log_path.unlink(missing_ok=True)


Group = Callable[[Bench], list[Row]]
