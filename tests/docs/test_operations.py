"""The commands of docs/operations.md do what the page says, against a running server.

They run as they stand, but for the port and for the folder of the data.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lib.blocks import Block, blocks
from tests.lib.servers import REPOSITORY, Server, find_built

# What a test cannot do to the machine it runs on, and an example of damage with its own offsets.
LEFT_OUT = ("make install", "docker build", "cp -r data data.copy")
SERVE = "synap-server --config config.yml  "  # goes on until it is stopped


@dataclass
class Operator:
    """In a folder with config.yml, a server that runs on ./data, and a stopped store."""

    folder: Path
    server: Server

    def paste(self, block: Block) -> None:
        script = block.text.replace("15500", str(self.server.port))
        script = script.replace("/var/lib/synap/data", str(self.folder / "stopped"))
        tools = f"{find_built('synap-server').parent}:{os.environ['PATH']}"
        url = f"http://127.0.0.1:{self.server.port}"
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], cwd=self.folder, capture_output=True,
            text=True, env=os.environ | {"PATH": tools, "SYNAP_URL": url}, timeout=60, check=False,
        )
        assert done.returncode == 0, f"{block}:\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("operations")
    server = Server("synap", folder / "stopped")
    server.start()
    with server.client() as client:
        client.call("SET", "mykey", "value")
    assert server.stop() == 0
    shutil.copytree(folder / "stopped", folder / "data")
    server = Server("synap", folder / "data")
    server.start()
    (folder / "config.yml").write_text(
        f"server:\n  host: 127.0.0.1\n  port: {server.port}\npersistence:\n  data_dir: ./data\n"
    )
    yield Operator(folder, server)
    server.kill()


def pasted() -> list[Block]:
    page = [block for block in blocks(REPOSITORY / "docs/operations.md") if block.language == "sh"]
    kept = [block for block in page if not block.text.startswith((*LEFT_OUT, SERVE))]
    assert len(page) - len(kept) == len(LEFT_OUT) + 1, "which block was left out?"
    return kept


@pytest.mark.parametrize("block", pasted(), ids=str)
def test_commands_of_the_page_work(block: Block, operator: Operator) -> None:
    operator.paste(block)
