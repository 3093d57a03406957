"""The faces of the engine: each runs a corpus and gives a transcript in one notation.

A transcript is a list with one reply for each command:

    null, a number, true, false      as in JSON
    {"s": hex}                       a string of any kind: status, text, stored value
    {"d": hex}                       a double, by the bits of its IEEE form
    {"e": text}                      an error
    [...]                            an array; pairs are arrays of two
    {"m": [[key, value], ...]}       a map
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import synap

from tests.lib import resp
from tests.lib.servers import REPOSITORY, Server, find_built

# Deadlines before 2100 were counted from when they were set.
FAR_MS = 4_102_444_800_000
HERE = Path(__file__).parent
Command = list[str]  # each character stands for the byte of its code


def read_corpus() -> list[Command]:
    lines = (HERE / "corpus.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line]


def as_bytes(command: Command) -> list[bytes]:
    return [word.encode("latin-1") for word in command]


def double(value: float) -> dict[str, str]:
    return {"d": struct.pack(">d", value).hex()}


def from_python(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return double(value)
    if isinstance(value, str):
        return {"s": value.encode().hex()}
    if isinstance(value, bytes):
        return {"s": value.hex()}
    if isinstance(value, synap.ReplyError):
        return {"e": str(value)}
    if isinstance(value, dict):
        return {"m": [[from_python(k), from_python(v)] for k, v in value.items()]}
    assert isinstance(value, list), value
    return [from_python(item) for item in value]


def from_wire(reply: resp.Reply) -> Any:
    kind, value = reply
    if value is None:
        return None
    if kind in "+$":
        return {"s": value.hex()}
    if kind == "=":
        return {"s": value[4:].hex()}
    if kind == "-":
        return {"e": value.decode("utf-8", "backslashreplace")}
    if kind == "#":
        return bool(value == b"t")
    if kind == ",":
        return double(float(value))
    if kind in ":(":
        return value
    items = [from_wire(item) for item in value]
    if kind == "%":
        return {"m": [list(pair) for pair in zip(items[::2], items[1::2])]}
    assert kind in "*~", reply
    return items


def run_python(corpus: Sequence[Command], directory: Path) -> list[Any]:
    transcript = []
    with synap.open(directory) as store:
        for command in corpus:
            try:
                transcript.append(from_python(store.execute(*as_bytes(command))))
            except synap.ReplyError as error:
                transcript.append(from_python(error))
    return transcript


def run_wire(corpus: Sequence[Command], directory: Path) -> list[Any]:
    transcript = []
    shadow = {"debug.shadow": "true"}
    with Server("synap", directory, settings=shadow) as server, server.client() as client:
        client.call("HELLO", 3)
        for command in corpus:
            transcript.append(from_wire(client.call(*as_bytes(command))))
            if command[0] == "RESET":
                client.call("HELLO", 3)
        assert client.call("SYNAP.VERIFY") == ("+", b"OK")
        server.stop()
    return transcript


def run_program(words: list[str], corpus: Sequence[Command]) -> list[Any]:
    payload = b"".join(resp.encode(as_bytes(command)) for command in corpus)
    done = subprocess.run(words, input=payload, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_cpp(corpus: Sequence[Command], directory: Path) -> list[Any]:
    return run_program([str(find_built("conformance_face")), str(directory)], corpus)


def run_node(mode: str, corpus: Sequence[Command], directory: Path) -> list[Any]:
    return run_program(["node", str(HERE / "node_face.js"), mode, str(directory)], corpus)


def run_node_sync(corpus: Sequence[Command], directory: Path) -> list[Any]:
    return run_node("sync", corpus, directory)


def run_node_promise(corpus: Sequence[Command], directory: Path) -> list[Any]:
    return run_node("promise", corpus, directory)


FACES = {
    "C++": run_cpp,
    "Python": run_python,
    "Node, synchronous": run_node_sync,
    "Node, promises": run_node_promise,
    "RESP": run_wire,
}


def content(directory: Path) -> dict[Any, Any]:
    """All databases of a directory: values by database and key, and when they expire."""
    found: dict[Any, Any] = {}
    with synap.open(directory) as store:
        for database in range(16):
            store.execute("SELECT", database)
            for key in store:
                expires = store.pexpiretime(key)
                value = store[key] if store.type(key) == "string" else _hash_content(store, key)
                found[database, key] = (value, expires if expires > FAR_MS else expires > 0)
    return found


def _hash_content(store: synap.Store[bytes], key: bytes) -> dict[bytes, Any]:
    fields = store.hgetall(key)
    moments = store.execute("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)
    return {
        field: (value, moment if moment > FAR_MS else moment > 0)
        for (field, value), moment in zip(fields.items(), moments)
    }


def node(source: str, *arguments: str) -> str:
    """What a Node program prints; `synap` and `args` are defined there."""
    package = json.dumps(str(REPOSITORY / "sdk-node"))
    head = f"const synap = require({package}); const args = {json.dumps(arguments)};"
    done = subprocess.run(["node", "-e", head + source], capture_output=True, text=True,
                          timeout=60, env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
