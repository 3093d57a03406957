"""A process without descriptors, a full disk, a read-only place: fault cases 3 and 16.

Small disks are mounted, which needs root; elsewhere those tests are skipped and say so.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import synap

from tests.conftest import make_server
from tests.lib.resp import Client
from tests.lib.servers import REPOSITORY, Server

OK = ("+", b"OK")
VALUE = b"x" * 8000
PATIENCE_SECONDS = 20.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted: that needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Takes all the room there is; the file gives it back."""
    ballast = place / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"b" * 4096)
    return ballast


def write_until_refused(client: Client, prefix: str) -> tuple[int, str]:
    """How many writes were taken, and why the next was not."""
    for i in range(10_000):
        reply = client.call("SET", f"{prefix}{i}", VALUE)
        if reply != OK:
            return i, reply[1].decode()
    pytest.fail("a full disk takes 80 MB")


def wait_until_taken(client: Client) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (reply := client.call("SET", "again", "1")) != OK:
        assert time.monotonic() < deadline, reply
        time.sleep(0.05)


def probe(server: Server, path: str) -> tuple[int, dict[str, object]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=10) as answer:
        return answer.status, json.load(answer)


def settings_of(server: Server) -> Server:
    server.settings["persistence.log.segment_bytes"] = "64kb"
    return server


def test_without_descriptors_writes_go_on(tmp_path: Path) -> None:
    """Fault case 3: the log needs no descriptor that it does not have."""
    with settings_of(make_server("synap", tmp_path / "data")) as server, server.client() as client:
        assert client.call("SET", "first", VALUE) == OK
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (200, 200))
        with contextlib.ExitStack() as idle:
            for _ in range(300):
                idle.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            time.sleep(0.3)
            used = len(os.listdir(f"/proc/{server.pid}/fd"))
            assert used >= 190, used
            for i in range(300):
                assert client.call("SET", f"k{i}", VALUE) == OK
        for i in range(300, 400):
            assert client.call("SET", f"k{i}", VALUE) == OK
        server.kill()
        server.start()
        with server.client() as again:
            assert again.call("DBSIZE") == (":", 401)


@pytest.mark.parametrize("fsync", ["everysec", "always"])
def test_a_full_disk_refuses_until_there_is_room(small_disk: Path, fsync: str) -> None:
    server = settings_of(make_server("synap", small_disk / "data"))
    server.log_path = small_disk.parent / "server.log"
    server.fsync = fsync
    with server, server.client() as client:
        assert client.call("SET", "first", VALUE) == OK
        ballast = fill(small_disk)
        taken, why = write_until_refused(client, "k")
        assert why.startswith("MISCONF writes are refused until this is over: "), why
        assert str(small_disk) in why and "No space left on device" in why, why
        assert client.call("GET", "first") == ("$", VALUE)
        status, health = probe(server, "/health")
        assert status == 200 and "No space left on device" in str(health["reason"]), health
        assert health["state"] == "blocked"
        ballast.unlink()
        wait_until_taken(client)
        assert "reason" not in probe(server, "/health")[1]
        server.kill()
        server.start()
        with server.client() as again:
            assert again.call("DBSIZE") == (":", taken + 2)
        assert server.stop() == 0, server.log()


@pytest.mark.parametrize("kind_of_place", ["full", "read-only"])
def test_a_start_that_cannot_write_serves_reads(small_disk: Path, kind_of_place: str) -> None:
    """Fault case 16."""
    server = settings_of(make_server("synap", small_disk / "data"))
    server.log_path = small_disk.parent / "server.log"
    with server, server.client() as client:
        assert client.call("SET", "first", VALUE) == OK
    remount = ["mount", "-o", "remount,{},size=8m", str(small_disk)]
    if kind_of_place == "full":
        ballast = fill(small_disk)
    else:
        subprocess.run([word.format("ro") for word in remount], check=True)
    before = sorted(os.listdir(server.data_dir))
    with server, server.client() as client:
        assert client.call("GET", "first") == ("$", VALUE)
        reply = client.call("SET", "a", "1")
        assert reply[0] == "-" and reply[1].startswith(b"MISCONF"), reply
        assert sorted(os.listdir(server.data_dir)) == before
        if kind_of_place == "full":
            ballast.unlink()
        else:
            subprocess.run([word.format("rw") for word in remount], check=True)
        wait_until_taken(client)
        assert server.stop() == 0, server.log()


PROGRAMS = {
    "python": [sys.executable, "-c", """
import os, sys, time, synap
store = synap.open(sys.argv[1])
assert store["old"] == b"1" and store.state == "blocked", store.state
try:
    store["new"] = b"x" * 200_000
except synap.ReplyError as error:
    assert "No space left on device" in str(error), error
else:
    sys.exit("a full disk took a write")
os.remove(sys.argv[2])
while store.state == "blocked":
    time.sleep(0.02)
store["new"] = b"x" * 200_000
store.close()
"""],
    "node": ["node", "-e", f"""
const synap = require({str(REPOSITORY / "sdk-node")!r});
const assert = require('node:assert');
const store = synap.open(process.argv[1]);
assert.strictEqual(store.get('old'), '1');
assert.strictEqual(store.state, 'blocked');
assert.throws(() => store.set('new', 'x'.repeat(200_000)), /No space left on device/);
require('node:fs').unlinkSync(process.argv[2]);
while (store.state === 'blocked') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
store.set('new', 'x'.repeat(200_000));
store.close();
"""],
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_that_starts_on_a_full_disk_reads(small_disk: Path, language: str) -> None:
    """Embedded: reads are served, a write fails at once, and all is well once there is room."""
    data = small_disk / "data"
    with synap.open(data) as store:
        store["old"] = b"1"
    ballast = fill(small_disk)
    subprocess.run([*PROGRAMS[language], str(data), str(ballast)], check=True, timeout=60)
    with synap.open(data) as store:
        assert len(store["new"]) == 200_000
