"""A large hash that is snapshotted, copied, scanned and read whole at once while it is written:
each sees the hash as it was at one moment, and none holds more memory than it must. A million
fields, with SYNAP_WALKED_FIELDS, take about half a minute.

The writer sets all fields in order, five hundred by a command, to the number of its pass: at any
moment those up to some place have this pass' number and the others that of the pass before.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import make_server
from tests.lib.resp import Client, encode
from tests.lib.servers import Server

FIELDS = int(os.environ.get("SYNAP_WALKED_FIELDS", "200000"))
BATCH = 500
PAIR = len(b"$7\r\n0000000\r\n$5\r\n00000\r\n")
COPIES = 3
SNAPSHOTS = 3
PATIENCE = 120
NAMES = [b"%07d" % number for number in range(FIELDS)]


def batch(first: int, turn: int) -> bytes:
    value = b"%05d" % turn
    return encode([b"HSET", b"h", *(w for n in NAMES[first : first + BATCH] for w in (n, value))])


class Writer(threading.Thread):
    """Passes over the hash until it is told to stop; `acknowledged` is how many fields of pass
    `turn` are set for certain."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.client = server.client()
        self.turn = 0
        self.acknowledged = 0
        self.stopped = threading.Event()
        self.problem = ""

    def write_pass(self) -> None:
        for first in range(0, FIELDS, BATCH):
            if self.stopped.is_set():
                return
            reply = self.client.exchange(batch(first, self.turn), 1)[0]
            if reply[0] != ":":
                self.problem = f"HSET was answered {reply}"
                return
            self.acknowledged = first + BATCH

    def run(self) -> None:
        while not self.stopped.is_set() and not self.problem:
            self.turn, self.acknowledged = self.turn + 1, 0
            self.write_pass()


class Stalled:
    """Asks for the whole hash, and takes the answer only when everybody else has finished."""

    def __init__(self, server: Server, key: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        self.socket.sendall(encode(["HGETALL", key]))

    def take(self) -> dict[bytes, bytes]:
        with self.socket, self.socket.makefile("rb") as replies:
            header = replies.readline()
            assert header == b"*%d\r\n" % (2 * FIELDS), header
            body = replies.read(PAIR * FIELDS)
        # "$7\r\n" field "\r\n$5\r\n" value "\r\n"
        pairs = (body[at : at + PAIR] for at in range(0, len(body), PAIR))
        found = {pair[4:11]: pair[17:22] for pair in pairs}
        assert len(found) == FIELDS
        return found


def moment(found: dict[bytes, bytes]) -> tuple[int, int]:
    """The pass and the place in it that a whole hash shows; fails where it shows no one moment."""
    values = [int(found[name]) for name in NAMES]
    turn, before = values[0], values[-1]
    place = values.index(before) if before != turn else FIELDS
    assert place % BATCH == 0, f"half of a command is there: {place} fields of pass {turn}"
    assert before in (turn, turn - 1), f"passes {turn} and {before} at once"
    expected = [turn] * place + [before] * (FIELDS - place)
    assert values == expected, f"not one moment: pass {turn} up to {place}"
    return turn, place


class Memory(threading.Thread):
    """Watches what the server says it uses."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.client = server.client()
        self.stopped = threading.Event()
        self.most = 0

    def now(self) -> int:
        _, text = self.client.call("INFO", "memory")
        return int(text.partition(b"\nused_memory:")[2].partition(b"\r")[0])

    def run(self) -> None:
        while not self.stopped.wait(0.05):
            self.most = max(self.most, self.now())


def scan(client: Client) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    cursor = b"0"
    while True:
        _, (at, page) = client.call("HSCAN", "h", cursor, "COUNT", "2000")
        words = [word[1] for word in page[1]]
        found |= dict(zip(words[0::2], words[1::2]))
        cursor = at[1]
        if cursor == b"0":
            return found


def take_snapshots(client: Client) -> None:
    for _ in range(SNAPSHOTS):
        while (reply := client.call("BGSAVE"))[0] != "+":
            assert b"already" in reply[1], reply
            time.sleep(0.01)
        deadline = time.monotonic() + PATIENCE
        while b"rdb_bgsave_in_progress:1" in client.call("INFO", "persistence")[1]:
            assert time.monotonic() < deadline, "a snapshot that does not end"
            time.sleep(0.01)


def walk_at_once(server: Server, writer: Writer) -> Stalled:
    """Everybody at once; returns whoever still waits for the answer."""
    stalled = Stalled(server, "h")
    with server.client(PATIENCE) as client, server.client(PATIENCE) as other:
        snapshots = threading.Thread(target=take_snapshots, args=(other,))
        snapshots.start()
        for number in range(COPIES):
            assert client.call("COPY", "h", f"copy{number}") == (":", 1)
            turn = writer.turn
            found = scan(client)
            assert found.keys() == set(NAMES), "HSCAN left out a field that was always there"
            values = {int(value) for value in found.values()}
            assert values <= set(range(turn - 1, writer.turn + 1)), "a value from another time"
        snapshots.join()
    return stalled


def test_each_walker_sees_one_moment(kind: str, tmp_path: Path) -> None:
    if kind != "synap":
        pytest.skip("Redis copies a hash field by field, and reads it whole while others wait")
    with make_server(kind, tmp_path / "data") as server:
        writer, memory = Writer(server), Memory(server)
        writer.write_pass()
        alone = memory.now()
        memory.start()
        writer.start()
        stalled = walk_at_once(server, writer)
        writer.stopped.set()
        writer.join()
        assert not writer.problem, writer.problem
        moments = [moment(Stalled(server, f"copy{number}").take()) for number in range(COPIES)]
        assert moments == sorted(moments), "a later copy shows an earlier moment"
        assert moment(stalled.take()) <= moments[0], "the first to ask was shown a later moment"
        assert moment(Stalled(server, "h").take()) == (writer.turn, writer.acknowledged)
        memory.stopped.set()
        memory.join()
        # Each copy may come to differ in all nodes, and what a snapshot and a reply hold, too.
        assert memory.most < (1 + COPIES + 2) * 1.3 * alone
        with server.client() as client:
            client.call("DEL", *(f"copy{number}" for number in range(COPIES)))
        server.kill()
        server.start()
        assert moment(Stalled(server, "h").take()) == (writer.turn, writer.acknowledged)
        with server.client() as client:
            assert client.call("DBSIZE") == (":", 1)
        assert Memory(server).now() < 1.3 * alone
        assert not server.error_lines()


@pytest.mark.parametrize("torn", [1, BATCH, FIELDS - 1])
def test_torn_hashes_are_told(torn: int) -> None:
    whole = dict.fromkeys(NAMES, b"00004")
    assert moment(whole | dict.fromkeys(NAMES[: 3 * BATCH], b"00005")) == (5, 3 * BATCH)
    with pytest.raises(AssertionError):
        moment(whole | {NAMES[torn]: b"00005"})
