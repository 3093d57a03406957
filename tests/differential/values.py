"""Pools of keys, values and arguments, weighted towards the edges where servers differ.

Two rules keep timing out of the replies. Deadlines are either past or at least FAR_SECONDS
away, and no pool offers a small positive number where a deadline is read. Offsets are either
small or beyond the largest string, so that nobody allocates hundreds of megabytes.
"""

from __future__ import annotations

import random

FAR_SECONDS = 5_000
# Absolute deadlines lie far from anything a relative one reaches, so GT and LT never hang on
# the moment at which a command ran.
FAR_EPOCH_SECONDS = 4_000_000_000

KEYS = [b"k%d" % i for i in range(10)]
ODD_KEYS = [b"", b"key with space", b"\x00\xff\r\nbin", b"a*b", b"h[llo", b"h?llo", b"{tag}1"]
ODD_KEYS += [b"{tag}2", b"K0", b"L" * 300, b"\\"]
LCS_KEYS = [b"l0", b"l1", b"l2"]
HASH_KEYS = [b"h%d" % i for i in range(6)]
SHORT_KEYS = [b"short:0", b"short:1", b"short:2"]
DATABASES = [b"0", b"1", b"2", b"15"]

INTEGERS = [
    b"0", b"1", b"-1", b"7", b"10", b"42", b"9999", b"10000", b"123456789",
    b"9223372036854775807", b"-9223372036854775808", b"9223372036854775806",
    b"-9223372036854775807", b"4294967296", b"2147483648",
]  # fmt: skip
NOT_INTEGERS = [
    b"", b"abc", b"1.5", b" 1", b"1 ", b"+1", b"01", b"-0", b"0x10", b"1e3", b"NaN", b"-",
    b"9223372036854775808", b"-9223372036854775809", b"99999999999999999999", b"1\x00",
]  # fmt: skip
FLOATS = [
    b"0", b"1", b"-1", b"0.1", b"-0.1", b"0.2", b"3.14159265358979", b"1e3", b"1.5e-3", b"1e17",
    b"10.50", b"5.0e3", b"-2.5", b".5", b"5.", b"0.00000000000000001", b"123456789.123456789",
    b"1e21", b"-1e-10", b"100000000000000000000", b"3", b"0.3", b"1e300",
]  # fmt: skip
NOT_FLOATS = [
    b"", b"abc", b" 1.5", b"1.5 ", b"1,5", b"inf", b"-inf", b"+inf", b"nan", b"1e5000", b"--1",
    b"1e", b"0x1p3", b"infinity",
]  # fmt: skip
# Arguments that are wrong nearly everywhere; none of them is a deadline close to now.
ODD_TOKENS = [
    b"", b"abc", b"-1", b"0", b"-5", b"1.5", b" 1", b"0x10", b"1e3", b"\x00", b"*", b"'q'",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"NX", b"xx",
    b"99999999999999999999", b"GET", b"nosuchoption", b"\r\n",
]  # fmt: skip
TEXTS = [
    b"", b"a", b"hello", b"Hello World", b"x" * 43, b"x" * 44, b"x" * 45, b"y" * 64,
    b"\x00\x01\xfe\xff", b"line\r\nbreak", b"ohmytext", b"mynewtext", b"\xc3\xa9\xe2\x82\xac",
]  # fmt: skip
OFFSETS = [b"0", b"1", b"2", b"5", b"10", b"43", b"44", b"100", b"1000"]
BAD_OFFSETS = [
    b"-1", b"536870912", b"600000000", b"9223372036854775807", b"4294967296", b"abc", b"",
    b"9223372036854775808",
]  # fmt: skip
RANGE_ENDS = [
    b"0", b"1", b"2", b"3", b"5", b"10", b"44", b"100", b"-1", b"-2", b"-3", b"-5", b"-100",
    b"9223372036854775807", b"-9223372036854775808",
]  # fmt: skip
PATTERNS = [
    b"*", b"k*", b"k?", b"k[0-4]", b"k[^0-4]", b"*1", b"k1", b"", b"h[[]llo", b"h\\[llo", b"a\\*b",
    b"[a-", b"[^", b"k[9-0]", b"*k*", b"**", b"\\", b"K*", b"{tag}*", b"[\\a]*", b"k[]", b"????",
    b"*\x00*", b"short:*", b"[k-][0-9]", b"l[0-9]*",
]  # fmt: skip


class Pool:
    """Draws from the pools with one seeded source of randomness."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def key(self) -> bytes:
        draw = self.rng.random()
        if draw < 0.1:
            return self.rng.choice(ODD_KEYS)
        return self.rng.choice(HASH_KEYS if draw < 0.2 else KEYS)

    def hash_key(self) -> bytes:
        return self.rng.choice(HASH_KEYS) if self.rng.random() < 0.8 else self.key()

    def keys(self, most: int = 5) -> list[bytes]:
        return [self.key() for _ in range(self.rng.randint(1, most))]

    def value(self) -> bytes:
        draw = self.rng.random()
        if draw < 0.3:
            return self.rng.choice(INTEGERS)
        if draw < 0.4:
            return b"%d" % self.rng.randint(-(1 << 40), 1 << 40)
        if draw < 0.5:
            return self.rng.choice(FLOATS)
        if draw < 0.6:
            return self.rng.choice(NOT_INTEGERS)
        if draw < 0.98:
            return self.rng.choice(TEXTS)
        return b"%c" % self.rng.randint(0, 255) * self.rng.randint(100, 20_000)

    def integer(self) -> bytes:
        draw = self.rng.random()
        if draw < 0.5:
            return b"%d" % self.rng.randint(-100, 100)
        return self.rng.choice(INTEGERS if draw < 0.85 else NOT_INTEGERS)

    def float(self) -> bytes:
        draw = self.rng.random()
        if draw < 0.3:
            return b"%.*f" % (self.rng.randint(0, 6), self.rng.uniform(-1000, 1000))
        return self.rng.choice(FLOATS if draw < 0.85 else NOT_FLOATS)

    def offset(self) -> bytes:
        return self.rng.choice(OFFSETS if self.rng.random() < 0.85 else BAD_OFFSETS)

    def range_end(self) -> bytes:
        draw = self.rng.random()
        if draw < 0.05:
            return self.rng.choice(NOT_INTEGERS)
        return self.rng.choice(RANGE_ENDS)

    def database(self) -> bytes:
        if self.rng.random() < 0.95:
            return self.rng.choice(DATABASES)
        return self.rng.choice([b"16", b"-1", b"abc", b"", b"1.5", b"9223372036854775808"])

    def deadline(self, option: bytes) -> tuple[bytes, bool]:
        """A time for EX, PX, EXAT or PXAT, and whether the key is gone at once with it."""
        draw = self.rng.random()
        if draw < 0.1:
            bad = [b"0", b"-1", b"abc", b"", b"1.5", b"9223372036854775807", b"-5"]
            bad += [b"9223372036854775808", b"-9223372036854775808", b"9223372036854775"]
            return self.rng.choice(bad), True
        absolute = option.endswith(b"AT")
        if absolute and draw < 0.25:
            return self.rng.choice([b"1", b"1000000000"]), True
        seconds = self.rng.randint(FAR_SECONDS, 10_000_000)
        if absolute:
            seconds += FAR_EPOCH_SECONDS
        if option.startswith(b"P"):
            return b"%d" % (seconds * 1000 + self.rng.randint(0, 999)), False
        return b"%d" % seconds, False

    def case(self, word: bytes) -> bytes:
        """Command names and options are case-insensitive."""
        draw = self.rng.random()
        if draw < 0.7:
            return word
        return word.lower() if draw < 0.9 else word.swapcase().title()
