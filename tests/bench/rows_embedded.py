"""Reads without a server: through the C interface, from Python and from Node."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.context import Bench
from tests.bench.machine import pinned
from tests.bench.report import Row, Target
from tests.lib.servers import REPOSITORY, MissingBinary, find_built, find_installed

HOT = Target(5, 10, "higher")
RANDOM = Target(2.5, 5, "higher")
PYTHON = Target(1.5, 3, "higher")
NODE = Target(2, 5, "higher")
COLLECTED = re.compile(r"Collected\s*:\s*(\d+)")


def checked(bench: Bench, command: list[str]) -> str:
    with pinned(bench.cores.server):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise RuntimeError(f"{Path(command[0]).name}: {last}")
    return done.stdout


def embedded(bench: Bench) -> list[Row]:
    rates: dict[str, list[float]] = {"hot": [], "random": [], "batches": [], "memory": []}
    wall: list[float] = []
    for run in range(bench.scale.runs):
        bench.say(f"embedded: run {run + 1}")
        with bench.scratch_folder() as folder:
            command = [str(find_built("bench_embedded")), "--dir", str(folder / "store")]
            command += ["--keys", str(bench.scale.keys), "--seconds", str(bench.scale.seconds)]
            for name, result in json.loads(checked(bench, command)).items():
                rates[name].append(result["operations"] / result["cpu"] / 1e6)
                wall.append(result["cpu"] / result["wall"])
    keys = f"{bench.scale.keys:,} keys"
    rows = [
        Row("embedded", "embedded GET, C ABI, hot key", "M/s", rates["hot"], target=HOT),
        Row("embedded", f"embedded GET, C ABI, {keys}, one call each", "M/s", rates["random"],
            target=RANDOM),
        Row("embedded", f"embedded GET, C ABI, {keys}, exec_many of 64", "M/s", rates["batches"]),
    ]
    rows[0].note = f"of CPU time, of which the thread got at least {min(wall):.0%}"
    miss = 1e3 / statistics.median(rates["memory"])
    rows[1].note = (
        f"two reads that depend on each other are in it, and one anywhere in 128 MiB takes "
        f"{miss:.0f} ns: see docs/decisions/what-a-single-read-can-cost.md"
    )
    return rows


def count_instructions(folder: Path, operations: int) -> tuple[int, str]:
    """Instructions of the whole program, and who counted them."""
    program = [str(find_built("bench_embedded")), "--keys", "1000"]
    program += ["--operations", str(operations), "--dir"]
    perf = ["perf", "stat", "-x,", "-e", "instructions:u", "--"]
    if shutil.which("perf"):
        command = [*perf, *program, str(folder / f"perf-{operations}")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        counted = done.stderr.strip().split(",")[0]
        if done.returncode == 0 and counted.isdigit():
            return int(counted), "perf"
    valgrind = [str(find_installed("valgrind", "valgrind")), "--tool=callgrind"]
    valgrind += [f"--callgrind-out-file={folder / 'callgrind'}"]
    command = [*valgrind, *program, str(folder / f"valgrind-{operations}")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = COLLECTED.search(done.stderr)
    if done.returncode != 0 or not found:
        raise RuntimeError(f"callgrind: {done.stderr.strip()[-300:]}")
    return int(found.group(1)), "callgrind"


def instructions(bench: Bench) -> list[Row]:
    """The difference of two runs, so that opening and filling do not count."""
    bench.say("instructions")
    title, many = "instructions of an embedded GET, hot key", bench.scale.instructions
    try:
        with bench.scratch_folder() as folder:
            few, _ = count_instructions(folder, 1)
            all_of_them, tool = count_instructions(folder, many + 1)
    except MissingBinary:
        # Nothing else needs either of them.
        return [Row("instructions", title, missing="a perf that counts, or valgrind, is needed")]
    row = Row("instructions", title, ours=[(all_of_them - few) / many])
    row.note = f"counted by {tool}; the program around it takes about ten"
    return [row]


def script_rate(bench: Bench, command: list[str]) -> float:
    """The program's last line is JSON with the calls in a second, of CPU if it can tell."""
    last = json.loads(checked(bench, command).strip().splitlines()[-1])
    calls = last.get("calls_per_cpu_second") or last["calls_per_second"]
    return float(calls) / 1e6


def sdk(bench: Bench, group: str, title: str, target: Target, command: list[str]) -> list[Row]:
    script = Path(command[-1])
    if not script.exists():
        return [Row(group, title, missing=f"no {script.relative_to(REPOSITORY)} yet")]
    rates = []
    for run in range(bench.scale.runs):
        bench.say(f"{group}: run {run + 1}")
        rates.append(script_rate(bench, [*command, "--seconds", str(bench.scale.seconds)]))
    return [Row(group, title, "M/s", rates, target=target)]


def python(bench: Bench) -> list[Row]:
    script = REPOSITORY / "sdk-python" / "bench" / "hot_get.py"
    title = "embedded GET, Python, hot key"
    return sdk(bench, "python", title, PYTHON, [sys.executable, str(script)])


def node(bench: Bench) -> list[Row]:
    script = REPOSITORY / "sdk-node" / "bench" / "hot_get.js"
    title = "embedded GET, Node, synchronous, hot key"
    return sdk(bench, "node", title, NODE, ["node", str(script)])
