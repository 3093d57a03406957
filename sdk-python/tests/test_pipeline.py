"""Pipelines and transactions."""

import pytest

import synap


def test_results_are_those_of_the_methods(store):
    with store.pipeline() as pipe:
        pipe.set("a", 1).incr("a").get("a").exists("a", "b").mget("a", "b").rename("a", "b")
        pipe.incrbyfloat("f", 0.5).scan(count=100).set("a", "x", get=True).mset({"c": 1})
        pipe.command("ECHO", "raw")
        assert len(pipe) == 11
        results = pipe.execute()
    assert results[:7] == [True, 2, b"2", 1, [b"2", None], None, 0.5]
    assert results[7][0] == 0 and set(results[7][1]) == {b"b", b"f"}
    assert results[8:] == [None, None, b"raw"]
    assert len(pipe) == 0 and pipe.execute() == []


@pytest.mark.parametrize("transaction", [True, False])
def test_errors_stand_among_the_results(store, transaction):
    store["text"] = "x"
    pipe = store.pipeline(transaction)
    results = pipe.incr("text").set("a", 1).execute(raise_on_error=False)
    assert isinstance(results[0], synap.ReplyError) and results[0].code == "ERR"
    assert results[1] is True and store["a"] == b"1"
    with pytest.raises(synap.ReplyError, match="not an integer"):
        pipe.set("a", 2).incr("text").execute()
    assert store["a"] == b"2"


def test_a_command_that_cannot_be_queued_aborts_all(store):
    pipe = store.pipeline()
    with pytest.raises(synap.ReplyError, match="wrong number of arguments"):
        pipe.set("a", 1).command("GET").execute()
    assert len(store) == 0
    assert pipe.set("a", 1).execute() == [True]


def test_an_argument_of_a_wrong_type_runs_nothing(store):
    pipe = store.pipeline().set("a", 1).set("b", None)
    with pytest.raises(TypeError):
        pipe.execute()
    assert len(store) == 0
    assert pipe.set("a", 1).execute() == [True]


def test_a_changed_key_stops_the_transaction(store):
    store["stock"] = 5
    with store.pipeline() as pipe:
        pipe.watch("stock")
        store.decr("stock")
        with pytest.raises(synap.WatchError) as caught:
            pipe.set("stock", 100).execute()
        assert caught.value.retryable
        pipe.watch("stock")
        assert pipe.set("stock", 100).execute() == [True]
    assert store["stock"] == b"100"


def test_transactions_are_tried_again(store):
    store["n"] = 1
    seen = []

    def double(pipe):
        value = int(store["n"])
        seen.append(value)
        if len(seen) == 1:
            store["n"] = 10
        pipe.set("n", value * 2).get("n")

    assert store.transaction(double, "n") == [True, b"20"]
    assert seen == [1, 10]


def test_a_pipeline_without_transaction_cannot_watch(store):
    with pytest.raises(ValueError):
        store.pipeline(transaction=False).watch("a")


def test_a_pipeline_leaves_the_session_of_the_thread_alone(store):
    store.execute("SELECT", 3)
    store.pipeline().set("a", 1).execute()
    assert "a" not in store
    store.execute("SELECT", 0)
    assert "a" in store


@pytest.mark.parametrize("transaction", [True, False])
def test_a_long_pipeline(store, transaction):
    pipe = store.pipeline(transaction)
    for i in range(5000):
        pipe.set(f"key:{i}", i)
        pipe.get(f"key:{i}")
    results = pipe.command("KEYS", "key:499?").execute()
    assert results[:-1] == [r for i in range(5000) for r in (True, b"%d" % i)]
    assert len(results[-1]) == 10


def test_large_replies_of_a_pipeline(store):
    store["large"] = b"x" * 300_000
    assert store.pipeline(False).get("large").get("large").wait(0, 10).mget(
        *["large"] * 20).execute() == [b"x" * 300_000] * 2 + [0, [b"x" * 300_000] * 20]


def test_a_pipeline_is_decoded_as_its_store_is():
    with synap.open(":memory:", decode_responses=True) as store:
        assert store.pipeline().set("a", "ü").get("a").execute() == [True, "ü"]
