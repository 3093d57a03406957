"""Fixtures of the package's tests."""

import subprocess
import sys

import pytest

import synap


@pytest.fixture
def store():
    with synap.open(":memory:") as opened:
        yield opened


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def other_process():
    """other_process(source, *arguments): what a fresh interpreter printed, stripped."""

    def run(source, *arguments):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", source, *map(str, arguments)],
            capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
