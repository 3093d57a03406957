"""Fixtures that every suite may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lib.servers import MissingBinary, Server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kind",
        default="synap",
        choices=["synap", "redis"],
        help="the server to run against; redis checks the tests themselves",
    )


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--kind"))


def make_server(kind: str, data_dir: Path, settings: dict[str, str] | None = None) -> Server:
    try:
        return Server(kind, data_dir, settings=settings)
    except MissingBinary as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def server(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with default settings for the whole session. It must log no error."""
    with make_server(kind, tmp_path_factory.mktemp("server") / "data") as running:
        yield running
        assert running.alive(), f"the server ended by itself; its log:\n{running.log()}"
        errors = running.error_lines()
    assert not errors, "errors in the server's log:\n" + "\n".join(errors)
