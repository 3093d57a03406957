"""The store as a mapping."""

import pytest

import synap


def test_items_are_set_read_and_deleted(store):
    store["a"] = b"1"
    assert store["a"] == b"1"
    assert "a" in store and b"a" in store and "b" not in store
    assert len(store) == 1
    del store["a"]
    assert "a" not in store and len(store) == 0


def test_a_missing_key_is_a_key_error(store):
    with pytest.raises(KeyError) as caught:
        store["nothing"]
    assert caught.value.args == ("nothing",)
    with pytest.raises(KeyError):
        del store["nothing"]


def test_get_has_a_default(store):
    store["a"] = "x"
    assert store.get("a", b"y") == b"x"
    assert store.get("b") is None
    assert store.get("b", b"y") == b"y"
    assert store.get(key="a") == b"x"
    assert store.get("b", default=5) == 5
    for wrong in ((), ("a", 1, 2)):
        with pytest.raises(TypeError):
            store.get(*wrong)
    for wrong in ({"default": 1}, {"key": "a", "else": 1}):
        with pytest.raises(TypeError):
            store.get(**wrong)
    with pytest.raises(TypeError):
        store.get("a", key="b")


def test_iteration_visits_every_key(store):
    expected = {b"key:%d" % i for i in range(3000)}
    store.mset({key: i for i, key in enumerate(expected)})
    assert set(store) == expected
    assert set(store.keys()) == expected
    assert store.keys("key:12?") and all(key.startswith(b"key:12") for key in store.keys("key:12?"))
    assert dict(store.items()) == dict(store)
    assert len(dict(store)) == 3000


def test_iteration_of_an_empty_store(store):
    assert list(store) == [] and list(store.items()) == [] and not len(store)


@pytest.mark.parametrize("value", [
    b"", b"\0", b"a\0b", bytes(range(256)), "grüße 🎈".encode(), b"x" * 70, b"y" * 100_000,
])
def test_values_and_keys_are_binary_safe(store, value):
    store["value"] = value
    assert store["value"] == value
    store[value] = "as a key"
    assert store[value] == b"as a key"


@pytest.mark.parametrize("given, stored", [
    (b"bytes", b"bytes"),
    (bytearray(b"array"), b"array"),
    (memoryview(b"xviewx")[1:5], b"view"),
    ("grüße", "grüße".encode()),
    (0, b"0"),
    (-(2**63), b"-9223372036854775808"),
    (2**63 - 1, b"9223372036854775807"),
    (1.5, b"1.5"),
])
def test_arguments_may_have_many_types(store, given, stored):
    store["a"] = given
    assert store["a"] == stored
    store[given] = "b"
    assert store[stored] == b"b"


@pytest.mark.parametrize("wrong, error", [
    (None, TypeError), ([], TypeError), (True, TypeError), (1j, TypeError),
    ("\ud800", UnicodeEncodeError), (memoryview(b"abcd")[::2], BufferError),
])
def test_other_arguments_are_refused(store, wrong, error):
    with pytest.raises(error):
        store["a"] = wrong
    with pytest.raises(error):
        store.incrby("a", wrong)
    assert len(store) == 0


def test_decoded_responses():
    with synap.open(":memory:", decode_responses=True) as store:
        store["a"] = "grüße"
        assert store["a"] == "grüße"
        assert store.get("a") == "grüße"
        assert list(store) == ["a"]
        assert store.mget("a", "b") == ["grüße", None]
        store["binary"] = b"\xff"
        with pytest.raises(UnicodeDecodeError):
            store["binary"]
        assert store.using(decode_responses=False)["binary"] == b"\xff"


def test_a_large_value(store):
    value = bytes(range(256)) * (100 << 12)
    store["large"] = value
    assert store["large"] == value
    assert store.strlen("large") == 100 << 20
    assert store.getrange("large", 256, 511) == bytes(range(256))
