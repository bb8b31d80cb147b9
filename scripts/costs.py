"""`make docs`: write the monthly cost of a stage into docs/operations.md, from list prices and assumptions.

python -m scripts.costs us-east-1 sa-east-1    prints these regions instead: a usual month, the market, the worst month
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from common.paths import ROOT
from scripts import blocks
from scripts.bill import HOURS, Item, Usage, gb_seconds, total
from scripts.market_month import market_table
from scripts.prices import PRICES_OF, REGIONS, prices
from scripts.worst_month import worst_table

PATH = ROOT / "docs" / "operations.md"


def items(usage: Usage) -> list[Item]:
    """Return the lines of a month's bill."""
    runs = (usage.runs, f"{usage.runs:.0f} runs")
    requests = (usage.requests, f"{usage.requests:,} requests")
    queries = (usage.queries, f"{usage.queries:,} queries")
    million, thousand = (1e-6, "1/1,000,000"), (1e-3, "1/1,000")
    reads_per_query = 2 * usage.years
    return [
        Item(
            "Glue: the job",
            "dpu_hour",
            (
                runs,
                (usage.workers, f"{usage.workers} DPU"),
                (max(usage.job_seconds, 60) / 3600, f"{max(usage.job_seconds, 60):g} s/3,600"),
            ),
        ),
        # Athena charges at least 10 MB a query. All years together are smaller.
        Item("Athena: queries", "scanned", (queries, (10e6 / 1e12, "10 MB/1,000,000"))),
        Item("API Gateway: requests", "request", (requests, million)),
        Item("Lambda: api", "gb_second", (requests, *gb_seconds(usage.api_seconds, usage.api_gb))),
        Item("Lambda: ingest", "gb_second", (runs, *gb_seconds(usage.ingest_seconds, usage.ingest_gb))),
        Item(
            "Lambda: start_refine",
            "gb_second",
            (runs, *gb_seconds(usage.start_refine_seconds, usage.start_refine_gb)),
        ),
        Item(
            "Lambda: invocations",
            "invocation",
            ((usage.requests + 2 * usage.runs, f"{usage.requests + 2 * usage.runs:,.0f} invocations"), million),
        ),
        Item("S3: storage", "stored", ((usage.stored_gb, f"{usage.stored_gb:g} GB"),)),
        Item("S3: raw, read by the job", "get", (runs, (usage.raw_objects, f"{usage.raw_objects} objects"), thousand)),
        Item("S3: years, read by Athena", "get", (queries, (reads_per_query, f"{reads_per_query} reads"), thousand)),
        Item("S3: results, written by Athena", "put", (queries, (2, "2 objects"), thousand)),
        # Lease, a year, quarantine, revisions, ledger, commit, and the lists of both buckets, rounded up.
        Item("S3: lists and writes of the job", "put", (runs, (20, "20 calls"), thousand)),
        Item(
            "Responses to the internet",
            "out",
            (requests, (usage.response_kb / 1e6, f"{usage.response_kb:g} KB/1,000,000")),
        ),
        Item("X-Ray", "trace", (requests, (usage.traced, f"{usage.traced:g} traces"), million)),
        Item("CloudWatch: alarms of the free tier", "alarm", (_alarms(usage.free_alarms),), free=True),
        Item("CloudWatch: other alarms", "alarm", (_alarms(usage.alarms - usage.free_alarms),)),
        # AWS charges a metric only for the hours with a data point.
        Item(
            "CloudWatch: the metrics of the ingest",
            "metric",
            (runs, (3, "3 metrics"), (1 / HOURS, f"1 hour/{HOURS}")),
            free=True,
        ),
        Item("CloudWatch: logs", "logs", ((usage.log_gb, f"{usage.log_gb:g} GB"),), free=True),
    ]


def _alarms(count: int) -> tuple[float, str]:
    return count, f"{count} alarms"


def table(regions: Sequence[str], usage: Usage | None = None) -> str:
    """Return the bill as a markdown table, with formulas and both totals.

    Raises:
        KeyError: a region has no prices.
    """
    bill = items(usage or Usage())
    rows: list[tuple[object, ...]] = [
        (item.what, item.formula(), *(f"{item.amount(region):.3f}" for region in regions)) for item in bill
    ]
    for name, free_tier in (("inside", True), ("outside", False)):
        totals = (f"**{total(bill, region, free_tier):.2f}**" for region in regions)
        rows.append((f"**Total, {name} CloudWatch's free tier**", "", *totals))
    return blocks.table(("what", "formula", *regions), rows)


def _worst(regions: Sequence[str]) -> str:
    return worst_table(regions, items(Usage()), Usage())


def text(document: str) -> str:
    """Return the document with its tables."""
    note = f"From public copies of AWS's price list, {PRICES_OF}; check a price with `*`, which was in none of them.\n"
    return blocks.fill(
        document,
        {
            "costs": table(REGIONS),
            "market-costs": market_table(REGIONS),
            "worst": _worst(REGIONS),
            "prices": f"{note}\n{prices(REGIONS)}",
        },
    )


def main(arguments: Sequence[str]) -> None:
    """Print the table for some regions, or write the document."""
    unknown = [region for region in arguments if region not in REGIONS]
    if unknown:
        raise SystemExit(f"error: no prices for {unknown[0]!r}; allowed: {', '.join(REGIONS)}")
    if arguments:
        print(table(arguments), market_table(arguments), _worst(arguments), sep="\n\n")
    else:
        PATH.write_text(text(PATH.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
