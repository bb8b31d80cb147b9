"""The age of the data in sessions, for `/status` and for CloudWatch."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from chalicelib.lake.manifest import Contents
from chalicelib.layout import SAO_PAULO

NAMESPACE, METRIC, DIMENSION = "b3-dataflow", "SessionsBehind", "Bucket"
"""The CloudWatch metric. The alarm in infra/templates/main.yaml watches it."""


class Freshness(msgspec.Struct, frozen=True):
    """The last session that is due, and the number of sessions missing after the last one in the lake.

    A session is due on the day after it, in São Paulo.
    """

    expected: date | None
    sessions_behind: int


def freshness(contents: Contents, now: datetime) -> Freshness:
    """Return the last session that is due, and the number of sessions missing after the last one in the lake."""
    today = now.astimezone(SAO_PAULO).date()
    due = [session for session in contents.sessions_ahead if session < today]
    return Freshness(due[-1] if due else contents.as_of, len(due))


def metric(contents: Contents, bucket: str, now: datetime) -> str:
    """Return a log line that CloudWatch turns into the metric, so PutMetricData is not needed.

    Source: the CloudWatch Embedded Metric Format. The dimension is the lake's refined bucket.
    """
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": METRIC, "Unit": "Count"}],
    }
    line = {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        DIMENSION: bucket,
        METRIC: freshness(contents, now).sessions_behind,
    }
    return msgspec.json.encode(line).decode()
