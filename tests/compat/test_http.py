"""The HTTP API as curl users and the existing SDKs see it, on the port that RESP uses too."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from typing import Any

import pytest

from tests.lib.servers import Server, find_installed

SECONDS = 30


@pytest.fixture(autouse=True)
def _empty(server: Server) -> None:
    if server.kind != "synap":
        pytest.skip("only Synap speaks HTTP")
    with server.client() as client:
        client.call("FLUSHALL")


def curl(server: Server, path: str, *args: str) -> tuple[int, str]:
    command = [str(find_installed("curl", "curl")), "-sS", "-w", "\n%{http_code}", *args]
    command.append(f"http://127.0.0.1:{server.port}{path}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def get(server: Server, path: str) -> Any:
    status, body = curl(server, path)
    assert status == 200, body
    return json.loads(body)


def post(server: Server, path: str, value: Any, *, status: int = 200) -> Any:
    got, body = curl(
        server, path, "-XPOST", "-H", "Content-Type: application/json", "-d", json.dumps(value)
    )
    assert got == status, body
    return json.loads(body)


def command(server: Server, name: str, payload: Any) -> Any:
    envelope = {"command": name, "request_id": "r-1", "payload": payload}
    answer = post(server, "/api/v1/command", envelope)
    assert set(answer) == {"success", "request_id", "payload", "error"}
    assert answer["request_id"] == "r-1"
    return answer


def ok(server: Server, name: str, **payload: Any) -> Any:
    answer = command(server, name, payload)
    assert answer["success"] is True and answer["error"] is None, answer
    return answer["payload"]


def fails(server: Server, name: str, **payload: Any) -> str:
    answer = command(server, name, payload)
    assert answer["success"] is False and answer["payload"] is None, answer
    assert isinstance(answer["error"], str)
    return answer["error"]


def test_health(server: Server) -> None:
    health = get(server, "/health")
    assert health["status"] == "healthy" and health["service"] == "synap" and health["version"]
    assert get(server, "/health/kv")["status"] == "healthy"
    assert curl(server, "/livez")[0] == 200
    assert curl(server, "/readyz")[0] == 200
    status, body = curl(server, "/health", "-I")
    assert status == 200 and "HTTP/1.1 200" in body


def test_info(server: Server) -> None:
    info = get(server, "/info")
    assert "redis_version" in json.dumps(info) and "used_memory" in json.dumps(info)


SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)')


def scrape(server: Server) -> dict[str, float]:
    """Samples by name and labels, read as strictly as Prometheus' own checker does: HELP and TYPE
    before the samples, which stand together; no sample twice; counters that say so by their name;
    histograms that only rise, up to their count; quantiles from 0 to 1."""
    status, body = curl(server, "/metrics")
    assert status == 200 and body.endswith("\n")
    types: dict[str, str] = {}
    samples: dict[str, float] = {}
    family, helped, bucket = "", "", (("", ""), 0.0)
    for line in body.splitlines():
        if line.startswith("# HELP "):
            helped = line.split(" ", 3)[2]
            assert len(line.split(" ", 3)[3]) > 5, line
            continue
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert helped == family and family not in types, line
            assert family.endswith("_total") == (kind == "counter"), line
            types[family] = kind
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match[1], match[2] or "", float(match[3])
        suffix = {"histogram": "(_bucket|_sum|_count)", "summary": "(_sum|_count)?"}
        assert re.fullmatch(family + suffix.get(types[family], ""), name), line
        assert f"{name}{{{labels}}}" not in samples, line
        samples[f"{name}{{{labels}}}"] = value
        if name.endswith("_bucket"):
            series = (name, re.sub(r',?le="[^"]*"', "", labels))
            assert series != bucket[0] or value >= bucket[1], line
            bucket = (series, value)
        quantile = re.search(r'quantile="([^"]*)"', labels)
        assert quantile is None or (0 <= float(quantile[1]) <= 1 and value >= 0), line
    for name, value in samples.items():
        if 'le="+Inf"' in name:
            count = re.sub(r',?le="[^"]*"', "", name).replace("_bucket{", "_count{")
            assert samples[count] == value, name
    return samples


def test_metrics(server: Server) -> None:
    """Every family has its type, every sample its family, and counters only grow."""
    before = scrape(server)
    assert any(name.startswith("synap_") for name in before)
    with server.client() as client:
        client.batch([("SET", "a", "1")] * 100)
    after = scrape(server)
    counters = [n for n in before if re.search(r"_(total|count|bucket)(\{|$)", n)]
    assert counters and all(after[n] >= before[n] for n in counters)
    assert sum(after[n] for n in counters) >= sum(before[n] for n in counters) + 100


def test_metrics_of_what_the_log_is_kept_for(server: Server) -> None:
    """The same as INFO persistence has; nobody reads a server's log yet."""
    metrics = {
        "synap_log_pins": "synap_log_pins{}",
        "synap_log_pinned_bytes": "synap_log_pinned_bytes{}",
        "synap_log_pins_dropped": "synap_log_pins_dropped_total{}",
        "synap_log_readers": "synap_log_readers{}",
        "synap_log_stream_memory": "synap_log_stream_memory_bytes{}",
        "synap_log_streamed_from_memory": 'synap_log_streamed_bytes_total{from="memory"}',
        "synap_log_streamed_from_files": 'synap_log_streamed_bytes_total{from="files"}',
    }
    with server.client() as client:
        client.call("SET", "a", "1")
        text = client.call("INFO", "persistence")[1].decode()
    info = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    samples = scrape(server)
    for field, metric in metrics.items():
        assert samples[metric] == float(info[field]) == 0, field


def test_metrics_of_each_command(server: Server) -> None:
    """What it cost and how it failed, as INFO commandstats, errorstats and latencystats have it."""
    with server.client() as client:
        client.call("SET", "a", "text")
        before = scrape(server)
        for _ in range(5):
            client.call("INCR", "a")
            client.call("HGET", "a", "field")
            client.call("GET", "a")
    after = scrape(server)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more('synap_commands_failed_total{command="INCR"}') == 5
    assert more('synap_commands_failed_total{command="HGET"}') == 5
    assert more('synap_error_replies_total{error="ERR"}') == 5
    assert more('synap_error_replies_total{error="WRONGTYPE"}') == 5
    assert more('synap_commands_total{command="GET"}') == 5
    assert more('synap_command_latency_seconds_count{command="GET"}') == 5
    quantiles = [
        after[f'synap_command_latency_seconds{{command="GET",quantile="{quantile}"}}']
        for quantile in ("0.5", "0.99", "0.999")
    ]
    assert quantiles == sorted(quantiles) and 0 <= quantiles[-1] < SECONDS


def test_the_example_of_the_readme(server: Server) -> None:
    with server.client() as client:
        assert client.call("SET", "a", "1") == ("+", b"OK")
    assert get(server, "/kv/get/a") == "1"
    assert ok(server, "kv.get", key="a") == "1"


def test_kv_commands(server: Server) -> None:
    assert ok(server, "kv.set", key="a", value="x", ttl=60) == {"success": True}
    assert ok(server, "kv.get", key="a") == "x"
    assert ok(server, "kv.get", key="a", type="bytes") == [120]
    assert ok(server, "kv.get", key="missing") is None
    assert 55 <= ok(server, "kv.ttl", key="a")["ttl"] <= 60
    assert ok(server, "kv.persist", key="a") == {"result": True}
    assert ok(server, "kv.ttl", key="a") == {"ttl": None}
    assert ok(server, "kv.exists", key="a") == {"exists": True}
    assert ok(server, "kv.del", key="a") == {"deleted": True}
    assert ok(server, "kv.del", key="a") == {"deleted": False}
    assert ok(server, "kv.set", key="a", value={"n": [1, None]}) == {"success": True}
    assert json.loads(ok(server, "kv.get", key="a")) == {"n": [1, None]}
    assert ok(server, "kv.set", key="a", value="é\n\"", ttl=None) == {"success": True}
    assert ok(server, "kv.get", key="a") == "é\n\""


def test_kv_counters_and_ranges(server: Server) -> None:
    assert ok(server, "kv.incr", key="n") == {"value": 1}
    assert ok(server, "kv.incr", key="n", amount=41) == {"value": 42}
    assert ok(server, "kv.incrby", key="n", amount=1) == {"value": 43}
    assert ok(server, "kv.decr", key="n", amount=3) == {"value": 40}
    ok(server, "kv.set", key="s", value="hello")
    assert ok(server, "kv.append", key="s", value=" you") == {"length": 9}
    assert ok(server, "kv.getrange", key="s", start=-3, end=-1) == "you"
    assert ok(server, "kv.setrange", key="s", offset=0, value="J") == {"length": 9}
    assert ok(server, "kv.strlen", key="s") == {"length": 9}
    assert ok(server, "kv.getset", key="s", value="new") == "Jello you"
    assert ok(server, "kv.get", key="s") == "new"


def test_kv_many(server: Server) -> None:
    pairs = [{"key": "a", "value": "1"}, {"key": "b", "value": "text"}]
    assert ok(server, "kv.mset", pairs=pairs) == {"success": True}
    # A value that is JSON may come back parsed, as the SDKs expect it.
    values = ok(server, "kv.mget", keys=["a", "no", "b"])["values"]
    assert values[0] in ("1", 1) and values[1:] == [None, "text"]
    assert ok(server, "kv.msetnx", pairs=pairs) == {"success": False}
    assert sorted(ok(server, "kv.keys")["keys"]) == ["a", "b"]
    assert ok(server, "kv.keys", pattern="b*") == {"keys": ["b"], "count": 1}
    assert ok(server, "kv.scan", prefix="a", limit=10) == {"keys": ["a"], "count": 1}
    assert ok(server, "kv.dbsize") == {"size": 2}
    assert ok(server, "kv.mdel", keys=["a", "b", "no"]) == {"deleted": 2}
    assert ok(server, "kv.stats")["total_keys"] == 0
    assert "disabled" in fails(server, "kv.flushall")


def test_key_commands(server: Server) -> None:
    ok(server, "kv.set", key="a", value="1")
    assert ok(server, "key.type", key="a") == {"key": "a", "type": "string"}
    assert ok(server, "key.type", key="no") == {"key": "no", "type": "none"}
    assert ok(server, "key.exists", key="a") == {"key": "a", "exists": True}
    assert ok(server, "key.copy", source="a", destination="b")["success"] is True
    assert "already exists" in fails(server, "key.renamenx", source="a", destination="b")
    assert ok(server, "key.rename", source="a", destination="c")["destination"] == "c"
    assert fails(server, "key.rename", source="a", destination="c") == "Key not found: a"
    assert ok(server, "key.randomkey")["key"] in ("b", "c")


def test_errors_of_commands(server: Server) -> None:
    assert fails(server, "no.such") == "Unknown command: no.such"
    assert fails(server, "kv.get") == "Invalid request: Missing 'key' field"
    assert fails(server, "kv.ttl", key="no") == "Key not found: no"
    ok(server, "kv.set", key="s", value="text")
    assert fails(server, "kv.incr", key="s").startswith("Invalid value:")


def test_routes(server: Server) -> None:
    written = post(server, "/kv/set", {"key": "a/b", "value": "x", "ttl": 100})
    assert written["success"] is True and written["written"] is True
    assert get(server, "/kv/get/a%2Fb") == "x"
    assert get(server, "/kv/get/missing") == {"error": "Key not found"}
    refused = post(server, "/kv/set", {"key": "a/b", "value": "y", "nx": True, "get": True})
    assert refused["written"] is False
    assert post(server, "/kv/n/append", {"value": "abc"}) == {"length": 3}
    assert get(server, "/kv/n/getrange?start=1&end=-1") == "bc"
    assert get(server, "/kv/n/strlen") == {"length": 3}
    assert post(server, "/kv/n/setrange", {"offset": 1, "value": "X"}) == {"length": 3}
    assert post(server, "/kv/n/getset", {"value": "v"}) == "aXc"
    assert get(server, "/key/n/type") == {"key": "n", "type": "string"}
    assert get(server, "/key/n/exists") == {"key": "n", "exists": True}
    assert post(server, "/key/n/rename", {"destination": "m"})["success"] is True
    assert post(server, "/key/n/rename", {"destination": "m"}, status=404)["code"] == 404
    assert post(server, "/key/m/copy", {"destination": "o"})["success"] is True
    assert get(server, "/key/randomkey")["key"] in ("a/b", "m", "o")
    assert get(server, "/kv/stats")["total_keys"] == 3
    assert json.loads(curl(server, "/kv/del/m", "-XDELETE")[1]) == {"deleted": True, "key": "m"}


def test_refused_requests(server: Server) -> None:
    json_type = ("-H", "Content-Type: application/json")
    assert curl(server, "/no/such/path")[0] == 404
    assert curl(server, "/health", "-XPOST", "-d", "")[0] == 405
    assert curl(server, "/api/v1/command", *json_type, "-d", "{bad")[0] == 400
    assert curl(server, "/api/v1/command", *json_type, "-d", '{"command":"kv.get"}')[0] == 422
    assert curl(server, "/api/v1/command", "-H", "Content-Type: text/plain", "-d", "{}")[0] == 415
    foreign = ("-H", "Origin: http://evil.example")
    status, _ = curl(server, "/kv/get/a", *foreign)
    assert status == 403, "a web page of any origin could read the database"
    envelope = '{"command":"kv.set","request_id":"1","payload":{"key":"a","value":"1"}}'
    assert curl(server, "/api/v1/command", *json_type, *foreign, "-d", envelope)[0] == 403
    assert get(server, "/kv/get/a") == {"error": "Key not found"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ttl", -1),
        ("ttl", 60.5),
        ("ttl", "soon"),
        ("ttl", 2**63),
        ("ttl", 2**64),
        ("nx", "true"),
        ("expiry", 60),
        ("tll", 60),
    ],
)
def test_a_field_of_a_wrong_type(server: Server, field: str, value: Any) -> None:
    """fault case 7: it is an error that names the field, and nothing is written."""
    ok(server, "kv.set", key="a", value="before")
    body = json.dumps({"key": "a", "value": "after", field: value})
    json_type = ("-XPOST", "-H", "Content-Type: application/json")
    status, text = curl(server, "/kv/set", *json_type, "-d", body)
    assert status == 422 and f"'{field}'" in text, (status, text)
    if value != 2**64:  # which makes the whole envelope unreadable
        assert f"'{field}'" in fails(server, "kv.set", key="a", value="after", **{field: value})
    assert get(server, "/kv/get/a") == "before"


def test_numbers_as_clients_write_them(server: Server) -> None:
    """fault case 7: 60.0 and "60" are 60; what no integer holds is never cut to one."""
    for ttl in (60, 60.0, "60"):
        assert post(server, "/kv/set", {"key": "a", "value": "x", "ttl": ttl})["written"] is True
        assert 55 <= ok(server, "kv.ttl", key="a")["ttl"] <= 60
    ok(server, "kv.set", key="n", value="0")
    assert ok(server, "kv.incr", key="n", amount="5") == {"value": 5}
    for amount in (2**63, -(2**63) - 1, 2**64, 1.5, 1e19, True, "5x"):
        envelope = {"command": "kv.incr", "request_id": "r", "payload": {"key": "n"}}
        envelope["payload"]["amount"] = amount  # type: ignore[index]
        status, text = curl(
            server, "/api/v1/command", "-H", "Content-Type: application/json",
            "-d", json.dumps(envelope),
        )  # fmt: skip
        assert status in (200, 422) and "'amount'" in text, (amount, status, text)
        assert status == 422 or json.loads(text)["success"] is False
    assert get(server, "/kv/get/n") == "5"
    assert curl(server, "/kv/get/n?tpye=bytes")[0] == 400


def test_dns_rebinding(server: Server) -> None:
    """fault case 13: a page whose name was made to lead here reads nothing."""
    with server.client() as client:
        client.call("SET", "secret", "1")
    port = server.port
    for path in ("/key/randomkey", "/kv/get/secret", "/info", "/clients", "/kv/stats"):
        status, body = curl(server, path, "-H", f"Host: evil.example:{port}")
        assert status == 403 and "allowed_hosts" in body and "secret" not in body, (path, body)
        assert curl(server, path, "-H", "Sec-Fetch-Site: cross-site")[0] == 403
    for host in ("localhost", f"127.0.0.1:{port}", f"[::1]:{port}", "replica1:15510",
                 "synap.prod.svc.cluster.local", "host.docker.internal", "nas.local."):  # fmt: skip
        assert curl(server, "/key/randomkey", "-H", f"Host: {host}")[0] == 200, host
    assert curl(server, "/metrics", "-H", "Host: synap.prod.example")[0] == 200


def test_absolute_targets(server: Server) -> None:
    """What a client that believes in a proxy sends; the host in it is the one that counts."""
    with server.client() as client:
        client.call("SET", "a", "1")
    target = f"http://localhost:{server.port}/kv/get/a"
    assert curl(server, "/", "--request-target", target) == (200, '"1"')
    assert curl(server, "/", "--request-target", target.replace("localhost", "a.b"))[0] == 403
    assert curl(server, "/", "--request-target", "*")[0] == 400
    assert curl(server, "/", "-XOPTIONS", "--request-target", "*")[0] == 204


def test_keep_alive_and_pipelining(server: Server) -> None:
    """Two requests in one packet get two answers in order; RESP clients are not disturbed."""
    request = b"GET /kv/get/a HTTP/1.1\r\nHost: x\r\n\r\n"
    with server.client() as client:
        client.call("SET", "a", "1")
        with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as s:
            s.sendall(request + request.replace(b"/a ", b"/none "))
            answer = b""
            while b"Key not found" not in answer:
                piece = s.recv(65536)
                assert piece, f"closed after {answer!r}"
                answer += piece
        assert answer.count(b"HTTP/1.1 200") == 2
        assert client.call("GET", "a") == ("$", b"1")


@pytest.mark.parametrize(
    "encoding",
    [
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ],
    ids=["gzip, chunked", "gzip", "two fields"],
)
def test_a_body_that_would_have_to_be_unpacked(server: Server, encoding: bytes) -> None:
    """It is refused by its head: what was packed must not be stored as if it were the body."""
    body = b'{"key":"a","value":"packed"}'
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    head = b"POST /kv/set HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

    def answer(fields: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as s:
            s.sendall(head + fields + b"\r\n\r\n" + chunked)
            received = b""
            while piece := s.recv(65536):
                received += piece
        return received

    refused = answer(encoding)
    assert refused.startswith(b"HTTP/1.1 501 ") and refused.count(b"HTTP/1.1 ") == 1, refused
    assert get(server, "/kv/get/a") == {"error": "Key not found"}
    taken = answer(b"Connection: close\r\nTransfer-Encoding: Chunked")
    assert taken.startswith(b"HTTP/1.1 200 "), taken
    assert get(server, "/kv/get/a") == "packed"
