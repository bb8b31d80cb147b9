"""A month's bill: the usage of a stage, and lines that are the product of their factors and a price."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.prices import PRICES


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
        traced: Fraction of the requests that X-Ray traces: `FixedRate` of the sampling rule in main.yaml.
        free_alarms: Alarms of CloudWatch's free tier.
        requests: Requests to the API.
        queries: Requests that run a query in Athena. The others are answered with 304 or from the cache.
        raw_objects: Raw objects that a run reads: those of a year.
        stored_gb: The lake and the layer with their older versions, and query results of three days.
        response_kb: Size of a response: 252 rows, compressed. An upper bound, because a 304 has no body.
        log_gb: Size of all logs. Spark writes about 1 MB a run, and API Gateway 0.4 KB a request.
    """

    runs: float = 10 * 52 / 12
    alarms: int = 13
    ingest_gb: float = 1
    start_refine_gb: float = 0.5
    api_gb: float = 1
    workers: int = 2
    years: int = 33
    traced: float = 0.05
    free_alarms: int = 10

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


def gb_seconds(seconds: float, gigabytes: float) -> tuple[tuple[float, str], ...]:
    return (seconds, f"{seconds:g} s"), (gigabytes, f"{gigabytes:g} GB")


def total(bill: Sequence[Item], region: str, free_tier: bool) -> float:
    """Return US dollars a month, with or without CloudWatch's free tier. Other free tiers are ignored."""
    return sum(item.amount(region) for item in bill if not (free_tier and item.free))
