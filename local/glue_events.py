"""EventBridge's events of Glue: the end of a job run invokes the functions of the app whose pattern matches."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalice.app import Chalice, CloudWatchEventConfig

from local import stack
from local.glue_jobs import SUCCEEDED, JobRun
from local.moto_state import ACCOUNT, REGION
from local.s3_events import S3Events


def deliver(run: JobRun, app: Chalice, events: S3Events) -> None:
    """Queue the event of a run's end for each handler of the app whose pattern matches it."""
    event = state_change(run)
    for source in app.event_sources:
        if isinstance(source, CloudWatchEventConfig) and matches(source.event_pattern, event):
            events.send(stack.function_arn(source.name), event)


def state_change(run: JobRun) -> dict[str, Any]:
    """Return the event of a run that has ended, in the format of the Glue developer guide."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Glue Job State Change",
        "source": "aws.glue",
        "account": ACCOUNT,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [],
        "detail": {
            "jobName": run.job["Name"],
            "severity": "INFO" if run.state == SUCCEEDED else "ERROR",
            "state": run.state,
            "jobRunId": run.id,
            "message": run.error or f"Job run {run.state}",
        },
    }


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether an event has, in each field of a pattern, one of the values there."""
    return all(
        matches(allowed, event.get(field, {})) if isinstance(allowed, Mapping) else event.get(field) in allowed
        for field, allowed in pattern.items()
    )
