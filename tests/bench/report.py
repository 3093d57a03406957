"""Rows of the table: what was measured, what was promised, and how both are shown."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

AIM, OK, BELOW, INFORMATION, NOT_RUN = "aim", "ok", "BELOW FLOOR", "-", "NOT RUN"
HEADINGS = ("what", "result", "spread", "floor", "aim", "", "Synap", "beside it")


@dataclass(frozen=True)
class Target:
    """What the design promises of a row."""

    floor: float
    aim: float
    better: str = "lower"

    def mark(self, value: float) -> str:
        def reaches(limit: float) -> bool:
            return value <= limit if self.better == "lower" else value >= limit

        return AIM if reaches(self.aim) else OK if reaches(self.floor) else BELOW


@dataclass
class Row:
    """One line of the table. With a peer the result is the ratio of each run's two figures, else
    the figure itself; of several runs it is their median."""

    group: str
    title: str
    unit: str = ""
    ours: Sequence[float] = ()
    theirs: Sequence[float] = ()
    peer: str = ""
    target: Target | None = None
    note: str = ""
    missing: str = ""
    extra: dict[str, object] = field(default_factory=dict)

    @property
    def is_ratio(self) -> bool:
        return bool(self.theirs)

    @property
    def values(self) -> list[float]:
        if self.is_ratio:
            return [a / b for a, b in zip(self.ours, self.theirs, strict=True)]
        return list(self.ours)

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def mark(self) -> str:
        if self.missing:
            return NOT_RUN
        return self.target.mark(self.value) if self.target else INFORMATION

    def cells(self) -> tuple[str, ...]:
        if self.missing:
            return (self.title, "", "", "", "", NOT_RUN, self.missing, "")
        limits = (self.target.floor, self.target.aim) if self.target else ()
        spread = f"{self._show(min(self.values))} .. {self._show(max(self.values))}"
        beside = f"{self.peer} {raw(self.theirs, self.unit)}" if self.theirs else ""
        return (
            self.title,
            self._show(self.value),
            spread if len(self.values) > 1 else "",
            *([self._show(limit) for limit in limits] or ("", "")),
            self.mark,
            raw(self.ours, self.unit),
            beside,
        )

    def _show(self, value: float) -> str:
        return f"{value:.2f} x" if self.is_ratio else f"{figure(value)} {self.unit}"

    def as_json(self) -> dict[str, object]:
        measured = not self.missing
        return {
            "group": self.group,
            "title": self.title,
            "unit": self.unit,
            "result": self.value if measured else None,
            "is_ratio": self.is_ratio,
            "runs": self.values if measured else [],
            "synap": list(self.ours),
            "peer": self.peer,
            "peer_runs": list(self.theirs),
            "floor": self.target.floor if self.target else None,
            "aim": self.target.aim if self.target else None,
            "better": self.target.better if self.target else None,
            "mark": self.mark,
            "note": self.note or self.missing,
            **self.extra,
        }


def figure(value: float) -> str:
    """Three digits that matter, without exponents."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3}f}"


def raw(values: Sequence[float], unit: str) -> str:
    return f"{figure(statistics.median(values))} {unit}".strip() if values else ""


def conditions_text(conditions: dict[str, str]) -> list[str]:
    c = conditions
    return [
        f"{c['date']}, commit {c['commit']}; {c['processor']}, {c['cores']} cores, {c['memory']}, "
        f"Linux {c['kernel']}, {c['filesystem']}; {c['compiler']}.",
        f"Redis {c['redis']}, nginx {c['nginx']}, wrk {c['wrk']}.",
        c["method"],
        f"Other programs used {c['other load']} cores during the run"
        + (": the figures are disturbed." if float(c["other load"]) > 0.1 else "."),
    ]


def text_table(rows: Sequence[Row], conditions: dict[str, str]) -> str:
    table = [HEADINGS, *(row.cells() for row in rows)]
    # A reason for a missing row may be long: it does not widen its column.
    shown = [line for line in table if line[5] != NOT_RUN]
    widths = [max(len(line[i]) for line in shown) for i in range(len(HEADINGS))]
    widths[0] = max(len(line[0]) for line in table)
    widths[5] = max(len(line[5]) for line in table)
    lines = []
    for cells in table:
        left = cells[0].ljust(widths[0])
        numbers = [cells[i].rjust(widths[i]) for i in range(1, 5)]
        rest = [cells[i].ljust(widths[i]) for i in range(5, len(cells))]
        lines.append("  ".join([left, *numbers, *rest]).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    notes = [f"  {row.title}: {row.note}" for row in rows if row.note and not row.missing]
    return "\n".join([*conditions_text(conditions), "", *lines, "", *notes])


def markdown_table(rows: Sequence[Row], conditions: dict[str, str]) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "| --- " + "| ---: " * 4 + "| --- | ---: | ---: |"]
    for row in rows:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells()) + " |")
    notes = [f"- {row.title}: {row.note}" for row in rows if row.note and not row.missing]
    return "\n".join([" ".join(conditions_text(conditions)), "", *lines, "", *notes]) + "\n"


def write(folder: Path, rows: Sequence[Row], conditions: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {"conditions": conditions, "rows": [row.as_json() for row in rows]}
    (folder / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    (folder / "results.md").write_text(markdown_table(rows, conditions))
