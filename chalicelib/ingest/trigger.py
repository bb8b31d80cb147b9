"""From an S3 event to a run of the Glue job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from chalicelib import layout
from chalicelib.errors import LakeChanged, RunInProgress
from chalicelib.lake.manifest import Manifest
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


def start_refine(
    event: Mapping[str, Any], settings: Settings, lake: Lake, glue: GlueClient, now: datetime
) -> str | None:
    """Start the job if the event tells of raw objects that it has not merged. Returns the run's id, or None.

    Args:
        event: an S3 notification as Lambda receives it.
        now: the time, with a zone, by which a lease is live or has expired.

    Raises:
        RunInProgress: a run is going on, which may have looked at raw already. Lambda retries, and finds the object
            merged if that run saw it when it looked once more at its end.
    """
    told = _raw_objects(event, settings.raw_bucket)
    if not told:
        return None
    manifest, _ = lake.manifest()
    merged = _merged(lake, manifest)
    unmerged = [key for key, etag in told.items() if merged.get(key) != etag]
    if not unmerged:
        return None
    waits = f"{settings.job} is running; {unmerged[0]} waits for the next attempt"
    if manifest and manifest.lease and manifest.lease.is_live(now):
        # Glue does not know of a run by hand, and a run that it did start would only find the lease and fail.
        raise RunInProgress(f"{waits}: run {manifest.lease.run_id} holds the lease")
    arguments = {
        "--RAW_PATH": f"s3://{settings.raw_bucket}/{unmerged[0]}",
        "--REFINED_PATH": f"s3://{settings.refined_bucket}/{layout.REFINED_PREFIX}",
    }
    try:
        return glue.start_job_run(JobName=settings.job, Arguments=arguments)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException as error:
        raise RunInProgress(waits) from error


def _raw_objects(event: Mapping[str, Any], bucket: str) -> dict[str, str]:
    """The ETag of each raw object that the event tells of."""
    found = {}
    for record in event["Records"]:
        described = record["s3"]
        key = unquote_plus(described["object"]["key"])
        if described["bucket"]["name"] == bucket and layout.is_raw(key):
            found[key] = f'"{described["object"]["eTag"]}"'
    return found


def _merged(lake: Lake, manifest: Manifest | None) -> Mapping[str, str]:
    """The ETag of each raw object that a committed run has merged. While a run is writing, nothing is sure."""
    if manifest is None or manifest.contents is None or manifest.state != "ready":
        return {}
    try:
        return lake.ledger(manifest.contents.ledger).merged
    except LakeChanged:
        # A newer commit replaced it: a run too many writes nothing, one too few loses the object.
        return {}
