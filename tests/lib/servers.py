"""Starting, watching and ending the server processes that the tests talk to."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.lib.resp import Client, Disconnected

REPOSITORY = Path(__file__).resolve().parents[2]
READY_POLL_SECONDS = 0.002
READY_SECONDS = 30.0
STOP_SECONDS = 15.0
PORT_ATTEMPTS = 3
PR_SET_PDEATHSIG = 1

# A line of error severity in the server's log, text or JSON, or a sanitizer's report.
ERROR_LINE = re.compile(
    r"^\S+ (ERROR|CRITICAL|FATAL)\b"
    r'|"level":"(error|critical|fatal)"'
    r"|AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|terminate called"
)


class MissingBinary(Exception):
    """A program that a suite needs has not been built or installed."""


class StartFailed(Exception):
    """The server ended or stayed silent instead of becoming ready."""


def find_built(name: str) -> Path:
    """A program of this project: $SYNAP_BIN_DIR first, then the release build."""
    folder = Path(os.environ.get("SYNAP_BIN_DIR", REPOSITORY / "build" / "release"))
    for path in sorted(folder.rglob(name)) if folder.is_dir() else []:
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise MissingBinary(
        f"{name} was not found under {folder}: run `make build`, or set SYNAP_BIN_DIR to the "
        f"folder that holds it"
    )


def find_installed(name: str, package: str) -> Path:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise MissingBinary(f"{name} is not installed: it is in Debian's package {package}")
    return Path(found)


def find_redis8() -> list[str]:
    """The start of a command line for Debian 13's redis-server, which tests/redis8.sh unpacks
    beside the libraries that it needs: $SYNAP_REDIS8, or build/redis8."""
    root = Path(os.environ.get("SYNAP_REDIS8", REPOSITORY / "build" / "redis8"))
    loader = root / "usr/lib64/ld-linux-x86-64.so.2"
    if not loader.exists():
        raise MissingBinary(f"redis-server 8 was not found in {root}: run tests/redis8.sh {root}")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return [str(loader), "--library-path", str(libraries), str(root / "usr/bin/redis-server")]


def build_clock(folder: Path) -> Path:
    """clock.c as a library to preload."""
    library = folder / "clock.so"
    if not library.exists():
        source = Path(__file__).with_name("clock.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def free_port() -> int:
    """A port nobody listens on now. Another process may take it first; start() retries."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> None:
    """For preexec_fn: a test runner that is killed must not leave servers behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """One server process on a data directory; use start() again after kill() to restart it."""

    def __init__(
        self,
        kind: str,
        data_dir: Path,
        fsync: str = "everysec",
        settings: Mapping[str, str] | None = None,
        persistent: bool = True,
    ) -> None:
        if kind not in ("synap", "redis", "redis8"):
            raise ValueError(f"unknown kind of server {kind!r}")
        self.kind = kind
        self.data_dir = data_dir
        self.fsync = fsync
        self.settings = dict(settings or {})
        self.persistent = persistent
        self.environment: dict[str, str] = {}  # on top of the caller's
        self.clock_file: Path | None = None  # where set_clock() writes
        self.port = 0
        self.log_path = data_dir.parent / f"{data_dir.name}.{kind}.log"
        self.process: subprocess.Popen[bytes] | None = None
        if kind == "synap":
            self.program = [str(find_built("synap-server"))]
        elif kind == "redis":
            self.program = [str(find_installed("redis-server", "redis-server"))]
        else:
            self.program = find_redis8()
        self.binary = Path(self.program[-1])

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def redis_version(self) -> str:
        """How the `redis_version` that the server reports must begin."""
        return {"synap": "7.2.", "redis": "7.", "redis8": "8."}[self.kind]

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server has not been started"
        return self.process.pid

    def command_line(self) -> list[str]:
        if self.kind != "synap":
            append = "yes" if self.persistent else "no"
            base = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
            base += ["--dir", str(self.data_dir), "--appendonly", append]
            base += ["--appendfsync", self.fsync]
            extra = [word for k, v in self.settings.items() for word in (f"--{k}", v)]
            return [*self.program, *base, *extra]
        settings = dict(self.settings)
        if not self.persistent:
            settings.setdefault("persistence.enabled", "false")
        base = ["--host", "127.0.0.1", "--port", str(self.port)]
        base += ["--data-dir", str(self.data_dir), "--fsync", self.fsync]
        extra = [word for k, v in settings.items() for word in ("--set", f"{k}={v}")]
        return [*self.program, *base, *extra]

    def set_clock(self, days_ahead: int) -> None:
        """Sets the wall clock that the server sees, through `clock_file`: before the start, and
        again while it runs. The monotonic clock stays as it is."""
        assert self.clock_file is not None
        seconds = struct.pack("=q", days_ahead * 86_400)
        if not self.clock_file.exists():
            self.clock_file.write_bytes(seconds)
        with open(self.clock_file, "r+b", buffering=0) as file:
            file.write(seconds)
        self.environment["LD_PRELOAD"] = str(build_clock(self.clock_file.parent))
        self.environment["CLOCK_OFFSET"] = str(self.clock_file)

    def start(self, port: int = 0) -> Server:
        """Starts and waits until PING answers PONG. The log file is emptied first."""
        for attempt in range(PORT_ATTEMPTS):
            self.start_only(port)
            try:
                self._wait_ready()
                return self
            except StartFailed:
                self.kill()
                taken = re.search("address already in use", self.log(), re.IGNORECASE)
                if port or not taken or attempt == PORT_ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def start_only(self, port: int = 0) -> None:
        """Starts and does not wait."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                self.command_line(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data_dir.parent,
                env={**os.environ, **self.environment},
                preexec_fn=die_with_parent,
            )

    def _wait_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartFailed(
                    f"{self.binary.name} ended with {self.process.returncode}:\n{self.log()}"
                )
            try:
                with Client(self.port, timeout=READY_SECONDS) as client:
                    if client.call("PING") == ("+", b"PONG"):
                        return
            except (Disconnected, TimeoutError):
                pass
            time.sleep(READY_POLL_SECONDS)
        raise StartFailed(f"{self.binary.name} was not ready in time:\n{self.log()}")

    def kill(self) -> None:
        """SIGKILL: what a crash of the process looks like to its data directory."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit status, or fails when the server does not end."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def client(self, timeout: float = 30.0) -> Client:
        return Client(self.port, timeout=timeout)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def error_lines(self) -> list[str]:
        return [line for line in self.log().splitlines() if ERROR_LINE.search(line)]

    def resident_bytes(self) -> int:
        """Memory that the process holds now, from /proc."""
        return _status_bytes(self.pid, "VmRSS")

    def peak_resident_bytes(self) -> int:
        return _status_bytes(self.pid, "VmHWM")


def _status_bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"no {field} for process {pid}: it has ended")


@contextlib.contextmanager
def scratch_dir(prefix: str, keep_on_failure: bool = True) -> Iterator[Path]:
    """A temporary folder; kept, and named, when the block fails."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    except BaseException as error:
        if keep_on_failure and not isinstance(error, MissingBinary):
            print(f"kept for inspection: {folder}", flush=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
