"""Cores, CPU time and memory of processes, and a description of the machine."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import resource
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cores:
    """The core that servers run on and the one for clients; None where there is only one core,
    or where nothing is pinned."""

    server: int | None
    client: int | None

    @classmethod
    def find(cls) -> Cores:
        usable = sorted(os.sched_getaffinity(0))
        # Interrupts like the first core, so that the server gets the last.
        return cls(usable[-1], usable[-2]) if len(usable) > 1 else cls(None, None)


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Processes started inside the block run on this core only."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def process_tree(pid: int) -> list[int]:
    """The process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for known in found:
        found += parents.get(known, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Time that the threads of a process and of its descendants have run."""
    nanoseconds = 0
    for member in process_tree(pid):
        for task in Path(f"/proc/{member}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                nanoseconds += int(task.read_text().split()[0])
    return nanoseconds / 1e9


def whole_cpu_seconds(pid: int) -> float:
    """As cpu_seconds, to 10 ms only, but with the threads that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def reset_peak_memory(pid: int) -> None:
    """VmHWM of the process starts again at what it holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@contextlib.contextmanager
def open_files(wanted: int) -> Iterator[None]:
    """Raises this process' limit, which the servers it starts inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise OSError(f"{wanted} open files are needed; the hard limit is {hard} (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class OtherLoad:
    """How busy the machine was with other things than this benchmark, in cores."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy = self._busy_seconds()
        self._ours = self._our_seconds()

    @staticmethod
    def _busy_seconds() -> float:
        fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        user, nice, system, _, _, irq, softirq, steal = fields[:8]
        return (user + nice + system + irq + softirq + steal) / TICK

    @staticmethod
    def _our_seconds() -> float:
        everyone = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        usages = [resource.getrusage(who) for who in everyone]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    def cores(self) -> float:
        others = self._busy_seconds() - self._busy - (self._our_seconds() - self._ours)
        return max(0.0, others / max(0.001, time.monotonic() - self._began))


def _first_line(*command: str) -> str:
    with contextlib.suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        text = (done.stdout + done.stderr).strip()
        return text.splitlines()[0] if text else ""
    return ""


def _match(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def _filesystem(folder: Path) -> str:
    """The type of the filesystem that holds a folder: an fsync costs nothing on tmpfs."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        mount, kind = line.split()[1:3]
        inside = folder == Path(mount) or Path(mount) in folder.parents
        if inside and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def describe(folder: Path, repository: Path) -> dict[str, str]:
    """What a reader must know to compare figures; `folder` is where servers keep their data."""
    memory = _match(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": _first_line("git", "-C", str(repository), "describe", "--always", "--dirty"),
        "processor": _match(r"^model name\s*:(.*)", Path("/proc/cpuinfo").read_text()),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory) / 2**20:.0f} GiB",
        "kernel": platform.release(),
        "filesystem": _filesystem(folder.resolve()),
        "compiler": _first_line("c++", "--version"),
        "redis": _match(r"v=(\S+)", _first_line("redis-server", "--version")),
        "nginx": _match(r"nginx/(\S+)", _first_line("nginx", "-v")),
        "wrk": _match(r"wrk (\S+)", _first_line("wrk", "-v")),
    }
