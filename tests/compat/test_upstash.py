"""upstash-redis with default settings, over HTTP."""

from __future__ import annotations

from typing import Iterator

import pytest
from upstash_redis import Redis
from upstash_redis.errors import UpstashError

from tests.lib.servers import Server


@pytest.fixture(params=["base64", None])
def redis(server: Server, request: pytest.FixtureRequest) -> Iterator[Redis]:
    if server.kind != "synap":
        pytest.skip("only Synap speaks HTTP")
    client = Redis(
        url=f"http://localhost:{server.port}",
        token="not looked at",
        rest_encoding=request.param,
        rest_retries=0,
        allow_telemetry=False,
    )
    client.flushall()
    yield client
    client.close()


def test_set_and_get(redis: Redis) -> None:
    assert redis.set("a", "Zoë") is True
    assert redis.get("a") == "Zoë"
    assert redis.get("missing") is None
    assert redis.set("a", "x", nx=True) is False  # how this client shows null
    assert redis.set("n", 7, ex=100) is True
    assert redis.ttl("n") == 100
    assert redis.incrby("n", 35) == 42
    assert redis.mget("n", "missing") == ["42", None]
    assert redis.delete("a", "b") == 1


def test_hashes(redis: Redis) -> None:
    assert redis.hset("user", values={"name": "Ada", "age": 36}) == 2
    assert redis.hget("user", "name") == "Ada"
    assert redis.hgetall("user") == {"name": "Ada", "age": "36"}
    assert redis.hincrby("user", "age", 1) == 37
    assert redis.hdel("user", "age", "none") == 1
    assert redis.hgetall("missing") == {}


def test_pipeline(redis: Redis) -> None:
    pipeline = redis.pipeline()
    pipeline.set("a", 1).incr("a").get("a").hset("h", "f", "v")
    assert pipeline.exec() == [True, 2, "2", 1]


def test_multi(redis: Redis) -> None:
    transaction = redis.multi()
    transaction.set("a", 1).incr("a").hset("h", "f", "v").hgetall("h")
    assert transaction.exec() == [True, 2, 1, {"f": "v"}]
    broken = redis.multi()
    broken.set("a", 9)
    broken.execute(["NONE"])
    # This client takes every answer for a list; what it is told stands in http_dialect_test.cc.
    with pytest.raises(AttributeError):
        broken.exec()
    assert redis.get("a") == "2"


def test_errors(redis: Redis) -> None:
    redis.set("a", "text")
    with pytest.raises(UpstashError, match="ERR value is not an integer"):
        redis.incr("a")
    with pytest.raises(UpstashError, match="WRONGTYPE"):
        redis.hget("a", "f")
