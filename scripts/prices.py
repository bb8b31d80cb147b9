"""AWS's list prices, by region, and where each is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts import blocks

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
    # Glue 6.0 costs 30 % less than the versions before it: 0.308 instead of 0.44 in us-east-1, announced on 2026-08-21.
    # For the other region this is the former price less 30 %, which is in no list.
    "dpu_hour": _by_region("DPU-hour of Glue 6.0", 0.308, round(0.7 * 0.69, 3), "glue", ("sa-east-1",)),
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


def prices(regions: Sequence[str]) -> str:
    """Return the prices as a markdown table, with their sources."""
    rows: list[tuple[object, ...]] = []
    for price in PRICES.values():
        cells = (f"{_dollars(price.by_region[region])}{'*' if region in price.unchecked else ''}" for region in regions)
        rows.append((f"{price.unit}", *cells, f"<https://aws.amazon.com/{price.page}/pricing/>"))
    return blocks.table(("US dollars for one", *regions, "published at"), rows)


def _dollars(amount: float) -> str:
    return f"{amount:.2f}" if amount >= 0.01 and round(amount, 2) == amount else f"{amount:.10f}".rstrip("0")
