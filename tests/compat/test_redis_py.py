"""redis-py with default settings, and with each protocol it can speak."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio

from tests.lib.servers import Server


@pytest.fixture(params=["default", "resp2", "resp3", "decoded"])
def options(request: pytest.FixtureRequest) -> Any:
    choices: dict[str, dict[str, Any]] = {
        "default": {},
        "resp2": {"protocol": 2},
        "resp3": {"protocol": 3},
        "decoded": {"decode_responses": True},
    }
    return choices[request.param]


@pytest.fixture
def client(server: Server, options: dict[str, Any]) -> Iterator[Any]:
    with redis.Redis(port=server.port, **options) as connected:
        connected.flushall()
        yield connected


def text(value: Any) -> Any:
    """Replies as text, whatever the client was told to decode."""
    if isinstance(value, (list, tuple, set)):
        return type(value)(text(item) for item in value)
    return value.decode() if isinstance(value, bytes) else value


def test_set_and_get(client: Any) -> None:
    assert client.ping() is True
    assert client.set("a", "1") is True
    assert text(client.get("a")) == "1"
    assert client.get("missing") is None
    assert client.set("a", "2", nx=True) is None
    assert text(client.set("a", "3", get=True)) == "1"
    assert client.delete("a", "missing") == 1
    assert client.exists("a") == 0


def test_binary_values(server: Server) -> None:
    with redis.Redis(port=server.port) as client:
        key, value = bytes(range(256)), b"\r\n$-1\r\n" + bytes(range(256)) * 300
        assert client.set(key, value) is True
        assert client.get(key) == value
        assert client.strlen(key) == len(value)


def test_expiry(client: Any) -> None:
    client.set("a", "1", ex=100)
    assert 98 <= client.ttl("a") <= 100
    assert client.expire("a", 1000, gt=True)
    assert 990_000 <= client.pttl("a") <= 1_000_000
    assert client.persist("a")
    assert client.ttl("a") == -1
    assert client.ttl("missing") == -2
    client.set("b", "1", px=30)
    deadline = time.monotonic() + 10
    while client.get("b") is not None:
        assert time.monotonic() < deadline, "a key of 30 ms is still there"
        time.sleep(0.01)
    assert client.expiretime("a") == -1
    assert text(client.getex("a", ex=50)) == "1"
    assert client.ttl("a") > 40


def test_counters(client: Any) -> None:
    assert client.incr("n") == 1
    assert client.incrby("n", 41) == 42
    assert client.decr("n", 2) == 40
    assert float(client.incrbyfloat("n", 0.5)) == 40.5
    with pytest.raises(redis.ResponseError, match="not an integer"):
        client.incr("n")


def test_many_and_ranges(client: Any) -> None:
    assert client.mset({"a": "hello", "b": "world"}) is True
    assert text(client.mget("a", "missing", "b")) == ["hello", None, "world"]
    assert client.msetnx({"b": "x", "c": "x"}) in (False, 0)
    assert client.append("a", "!") == 6
    assert text(client.getrange("a", 1, -2)) == "ello"
    assert client.setrange("a", 1, "E") == 6
    assert text(client.getdel("a")) == "hEllo!"
    assert text(client.lcs("b", "b")) == "world"


def test_scan(client: Any) -> None:
    keys = {f"key:{i}" for i in range(500)}
    client.mset({key: "v" for key in keys} | {"other": "v"})
    assert {text(k) for k in client.scan_iter(match="key:*", count=37)} == keys
    assert {text(k) for k in client.scan_iter(_type="string")} == keys | {"other"}
    assert text(sorted(client.keys("key:1?"))) == sorted(f"key:{i}" for i in range(10, 20))
    assert client.dbsize() == 501


def test_keys_and_databases(client: Any) -> None:
    client.set("a", "1")
    assert client.rename("a", "b") is True
    assert text(client.type("b")) == "string"
    assert client.copy("b", "c", destination_db=3)
    assert client.move("b", 3)
    assert client.dbsize() == 0
    assert text(client.object("encoding", "nothing")) is None
    assert client.swapdb(0, 3) is True
    assert text(sorted(client.keys())) == ["b", "c"]
    assert text(client.randomkey()) in ("b", "c")


def test_pipeline(client: Any) -> None:
    pipe = client.pipeline(transaction=False)
    for i in range(1000):
        pipe.set(f"p{i}", i)
        pipe.get(f"p{i}")
    replies = pipe.execute()
    assert replies[0::2] == [True] * 1000
    assert text(replies[1::2]) == [str(i) for i in range(1000)]


def test_error_in_the_middle_of_a_pipeline(client: Any) -> None:
    pipe = client.pipeline(transaction=False)
    pipe.set("a", "text").incr("a").get("a")
    replies = pipe.execute(raise_on_error=False)
    assert replies[0] is True and text(replies[2]) == "text"
    assert isinstance(replies[1], redis.ResponseError)


def test_transaction(client: Any) -> None:
    with client.pipeline() as pipe:
        pipe.watch("n")
        current = int(pipe.get("n") or 0)
        pipe.multi()
        pipe.set("n", current + 1)
        pipe.incr("n")
        assert pipe.execute() == [True, 2]


def test_transaction_sees_a_conflict(client: Any) -> None:
    with client.pipeline() as pipe:
        pipe.watch("n")
        client.set("n", "changed")
        pipe.multi()
        pipe.set("n", "mine")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert text(client.get("n")) == "changed"


def test_optimistic_locking_from_many_threads(server: Server) -> None:
    """Fifty increments each by read, compare and write, from four threads: none is lost."""
    with redis.Redis(port=server.port) as connected:
        client: Any = connected
        client.set("n", 0)

        def increment(pipe: Any) -> None:
            value = int(pipe.get("n"))
            pipe.multi()
            pipe.set("n", value + 1)

        def work() -> None:
            for _ in range(50):
                client.transaction(increment, "n")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.get("n") == b"200"


def test_introspection(client: Any, server: Server) -> None:
    info = client.info()
    assert info["redis_version"].startswith(server.redis_version)
    assert "synap_version" in info or server.kind == "redis"
    assert client.info("keyspace") == {}
    assert client.client_id() > 0
    assert client.client_setname("me") is True
    assert text(client.client_getname()) == "me"
    assert any(c["name"] == "me" for c in client.client_list())
    assert client.command_count() > 50
    assert int(client.config_get("maxmemory")["maxmemory"]) >= 0
    assert client.config_set("maxmemory-policy", "allkeys-lru") is True
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    assert client.config_set("maxmemory-policy", "noeviction") is True
    assert abs(client.time()[0] - time.time()) < 60
    assert client.memory_usage("missing") is None
    assert text(client.echo("hi")) == "hi"


def test_asyncio(server: Server) -> None:
    async def run() -> None:
        client: Any = redis.asyncio.Redis(port=server.port)
        await client.flushall()
        await asyncio.gather(*(client.set(f"k{i}", i) for i in range(50)))
        async with client.pipeline(transaction=True) as pipe:
            assert await pipe.incr("n").incr("n").execute() == [1, 2]
        assert len([key async for key in client.scan_iter()]) == 51
        await client.aclose()

    asyncio.run(run())
