"""redis-cli and redis-benchmark as people call them."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.lib.resp import encode
from tests.lib.servers import Server, find_installed

SECONDS = 120
TOOLS = "redis-tools"


def run(server: Server, tool: str, *args: str, stdin: bytes | None = None) -> str:
    command = [str(find_installed(tool, TOOLS)), "-p", str(server.port), *args]
    done = subprocess.run(
        command, input=stdin or b"", capture_output=True, timeout=SECONDS, check=False
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, output
    return output.strip()


def cli(server: Server, *args: str, stdin: bytes | None = None) -> str:
    return run(server, "redis-cli", *args, stdin=stdin)


@pytest.mark.parametrize("protocol", ["-2", "-3"])
def test_redis_cli(server: Server, protocol: str) -> None:
    assert cli(server, protocol, "set", "a", "1") == "OK"
    assert cli(server, protocol, "get", "a") == "1"
    assert cli(server, protocol, "--no-raw", "get", "missing") == "(nil)"
    assert cli(server, protocol, "--no-raw", "incr", "a") == "(integer) 2"
    assert cli(server, protocol, "-n", "7", "exists", "a") == "0"


def test_redis_cli_reads_a_script(server: Server) -> None:
    script = b"MULTI\nSET script 1\nINCR script\nEXEC\nGET script\n"
    assert cli(server, stdin=script).split() == ["OK", "QUEUED", "QUEUED", "OK", "2", "2"]


def test_redis_cli_mass_insertion(server: Server) -> None:
    cli(server, "flushall")
    commands = b"".join(encode(["SET", f"mass:{i}", "v" * (i % 100)]) for i in range(20_000))
    assert "errors: 0, replies: 20000" in cli(server, "--pipe", stdin=commands)
    assert cli(server, "dbsize") == "20000"
    assert len(set(cli(server, "--scan", "--pattern", "mass:1*").split())) == 11_111


def test_redis_cli_statistics(server: Server) -> None:
    cli(server, "flushall")
    cli(server, "set", "big", "x" * 5000)
    assert "Biggest string found '\"big\"' has 5000 bytes" in cli(server, "--bigkeys")
    assert '"big"' in cli(server, "--memkeys")


def test_redis_cli_help_tables(server: Server) -> None:
    """What redis-cli asks for when it starts a prompt."""
    assert "summary" in cli(server, "command", "docs", "get")
    assert int(cli(server, "command", "count")) > 50
    assert f"redis_version:{server.redis_version}" in cli(server, "info", "server")


@pytest.mark.parametrize("pipeline", ["1", "16"])
def test_redis_benchmark(server: Server, pipeline: str) -> None:
    requests = "20000" if pipeline == "16" else "5000"
    options = ["-t", "set,get,incr,mset", "-P", pipeline, "-q", "-n", requests, "-r", "1000"]
    output = run(server, "redis-benchmark", *options)
    results = re.findall(r"(?:^|\r)\s*(\w+)[^:\r\n]*: [\d.]+ requests", output, re.MULTILINE)
    assert results == ["SET", "GET", "INCR", "MSET"], output
    assert "rror" not in output and "WARNING" not in output, output
