"""Metrics of a lake: log lines that CloudWatch turns into metrics, so that PutMetricData is not needed.

Source: the CloudWatch Embedded Metric Format.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

NAMESPACE, DIMENSION = "b3-dataflow", "Bucket"
"""Of every metric. The dimension is the lake's refined bucket."""


def line(name: str, value: int, bucket: str, now: datetime) -> str:
    """Return the log line of a metric.

    Args:
        value: a count.
        bucket: the lake's refined bucket.
    """
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    entry = {
        "_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]},
        DIMENSION: bucket,
        name: value,
    }
    return msgspec.json.encode(entry).decode()
