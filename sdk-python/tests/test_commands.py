"""Typed methods, raw commands and their replies."""

import time

import pytest

import synap


def test_string_commands(store):
    assert store.set("a", "1") is True
    assert store.set("a", "2", nx=True) is False
    assert store.set("a", "2", xx=True) is True
    assert store.set("a", "3", get=True) == b"2"
    assert store.set("new", "3", get=True) is None
    assert store.set(key="named", value="4") is True
    assert store.getdel("named") == b"4"
    assert store.incr("n") == 1
    assert store.incrby("n", 41) == 42
    assert store.decrby("n", 2) == 40
    assert store.incrbyfloat("n", 0.5) == 40.5
    assert store.append("s", "abc") == 3
    assert store.setrange("s", 1, "X") == 3
    assert store.getrange("s", 0, -1) == b"aXc"
    assert store.setnx("s", "no") is False
    assert store.mset({"x": 1, "y": 2}) is None
    assert store.msetnx({"y": 3, "z": 4}) is False
    assert store.mget("x", "y", "z") == [b"1", b"2", None]
    assert store.lcs("x", "y") == b""
    assert store.lcs("x", "y", len=True) == 0
    assert store.lcs("x", "x", idx=True) == {"matches": [[[0, 0], [0, 0]]], "len": 1}


def test_key_commands(store):
    store.set("a", "1", ex=100)
    assert 0 < store.ttl("a") <= 100
    assert store.persist("a") is True and store.persist("a") is False
    assert store.expire("a", 50, gt=True) is False
    assert store.expireat("a", 2**40) is True
    assert store.expiretime("a") == 2**40
    assert store.type("a") == "string" and store.type("b") == "none"
    assert store.rename("a", "b") is None
    assert store.copy("b", "c", replace=True) is True
    assert store.exists("a", "b", "c", "c") == 3
    assert store.delete("a", "b") == 1
    assert store.randomkey() == b"c"
    assert store.object_encoding("c") == b"int"
    cursor, keys = store.scan(match="c*", count=100)
    assert cursor == 0 and keys == [b"c"]
    assert store.dbsize() == 1
    assert store.flushall() is None
    assert store.dbsize() == 0


def test_expired_keys_are_gone(store):
    store.set("a", "1", px=20)
    time.sleep(0.05)
    assert "a" not in store and store.get("a") is None


def test_compare_and_set(store):
    assert store.cas("a", "1", absent=True) is True
    assert store.cas("a", "2", expect="0") is False
    assert store.cas("a", "2", expect="1") is True
    assert store["a"] == b"2"


def test_execute_gives_replies_as_they_are(store):
    assert store.execute("SET", "a", 1) == "OK"
    assert store.execute(b"get", "a") == b"1"
    assert store.execute("EXISTS", "a") == 1
    assert store.execute("GET", "b") is None
    assert store.execute("CONFIG", "GET", "maxmemory") == {"maxmemory": "0"}
    assert "redis_version:7.2" in store.execute("INFO", "server")
    assert store.execute("TIME")[0].isdigit()
    for wrong in ((), (1, "a"), (None,)):
        with pytest.raises(TypeError):
            store.execute(*wrong)


@pytest.mark.parametrize("words, code, text", [
    (("NOPE",), "ERR", "unknown command 'NOPE'"),
    (("GET",), "ERR", "wrong number of arguments for 'get' command"),
    (("SET", "a", "b", "EX", "x"), "ERR", "not an integer"),
    (("EXEC",), "ERR", "EXEC without MULTI"),
])
def test_error_replies(store, words, code, text):
    with pytest.raises(synap.ReplyError, match=text) as caught:
        store.execute(*words)
    assert caught.value.code == code
    assert not caught.value.retryable and not caught.value.outcome_unknown


def test_a_command_of_a_server_is_refused(store):
    with pytest.raises(synap.UnsupportedError, match="server"):
        store.execute("SHUTDOWN")


def test_commands_that_wait(store):
    store["a"] = 1
    assert store.wait(0, 100) == 0
    began = time.monotonic()
    assert store.wait(1, 50) == 0
    assert time.monotonic() - began >= 0.05


def test_databases_belong_to_the_thread(store):
    store["a"] = "zero"
    assert store.execute("SELECT", 1) == "OK"
    assert "a" not in store
    assert store.execute("SELECT", 0) == "OK"
    assert store["a"] == b"zero"
