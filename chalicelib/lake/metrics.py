"""Metrics of a lake: log lines that CloudWatch turns into metrics, so that PutMetricData is not needed."""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE, DIMENSION = "b3-dataflow", "Bucket"
"""Of every metric. The dimension is the lake's refined bucket."""


def emit(counts: Mapping[str, int], bucket: str) -> None:
    """Print the log line of some metrics, in CloudWatch's Embedded Metric Format.

    Args:
        counts: the value of each metric, by its name.
        bucket: the lake's refined bucket.
    """
    # Here, because the API imports this module and has no metrics.
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension(DIMENSION, bucket)
    for name, value in counts.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    metrics.flush_metrics()
