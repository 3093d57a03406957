"""What Python objects are as keys and values. Fault case 6: the most exact protocol first."""

import array
import datetime
import decimal
import enum
import fractions
import mmap

import numpy
import pytest

INTEGERS = [numpy.int8(-5), numpy.int16(5), numpy.int32(5), numpy.int64(-(2**63)), numpy.uint8(5),
            numpy.uint16(5), numpy.uint32(5), numpy.uint64(2**64 - 1), numpy.intp(5),
            numpy.longlong(5), numpy.array(5)]
FLOATS = [numpy.float16(1.5), numpy.float32(0.1), numpy.float64(2.5), numpy.longdouble(1.25),
          numpy.array(0.5)]


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Plain(enum.Enum):
    ONE = 1


class Index:
    def __index__(self):
        return 12


class Both:
    """An exact integer whose float is not."""

    def __index__(self):
        return 2**60 + 1

    def __float__(self):
        return float(2**60 + 1)


class Float:
    def __float__(self):
        return 1.5


GIVEN = [(value, b"%d" % int(value)) for value in INTEGERS]
GIVEN += [(value, repr(float(value)).encode()) for value in FLOATS]
GIVEN += [
    (numpy.str_("text"), b"text"),
    (numpy.bytes_(b"bytes"), b"bytes"),
    (Index(), b"12"),
    (Both(), b"1152921504606846977"),
    (Float(), b"1.5"),
    (2**64, b"18446744073709551616"),
    (decimal.Decimal("12345678901234567890.10"), b"12345678901234567890.10"),
    (fractions.Fraction(1, 2), b"0.5"),
    (Colour.RED, b"red"),
    (Level.HIGH, b"3"),
    (numpy.array([1, 2, 255], dtype=numpy.uint8), b"\1\2\xff"),
    (numpy.zeros((2, 2), dtype=numpy.int8), b"\0\0\0\0"),
    (array.array("B", b"abc"), b"abc"),
    (memoryview(b"abc"), b"abc"),
    (mmap.mmap(-1, 4), b"\0\0\0\0"),
]
REFUSED = [
    None, [], {}, object(), Plain.ONE, True, numpy.bool_(True), numpy.array(True), 1j,
    numpy.complex64(1), numpy.datetime64("2026-01-01"), numpy.timedelta64(5, "s"),
    numpy.void(b"abc"), numpy.array([1, 2]), numpy.array([1.5]), numpy.array([True]),
    array.array("d", [1.5]), memoryview(array.array("i", [1])), datetime.datetime(2026, 1, 1),
    datetime.date(2026, 1, 1), datetime.timedelta(1),
]


def name(value):
    return f"{type(value).__module__}.{type(value).__name__}"


@pytest.mark.parametrize("given, stored", GIVEN, ids=lambda value: name(value))
def test_a_value_is_its_most_exact_text_everywhere(store, given, stored):
    store["item"] = given
    store.set("set", given)
    store.set("options", given, nx=True)
    store.mset({"mset": given})
    store.setnx("setnx", given)
    store.getset("getset", given)
    store.append("append", given)
    store.execute("SET", "execute", given)
    store.pipeline().set("pipeline", given).mset({"piped mset": given}).execute()
    store.pipeline(False).set("run", given).command("SET", "command", given).execute()
    values = dict(store.items())
    assert len(values) == 12 and set(values.values()) == {stored}
    store.flushdb()
    store[given] = "a key"
    store.mset({"other": 1})
    assert store.get(given) == store[given] == store[stored] == b"a key"
    assert given in store and store.exists(given, stored) == 2
    assert store.mget(given, "other") == [b"a key", b"1"]
    assert store.pipeline().get(given).execute() == [b"a key"]
    del store[given]
    assert store.delete(given) == 0 and list(store) == [b"other"]


@pytest.mark.parametrize("wrong", REFUSED, ids=name)
def test_what_is_neither_text_nor_number_nor_bytes_is_refused(store, wrong):
    uses = [
        lambda: store.set("a", wrong), lambda: store.set("a", wrong, nx=True),
        lambda: store.__setitem__("a", wrong), lambda: store.mset({"a": wrong}),
        lambda: store.get(wrong), lambda: store[wrong], lambda: wrong in store,
        lambda: store.delete(wrong, "b"), lambda: store.execute("SET", "a", wrong),
        lambda: store.pipeline().set("a", wrong).execute(),
        lambda: store.pipeline(False).get(wrong).execute(),
    ]
    for use in uses:
        with pytest.raises(TypeError):
            use()
    assert len(store) == 0


def test_numbers_that_were_stored_are_numbers(store):
    store["n"] = numpy.int64(5)
    assert store.incrby("n", numpy.int32(2)) == 7
    store["f"] = numpy.float64(0.5)
    assert store.incrbyfloat("f", numpy.float32(0.25)) == 0.75
    assert store.set("e", 1, ex=numpy.int64(100)) and 0 < store.ttl("e") <= 100


def test_an_argument_whose_conversion_raises_stores_nothing(store):
    class Broken:
        def __index__(self):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        store["a"] = Broken()
    with pytest.raises(RuntimeError, match="broken"):
        store.pipeline().set("b", 1).set("a", Broken()).execute()
    assert len(store) == 0
