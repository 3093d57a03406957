"""Hashes: as mappings, and by the methods of their commands."""

import collections.abc
from datetime import datetime, timedelta, timezone

import pytest

import synap


@pytest.fixture
def user(store):
    return store.hash("user:1")


def test_fields_are_set_read_and_deleted(store, user):
    user["name"] = "Ada"
    user["born"] = 1815
    assert user["name"] == b"Ada" and user["born"] == b"1815"
    assert store.hget("user:1", "name") == b"Ada"
    assert "name" in user and b"name" in user and "died" not in user
    assert len(user) == 2
    del user["name"]
    assert "name" not in user and len(user) == 1
    del user["born"]
    assert "user:1" not in store, "a hash without fields is no key"


def test_a_missing_field_is_a_key_error(user):
    for use in (lambda: user["nothing"], lambda: user.pop("nothing"), user.popitem):
        with pytest.raises(KeyError):
            use()
    with pytest.raises(KeyError) as caught:
        del user["nothing"]
    assert caught.value.args == ("nothing",)


def test_it_is_a_mutable_mapping(user):
    assert isinstance(user, collections.abc.MutableMapping)
    assert user.key == "user:1"
    assert list(user) == [] and list(user.items()) == [] and not len(user)
    user.update({"a": 1}, b=2)
    user.update([("c", 3)])
    assert dict(user) == {b"a": b"1", b"b": b"2", b"c": b"3"} == user.copy()
    assert set(user.keys()) == {b"a", b"b", b"c"} and b"a" in user.keys()
    assert sorted(user.values()) == [b"1", b"2", b"3"]
    assert sorted(user.items()) == [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]
    assert user == {b"a": b"1", b"b": b"2", b"c": b"3"} and user != {b"a": b"1"}
    assert user.get("a") == b"1" and user.get("z") is None and user.get("z", 5) == 5
    assert user.setdefault("a", 9) == b"1" and user.setdefault("z", 9) == b"9"
    assert user.pop("z") == b"9" and user.pop("z", None) is None
    taken = dict(user.popitem() for _ in range(3))
    assert taken == {b"a": b"1", b"b": b"2", b"c": b"3"} and len(user) == 0
    user["a"] = 1
    user.clear()
    assert len(user) == 0


def test_a_large_one_is_read_page_by_page(store):
    large = store.hash("large")
    expected = {b"field:%d" % i: b"%d" % i for i in range(25_000)}
    large.update(expected)
    assert len(large) == 25_000
    assert dict(large.items()) == large.copy() == expected
    assert set(large) == expected.keys()


def test_decoded_responses():
    with synap.open(":memory:", decode_responses=True) as store:
        user = store.hash("user:1")
        user["name"] = "Ada"
        assert user["name"] == "Ada" and dict(user) == user.copy() == {"name": "Ada"}
        assert store.hgetall("user:1") == {"name": "Ada"}
        assert store.hscan("user:1") == (0, {"name": "Ada"})


def test_another_type_is_an_error(store):
    store["text"] = "x"
    with pytest.raises(synap.ReplyError) as caught:
        store.hash("text")["field"]
    assert caught.value.code == "WRONGTYPE"
    with pytest.raises(TypeError):
        store.hash("h")["field"] = None


def test_keys_of_the_store_that_are_hashes(store):
    store["text"] = "x"
    store.hash("h")["f"] = 1
    store.expire("h", 30)
    assert sorted(store.keys()) == sorted(store) == [b"h", b"text"]
    assert dict(store.items()) == {b"text": b"x"}


def test_methods_of_commands(store):
    assert store.hset("h", {"a": 1, "b": 2}) == 2
    assert store.hset("h", [("a", 5), ("c", 3)]) == 1
    assert store.hmget("h", "a", "z") == store.hmget("h", ["a", "z"]) == [b"5", None]
    assert store.hgetall("h") == {b"a": b"5", b"b": b"2", b"c": b"3"}
    assert sorted(store.hkeys("h")) == [b"a", b"b", b"c"]
    assert store.hlen("h") == 3 and store.hstrlen("h", "a") == 1
    assert store.hexists("h", "a") is True and store.hsetnx("h", "a", 1) is False
    assert store.hincrby("h", "a", -3) == 2 and store.hincrbyfloat("h", "a", 0.5) == 2.5
    assert store.hdel("h", "a", "z") == 1
    assert store.hrandfield("h") in (b"b", b"c")
    assert sorted(store.hrandfield("h", count=5)) == [b"b", b"c"]
    assert sorted(store.hrandfield("h", count=5, withvalues=True)) == [[b"b", b"2"], [b"c", b"3"]]
    assert store.hscan("h", match="b") == (0, {b"b": b"2"})
    cursor, fields = store.hscan("h", novalues=True)
    assert cursor == 0 and sorted(fields) == [b"b", b"c"]


def test_fields_with_deadlines(store):
    store.hset("h", {"a": 1, "b": 2})
    assert store.hexpire("h", 100, "a", "z") == [1, -2]
    assert store.hexpire("h", timedelta(seconds=200), "a", gt=True) == [1]
    assert store.hpexpire("h", 100_000, ["a", "b"], nx=True) == [0, 1]
    assert 195 < store.httl("h", "a")[0] <= 200 and 0 < store.hpttl("h", "b")[0] <= 100_000
    moment = datetime(2191, 10, 1, tzinfo=timezone.utc)
    assert store.hexpireat("h", moment, "a") == [1]
    assert store.hexpiretime("h", "a") == [int(moment.timestamp())]
    assert store.hpexpireat("h", 1, "b") == [2]
    assert store.hpersist("h", "a", "b") == [1, -2] and store.httl("h", "a") == [-1]
    assert store.hgetex("h", "a", "b", ex=50) == [b"1", None]
    assert store.hsetex("h", {"c": 3}, px=60_000, fnx=True) is True
    assert store.hsetex("h", {"c": 4}, fnx=True) is False
    assert store.hsetex("h", {"c": 4}, keepttl=True) is True
    assert 0 < store.hpttl("h", "c")[0] <= 60_000
    assert store.hgetdel("h", "a", "c") == [b"1", b"4"]
    assert not store.exists("h")


def test_in_a_pipeline(store):
    with store.pipeline() as pipe:
        pipe.hset("h", {"a": 1}).hexpire("h", 100, "a").hgetall("h").hscan("h").hexists("h", "a")
        assert pipe.execute() == [1, [1], {b"a": b"1"}, (0, {b"a": b"1"}), True]
