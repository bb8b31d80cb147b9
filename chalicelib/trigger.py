"""From an S3 event to a run of the Glue job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from chalicelib import layout
from chalicelib.errors import LakeChanged, RunInProgress
from chalicelib.lake import Lake
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


def start_refine(event: Mapping[str, Any], settings: Settings, lake: Lake, glue: GlueClient) -> str | None:
    """Start the job if the event tells of raw objects that it has not merged. Returns the run's id, or None.

    Args:
        event: an S3 notification as Lambda receives it.

    Raises:
        RunInProgress: a run is going on, which may have looked at raw already. Lambda retries.
    """
    unmerged = [
        key for key, etag in _raw_objects(event, settings.raw_bucket).items() if not _is_merged(lake, key, etag)
    ]
    if not unmerged:
        return None
    arguments = {
        "--RAW_PATH": f"s3://{settings.raw_bucket}/{unmerged[0]}",
        "--REFINED_PATH": f"s3://{settings.refined_bucket}/{layout.REFINED_PREFIX}",
    }
    try:
        return glue.start_job_run(JobName=settings.job, Arguments=arguments)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException as error:
        raise RunInProgress(f"{settings.job} is running; {unmerged[0]} waits for the next attempt") from error


def _raw_objects(event: Mapping[str, Any], bucket: str) -> dict[str, str]:
    """The ETag of each raw object that the event tells of."""
    found = {}
    for record in event["Records"]:
        described = record["s3"]
        key = unquote_plus(described["object"]["key"])
        if described["bucket"]["name"] == bucket and layout.is_raw(key):
            found[key] = f'"{described["object"]["eTag"]}"'
    return found


def _is_merged(lake: Lake, key: str, etag: str) -> bool:
    """Whether a committed run has merged this very object. While a run is writing, nothing is sure."""
    manifest, _ = lake.manifest()
    if manifest is None or manifest.contents is None or manifest.state != "ready":
        return False
    try:
        return lake.ledger(manifest.contents.ledger).merged.get(key) == etag
    except LakeChanged:
        return False
