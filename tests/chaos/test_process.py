"""The server as a process: descriptors that it lacks, signals, starts that fail, and who is
served at its limits."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import redis

from tests.chaos.abuse import read_to_end
from tests.chaos.watch import connect, eventually
from tests.conftest import make_server
from tests.lib.servers import Server, find_built, find_installed, free_port

SECONDS = 30
HTTP_ERRORS = (urllib.error.URLError, ConnectionError)


@pytest.fixture
def running(kind: str, tmp_path: Path) -> Server:
    if kind != "synap":
        pytest.skip("about the process of synap-server")
    return make_server(kind, tmp_path / "data")


def get(port: int, path: str, host: str = "127.0.0.1") -> int:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=SECONDS) as page:
            return int(page.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_pipeline_of_redis_py_is_written_before_it_is_read(server: Server) -> None:
    """Fault case 4."""
    client = redis.Redis(port=server.port, socket_timeout=SECONDS)
    pipeline = client.pipeline(transaction=False)
    for _ in range(100):
        pipeline.execute_command("GETSET", "fault-4", b"x" * 100_000)
    began = time.monotonic()
    assert pipeline.execute()[1:] == [b"x" * 100_000] * 99
    assert time.monotonic() - began < SECONDS / 2


def test_redis_benchmark_with_long_pipelines(server: Server) -> None:
    """Fault case 4."""
    command = [str(find_installed("redis-benchmark", "redis-tools")), "-p", str(server.port)]
    command += ["-q", "-n", "4000", "-P", "2000", "-c", "1", "GETSET", "fault-4b", "x" * 10_000]
    subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)


def test_closed_standard_streams(running: Server) -> None:
    """Fault case 2: whatever is printed must not land in a file or socket of ours."""
    running.data_dir.mkdir()
    running.port = free_port()
    script = 'exec 0<&- 1>&- 2>&-; exec "$@"'
    process = subprocess.Popen(["sh", "-c", script, "sh", *running.command_line()])
    running.process = process  # type: ignore[assignment]
    try:
        assert eventually(lambda: _answers(running.port))
        for fd in (0, 1, 2):
            assert os.readlink(f"/proc/{process.pid}/fd/{fd}") == "/dev/null"
    finally:
        running.kill()
    assert b"INFO" not in (running.data_dir / "LOCK").read_bytes()


def _answers(port: int) -> bool:
    with contextlib.suppress(*HTTP_ERRORS):
        return get(port, "/readyz") == 200
    return False


def test_hangup_opens_the_log_again(running: Server, tmp_path: Path) -> None:
    """Fault case 19."""
    log = tmp_path / "server.log"
    running.settings["logging.file"] = str(log)
    with running, running.client() as client:
        log.rename(tmp_path / "server.log.1")
        running.process.send_signal(signal.SIGHUP)  # type: ignore[union-attr]
        assert eventually(lambda: log.exists() and "reloaded" in log.read_text())
        assert client.call("PING") == ("+", b"PONG")
        assert running.stop() == 0
    assert "stopped" in log.read_text()


def test_a_failing_start_leaves_nothing_behind(running: Server, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running.port = taken.getsockname()[1]
        command = running.command_line()
        place = command.index("--data-dir") + 1
        command[place] = str(tmp_path / "never")
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if "ERROR" in line]
    assert len(lines) == 1 and re.search("address already in use", lines[0], re.I), done.stderr
    assert not (tmp_path / "never").exists()


def test_connections_leave_descriptors_for_the_store(running: Server) -> None:
    """Fault case 3: 300 clients where 200 files may be open; writes go on."""
    running.settings["persistence.log.segment_bytes"] = "64kb"
    running.data_dir.mkdir()
    running.port = free_port()
    command = ["prlimit", "--nofile=200:200", *running.command_line()]
    with open(running.log_path, "wb") as log:
        running.process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        assert eventually(lambda: _answers(running.port))
        with running.client() as client, contextlib.ExitStack() as stack:
            client.call("PING")
            crowd = [stack.enter_context(connect(running)) for _ in range(300)]
            assert len(crowd) == 300
            for i in range(100):
                assert client.call("SET", f"k{i}", b"x" * 8000) == ("+", b"OK")
            # Fault case 10: at the limit, probes are answered, and others in their protocol.
            assert get(running.port, "/livez") == 200
            assert get(running.port, "/kv/get/k1") == 503
            with connect(running) as extra:
                extra.sendall(b"*1\r\n$4\r\nPING\r\n")
                assert read_to_end(extra) == b"-ERR max number of clients reached\r\n"
            health = [str(find_built("synap-server")), "--port", str(running.port)]
            subprocess.run([*health, "--health-check"], capture_output=True, check=True)
        assert "limit on open files" in running.log()
        assert running.stop() == 0
    finally:
        running.kill()


def test_every_address_by_default(running: Server) -> None:
    """Fault case 20; and protected mode, which the default host brings with it."""
    running.data_dir.mkdir()
    running.port = free_port()
    command = running.command_line()
    at = command.index("--host")
    with open(running.log_path, "wb") as log:
        running.process = subprocess.Popen(
            command[:at] + command[at + 2 :], stdout=log, stderr=log
        )
    try:
        assert eventually(lambda: _answers(running.port))
        redis_cli = str(find_installed("redis-cli", "redis-tools"))
        for host in ("127.0.0.1", *(["::1"] if _has_v6() else [])):
            done = subprocess.run(
                [redis_cli, "-h", host, "-p", str(running.port), "PING"],
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            assert done.stdout == "PONG\n", done
        assert "protected mode" in running.log()
    finally:
        running.kill()


def _has_v6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False
