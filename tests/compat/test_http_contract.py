"""Every name and route that SDKs of the reference server use for keys and hashes, with the members
that their answers must have. One walk over one small set of keys, in the order in which it stands
here: a name that is missing, or answers with other members, is named by the test's id."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.compat.test_http import command, curl
from tests.lib.servers import Server

ANY = object()  # a value that depends on the server
USED_BY_SDKS = {"kv.incrby", "kv.decrby", "hash.values"}  # the reference does not dispatch them

# (name, payload, answer); a text as the answer is the error.
COMMANDS: list[tuple[str, dict[str, Any], Any]] = [
    ("kv.set", {"key": "a", "value": "x", "ttl": 60, "client_id": None}, {"success": True}),
    ("kv.get", {"key": "a"}, "x"),
    ("kv.get", {"key": "a", "type": "bytes"}, [120]),
    ("kv.get", {"key": "none"}, None),
    ("kv.ttl", {"key": "a"}, {"ttl": ANY}),
    ("kv.ttl", {"key": "none"}, "! Key not found: none"),
    ("kv.expire", {"key": "a", "ttl": 100}, {"result": True}),
    ("kv.expire", {"key": "none", "ttl": 100}, {"result": False}),
    ("kv.persist", {"key": "a"}, {"result": True}),
    ("kv.persist", {"key": "a"}, {"result": True}),
    ("kv.persist", {"key": "none"}, {"result": False}),
    ("kv.ttl", {"key": "a"}, {"ttl": None}),
    ("kv.exists", {"key": "a"}, {"exists": True}),
    ("kv.incr", {"key": "n"}, {"value": 1}),
    ("kv.incr", {"key": "n", "amount": 4}, {"value": 5}),
    ("kv.incr", {"key": "n", "delta": 1}, {"value": 6}),
    ("kv.incr", {"key": "a"}, "! Invalid value: Value is not a valid integer"),
    ("kv.decr", {"key": "n", "amount": None}, {"value": 5}),
    ("kv.incrby", {"key": "n", "amount": 2}, {"value": 7}),
    ("kv.decrby", {"key": "n", "amount": 3}, {"value": 4}),
    ("kv.mset", {"pairs": [{"key": "b", "value": {"c": 1}}]}, {"success": True}),
    ("kv.mset", {}, "! Invalid request: Missing 'pairs' field"),
    ("kv.mset", {"pairs": [{"key": "b"}]}, "! Invalid request: Each pair must have 'value'"),
    ("kv.msetnx", {"pairs": [{"key": "a", "value": 1}]}, {"success": False}),
    ("kv.msetnx", {"key": "c", "value": "text"}, {"success": True}),
    ("kv.msetnx", {}, "! Invalid request: Missing 'pairs' array"),
    ("kv.mget", {"keys": ["a", "none", "b", "n"]}, {"values": ["x", None, {"c": 1}, 4]}),
    ("kv.mget", {"keys": []}, {"values": []}),
    ("kv.keys", {"pattern": "[ab]"}, {"keys": ANY, "count": 2}),
    ("kv.keys", {"prefix": "c"}, {"keys": ["c"], "count": 1}),
    ("kv.scan", {"prefix": "c", "limit": 10}, {"keys": ["c"], "count": 1}),
    ("kv.scan", {"limit": 2}, {"keys": ANY, "count": 2}),
    ("kv.dbsize", {}, {"size": 4}),
    ("kv.append", {"key": "a", "value": "yz"}, {"length": 3}),
    ("kv.getrange", {"key": "a", "start": -2, "end": -1}, "yz"),
    ("kv.getrange", {"key": "none", "start": 0, "end": 1}, None),
    ("kv.setrange", {"key": "a", "offset": 1, "value": "Y"}, {"length": 3}),
    ("kv.strlen", {"key": "a"}, {"length": 3}),
    ("kv.strlen", {"key": "none"}, {"length": 0}),
    ("kv.getset", {"key": "a", "value": "new"}, "xYz"),
    ("kv.getset", {"key": "fresh", "value": "new"}, None),
    ("kv.mdel", {"keys": ["fresh", "none"]}, {"deleted": 1}),
    ("kv.del", {"key": "c"}, {"deleted": True}),
    ("kv.del", {"key": "c"}, {"deleted": False}),
    ("kv.flushdb", {}, "! Invalid request: FLUSHDB is disabled. ..."),
    ("kv.flushall", {}, "! Invalid request: FLUSHALL is disabled. ..."),
    (
        "kv.stats",
        {},
        {
            "total_keys": 3,
            "total_memory_bytes": ANY,
            "operations": {"gets": ANY, "sets": ANY, "dels": ANY, "hits": ANY, "misses": ANY},
            "hit_rate": ANY,
        },
    ),
    ("key.type", {"key": "a"}, {"key": "a", "type": "string"}),
    ("key.exists", {"key": "none"}, {"key": "none", "exists": False}),
    (
        "key.rename",
        {"source": "b", "destination": "d"},
        {"success": True, "source": "b", "destination": "d"},
    ),
    ("key.rename", {"source": "b", "destination": "d"}, "! Key not found: b"),
    (
        "key.renamenx",
        {"source": "a", "destination": "d"},
        "! Invalid request: Destination key already exists",
    ),
    (
        "key.copy",
        {"source": "a", "destination": "d"},
        "! Invalid request: Destination key already exists and replace=false",
    ),
    (
        "key.copy",
        {"source": "a", "destination": "d", "replace": True},
        {"success": True, "source": "a", "destination": "d"},
    ),
    ("key.copy", {"source": "none", "destination": "e"}, "! Key not found: none"),
    ("key.randomkey", {}, {"key": ANY}),
    (
        "hash.set",
        {"key": "h", "field": "a", "value": "x"},
        {"success": True, "created": True, "key": "h", "field": "a"},
    ),
    ("hash.get", {"key": "h", "field": "a"}, {"found": True, "value": "x"}),
    ("hash.get", {"key": "h", "field": "none"}, {"found": False}),
    ("hash.getall", {"key": "h"}, {"fields": {"a": "x"}, "count": 1}),
    ("hash.getall", {"key": "none"}, {"fields": {}, "count": 0}),
    ("hash.keys", {"key": "h"}, {"keys": ["a"], "fields": ["a"], "count": 1}),
    ("hash.vals", {"key": "h"}, {"values": ["x"], "count": 1}),
    ("hash.values", {"key": "h"}, {"values": ["x"], "count": 1}),
    ("hash.len", {"key": "h"}, {"length": 1}),
    ("hash.exists", {"key": "h", "field": "a"}, {"exists": True}),
    ("hash.mset", {"key": "h", "fields": {"o": {"p": [1]}, "n": "30"}}, {"success": True}),
    ("hash.mset", {"key": "h", "fields": [{"field": "m", "value": None}]}, {"success": True}),
    (
        "hash.mget",
        {"key": "h", "fields": ["o", "m", "none", "a"]},
        {"values": [{"p": [1]}, None, None, "x"]},
    ),
    ("hash.incrby", {"key": "h", "field": "n", "increment": 1}, {"value": 31}),
    ("hash.incrbyfloat", {"key": "h", "field": "n", "increment": 0.5}, {"value": 31.5}),
    ("hash.setnx", {"key": "h", "field": "a", "value": "y"}, {"created": False}),
    ("hash.del", {"key": "h", "fields": ["a", "none"]}, {"deleted": 1}),
    ("hash.del", {"key": "h", "field": "m"}, {"deleted": 1}),
    ("hash.del", {"key": "h"}, "! Invalid request: Missing 'fields' array or 'field'"),
    (
        "hash.stats",
        {},
        {
            "total_hashes": 1,
            "total_fields": 2,
            "operations": {"hset_count": ANY, "hget_count": ANY, "hdel_count": ANY},
        },
    ),
]

NAMES = {
    "kv": "set get del exists incr decr mset msetnx mget mdel scan keys dbsize flushdb flushall "
    "expire ttl persist stats append getrange setrange strlen getset",
    "key": "type exists rename renamenx copy randomkey",
    "hash": "set get getall keys vals len exists del mset mget incrby incrbyfloat setnx stats",
}

# (method, path, body, status, answer)
ROUTES: list[tuple[str, str, Any, int, Any]] = [
    ("POST", "/kv/set", {"key": "a/b", "value": "x"}, 200,
     {"success": True, "key": "a/b", "written": True}),
    ("POST", "/kv/set", {"key": "a/b", "value": 2, "nx": True, "get": True}, 200,
     {"success": True, "key": "a/b", "written": False, "old_value": "x"}),
    ("POST", "/kv/set", {"key": "t", "value": "x", "ttl": 1,
                         "expiry": {"type": "milliseconds", "value": 100_000}}, 200,
     {"success": True, "key": "t", "written": True}),
    ("GET", "/kv/get/a%2Fb", None, 200, "x"),
    ("GET", "/kv/get/a%2Fb?type=bytes", None, 200, [120]),
    ("GET", "/kv/get/none", None, 200, {"error": "Key not found"}),
    ("DELETE", "/kv/del/t", None, 200, {"deleted": True, "key": "t"}),
    ("GET", "/kv/stats", None, 200, {"total_keys": 1, "total_memory_bytes": ANY,
                                     "operations": ANY, "hit_rate": ANY}),
    ("POST", "/kv/k/append", {"value": "abc"}, 200, {"length": 3}),
    ("GET", "/kv/k/getrange?start=0&end=1", None, 200, "ab"),
    ("GET", "/kv/none/getrange?start=0&end=1", None, 200,
     {"error": "Key not found or range empty"}),
    ("GET", "/kv/k/getrange?end=1", None, 400,
     {"error": "Invalid request: start parameter required", "code": 400}),
    ("POST", "/kv/k/setrange", {"offset": 1, "value": "X"}, 200, {"length": 3}),
    ("GET", "/kv/k/strlen", None, 200, {"length": 3}),
    ("POST", "/kv/k/getset", {"value": "v"}, 200, "aXc"),
    ("POST", "/kv/msetnx", {"pairs": [["y", 1], {"key": "z", "value": 2}]}, 200,
     {"success": True}),
    ("GET", "/key/k/type", None, 200, {"key": "k", "type": "string"}),
    ("GET", "/key/k/exists", None, 200, {"key": "k", "exists": True}),
    ("GET", "/key/randomkey", None, 200, {"key": ANY}),
    ("POST", "/key/k/rename", {"destination": "l"}, 200,
     {"success": True, "source": "k", "destination": "l"}),
    ("POST", "/key/k/rename", {"destination": "l"}, 404,
     {"error": "Key not found: k", "code": 404}),
    ("POST", "/key/l/renamenx", {"destination": "y"}, 400,
     {"error": "Invalid request: Destination key already exists", "code": 400}),
    ("POST", "/key/l/copy", {"destination": "y"}, 200,
     {"success": False, "source": "l", "destination": "y"}),
    ("POST", "/key/k/copy", {"destination": "y"}, 404,
     {"error": "Key not found: k", "code": 404}),
    ("GET", "/memory/none/usage", None, 200, {"key": "none", "bytes": 0, "human": "0B"}),
    ("POST", "/hash/h/set", {"field": "a", "value": {"b": 1}}, 200,
     {"created": True, "key": "h", "field": "a"}),
    ("POST", "/hash/h/setnx", {"field": "a", "value": 1}, 200,
     {"created": False, "key": "h", "field": "a"}),
    ("GET", "/hash/h/a", None, 200, {"b": 1}),
    ("GET", "/hash/h/none", None, 200, {"found": False}),
    ("GET", "/hash/h/getall", None, 200, {"a": {"b": 1}}),
    ("GET", "/hash/h/keys", None, 200, ["a"]),
    ("GET", "/hash/h/vals", None, 200, [{"b": 1}]),
    ("GET", "/hash/h/len", None, 200, {"length": 1}),
    ("POST", "/hash/h/mset", {"fields": {"n": 1}}, 200, {"success": True, "key": "h"}),
    ("POST", "/hash/h/mset", [{"field": "m", "value": "x"}], 200, {"success": True, "key": "h"}),
    ("POST", "/hash/h/mget", {"fields": ["n", "m", "none"]}, 200, [1, "x", None]),
    ("GET", "/hash/h/n/exists", None, 200, {"exists": True}),
    ("POST", "/hash/h/incrby", {"field": "n", "increment": 2}, 200, {"value": 3}),
    ("POST", "/hash/h/incrbyfloat", {"field": "n", "increment": 0.5}, 200, {"value": 3.5}),
    ("DELETE", "/hash/h/del", {"fields": ["n", "m"]}, 200, {"deleted": 2, "key": "h"}),
    ("GET", "/hash/stats", None, 200, {"total_hashes": 1, "total_fields": 1, "operations": ANY}),
    ("GET", "/hash/k/set", None, 405, None),
]  # fmt: skip


def equal(got: Any, wanted: Any) -> bool:
    if wanted is ANY:
        return got is not None
    if isinstance(wanted, dict):
        return (
            isinstance(got, dict)
            and set(got) == set(wanted)
            and all(equal(got[name], value) for name, value in wanted.items())
        )
    return type(got) is type(wanted) and got == wanted


@pytest.fixture(autouse=True)
def _empty(server: Server) -> None:
    if server.kind != "synap":
        pytest.skip("only Synap speaks HTTP")
    with server.client() as client:
        client.call("FLUSHALL")


def test_every_name_answers_as_the_contract_has_it(server: Server) -> None:
    seen = set()
    for name, payload, wanted in COMMANDS:
        seen.add(name)
        answer = command(server, name, payload)
        if isinstance(wanted, str) and wanted.startswith("! "):
            text = wanted[2:].removesuffix("...")
            assert answer["success"] is False and answer["payload"] is None, (name, answer)
            assert answer["error"].startswith(text), (name, answer)
            continue
        assert answer["success"] is True and answer["error"] is None, (name, answer)
        assert equal(answer["payload"], wanted), (name, payload, answer["payload"])
    wanted_names = {f"{family}.{name}" for family, all_ in NAMES.items() for name in all_.split()}
    assert len(wanted_names) == 44
    assert seen == wanted_names | USED_BY_SDKS


def test_every_route_answers_as_the_contract_has_it(server: Server) -> None:
    for method, path, body, status, wanted in ROUTES:
        data = () if body is None else (
            "-H", "Content-Type: application/json", "-d", json.dumps(body),
        )  # fmt: skip
        got, text = curl(server, path, "-X", method, *data)
        assert got == status, (method, path, got, text)
        if wanted is not None:
            assert equal(json.loads(text), wanted), (method, path, text)
