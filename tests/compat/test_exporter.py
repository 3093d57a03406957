"""INFO and CLIENT LIST as programs take them apart (fault case 11): Prometheus' exporter for Redis,
redis-cli --stat, and the order of Redis' fields."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator

import pytest

from tests.conftest import make_server
from tests.lib.resp import Client
from tests.lib.servers import Server, find_installed, free_port

EXPORTER = "prometheus-redis-exporter"
SECONDS = 30

def wait_for(url: str) -> str:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return answer.read().decode()
        except OSError:
            assert time.monotonic() < deadline, f"nothing answers at {url}"
            time.sleep(0.02)


def exported(server: Server) -> dict[str, dict[str, float]]:
    """Values by name and labels."""
    port = free_port()
    program = subprocess.Popen(
        [str(find_installed(EXPORTER, EXPORTER)), "-redis.addr",
         f"redis://127.0.0.1:{server.port}", "-web.listen-address", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        text = wait_for(f"http://127.0.0.1:{port}/metrics")
    finally:
        program.terminate()
        program.wait(SECONDS)
    metrics: dict[str, dict[str, float]] = {}
    for name, labels, value in re.findall(r"^(redis_\w+)(\{.*\})? (\S+)$", text, re.MULTILINE):
        metrics.setdefault(name, {})[labels] = float(value)
    return metrics


def work(server: Server) -> None:
    with contextlib.closing(Client(port=server.port)) as client:
        for command in (["SET", "a", "1"], ["SET", "b", "1", "EX", "100"], ["GET", "a"],
                        ["GET", "none"], ["MGET", "a", "b"], ["INCR", "a", "x"], ["NOSUCH"],
                        ["SET", "text", "x"], ["INCR", "text"], ["SAVE"]):
            client.call(*command)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    folder = tmp_path_factory.mktemp("exporter")
    with make_server("redis", folder / "redis") as redis, \
            make_server("synap", folder / "synap") as synap:
        for server in (redis, synap):
            work(server)
        eventually_reads(synap)
        yield redis, synap


def eventually_reads(server: Server) -> None:
    """The server tells the engine what INFO shows of its sockets every 100 ms."""
    deadline = time.monotonic() + SECONDS
    with contextlib.closing(Client(port=server.port)) as client:
        while b"total_reads_processed:0\r" in client.call("INFO", "stats")[1]:
            assert time.monotonic() < deadline, "the server tells nothing of its reads"
            time.sleep(0.02)


def test_the_exporter_gives_for_synap_what_it_gives_for_redis(both) -> None:
    of_redis, of_synap = (exported(server) for server in both)
    assert of_synap["redis_up"] == {"": 1.0}
    assert not set(of_redis) - set(of_synap)
    labels = {name: set(of_redis[name]) for name in of_redis if "commands" in name or "db" in name}
    for name, expected in labels.items():
        if '{cmd="get"}' in expected:  # the tools' own calls differ
            expected = {'{cmd="get"}', '{cmd="set"}', '{cmd="incr"}', '{cmd="mget"}'}
        assert expected <= set(of_synap[name]), name


def test_values_are_true(both) -> None:
    metrics = exported(both[1])
    assert metrics["redis_commands_total"]['{cmd="set"}'] == 3
    assert metrics["redis_commands_rejected_calls_total"]['{cmd="incr"}'] == 1
    assert metrics["redis_commands_failed_calls_total"]['{cmd="incr"}'] == 1
    assert 0 <= metrics["redis_commands_duration_seconds_total"]['{cmd="get"}'] < 1
    assert metrics["redis_errors_total"]['{err="ERR"}'] >= 3  # the exporter makes some as well
    assert metrics["redis_db_keys"]['{db="db0"}'] == 3
    assert metrics["redis_db_keys_expiring"]['{db="db0"}'] == 1
    assert 50 < metrics["redis_db_avg_ttl_seconds"]['{db="db0"}'] <= 100
    assert metrics["redis_blocked_clients"][""] == 0
    assert metrics["redis_rdb_last_bgsave_status"][""] == 1
    assert metrics["redis_keyspace_hits_total"][""] == 3
    assert metrics["redis_keyspace_misses_total"][""] == 1
    assert metrics["redis_total_reads_processed"][""] > 0


def sections(server: Server, *names: str) -> dict[str, list[str]]:
    with contextlib.closing(Client(port=server.port)) as client:
        text = client.call("INFO", *names)[1].decode()
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            found[line[2:]] = []
        elif line:
            found[list(found)[-1]].append(line.partition(":")[0])
    return found


def test_fields_stand_in_the_order_of_redis(both) -> None:
    of_redis, of_synap = (sections(server, "everything") for server in both)
    assert [name for name in of_synap if name in of_redis] == list(of_redis)
    for title, fields in of_redis.items():
        if title in ("Commandstats", "Latencystats"):
            continue
        shared = [field for field in of_synap[title] if field in fields]
        assert shared == fields, title


def test_every_number_is_one(both) -> None:
    with contextlib.closing(Client(port=both[1].port)) as client:
        text = client.call("INFO", "everything")[1].decode()
        line = client.call("CLIENT", "LIST")[1].decode().splitlines()[0]
    for field in ("blocked_clients", "connected_clients", "used_memory", "total_commands_processed",
                  "total_connections_received", "instantaneous_input_kbps"):
        value = re.search(rf"^{field}:(.*)\r$", text, re.MULTILINE)
        assert value and float(value[1]) >= 0, field
    fields = [pair.partition("=")[0] for pair in line.split(" ")]
    redis = ("id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem "
             "multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver")
    assert [field for field in fields if field in redis.split()] == redis.split()


def test_redis_cli_stat(both) -> None:
    """It does not end by itself, and writes through a terminal's buffer: a pseudo-terminal."""
    master, slave = pty.openpty()
    program = subprocess.Popen(
        [str(find_installed("redis-cli", "redis-tools")), "-p", str(both[1].port), "--stat",
         "-i", "0.05"], stdout=slave, stderr=slave)
    os.close(slave)
    text = ""
    while text.count("\n") < 5:
        text += os.read(master, 4096).decode()
    program.kill()
    program.wait()
    os.close(master)
    line = text.splitlines()[2].split()
    assert line[0] == "3", text  # keys
    assert line[3] == "0", text  # blocked: -9223372036854775808 where the field was missing
