"""The client must be strict: what it forgives, no suite can find."""

from __future__ import annotations

import pytest

from tests.lib.resp import Incomplete, ProtocolError, Reply, encode, parse, render

GOOD: list[tuple[bytes, Reply]] = [
    (b"+OK\r\n", ("+", b"OK")),
    (b"-ERR no\r\n", ("-", b"ERR no")),
    (b":-12\r\n", (":", -12)),
    (b"$0\r\n\r\n", ("$", b"")),
    (b"$4\r\n\r\n\x00a\r\n", ("$", b"\r\n\x00a")),
    (b"$-1\r\n", ("$", None)),
    (b"*-1\r\n", ("*", None)),
    (b"*2\r\n:1\r\n*1\r\n$1\r\na\r\n", ("*", [(":", 1), ("*", [("$", b"a")])])),
    (b"%1\r\n+a\r\n_\r\n", ("%", [("+", b"a"), ("_", None)])),
    (b"~1\r\n#t\r\n", ("~", [("#", b"t")])),
    (b",1.5e+20\r\n", (",", b"1.5e+20")),
    (b"(123456789012345678901234567890\r\n", ("(", 123456789012345678901234567890)),
    (b"=7\r\ntxt:abc\r\n", ("=", b"txt:abc")),
]


@pytest.mark.parametrize(("wire", "reply"), GOOD)
def test_good_replies(wire: bytes, reply: Reply) -> None:
    assert parse(wire) == (reply, len(wire))
    for end in range(len(wire)):
        with pytest.raises(Incomplete):
            parse(wire[:end])


@pytest.mark.parametrize(
    "wire",
    [
        b"OK\r\n", b":+1\r\n", b":01\r\n", b":-0x\r\n", b": 1\r\n", b":\r\n", b"$-2\r\n",
        b"$03\r\nabc\r\n", b"$3\r\nabcd\r\n", b"*1x\r\n", b"%-1\r\n", b"_x\r\n", b"#y\r\n",
        b",1.\r\n", b",Inf\r\n", b"=3\r\nabc\r\n", b"-\r\n", b"+a\nb\r\n", b"=-1\r\n",
    ],
)  # fmt: skip
def test_bad_replies(wire: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(wire)


def test_encode_and_render() -> None:
    assert encode(["SET", b"\r\n", 7]) == b"*3\r\n$3\r\nSET\r\n$2\r\n\r\n\r\n$1\r\n7\r\n"
    reply: Reply = ("*", [(":", 1), ("$", b'a"\n'), ("$", None), ("-", b"ERR x"), ("_", None)])
    assert render(reply) == r'*[:1 $"a\"\n" $nil -ERR x _]'
