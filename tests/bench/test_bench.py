"""The benchmark must go on running; what it measures is no test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import report, run
from tests.bench.load import Phase
from tests.bench.report import Row, Target
from tests.bench.rows_resp import Pair, rate_row

CONDITIONS = {
    name: "0"
    for name in "date commit processor cores memory kernel filesystem compiler redis nginx "
    "wrk method".split()
} | {"other load": "0.0"}


def test_every_row_can_be_measured(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--quick", "--output", str(tmp_path)]) == 0, capfd.readouterr().err
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert {row["group"] for row in rows} == set(run.GROUPS)
    for row in rows:
        assert row["mark"] != report.NOT_RUN or " yet" in row["note"] or "needed" in row["note"]
        assert all(value > 0 for value in row["synap"])
    table = (tmp_path / "results.md").read_text()
    assert all(row["title"] in table for row in rows)


def test_rows_can_be_measured_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    only = ["--only", "hash-memory", "--only", "hash-waits"]
    assert run.main(["--quick", *only, "--output", str(tmp_path)]) == 0, capfd.readouterr().err
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert {row["group"] for row in rows} == {"hash-memory", "hash-waits"}
    assert all(row["floor"] and row["aim"] for row in rows)
    assert len({row["title"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("target", "value", "mark"),
    [
        (Target(0.5, 0.3), 0.3, "aim"),
        (Target(0.5, 0.3), 0.31, "ok"),
        (Target(0.5, 0.3), 0.51, "BELOW FLOOR"),
        (Target(2, 5, "higher"), 5, "aim"),
        (Target(2, 5, "higher"), 2, "ok"),
        (Target(2, 5, "higher"), 1.99, "BELOW FLOOR"),
    ],
)
def test_marks(target: Target, value: float, mark: str) -> None:
    assert target.mark(value) == mark


def test_ratio_is_the_median_of_the_runs() -> None:
    row = Row("g", "t", "us", [1, 9, 2], [2, 10, 2], "Redis", Target(0.95, 0.5))
    assert row.values == [0.5, 0.9, 1.0]
    assert (row.value, row.mark) == (0.9, "ok")
    assert row.cells()[1:6] == ("0.90 x", "0.50 x .. 1.00 x", "0.95 x", "0.50 x", "ok")


def test_missing_rows_are_shown_with_their_reason() -> None:
    row = Row("g", "t", missing="no such program")
    assert row.as_json()["result"] is None
    assert "no such program" in report.text_table([row, Row("g", "u", "s", [1.0])], CONDITIONS)


@pytest.mark.parametrize(
    ("client_cpu", "server_cpu", "counted"),
    [(0.5, 1.0, True), (0.95, 1.0, False), (0.5, 0.5, False)],
)
def test_throughput_counts_only_where_the_server_was_the_limit(
    client_cpu: float, server_cpu: float, counted: bool
) -> None:
    fast = Phase(2_000_000, 1.0, server_cpu, client_cpu, {})
    slow = Phase(500_000, 1.0, 1.0, 0.2, {})
    row = rate_row("g", "GET", Pair([fast], [slow]), Target(2, 5, "higher"), cpu_limited=True)
    assert row.value == pytest.approx(4.0 / (1.0 if counted else server_cpu))
    assert ("estimate" in row.title) != counted
