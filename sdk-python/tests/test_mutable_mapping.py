"""The store as a collections.abc.MutableMapping, also while its keys expire."""

import collections.abc
import copy
import pickle
import threading
import time

import pytest

import synap


def test_a_store_is_a_mutable_mapping(store):
    assert isinstance(store, collections.abc.MutableMapping)
    missing = [name for name in dir(collections.abc.MutableMapping)
               if not name.startswith("_") and not hasattr(store, name)]
    assert not missing


def test_pop(store):
    store["a"] = 1
    assert store.pop("a") == b"1" and "a" not in store
    assert store.pop("a", None) is None and store.pop("a", 5) == 5
    with pytest.raises(KeyError, match="a"):
        store.pop("a")


def test_popitem(store):
    store.update({"a": 1, "b": 2})
    assert dict([store.popitem(), store.popitem()]) == {b"a": b"1", b"b": b"2"}
    with pytest.raises(KeyError, match="empty"):
        store.popitem()


def test_setdefault(store):
    assert store.setdefault("a", 1) == b"1"
    assert store.setdefault("a", 2) == b"1"
    with pytest.raises(TypeError):
        store.setdefault("b", None)


class WithKeys:
    def keys(self):
        return ["k"]

    def __getitem__(self, key):
        return 7


@pytest.mark.parametrize("other", [{"k": 7}, [("k", 7)], iter([("k", 7)]), WithKeys()],
                         ids=["mapping", "pairs", "iterator", "keys"])
def test_update(store, other):
    store.update(other, more=8)
    assert dict(store) == {b"k": b"7", b"more": b"8"}
    store.update()
    store.update({})
    for wrong in (5, ["abc"], None):
        with pytest.raises(TypeError, match="pairs"):
            store.update(wrong)


def test_views(store):
    store.update({"a": 1, "b": 2})
    keys, items, values = store.keys(), store.items(), store.values()
    assert isinstance(keys, collections.abc.KeysView) and len(keys) == 2
    assert set(keys) == keys == {b"a", b"b"} and "a" in keys and "c" not in keys
    assert isinstance(items, collections.abc.ItemsView) and len(items) == 2
    assert set(items) == {(b"a", b"1"), (b"b", b"2")} and ("a", b"1") in items
    assert isinstance(values, collections.abc.ValuesView) and b"2" in values
    assert sorted(values) == [b"1", b"2"]
    store["c"] = 3
    assert len(keys) == len(items) == len(values) == 3
    assert keys & {b"a", b"z"} == {b"a"}
    store.clear()
    assert not store and not list(items)


def test_comparing_and_copying(store):
    store.update({"a": 1, "b": 2})
    assert store == {b"a": b"1", b"b": b"2"} and store == store
    assert store != {b"a": b"1"} and store != 5
    assert {**store} == dict(store) == store
    with synap.open(":memory:") as other:
        other.update(store)
        assert other == store
        other["c"] = 1
        assert other != store
    for wrong in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="dict"):
            wrong(store)


def expiring(store, count=20_000, within=200):
    pipe = store.pipeline(False)
    for i in range(count):
        pipe.set(f"key:{i}", f"value:{i}", px=1 + i % within)
    for i in range(500):
        pipe.set(f"stays:{i}", f"value:{i}")
    pipe.execute()


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("read", [
    dict, lambda store: {**store}, lambda store: dict(store.items()),
    lambda store: dict(zip(store.keys(), store.keys())) and dict(store),
    lambda store: [dict(store), store == {}][0], lambda store: {}.__or__(dict(store)),
], ids=["dict", "stars", "items", "keys", "comparison", "union"])
def test_what_expires_meanwhile_is_left_out(read, decode):
    """Fault case 18."""
    with synap.open(":memory:", decode_responses=decode) as store:
        for within in (50, 200, 400):
            expiring(store, within=within)
            found = read(store)
            assert {key if decode else key.decode() for key in found} >= {
                f"stays:{i}" for i in range(500)}
            for key, value in found.items():
                key, value = (key, value) if decode else (key.decode(), value.decode())
                assert value == "value:" + key.partition(":")[2]
            assert len(list(store.values())) >= 500
            store.clear()


def test_a_key_that_expires_between_keys_and_values(store):
    """Fault case 18, step by step: what dict(store) does."""
    store.set("short", "value", px=30)
    store.set("deleted", "value", px=30_000)
    store["long"] = "value"
    keys = {bytes(key): key for key in store.keys()}
    assert set(keys) == {b"short", b"deleted", b"long"}
    del store["deleted"]
    with pytest.raises(KeyError):
        store[keys[b"deleted"]]
    while "short" in store:
        time.sleep(0.005)
    assert store[keys[b"short"]] == b"value"  # once, as of then
    for gone in (keys[b"short"], b"short", "short"):
        with pytest.raises(KeyError):
            store[gone]
    assert keys[b"short"] == b"short" and type(pickle.loads(pickle.dumps(keys[b"short"]))) is bytes


def test_reading_all_while_others_write(store):
    stop = threading.Event()

    def write():
        i = 0
        while not stop.is_set():
            store.set(f"key:{i % 3000}", i, px=1 + i % 20)
            i += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(20):
            assert all(dict(store).values()) and all(dict(store.items()).values())
    finally:
        stop.set()
        writer.join()


def test_scan_iter(store):
    store.update({f"key:{i}": i for i in range(1500)}, other=1)
    assert set(store.scan_iter()) == set(store)
    assert len(set(store.scan_iter("key:*", count=10))) == 1500
    assert set(store.scan_iter(match="other", type="string")) == {b"other"}
    assert set(store.scan_iter(type="none")) == set()
