"""Metrics of a lake: log lines that CloudWatch turns into metrics, so that PutMetricData is not needed.

Source: the CloudWatch Embedded Metric Format.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

NAMESPACE, DIMENSION = "b3-dataflow", "Bucket"
"""Of every metric. The dimension is the lake's refined bucket."""


def line(counts: Mapping[str, int], bucket: str, now: datetime) -> str:
    """Return the log line of some metrics.

    Args:
        counts: the value of each metric, by its name.
        bucket: the lake's refined bucket.
    """
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
    }
    about = {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return msgspec.json.encode({"_aws": about, DIMENSION: bucket, **counts}).decode()
