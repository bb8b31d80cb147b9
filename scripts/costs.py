"""`make docs`: write the monthly cost of a stage into docs/operations.md, from list prices and assumptions.

python -m scripts.costs us-east-1 sa-east-1    prints the table for these regions instead
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.paths import ROOT
from scripts import blocks

PATH = ROOT / "docs" / "operations.md"

REGIONS = ("us-east-1", "sa-east-1")

PRICES_OF = "November 2026"
"""Month of the prices."""


@dataclass(frozen=True, slots=True)
class Price:
    """A list price in US dollars, by region.

    Attributes:
        unit: Unit of the price.
        page: Page of AWS's website with the price.
        unchecked: Regions whose price was in no public copy of AWS's price list.
    """

    unit: str
    by_region: Mapping[str, float]
    page: str
    unchecked: tuple[str, ...] = ()


def _everywhere(unit: str, price: float, page: str) -> Price:
    return Price(unit, dict.fromkeys(REGIONS, price), page)


def _by_region(unit: str, us: float, sa: float, page: str, unchecked: tuple[str, ...] = ()) -> Price:
    return Price(unit, dict(zip(REGIONS, (us, sa), strict=True)), page, unchecked)


PRICES = {
    "dpu_hour": _by_region("DPU-hour of Glue", 0.44, 0.69, "glue"),
    "scanned": _by_region("TB that Athena scans", 5.00, 9.00, "athena"),
    "request": _by_region("million requests to a REST API", 3.50, 3.50, "api-gateway", ("sa-east-1",)),
    "invocation": _everywhere("million invocations of Lambda", 0.20, "lambda"),
    "gb_second": _everywhere("GB-second of Lambda (x86)", 0.0000166667, "lambda"),
    "stored": _by_region("GB-month in S3", 0.023, 0.0405, "s3"),
    "put": _by_region("thousand PUT or LIST to S3", 0.005, 0.007, "s3"),
    "get": _by_region("thousand GET from S3", 0.0004, 0.00056, "s3", ("sa-east-1",)),
    "out": _by_region("GB sent to the internet", 0.09, 0.15, "ec2/on-demand", ("sa-east-1",)),
    "trace": _everywhere("million traces of X-Ray", 5.00, "xray"),
    "alarm": _everywhere("alarm-month of CloudWatch", 0.10, "cloudwatch"),
    "metric": _everywhere("metric-month of CloudWatch", 0.30, "cloudwatch"),
    "logs": _by_region("GB of logs taken in", 0.50, 0.90, "cloudwatch", ("sa-east-1",)),
}


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage of a stage in a month. The first group follows from the project; replace the second by your own numbers.

    Attributes:
        runs: Runs of the schedule, ten a week. Each adds a raw object, and so starts the job once.
        alarms: Alarms of infra/templates/main.yaml.
        ingest_gb, start_refine_gb, api_gb: Memory of the functions in .chalice/config.json.
        workers: Workers of the job. A G.1X worker is one DPU.
        years: Objects of the refined table.

        job_seconds: Duration of a run. AWS charges at least a minute.
        ingest_seconds, start_refine_seconds, api_seconds: Duration of an invocation.
        requests: Requests to the API.
        queries: Requests that run a query in Athena. The others are answered with 304 or from the cache.
        raw_objects: Raw objects that a run reads: those of a year.
        stored_gb: The lake and the layer with their older versions, and query results of three days.
        response_kb: Size of a response: 252 rows, compressed. An upper bound, because a 304 has no body.
        log_gb: Size of all logs. Spark writes about 1 MB a run.
    """

    runs: float = 10 * 52 / 12
    alarms: int = 10
    ingest_gb: float = 1
    start_refine_gb: float = 0.5
    api_gb: float = 1
    workers: int = 2
    years: int = 33

    job_seconds: float = 75
    ingest_seconds: float = 15
    start_refine_seconds: float = 2
    api_seconds: float = 0.5
    requests: int = 10_000
    queries: int = 2_000
    raw_objects: int = 500
    stored_gb: float = 0.5
    response_kb: float = 17
    log_gb: float = 0.1


HOURS = 730
"""Hours of a month in AWS's bills."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill: the product of its factors and its price.

    Attributes:
        what: Name of the line.
        price: Key of `PRICES`.
        factors: Value and text of each factor.
        free: Whether CloudWatch's free tier covers it: 10 alarms, 10 metrics and 5 GB of logs in an account.
    """

    what: str
    price: str
    factors: tuple[tuple[float, str], ...]
    free: bool = False

    def amount(self, region: str) -> float:
        """Return the cost in US dollars a month."""
        return math.prod(value for value, _ in self.factors) * PRICES[self.price].by_region[region]

    def formula(self) -> str:
        """Return the texts of the factors, and the unit of the price at the end."""
        return " · ".join([*(text for _, text in self.factors), f"price of one {PRICES[self.price].unit}"])


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
        Item("Lambda: api", "gb_second", (requests, *_gb_seconds(usage.api_seconds, usage.api_gb))),
        Item("Lambda: ingest", "gb_second", (runs, *_gb_seconds(usage.ingest_seconds, usage.ingest_gb))),
        Item(
            "Lambda: start_refine",
            "gb_second",
            (runs, *_gb_seconds(usage.start_refine_seconds, usage.start_refine_gb)),
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
        Item("X-Ray", "trace", (requests, million)),
        Item("CloudWatch: alarms", "alarm", ((usage.alarms, f"{usage.alarms} alarms"),), free=True),
        # AWS charges a metric only for the hours with a data point.
        Item(
            "CloudWatch: SessionsBehind, OfficialClosesFailed",
            "metric",
            (runs, (2, "2 metrics"), (1 / HOURS, f"1 hour/{HOURS}")),
            free=True,
        ),
        Item("CloudWatch: logs", "logs", ((usage.log_gb, f"{usage.log_gb:g} GB"),), free=True),
    ]


def _gb_seconds(seconds: float, gigabytes: float) -> tuple[tuple[float, str], ...]:
    return (seconds, f"{seconds:g} s"), (gigabytes, f"{gigabytes:g} GB")


def total(bill: Sequence[Item], region: str, free_tier: bool) -> float:
    """Return US dollars a month, with or without CloudWatch's free tier. Other free tiers are ignored."""
    return sum(item.amount(region) for item in bill if not (free_tier and item.free))


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


def prices(regions: Sequence[str]) -> str:
    """Return the prices as a markdown table, with their sources."""
    rows: list[tuple[object, ...]] = []
    for price in PRICES.values():
        cells = (f"{_dollars(price.by_region[region])}{'*' if region in price.unchecked else ''}" for region in regions)
        rows.append((f"{price.unit}", *cells, f"<https://aws.amazon.com/{price.page}/pricing/>"))
    return blocks.table(("US dollars for one", *regions, "published at"), rows)


def _dollars(amount: float) -> str:
    return f"{amount:.2f}" if amount >= 0.01 and round(amount, 2) == amount else f"{amount:.10f}".rstrip("0")


def text(document: str) -> str:
    """Return the document with its tables."""
    note = f"From public copies of AWS's price list, {PRICES_OF}; check a price with `*`, which was in none of them.\n"
    return blocks.fill(document, {"costs": table(REGIONS), "prices": f"{note}\n{prices(REGIONS)}"})


def main(arguments: Sequence[str]) -> None:
    """Print the table for some regions, or write the document."""
    unknown = [region for region in arguments if region not in REGIONS]
    if unknown:
        raise SystemExit(f"error: no prices for {unknown[0]!r}; allowed: {', '.join(REGIONS)}")
    if arguments:
        print(table(arguments))
    else:
        PATH.write_text(text(PATH.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
