"""What a stage costs a month, from list prices and assumptions that stand here: `make docs` writes docs/operations.md.

python -m scripts.costs us-east-1 sa-east-1    prints the table instead, for these regions
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

READ = "November 2026"
"""When the prices were looked up."""


@dataclass(frozen=True, slots=True)
class Price:
    """A list price in US dollars, by region.

    Attributes:
        unit: what it is for.
        page: where AWS publishes it.
        unchecked: the regions for which none of the public copies of AWS's price list that were at hand had it.
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
    """What a stage does in a month. The first block is the system's own, the second a guess to replace by yours.

    Attributes:
        runs: of the schedule, ten a week; each adds a raw object, and so starts the job once.
        alarms: of infra/templates/main.yaml.
        ingest_gb, start_refine_gb, api_gb: memory of the functions, of .chalice/config.json.
        workers: of the job; G.1X is one DPU each.
        years: objects of the refined table.

        job_seconds: of a run. AWS charges a minute at least.
        ingest_seconds, start_refine_seconds, api_seconds: of an invocation.
        requests: to the API.
        asked: those that Athena has to answer; the others are 304, or remembered.
        raw_objects: that a run reads: those of a year.
        stored_gb: the lake and its older versions, results of three days, the layer and its older versions.
        answer_kb: of an answer as it is sent: 252 rows, compressed. A 304 has no body, so this is the most.
        log_gb: of all logs; Spark says about 1 MB a run.
    """

    runs: float = 10 * 52 / 12
    alarms: int = 7
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
    asked: int = 2_000
    raw_objects: int = 500
    stored_gb: float = 0.5
    answer_kb: float = 17
    log_gb: float = 0.1


HOURS = 730
"""In a month, as AWS counts."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill: the product of its factors, in units of its price.

    Attributes:
        free: whether CloudWatch's free tier takes it: 10 alarms, 10 metrics and 5 GB of logs in an account.
    """

    what: str
    price: str
    factors: tuple[tuple[float, str], ...]
    free: bool = False

    def amount(self, region: str) -> float:
        """US dollars a month."""
        return math.prod(value for value, _ in self.factors) * PRICES[self.price].by_region[region]

    def formula(self) -> str:
        """The factors as they are multiplied, with the name of the price at the end."""
        return " · ".join([*(said for _, said in self.factors), f"price of one {PRICES[self.price].unit}"])


def items(usage: Usage) -> list[Item]:
    """The bill of a month."""
    runs = (usage.runs, f"{usage.runs:.0f} runs")
    requests = (usage.requests, f"{usage.requests:,} requests")
    asked = (usage.asked, f"{usage.asked:,} questions")
    million, thousand = (1e-6, "1/1,000,000"), (1e-3, "1/1,000")
    per_question = 2 * usage.years
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
        # No year is as large as the 10 MB that Athena charges at the least, nor all of them together.
        Item("Athena: questions", "scanned", (asked, (10e6 / 1e12, "10 MB/1,000,000"))),
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
        Item("S3: what is stored", "stored", ((usage.stored_gb, f"{usage.stored_gb:g} GB"),)),
        Item("S3: raw, read by the job", "get", (runs, (usage.raw_objects, f"{usage.raw_objects} objects"), thousand)),
        Item("S3: years, read by Athena", "get", (asked, (per_question, f"{per_question} reads"), thousand)),
        Item("S3: results, written by Athena", "put", (asked, (2, "2 objects"), thousand)),
        # The lease, a year, quarantine, revisions, the ledger, the commit, and the lists of both buckets, with room.
        Item("S3: what the job lists and writes", "put", (runs, (20, "20 calls"), thousand)),
        Item(
            "Answers, to the internet", "out", (requests, (usage.answer_kb / 1e6, f"{usage.answer_kb:g} KB/1,000,000"))
        ),
        Item("X-Ray", "trace", (requests, million)),
        Item("CloudWatch: alarms", "alarm", ((usage.alarms, f"{usage.alarms} alarms"),), free=True),
        # AWS counts a metric only in the hours in which it is sent.
        Item("CloudWatch: SessionsBehind", "metric", (runs, (1 / HOURS, f"1 hour/{HOURS}")), free=True),
        Item("CloudWatch: logs", "logs", ((usage.log_gb, f"{usage.log_gb:g} GB"),), free=True),
    ]


def _gb_seconds(seconds: float, gigabytes: float) -> tuple[tuple[float, str], ...]:
    return (seconds, f"{seconds:g} s"), (gigabytes, f"{gigabytes:g} GB")


def total(bill: Sequence[Item], region: str, free_tier: bool) -> float:
    """US dollars a month, inside CloudWatch's free tier or outside it. No other free tier is counted."""
    return sum(item.amount(region) for item in bill if not (free_tier and item.free))


def table(regions: Sequence[str], usage: Usage | None = None) -> str:
    """The bill as markdown, with its formulas and both totals.

    Raises:
        KeyError: there are no prices for a region.
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
    """The prices as markdown, with where each is from."""
    rows: list[tuple[object, ...]] = []
    for price in PRICES.values():
        shown = (f"{_dollars(price.by_region[region])}{'*' if region in price.unchecked else ''}" for region in regions)
        rows.append((f"{price.unit}", *shown, f"<https://aws.amazon.com/{price.page}/pricing/>"))
    return blocks.table(("US dollars for one", *regions, "published at"), rows)


def _dollars(amount: float) -> str:
    return f"{amount:.2f}" if amount >= 0.01 and round(amount, 2) == amount else f"{amount:.10f}".rstrip("0")


def text(document: str) -> str:
    """The document with its tables."""
    note = f"From public copies of AWS's price list, {READ}; `*` was in none of them: look before you rely on it.\n"
    return blocks.fill(document, {"costs": table(REGIONS), "prices": f"{note}\n{prices(REGIONS)}"})


def main(arguments: Sequence[str]) -> None:
    """Print the table for the regions named, or write the document."""
    unknown = [region for region in arguments if region not in REGIONS]
    if unknown:
        raise SystemExit(f"error: no prices for {unknown[0]!r}; allowed: {', '.join(REGIONS)}")
    if arguments:
        print(table(arguments))
    else:
        PATH.write_text(text(PATH.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
