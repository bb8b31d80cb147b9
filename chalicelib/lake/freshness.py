"""How old the data is, by the sessions that are over: for `/status`, and for CloudWatch."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from chalicelib.lake.manifest import Contents
from chalicelib.layout import SAO_PAULO

NAMESPACE, METRIC, DIMENSION = "b3-dataflow", "SessionsBehind", "Bucket"
"""What CloudWatch calls it; the alarm in infra/templates/main.yaml is on these."""


class Freshness(msgspec.Struct, frozen=True):
    """Whether the last session is there: those of the days before today, in São Paulo, should be."""

    expected: date | None
    sessions_behind: int


def freshness(contents: Contents, now: datetime) -> Freshness:
    """How many sessions of the days before today the lake lacks at its end."""
    today = now.astimezone(SAO_PAULO).date()
    due = [session for session in contents.sessions_ahead if session < today]
    return Freshness(due[-1] if due else contents.as_of, len(due))


def metric(contents: Contents, bucket: str, now: datetime) -> str:
    """The line by which a function's log becomes a metric, without a call and without a right to make one.

    Source: the Embedded Metric Format of CloudWatch. The dimension is the lake's refined bucket, which names it.
    """
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": METRIC, "Unit": "Count"}],
    }
    told = {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        DIMENSION: bucket,
        METRIC: freshness(contents, now).sessions_behind,
    }
    return msgspec.json.encode(told).decode()
