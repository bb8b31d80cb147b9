"""What the market's job costs on Glue, on paper: the processor time that was measured, times the number of records.

python -m benchmarks.glue_costs
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from benchmarks import market
from benchmarks.report import Table
from chalicelib.job.market import slices
from scripts.prices import PRICES

MEASURED: Mapping[int, float] = {1_000_000: 22.0, 10_000_000: 64.0}
"""Processor seconds of the whole job by number of records, on two cores, from docs/scaling.md."""

SIZES = (30_000_000, 300_000_000, 3_000_000_000)

DPU_HOUR = PRICES["dpu_hour"].by_region["us-east-1"]
"""Dollars."""

PUT = PRICES["put"].by_region["us-east-1"] / 1000
"""Dollars of a write of S3. A slice writes an object for each year."""

BARS, YEARS = 0.25, 32
"""The part of the records that are bars, and the years from 1994 to 2025."""

CORES, MEMORY_GB = 4, 16
"""Of a worker G.1X, which is one DPU."""

START_SECONDS = 60.0
"""Until the workers of a run are ready. Not measured."""

EFFICIENCY = 0.7
"""The part of the time for which all cores have work: the last tasks of a stage run alone. An estimate."""

WORKERS: Mapping[int, int] = {30_000_000: 4, 300_000_000: 10, 3_000_000_000: 50}
"""The number of workers, one of which is the driver."""


def costs_of_this_run() -> Table:
    """Return `costs` for the processor time that this run of `make bench` measures."""
    seconds = market.processor_seconds(market.runs())
    return costs({records: seconds[records] for records in MEASURED})


def costs(measured: Mapping[int, float] = MEASURED) -> Table:
    """Return the time and the cost of a run that parses all files.

    Args:
        measured: processor seconds of the whole job for two numbers of records.
    """
    (small, first), (large, second) = sorted(measured.items())
    each = (second - first) / (large - small)
    fixed = first - each * small
    rows = []
    for records in SIZES:
        workers = WORKERS[records]
        cores = CORES * (workers - 1)
        processor = fixed + each * records
        seconds = START_SECONDS + processor / (cores * EFFICIENCY)
        objects = math.ceil(records * BARS / slices.BARS) * YEARS
        dollars = workers * seconds / 3600 * DPU_HOUR
        rows.append(
            (
                f"{records:,}",
                f"{fixed:.0f} + {each * 1e6:.1f} · {records / 1e6:,.0f} = {processor:,.0f} s",
                f"{workers}, {cores} cores",
                f"{START_SECONDS:.0f} + {processor:,.0f} / ({cores} · {EFFICIENCY}) = {seconds:,.0f} s",
                f"{objects:,} · {PUT * 1000} / 1000 = {objects * PUT:,.2f} $",
                f"{workers} · {seconds / 3600:.3f} h · {DPU_HOUR} = {dollars:,.2f} $",
            )
        )
    return Table(
        "The market's job on Glue, on paper",
        f"A run that parses every file. Processor time is {each * 1e6:.1f} s for a million records and {fixed:.0f} s a "
        f"run, of this machine's cores. A worker G.1X has {CORES} cores and {MEMORY_GB} GB, and costs {DPU_HOUR} "
        f"dollars an hour; one of them is the driver. Cores have work for {EFFICIENCY:.0%} of the time, and a run "
        f"starts in {START_SECONDS:.0f} s: both are estimates.",
        ("records", "processor time", "workers", "time", "writes of S3", "Glue"),
        tuple(rows),
    )


if __name__ == "__main__":
    print(costs())
