"""What the market adds to a month's bill, with MARKET=yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts import blocks
from scripts.bill import HOURS, Item, total


@dataclass(frozen=True, slots=True)
class MarketUsage:
    """Usage in a month of a market with 30 million records since 1994. docs/scaling.md has what was measured.

    Attributes:
        runs: Runs of the schedule in infra/templates/market.yaml, five a week. Each finds one new file.
        workers: Workers of the job. A G.1X worker is one DPU.
        ingests: Runs of the ingest, each of which writes the metric of the market.

        job_seconds: Duration of a run, an estimate: 60 s until the workers are ready, then three quarters of
            22 + 4.3 · 30 s of processor time, because one file is parsed instead of all, on the four cores of one
            worker, busy for 70 % of the time.
        puts: Objects of a run: 19 slices of 32 years, and what the commit writes, deletes and lists.
        gets: Objects that a run reads: bars and index of each file.
        stored_gb: Table, superseded tables of two days, parsed bars and zips: 7.5 million rows of 0.36 KB are 2.7 GB.
    """

    runs: float = 5 * 52 / 12
    workers: int = 2
    ingests: float = 10 * 52 / 12

    job_seconds: float = 100
    puts: int = 650
    gets: int = 600
    stored_gb: float = 12


def market_items(usage: MarketUsage) -> list[Item]:
    """Return the lines that the market adds to a month's bill."""
    runs = (usage.runs, f"{usage.runs:.0f} runs")
    thousand = (1e-3, "1/1,000")
    return [
        Item(
            "Glue: the job of the market",
            "dpu_hour",
            (
                runs,
                (usage.workers, f"{usage.workers} DPU"),
                (usage.job_seconds / 3600, f"{usage.job_seconds:g} s/3,600"),
            ),
        ),
        Item("S3: storage of the market", "stored", ((usage.stored_gb, f"{usage.stored_gb:g} GB"),)),
        Item("S3: read by the job of the market", "get", (runs, (usage.gets, f"{usage.gets} objects"), thousand)),
        Item("S3: written by the job of the market", "put", (runs, (usage.puts, f"{usage.puts} calls"), thousand)),
        Item("CloudWatch: the alarm of the market", "alarm", ((1, "1 alarm"),)),
        Item(
            "CloudWatch: the metric of the market",
            "metric",
            ((usage.ingests, f"{usage.ingests:.0f} runs"), (1 / HOURS, f"1 hour/{HOURS}")),
        ),
    ]


def market_table(regions: Sequence[str]) -> str:
    """Return the lines of `market_items` as a markdown table, with their sum.

    Raises:
        KeyError: a region has no prices.
    """
    added = market_items(MarketUsage())
    rows: list[tuple[object, ...]] = [
        (item.what, item.formula(), *(f"{item.amount(region):.3f}" for region in regions)) for item in added
    ]
    rows.append(("**Added**", "", *(f"**{total(added, region, free_tier=False):.2f}**" for region in regions)))
    return blocks.table(("what", "formula", *regions), rows)
