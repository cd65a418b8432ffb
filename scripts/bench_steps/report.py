"""Figures beside their baselines, against their aims: the table and the JSON report."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from scripts.bench_steps import meters


@dataclass(frozen=True)
class Row:
    """One line of the table. Without an aim it is there for information."""

    name: str
    figure: str
    baseline: str = ""
    ratio: float | None = None
    aim: float | None = None
    at_least: bool = False
    noise: float | None = None

    @property
    def reached(self) -> bool | None:
        """None where there is no aim."""
        if self.aim is None or self.ratio is None:
            return None
        return self.ratio >= self.aim if self.at_least else self.ratio <= self.aim

    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        sign = ("≥ " if self.at_least else "≤ ") if self.aim is not None else ""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        reached = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[self.reached]
        aim = "" if self.aim is None else f"{sign}{self.aim:g}"
        noise = "" if not self.noise else f"±{self.noise * 50:.0f} %"
        return (self.name, self.figure, self.baseline, ratio, noise, aim, reached)


@dataclass
class Part:
    """What one measurement found: its rows for the table and its figures for the report."""

    name: str
    rows: list[Row]
    figures: dict[str, Any]


@dataclass
class Report:
    """All parts of one run."""

    parts: list[Part] = field(default_factory=list)
    calibration: list[float] = field(default_factory=list)

    def calibrate(self) -> None:
        """Time the fixed piece of work once more."""
        self.calibration += [meters.calibrate() for _ in range(5)]

    def as_json(self) -> dict[str, Any]:
        """The report file."""
        figures: dict[str, Any] = {part.name: part.figures for part in self.parts}
        photos = figures.get("photos") or figures.get("evidence", {})
        rows = [row for part in self.parts for row in part.rows if row.aim is not None]
        return {
            "cpu_ratio": photos.get("cpu_ratio"),
            **figures,
            "machine": self._machine(),
            "aims": {
                row.name: {
                    "ratio": rounded(row.ratio),
                    "aim": row.aim,
                    "at_least": row.at_least,
                    "reached": row.reached,
                }
                for row in rows
            },
        }

    def table(self) -> Table:
        """The table for people."""
        table = Table(title=f"{os.cpu_count()} cores, Python {platform.python_version()}")
        for name in ("measured", "figure", "baseline", "ratio", "spread", "aim", "reached"):
            table.add_column(name, justify="left" if name == "measured" else "right")
        for part in self.parts:
            for row in part.rows:
                table.add_row(*row.cells())
            table.add_section()
        noise = meters.spread(self.calibration) * 50
        table.caption = f"the same fixed work took ±{noise:.0f} % over this run"
        return table

    def _machine(self) -> dict[str, Any]:
        return {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "noise": rounded(meters.spread(self.calibration)),
            "calibration_ms": rounded(statistics.median(self.calibration)),
        }


def rounded(value: float | None) -> float | None:
    """Three decimals are more than any of this is good for."""
    return None if value is None else round(value, 3)


def median(values: Sequence[float]) -> float:
    """The middle of several measurements."""
    return float(statistics.median(values))


def series(values: Sequence[float]) -> dict[str, Any]:
    """Several measurements of one thing, for the report file."""
    return {
        "median": rounded(median(values)),
        "spread": rounded(meters.spread(values)),
        "all": [rounded(value) for value in values],
    }
