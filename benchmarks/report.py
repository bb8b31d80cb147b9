"""Medians of several runs, and markdown tables."""

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
    """A table of results: title, method, names of the columns, rows."""

    title: str
    method: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        cells = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        return f"## {self.title}\n\n{self.method}\n\n{cells}\n"


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """Return the median duration of a function, after one run as a warm-up."""
    work()
    durations = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)


def milliseconds(seconds: float) -> str:
    """Return a duration as text."""
    return f"{seconds * 1000:,.1f} ms"


def machine() -> str:
    """Return date, machine and versions on one line."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "pyarrow", "duckdb", "moto"))
    return f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, {libraries}"
