"""Every hash command through redis-py: with its defaults, with each protocol, decoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.commands.core import HashDataPersistOptions

from tests.lib.servers import Server

OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "resp2": {"protocol": 2},
    "resp3": {"protocol": 3},
    "decoded": {"decode_responses": True},
}


@pytest.fixture(params=list(OPTIONS))
def client(server: Server, request: pytest.FixtureRequest) -> Iterator[Any]:
    with redis.Redis(port=server.port, **OPTIONS[request.param]) as connected:
        connected.flushall()
        yield connected


@pytest.fixture
def newer(server: Server) -> None:
    if server.kind == "redis":
        pytest.skip("deadlines of fields are newer than Debian's redis-server")


def text(value: Any) -> Any:
    """Replies as text, whatever the client was told to decode."""
    if isinstance(value, dict):
        return {text(key): text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(text(item) for item in value)
    return value.decode() if isinstance(value, bytes) else value


def test_set_and_get(client: Any) -> None:
    assert client.hset("h", "a", "1") == 1
    assert client.hset("h", "a", "2") == 0
    assert client.hset("h", mapping={"b": "3", "c": "4"}, items=["d", "5"]) == 3
    with pytest.warns(DeprecationWarning):
        assert client.hmset("h", {"e": "6"}) is True
    assert client.hsetnx("h", "a", "x") in (False, 0)
    assert client.hsetnx("h", "f", "7") in (True, 1)
    assert text(client.hget("h", "a")) == "2"
    assert client.hget("h", "missing") is None
    assert text(client.hmget("h", "a", "missing", "f")) == ["2", None, "7"]
    assert text(client.hmget("missing", ["a", "b"])) == [None, None]
    everything = {"a": "2", "b": "3", "c": "4", "d": "5", "e": "6", "f": "7"}
    assert text(client.hgetall("h")) == everything
    assert client.hgetall("missing") == {}
    assert set(text(client.hkeys("h"))) == set(everything)
    assert sorted(text(client.hvals("h"))) == sorted(everything.values())
    assert client.hlen("h") == 6 and client.hlen("missing") == 0
    assert client.hstrlen("h", "a") == 1 and client.hstrlen("h", "missing") == 0
    assert client.hexists("h", "a") and not client.hexists("h", "missing")
    assert client.hdel("h", "a", "missing", "b") == 2
    assert client.hdel("h", "c", "d", "e", "f") == 4
    assert client.exists("h") == 0
    assert client.hdel("h", "a") == 0


def test_binary_fields(server: Server) -> None:
    with redis.Redis(port=server.port) as connected:
        client: Any = connected
        field, value = bytes(range(256)), b"\r\n$-1\r\n" + bytes(range(256)) * 5_000
        assert client.hset(b"\x00h", field, value) == 1
        assert client.hset(b"\x00h", b"", b"") == 1
        assert client.hgetall(b"\x00h") == {field: value, b"": b""}
        assert client.hstrlen(b"\x00h", field) == len(value)


def test_numbers(client: Any) -> None:
    assert client.hincrby("h", "n", 41) == 41
    assert client.hincrby("h", "n") == 42
    assert client.hincrby("h", "n", -50) == -8
    assert float(client.hincrbyfloat("h", "n", 0.5)) == -7.5
    assert float(client.hincrbyfloat("h", "x", "3e2")) == 300.0
    with pytest.raises(redis.ResponseError, match="hash value is not an integer"):
        client.hincrby("h", "n")
    client.hset("h", "t", "text")
    with pytest.raises(redis.ResponseError, match="hash value is not a float"):
        client.hincrbyfloat("h", "t")


def test_random_fields(client: Any) -> None:
    fields = {f"f{i}": f"v{i}" for i in range(20)}
    client.hset("h", mapping=fields)
    assert text(client.hrandfield("h")) in fields
    assert client.hrandfield("missing") is None
    some = text(client.hrandfield("h", 5))
    assert len(set(some)) == 5 and set(some) <= set(fields)
    assert len(text(client.hrandfield("h", -50))) == 50
    pairs = text(client.hrandfield("h", 100, withvalues=True))
    if pairs and isinstance(pairs[0], list):  # RESP3 answers pairs
        pairs = [word for pair in pairs for word in pair]
    assert dict(zip(pairs[0::2], pairs[1::2])) == fields


@pytest.mark.parametrize("count", [3, 400, 5_000])
def test_scan(client: Any, count: int, server: Server) -> None:
    """Packed, as a small tree, and of many pages."""
    fields = {f"f{i}": f"v{i}" for i in range(count)} | {"other": "x"}
    client.hset("h", mapping=fields)
    assert text(dict(client.hscan_iter("h"))) == fields
    assert text(dict(client.hscan_iter("h", count=7))) == fields
    del fields["other"]
    assert text(dict(client.hscan_iter("h", match="f*", count=50))) == fields
    cursor, page = client.hscan("h", 0, match="none*", count=10_000)
    assert cursor == 0 and page == {}
    if server.kind != "redis":
        assert set(text(list(client.hscan_iter("h", no_values=True)))) == {*fields, "other"}


def test_whole_keys(client: Any) -> None:
    fields = {f"f{i}": f"v{i}" for i in range(1_000)}
    client.hset("h", mapping=fields)
    assert text(client.type("h")) == "hash"
    assert text(client.object("encoding", "h")) == "hashtable"
    assert client.copy("h", "copy")
    client.hset("copy", "f0", "changed")
    assert text(client.hgetall("h")) == fields
    assert client.rename("copy", "renamed") is True
    assert text(client.hget("renamed", "f0")) == "changed"
    assert client.memory_usage("h") > 2_000
    assert client.expire("h", 100) and 95 <= client.ttl("h") <= 100
    assert {text(key) for key in client.scan_iter(_type="hash")} == {"h", "renamed"}
    assert client.move("h", 5) and client.hlen("h") == 0
    assert client.unlink("renamed") == 1


def test_wrong_type(client: Any) -> None:
    client.set("s", "1")
    for call in (client.hgetall, client.hlen, client.hkeys, client.hrandfield):
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            call("s")
    client.hset("h", "f", "1")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        client.get("h")


def test_pipeline(client: Any) -> None:
    pipe = client.pipeline(transaction=False)
    for i in range(1_000):
        pipe.hset("h", f"f{i}", i).hget("h", f"f{i}")
    replies = pipe.execute()
    assert replies[0::2] == [1] * 1_000
    assert text(replies[1::2]) == [str(i) for i in range(1_000)]


def test_transaction(client: Any) -> None:
    with client.pipeline() as pipe:
        pipe.watch("h")
        pipe.multi()
        pipe.hset("h", mapping={"a": "1", "n": "1"}).hincrby("h", "n").hgetall("h")
        assert text(pipe.execute()) == [2, 2, {"a": "1", "n": "2"}]
        pipe.watch("h")
        client.hset("h", "a", "changed")
        pipe.multi()
        pipe.hdel("h", "a")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert text(client.hget("h", "a")) == "changed"


@pytest.mark.usefixtures("newer")
def test_deadlines(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2", "c": "3"})
    assert client.hexpire("h", 100, "a", "missing") == [1, -2]
    assert client.hexpire("h", 200, "a", "b", xx=True) == [1, 0]
    assert client.hexpire("h", 300, "a", "b", nx=True) == [0, 1]
    assert client.hexpire("h", 100, "a", gt=True) == [0]
    assert client.hpexpire("h", 100_000, "a", lt=True) == [1]
    (seconds,), (milliseconds,) = client.httl("h", "a"), client.hpttl("h", "a")
    assert 95 <= seconds <= 100 and 95_000 <= milliseconds <= 100_000
    assert client.httl("h", "c", "missing") == [-1, -2]
    at = int(time.time()) + 1_000
    assert client.hexpireat("h", at, "c") == [1]
    assert client.hexpiretime("h", "c") == [at]
    assert client.hpexpireat("h", at * 1_000 + 7, "c") == [1]
    assert client.hpexpiretime("h", "c") == [at * 1_000 + 7]
    assert client.hpersist("h", "a", "a", "missing") == [1, -1, -2]
    assert client.hexpireat("h", 1, "a", "b") == [2, 2]
    assert text(client.hkeys("h")) == ["c"]
    assert client.hset("h", "c", "4") == 0 and client.httl("h", "c") == [-1]
    client.hpexpire("h", 20, "c")
    deadline = time.monotonic() + 10
    while client.exists("h"):
        assert time.monotonic() < deadline, "a hash whose last field has 20 ms is still there"
        time.sleep(0.01)


@pytest.mark.usefixtures("newer")
def test_values_with_deadlines(client: Any) -> None:
    keep = HashDataPersistOptions
    assert client.hsetex("h", "a", "1", ex=100) == 1
    assert client.hsetex("h", mapping={"a": "2", "b": "3"}, data_persist_option=keep.FNX) == 0
    assert client.hsetex("h", mapping={"a": "2"}, data_persist_option=keep.FXX, keepttl=True) == 1
    assert 95 <= client.httl("h", "a")[0] <= 100
    assert client.hsetex("h", items=["b", "3", "c", "4"], px=50_000) == 1
    assert text(client.hgetex("h", "b", "missing", ex=500)) == ["3", None]
    assert 495 <= client.httl("h", "b")[0] <= 500
    assert text(client.hgetex("h", "b", persist=True)) == ["3"]
    assert client.httl("h", "b", "c") in ([-1, 49], [-1, 50])
    at = int(time.time()) + 1_000
    assert text(client.hgetex("h", "b", exat=at)) == ["3"]
    assert text(client.hgetex("h", "c", pxat=at * 1_000)) == ["4"]
    assert client.hexpiretime("h", "b", "c") == [at, at]
    assert client.hsetex("h", "d", "5", exat=at) == 1
    assert client.hsetex("h", "e", "6", pxat=at * 1_000) == 1
    assert text(client.hgetdel("h", "d", "e", "missing")) == ["5", "6", None]
    assert text(client.hgetdel("h", "a", "b", "c")) == ["2", "3", "4"]
    assert client.exists("h") == 0
    with client.pipeline() as pipe:
        pipe.hsetex("h", "a", "1", px=100_000).hpersist("h", "a").httl("h", "a").hgetdel("h", "a")
        assert text(pipe.execute()) == [1, [1], [-1], ["1"]]


def test_asyncio(server: Server) -> None:
    async def run() -> None:
        client: Any = redis.asyncio.Redis(port=server.port, protocol=3)
        await client.flushall()
        await asyncio.gather(*(client.hset("h", f"f{i}", i) for i in range(50)))
        assert await client.hlen("h") == 50
        async with client.pipeline(transaction=True) as pipe:
            assert await pipe.hincrby("h", "n", 1).hincrby("h", "n", 1).execute() == [1, 2]
        found = {field async for field, _ in client.hscan_iter("h", count=5)}
        assert len(found) == 51
        await client.aclose()

    asyncio.run(run())


def test_no_command_was_left_out(server: Server) -> None:
    """What the server has of hashes is what the tests above call."""
    tests = [test_set_and_get, test_numbers, test_random_fields]
    if server.kind != "redis":
        tests += [test_deadlines, test_values_with_deadlines]
    with redis.Redis(port=server.port, decode_responses=True) as connected:
        client: Any = connected
        client.config_resetstat()
        for test in tests:
            client.flushall()
            test(client)
        client.flushall()
        test_scan(client, 3, server)
        called = {name.removeprefix("cmdstat_") for name in client.info("commandstats")}
        known = client.execute_command("COMMAND LIST", "FILTERBY", "ACLCAT", "hash")
        assert {name.lower() for name in known} <= called
        assert len(known) >= (16 if server.kind == "redis" else 28)
