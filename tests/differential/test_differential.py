"""CI's share of the differential test, and the proof that it can fail.

`python -m tests.differential` runs more seeds; see there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.differential import __main__ as program
from tests.differential.raw_cases import CLOSED, LAST, OPEN
from tests.lib.servers import MissingBinary, Server, find_redis8

SEEDS = "1..5"
COMMANDS = "10000"
CLOSE_SECONDS = 5.0


def differential(*extra: str) -> int:
    return program.main(["--commands", COMMANDS, *extra])


def test_random_commands_agree_with_redis() -> None:
    assert differential("--seeds", SEEDS) == 0, "differences, or not started: see the output"


def test_deadlines_of_fields_agree_with_a_newer_redis() -> None:
    try:
        find_redis8()
    except MissingBinary as missing:
        pytest.skip(str(missing))
    assert differential("--seeds", SEEDS, "--reference", "redis8") == 0
    assert differential("--seeds", "6", "--reference", "redis8", "--jumps") == 0


def test_wall_clocks_that_jump_by_ten_years() -> None:
    assert differential("--seeds", "1", "--jumps") == 0


def test_reference_agrees_with_itself() -> None:
    """What differs between two runs of one server is a fault of this test, not of Synap."""
    assert differential("--seeds", "1", "--tested", "redis") == 0


@pytest.mark.parametrize("canary", ["longer_append", "wrong_type", "lost_field"])
def test_falsified_reply_is_reported(canary: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--seeds", "3", "--protocol", "2", "--tested", "redis", "--canary", canary]
    assert differential(*options) == 1
    output = capsys.readouterr().out
    assert "reproduction" in output
    steps = int(output.split("reproduction, ")[1].split(" steps")[0])
    assert steps <= 6, "the reproduction was not made small"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    folder: Path = tmp_path_factory.mktemp("raw")
    try:
        servers = [
            Server("redis", folder / "reference", persistent=False),
            Server("synap", folder / "tested", persistent=False),
        ]
    except MissingBinary as missing:
        pytest.fail(str(missing))
    with servers[0], servers[1]:
        yield servers


def answers(server: Server, data: bytes, piecewise: bool, closes: bool) -> bytes:
    """Everything the server sends until it closes, or until it has answered LAST."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=CLOSE_SECONDS) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in [data[i : i + 1] for i in range(len(data))] if piecewise else [data]:
                s.sendall(piece)
            if not closes:
                s.sendall(LAST)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed before it had read all; what it said is still to be read
        received = b""
        try:
            while chunk := s.recv(65536):
                received += chunk
                if not closes and received.endswith(b"end of case\r\n"):
                    s.shutdown(socket.SHUT_WR)
        except ConnectionResetError:
            received += b"" if closes else b"(connection reset)"
    return received


@pytest.mark.parametrize("piecewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize("name", OPEN)
def test_raw_bytes(both: list[Server], name: str, piecewise: bool) -> None:
    reference, tested = (answers(s, OPEN[name], piecewise, closes=False) for s in both)
    assert tested == reference


@pytest.mark.parametrize("name", CLOSED)
def test_raw_bytes_that_end_the_connection(both: list[Server], name: str) -> None:
    reference, tested = (answers(s, CLOSED[name], False, closes=True) for s in both)
    assert tested == reference
