"""Start a run of the Glue job for an S3 event."""

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
    """Start the job if the event names raw objects that are not merged yet. Return the run's id, or None.

    Args:
        event: S3 notification, as Lambda receives it.
        now: the time, with a zone, to check whether a lease has expired.

    Raises:
        RunInProgress: another run is in progress, and may have listed raw already. Lambda retries, and does nothing if
            that run merged the object after all.
    """
    notified = _raw_objects(event, settings.raw_bucket)
    if not notified:
        return None
    manifest, _ = lake.manifest()
    merged = _merged(lake, manifest)
    unmerged = [key for key, etag in notified.items() if merged.get(key) != etag]
    if not unmerged:
        return None
    waits = f"{settings.job} is running; {unmerged[0]} waits for the next attempt"
    if manifest and manifest.lease and not manifest.lease.has_expired(now):
        # Glue does not count a run that was started outside Glue, and a second run would fail because of the lease.
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
    """Return the ETag of each raw object in the event, by key."""
    etags = {}
    for record in event["Records"]:
        entry = record["s3"]
        key = unquote_plus(entry["object"]["key"])
        if entry["bucket"]["name"] == bucket and layout.is_raw(key):
            etags[key] = f'"{entry["object"]["eTag"]}"'
    return etags


def _merged(lake: Lake, manifest: Manifest | None) -> Mapping[str, str]:
    """Return the ETag of each merged raw object, by key; none while a run is writing, since it may replace the lake."""
    if manifest is None or manifest.contents is None or manifest.state != "ready":
        return {}
    try:
        return lake.ledger(manifest.contents.ledger).merged
    except LakeChanged:
        # A newer commit replaced the ledger. A needless run changes nothing; without one, the object may stay unmerged.
        return {}
