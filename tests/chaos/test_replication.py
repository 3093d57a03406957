"""Masters and replicas as real processes: who has what, who may write, what the world is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.watch import eventually
from tests.lib.servers import Server, find_built, free_port

SECONDS = 30.0


class Node:
    """A server that takes part in replication."""

    def __init__(self, folder: Path, name: str, master: Node | None = None) -> None:
        self.port = free_port()
        self.folder = folder
        settings = {
            "server.role": "replica" if master else "master",
            "replication.enabled": "true",
            "replication.listen_port": str(self.port),
            "replication.node_name": name,
        }
        if master:
            settings["replication.master_host"] = "127.0.0.1"
            settings["replication.master_port"] = str(master.port)
        self.server = Server("synap", folder / name, settings=settings)

    def start(self) -> Node:
        self.server.start()
        return self

    def call(self, *words: object) -> tuple[str, object]:
        with self.server.client(timeout=SECONDS) as client:
            return client.call(*words)

    def info(self, field: str) -> str:
        text = self.call("INFO", "replication")[1]
        assert isinstance(text, bytes)
        for line in text.decode().splitlines():
            if line.startswith(field + ":"):
                return line.partition(":")[2]
        return ""

    def digest(self) -> object:
        return self.call("SYNAP.DIGEST")[1]

    def follows(self, master: Node) -> bool:
        return self.info("master_link_status") == "up" and self.digest() == master.digest()

    def http(self, path: str) -> tuple[int, dict[str, object]]:
        url = f"http://127.0.0.1:{self.server.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)


@pytest.fixture
def nodes(kind: str, tmp_path: Path) -> Iterator[list[Node]]:
    """A master and two replicas."""
    if kind != "synap":
        pytest.skip("the messages are Synap's own")
    master = Node(tmp_path, "one").start()
    all_nodes = [master, Node(tmp_path, "two", master).start(), Node(tmp_path, "three", master)]
    all_nodes[2].start()
    yield all_nodes
    for node in all_nodes:
        node.server.kill()


def converge(master: Node, replicas: list[Node]) -> None:
    for replica in replicas:
        assert eventually(lambda r=replica: r.follows(master), SECONDS), replica.server.log()


def test_replicas_show_what_the_master_has(nodes: list[Node]) -> None:
    master, two, three = nodes
    with master.server.client() as client:
        client.batch([("SET", f"k{i}", "v" * (i % 500)) for i in range(5000)])
        client.batch([("HSET", f"h{i}", "a", "1", "b", i) for i in range(500)])
        client.call("SET", "large", b"x" * (20 << 20))
        assert client.call("WAIT", 2, 20000) == (":", 2)
        assert client.call("WAITAOF", 1, 2, 20000) == ("*", [(":", 1), (":", 2)])
    converge(master, [two, three])
    assert two.call("GET", "k7") == ("$", b"v" * 7)
    assert three.call("STRLEN", "large") == (":", 20 << 20)
    assert two.call("SET", "k7", "x")[1].startswith(b"READONLY")
    assert master.call("WAIT", 3, 50) == (":", 2)


def test_what_the_world_is_told(nodes: list[Node]) -> None:
    master, two, three = nodes
    converge(master, [two, three])
    role = master.call("ROLE")[1]
    assert role[0] == ("$", b"master") and len(role[2][1]) == 2
    role = two.call("ROLE")[1]
    assert [role[0][1], role[3][1]] == [b"slave", b"connected"]
    assert role[2] == (":", master.port)
    assert master.info("connected_slaves") == "2"
    assert "state=online" in master.info("slave0") and "state=online" in master.info("slave1")
    assert master.http("/primary")[0] == 200
    assert two.http("/primary")[0] == 503
    assert eventually(lambda: two.http("/replica?lag=10MB")[0] == 200)
    assert eventually(lambda: two.http("/replica?lag=500ms")[0] == 200)
    assert two.http("/replica?lag=nonsense")[0] == 400
    assert master.http("/replica")[0] == 503
    assert two.http("/read-only")[0] == master.http("/read-only")[0] == 200
    assert eventually(lambda: two.http("/readyz")[0] == 200)
    status, health = two.http("/health/replication")
    assert status == 200 and health["role"] == "replica" and health["lag_bytes"] == 0
    status, health = master.http("/health/replication")
    assert status == 200 and len(health["followers"]) == 2


def test_a_replica_that_was_away(nodes: list[Node]) -> None:
    master, two, three = nodes
    master.call("SET", "a", "1")
    converge(master, [two, three])
    two.server.kill()
    os.kill(three.server.pid, signal.SIGSTOP)
    with master.server.client() as client:
        client.batch([("INCR", "n") for _ in range(1000)])
    os.kill(three.server.pid, signal.SIGCONT)
    two.server.start()
    converge(master, [two, three])
    assert two.call("GET", "n") == ("$", b"1000")
    assert master.info("synap_full_syncs_sent") == "0"


def test_a_server_that_was_started_plainly(nodes: list[Node], tmp_path: Path) -> None:
    master = nodes[0]
    master.call("SET", "a", "1")
    with Server("synap", tmp_path / "plain") as plain, plain.client() as client:
        assert client.call("SET", "own", "1") == ("+", b"OK")
        refused = client.call("REPLICAOF", "127.0.0.1", master.port)
        assert refused[0] == "-" and b"FORCE" in refused[1]
        assert client.call("REPLICAOF", "127.0.0.1", master.port, "FORCE") == ("+", b"OK")
        assert eventually(lambda: client.call("GET", "a") == ("$", b"1"))
        assert client.call("GET", "own") == ("$", None)
        assert client.call("REPLICAOF", "NO", "ONE") == ("+", b"OK")
        assert client.call("SET", "b", "1") == ("+", b"OK")
    with Server("synap", tmp_path / "memory", persistent=False) as memory:
        with memory.client() as client:
            refused = client.call("REPLICAOF", "127.0.0.1", master.port)
            assert refused[0] == "-" and b"in memory" in refused[1]


def admin(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(find_built("synap-admin")), *args],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_promoted_by_name(nodes: list[Node]) -> None:
    master, two, three = nodes
    assert master.call("SET", "a", "0") == ("+", b"OK")
    converge(master, [two, three])
    assert eventually(lambda: two.info("synap_whole") == "1")
    url = f"http://127.0.0.1:{master.server.port}"
    unknown = admin("promote-replica", "--url", url, "--replica", "four")
    assert unknown.returncode == 1 and "known: " in unknown.stderr
    done = admin("promote-replica", "--url", url, "--replica", "two")
    assert done.returncode == 0 and "is the master now" in done.stdout, done.stderr
    assert two.call("SET", "a", "1") == ("+", b"OK")
    # Without its master's help, and once is enough.
    place = f"127.0.0.1:{two.server.port}"
    again = admin("promote-replica", "--replica", place)
    assert again.returncode == 0 and "is a master" in again.stdout
    # Whoever meets it learns that its term is over.
    assert three.call("REPLICAOF", "127.0.0.1", two.port) == ("+", b"OK")
    converge(two, [three])
    assert three.call("REPLICAOF", "127.0.0.1", master.port) == ("+", b"OK")
    assert eventually(lambda: master.info("synap_fenced") == "1")
    assert master.call("SET", "b", "1")[1].startswith(b"READONLY")
    assert master.http("/primary")[0] == 503


def test_a_promoted_replica(nodes: list[Node]) -> None:
    master, two, three = nodes
    with master.server.client() as client:
        client.batch([("SET", f"k{i}", i) for i in range(100)])
        assert client.call("WAIT", 2, 20000) == (":", 2)
    master.server.kill()
    assert two.call("REPLICAOF", "NO", "ONE") == ("+", b"OK")
    assert two.call("SET", "after", "1") == ("+", b"OK")
    assert three.call("REPLICAOF", "127.0.0.1", two.port) == ("+", b"OK")
    converge(two, [three])
    assert three.call("GET", "k99") == ("$", b"99")
    # The old master has writes that nobody saw, and learns that its term is over.
    master.server.start()
    assert master.call("SET", "lost", "1") == ("+", b"OK")
    refused = master.call("REPLICAOF", "127.0.0.1", two.port)
    assert refused[0] == "-" and b"FORCE" in refused[1]
    assert master.call("REPLICAOF", "127.0.0.1", two.port, "FORCE") == ("+", b"OK")
    converge(two, [three, master])
    assert master.call("GET", "lost") == ("$", None)
    # Roles that were given outlive restarts, whatever the settings say.
    for node in (two, master):
        node.server.kill()
        node.server.start()
    assert two.call("ROLE")[1][0] == ("$", b"master")
    converge(two, [three, master])
