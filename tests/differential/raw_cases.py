"""Bytes below the command level: inline commands, odd framing, protocol errors.

Each case is sent on a fresh connection, in one piece and then byte by byte, and everything that
comes back until the server closes, or answers the PING that ends most cases, is compared.
"""

from __future__ import annotations

PING = b"*1\r\n$4\r\nPING\r\n"
# Sent last; no case is answered with these words.
LAST = b"*2\r\n$4\r\nPING\r\n$11\r\nend of case\r\n"

# Left open by both: the reply to PING marks the end.
OPEN: dict[str, bytes] = {
    "inline": b"SET raw:a 1\r\nget raw:a\r\n",
    "inline, bare line feed": b"SET raw:a 2\nGET raw:a\n",
    "inline, quotes": b'SET raw:a "b c\\n\\x41"\r\nGET raw:a\r\n',
    "inline, single quotes": b"SET raw:a 'it\\'s'\r\nGET raw:a\r\n",
    "inline, blanks around": b"   SET   raw:a    3  \r\nGET raw:a\r\n",
    "empty lines": b"\r\n\r\n\r\n",
    "empty array": b"*0\r\n",
    "null array": b"*-1\r\n",
    "negative array": b"*-10\r\n",
    "empty argument": b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n",
    "mixed inline and arrays": PING + b"PING\r\n" + PING,
    "binary argument": b"*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\x00\xff\r\n",
    "unknown inline": b"NOSUCH a b\r\n",
    "get, no arguments, inline": b"GET\r\n",
    "get, two arguments, inline": b"GET a b\r\n",
}

# Closed by the server after an error.
CLOSED: dict[str, bytes] = {
    "multibulk length is not a number": b"*abc\r\n",
    "multibulk length is empty": b"*\r\n",
    "multibulk length of 2^31": b"*2147483648\r\n",
    "multibulk length of 2^63": b"*9223372036854775808\r\n",
    "bulk without dollar": b"*1\r\nPING\r\n",
    "bulk length is not a number": b"*1\r\n$abc\r\n",
    "bulk length is negative": b"*1\r\n$-1\r\n",
    "bulk length of 2^62": b"*2\r\n$3\r\nGET\r\n$4611686018427387904\r\n",
    "bulk length above 512 MiB": b"*2\r\n$3\r\nGET\r\n$536870913\r\n",
    "unbalanced quotes": b'SET raw:a "b\r\n',
    "unbalanced quotes after text": b'SET raw:a "b"c\r\n',
    "error after good commands": PING + b"*1\r\n$4\r\nECHO\r\n*x\r\n",
    "quit": b"QUIT\r\n" + PING,
    "quit as array": b"*1\r\n$4\r\nQUIT\r\n" + PING,
    "inline of 100 KiB": b"PING " + b"x" * 100_000,
}
