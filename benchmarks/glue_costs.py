"""What the market's job costs on Glue, on paper: the processor time that was measured, times the number of records.

python -m benchmarks.glue_costs
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.report import Table

MEASURED: Mapping[int, float] = {100_000: 35.0, 1_000_000: 110.0}
"""Processor seconds of the whole job by number of records, from docs/scaling.md: one core, without DuckDB."""

SIZES = (30_000_000, 300_000_000, 3_000_000_000)

DPU_HOUR = 0.308
"""Dollars. Glue 6.0 in us-east-1."""

CORES, MEMORY_GB = 4, 16
"""Of a worker G.1X, which is one DPU."""

START_SECONDS = 60.0
"""Until the workers of a run are ready. Not measured."""

EFFICIENCY = 0.7
"""The part of the time for which all cores have work: the last tasks of a stage run alone. An estimate."""

WORKERS: Mapping[int, int] = {30_000_000: 4, 300_000_000: 10, 3_000_000_000: 50}
"""The number of workers, one of which is the driver."""


def costs() -> Table:
    """Return the time and the cost of a run that parses all files."""
    (small, first), (large, second) = sorted(MEASURED.items())
    each = (second - first) / (large - small)
    fixed = first - each * small
    rows = []
    for records in SIZES:
        workers = WORKERS[records]
        cores = CORES * (workers - 1)
        processor = fixed + each * records
        seconds = START_SECONDS + processor / (cores * EFFICIENCY)
        dollars = workers * seconds / 3600 * DPU_HOUR
        rows.append(
            (
                f"{records:,}",
                f"{fixed:.0f} + {each * 1e6:.0f} · {records / 1e6:,.0f} = {processor:,.0f} s",
                f"{workers}, {cores} cores",
                f"{START_SECONDS:.0f} + {processor:,.0f} / ({cores} · {EFFICIENCY}) = {seconds:,.0f} s",
                f"{workers} · {seconds / 3600:.2f} h · {DPU_HOUR} = {dollars:,.2f} $",
            )
        )
    return Table(
        "The market's job on Glue, on paper",
        f"A run that parses every file. Processor time is {each * 1e6:.0f} s for a million records and {fixed:.0f} s a "
        f"run, of this machine's cores. A worker G.1X has {CORES} cores and {MEMORY_GB} GB, and costs {DPU_HOUR} "
        f"dollars an hour; one of them is the driver. Cores have work for {EFFICIENCY:.0%} of the time, and a run "
        f"starts in {START_SECONDS:.0f} s: both are estimates.",
        ("records", "processor time", "workers", "time", "cost"),
        tuple(rows),
    )


if __name__ == "__main__":
    print(costs())
