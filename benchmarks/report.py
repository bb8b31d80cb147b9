"""Measuring and writing down: medians of several runs, and tables that a reader can compare."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version


@dataclass(frozen=True, slots=True)
class Table:
    """One measurement: a title, what was done, the names of the columns, and the rows."""

    title: str
    method: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        cells = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"## {self.title}\n\n{self.method}\n\n{cells}\n"


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """The median duration of a piece of work, after one run that is not counted."""
    work()
    durations = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        durations.append(time.perf_counter() - began)
    return statistics.median(durations)


def milliseconds(seconds: float) -> str:
    """A duration as a table shows it."""
    return f"{seconds * 1000:,.1f} ms"


def machine() -> str:
    """Where it was measured, in one line."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "pyarrow", "duckdb", "moto"))
    return f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, {libraries}"
