"""Runs the scripts for clients of Node; their packages are installed under build/node."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.lib.servers import REPOSITORY, Server, find_installed

HERE = Path(__file__).parent
MODULES = Path(os.environ.get("SYNAP_NODE_MODULES", REPOSITORY / "build/node/node_modules"))
SECONDS = 120


@pytest.mark.parametrize(
    ("script", "package"),
    [
        ("ioredis.test.cjs", "ioredis"),
        ("ioredis_hashes.test.cjs", "ioredis"),
        ("node_redis.test.cjs", "redis"),
        ("node_redis_hashes.test.cjs", "redis"),
        ("upstash.test.cjs", "@upstash/redis"),
    ],
)
def test_node_client(server: Server, script: str, package: str) -> None:
    if package == "@upstash/redis" and server.kind != "synap":
        pytest.skip("only Synap speaks HTTP")
    node = find_installed("node", "nodejs")
    if not (MODULES / package).is_dir():
        pytest.fail(f"{package} is not in {MODULES}: run `make test`, or npm install it there")
    environment = {
        **os.environ,
        "NODE_PATH": str(MODULES),
        "SYNAP_PORT": str(server.port),
        "SYNAP_REDIS_VERSION": server.redis_version,
    }
    done = subprocess.run(
        [str(node), "--test", str(HERE / script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout and "# pass 0" not in done.stdout, done.stdout
