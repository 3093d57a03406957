"""python -m tests.chaos.kill_loop --rounds 1000 --fsync everysec --seed 1

Each round starts a server on the same data directory, checks what it holds, loads it from
several connections, and kills it (SIGKILL) at a random moment; sometimes it is killed again while
it recovers. Exit status: 0 when every round held, 1 when not, 2 when it could not run.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.model import DATABASES_EACH, State
from tests.chaos.verify import (
    Lost,
    check_counters,
    check_pair,
    check_reader,
    check_writer,
    read_all,
)
from tests.chaos.workers import Reader, Writer
from tests.lib.resp import Disconnected
from tests.lib.servers import MissingBinary, Server, StartFailed, find_built, scratch_dir

LOAD_SECONDS = (0.005, 0.2)
KILL_WHILE_STARTING = 0.1
STARTING_SECONDS = 0.06
SNAPSHOT_CHANCE = 0.2
ADMIN_EVERY = 10
ADMIN_SECONDS = 120
REPORT_EVERY = 50
CANARY_ROUND = 3
JOIN_SECONDS = 60


@dataclass
class Totals:
    rounds: int = 0
    acknowledged: int = 0
    in_flight: int = 0
    in_flight_survived: int = 0
    kills_while_starting: int = 0
    directory_checks: int = 0
    start_seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        slowest = max(self.start_seconds, default=0.0)
        mean = sum(self.start_seconds) / max(1, len(self.start_seconds))
        return (
            f"{self.rounds} rounds, {self.acknowledged} operations acknowledged, "
            f"{self.in_flight} in flight when killed ({self.in_flight_survived} survived), "
            f"{self.kills_while_starting} kills while starting, "
            f"{self.directory_checks} directory checks, "
            f"start {mean * 1000:.0f} ms on average, {slowest * 1000:.0f} ms at most"
        )


class KillLoop:
    """One data directory through many lives of a server."""

    def __init__(self, server: Server, options: argparse.Namespace) -> None:
        self.server = server
        self.options = options
        self.rng = random.Random(options.seed)
        numbers = range(1, options.writers + 1)
        self.states = {n: State(DATABASES_EACH * (n - 1)) for n in numbers}
        self.counters: Counter[bytes] = Counter()
        self.pair = b""
        self.totals = Totals()

    def run(self) -> None:
        """Raises Lost at the first broken promise."""
        self._start()
        for number in range(1, self.options.rounds + 1):
            writers, reader = self._load(number)
            self._check_problems([*writers, reader])
            self._check_log()
            if self.options.canary and number == CANARY_ROUND:
                self._roll_back()
            self._between_lives(number)
            self._start()
            self._verify(writers, reader)
            self.totals.rounds = number
            if number % REPORT_EVERY == 0:
                print(self.totals, flush=True)
        self.server.kill()

    def _start(self) -> None:
        began = time.monotonic()
        try:
            self.server.start()
        except StartFailed as failed:
            raise Lost(f"the server did not come back: {failed}") from failed
        self.totals.start_seconds.append(time.monotonic() - began)

    def _load(self, number: int) -> tuple[list[Writer], Reader]:
        if self.options.canary and number == CANARY_ROUND:
            # Taken while nothing is being written: an older state that is whole in itself.
            shutil.copytree(self.server.data_dir, self._older())
        seed = self.options.seed
        writers = [Writer(self.server, n, s, seed, number) for n, s in self.states.items()]
        reader = Reader(self.server)
        for thread in [*writers, reader]:
            thread.start()
        self._live(self.rng.uniform(*LOAD_SECONDS))
        self.server.kill()
        for thread in [*writers, reader]:
            thread.join(JOIN_SECONDS)
            if thread.is_alive():
                raise Lost(f"{thread.name} is stuck although the server was killed")
        return writers, reader

    def _live(self, seconds: float) -> None:
        """Waits for the moment of the kill; sometimes a snapshot is in progress then."""
        if self.server.kind == "synap" and self.rng.random() < SNAPSHOT_CHANCE:
            before = self.rng.uniform(0, seconds)
            time.sleep(before)
            try:
                with self.server.client() as client:
                    client.call("BGSAVE")
            except (Disconnected, TimeoutError) as error:
                raise Lost(f"BGSAVE under load: {error}; log:\n{self.server.log()}") from error
            seconds -= before
        time.sleep(seconds)
        if not self.server.alive():
            raise Lost(f"the server ended by itself; log:\n{self.server.log()}")

    def _check_problems(self, threads: list[Writer | Reader]) -> None:
        for thread in threads:
            if thread.problem:
                raise Lost(f"{thread.name}: {thread.problem}")

    def _check_log(self) -> None:
        if errors := self.server.error_lines():
            raise Lost("errors in the server's log:\n" + "\n".join(errors))

    def _between_lives(self, number: int) -> None:
        if self.rng.random() < KILL_WHILE_STARTING:
            self.server.start_only()
            time.sleep(self.rng.uniform(0, STARTING_SECONDS))
            self.server.kill()
            self._check_log()
            self.totals.kills_while_starting += 1
        if self.options.keep:
            kept = self.server.data_dir.with_name("before-restart")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.server.data_dir, kept)
        if self.server.kind == "synap" and number % ADMIN_EVERY == 0:
            self._check_directory()

    def _check_directory(self) -> None:
        command = [str(find_built("synap-admin")), "check", str(self.server.data_dir)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ADMIN_SECONDS, check=False
        )
        if done.returncode != 0:
            raise Lost(f"synap-admin check: {done.returncode}\n{done.stdout}{done.stderr}")
        self.totals.directory_checks += 1

    def _verify(self, writers: list[Writer], reader: Reader) -> None:
        with self.server.client() as client:
            dump = read_all(client, timed=self.server.kind == "synap")
        for writer in writers:
            self.states[writer.number], survived = check_writer(writer, dump)
            self.totals.acknowledged += writer.acknowledged_count
            self.totals.in_flight += len(writer.in_flight)
            self.totals.in_flight_survived += survived
        self.counters = check_counters(self.counters, writers, dump)
        self.pair = check_pair(self.pair, writers, dump)
        # Redis answers reads before what they show is durable, also with fsync always.
        if self.options.fsync == "always" and self.server.kind == "synap":
            check_reader(reader, self.counters)
        self._check_log()

    def _older(self) -> Path:
        return self.server.data_dir.with_name("older")

    def _roll_back(self) -> None:
        """What a server that loses acknowledged writes would leave."""
        shutil.rmtree(self.server.data_dir)
        self._older().rename(self.server.data_dir)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos.kill_loop", description=__doc__)
    parser.add_argument("--rounds", default=50, type=int)
    parser.add_argument("--fsync", default="everysec", choices=["always", "everysec", "never"])
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--writers", default=4, type=int, choices=range(1, 8))
    parser.add_argument("--server", default="synap", choices=["synap", "redis"])
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--keep", action="store_true", help="copy the directory before restarts")
    parser.add_argument("--canary", action="store_true", help="lose writes; must be reported")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = arguments(argv)
    print(f"kill loop: seed {options.seed}, fsync {options.fsync}, {options.rounds} rounds")
    settings = dict(pair.split("=", 1) for pair in options.settings)
    try:
        with scratch_dir("synap-kill-", not options.canary) as folder:
            server = Server(options.server, folder / "data", options.fsync, settings)
            loop = KillLoop(server, options)
            try:
                loop.run()
            finally:
                server.kill()
                print(loop.totals, flush=True)
    except Lost as lost:
        print(f"FAILED in round {loop.totals.rounds + 1}: {lost}", flush=True)
        return 1
    except MissingBinary as missing:
        print(missing, file=sys.stderr)
        return 2
    print("nothing acknowledged was lost, nothing was torn, every restart was clean")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
