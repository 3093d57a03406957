"""One directory through its lives: written by Python, served by synap-server, opened by Node."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import synap

from tests.conformance import faces
from tests.lib.servers import Server

VALUES = {
    b"text": b"value",
    b"": b"empty key",
    b"empty": b"",
    b"number": b"9223372036854775807",
    "grüße 🎈".encode(): "wörld".encode(),
    bytes(range(256)): bytes(reversed(range(256))),
    b"large": bytes(range(256)) * 8192,
}
FAR = 4_900_000_000_000

# All keys of a database with values and deadlines, as hex and numbers.
NODE_CONTENT = """
const store = synap.open(args[0], { encoding: 'buffer' });
store.execute('SELECT', Number(args[1]));
const content = {};
for (const key of store.scanIterator()) {
  content[key.toString('hex')] = [store.get(key).toString('hex'), store.pexpiretime(key)];
}
console.log(JSON.stringify(content));
store.close();
"""


def node_content(directory: Path, database: int) -> dict[bytes, tuple[bytes, int]]:
    content = json.loads(faces.node(NODE_CONTENT, str(directory), str(database)))
    return {bytes.fromhex(key): (bytes.fromhex(value), deadline)
            for key, (value, deadline) in content.items()}


def test_the_same_data_in_three_lives(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with synap.open(directory) as store:
        for key, value in VALUES.items():
            store[key] = value
        store.set("deadline", "later", pxat=FAR)
        store.execute("SELECT", 7)
        store["seven"] = 7
        store.execute("SELECT", 0)

    with Server("synap", directory) as server, server.client() as client:
        for key, value in VALUES.items():
            assert client.call("GET", key) == ("$", value)
        assert client.call("DBSIZE") == (":", len(VALUES) + 1)
        assert client.call("PEXPIRETIME", "deadline") == (":", FAR)
        assert client.call("SET", "served", "by synap-server") == ("+", b"OK")
        assert client.call("BGSAVE")[0] == "+"
        assert client.call("DEL", "text") == (":", 1)
        assert server.stop() == 0

    expected = {key: (value, -1) for key, value in VALUES.items() if key != b"text"}
    expected[b"deadline"] = (b"later", FAR)
    expected[b"served"] = (b"by synap-server", -1)
    assert node_content(directory, 0) == expected
    assert node_content(directory, 7) == {b"seven": (b"7", -1)}

    faces.node("const s = synap.open(args[0]); s.set('node', 'wrote'); s.close();",
               str(directory))
    with synap.open(directory) as store:
        assert store["node"] == b"wrote" and len(store) == len(expected) + 1


def test_what_the_server_has_open_is_its_own(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with Server("synap", directory) as server:
        with pytest.raises(synap.LockedError, match=str(server.pid)):
            synap.open(directory)
        said = faces.node("""
            try { synap.open(args[0]); } catch (error) { console.log(error.code, error.message); }
        """, str(directory))
        assert said.startswith("LOCKED") and str(server.pid) in said


def test_a_server_is_told_who_has_the_directory_open(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with synap.open(directory) as store:
        store["a"] = 1
        server = Server("synap", directory)
        server.start_only()
        assert server.process is not None
        assert server.process.wait(30) != 0
        assert str(os.getpid()) in server.log()
        store["b"] = 2
        assert len(store) == 2
