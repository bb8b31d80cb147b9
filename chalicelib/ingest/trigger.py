"""Start a run of a Glue job: for an S3 event, and after a run that did not succeed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.errors import LakeChanged, RestartsExhausted, RunInProgress
from chalicelib.ingest.events import raw_objects
from chalicelib.lake.manifest import Manifest
from chalicelib.lake.runs import RAW_DIGEST, JobRuns
from chalicelib.lake.store import Lake
from chalicelib.logs import correlate, log
from chalicelib.settings import Settings

RESTARTS = 3
"""The number of runs of a job that are started after failed ones, for the same raw objects."""


def start_refine(event: Any, settings: Settings, lake: Lake, runs: JobRuns, now: datetime) -> str | None:
    """Start the job if the event names raw objects that are not merged yet. Return the run's id, or None.

    Args:
        event: S3 notification, as Lambda receives it. Any other event is ignored with a line that names it.
        now: the time, with a zone, to check whether a lease has expired.

    Raises:
        RunInProgress: another run is in progress, and may have listed raw already. Lambda retries, and does nothing if
            that run merged the object after all.
    """
    notified = raw_objects(event, settings.raw_bucket)
    if not notified:
        return None
    manifest, _ = lake.manifest()
    unmerged = unmerged_keys(notified, lake, manifest)
    correlate((unmerged or [*notified])[0])
    if not unmerged:
        log.debug("no run: %s is merged", ", ".join(notified))
        return None
    _check_lease(manifest, runs, unmerged[0], now)
    run_id = runs.start(settings, unmerged[0])
    log.debug("started %s for %s: run %s", runs.job, unmerged[0], run_id)
    return run_id


def unmerged_keys(notified: Mapping[str, str | None], lake: Lake, manifest: Manifest | None) -> list[str]:
    """Return the keys of the raw objects that the last commit did not merge.

    Args:
        notified: the ETag of each raw object by key, None where it is not known.
    """
    merged = _merged(lake, manifest)
    # Without an ETag the object may be new. An unneeded run writes nothing; a missing run would lose the object.
    return [key for key, etag in notified.items() if etag is None or merged.get(key) != etag]


def restart_refine(settings: Settings, lake: Lake, runs: JobRuns, now: datetime) -> str | None:
    """Start the job of the index again after a run that failed. Return the run's id, or None if all of raw is merged.

    Raises:
        RunInProgress: another run is in progress. Lambda retries.
        RestartsExhausted: the job was restarted `RESTARTS` times for these raw objects. An alarm reports it.
    """
    return _restart(lake.raw_objects(), settings, lake, runs, now)


def restart_market(settings: Settings, lake: Lake, runs: JobRuns, now: datetime) -> str | None:
    """Start the market's job again after a run that failed, as `restart_refine` does for the job of the index.

    Args:
        lake: the lake of the market.
        runs: the runs of the market's job.

    Returns:
        The run's id, or None if all files of COTAHIST are merged.

    Raises:
        RunInProgress, RestartsExhausted: as `restart_refine`.
    """
    return _restart(lake.cotahist_objects(), settings, lake, runs, now)


def job_of(event: Any) -> str | None:
    """Return the name of the job in an event of Glue, None for any other event."""
    detail = event.get("detail") if isinstance(event, Mapping) else None
    return detail.get("jobName") if isinstance(detail, Mapping) else None


def _restart(raw: Mapping[str, str], settings: Settings, lake: Lake, runs: JobRuns, now: datetime) -> str | None:
    """Start a job again, unless all of its raw objects are merged. Return the run's id.

    The number of restarts is not stored: each restarted run has the digest of the raw objects as an argument, and the
    runs with the same digest are counted. A new raw object changes the digest, so it may be tried `RESTARTS` times too.

    Args:
        raw: the ETag of each raw object that the job merges, by key.
    """
    manifest, _ = lake.manifest()
    unmerged = unmerged_keys(raw, lake, manifest)
    if not unmerged:
        log.info("no restart: all raw objects are merged")
        return None
    correlate(unmerged[-1])
    _check_lease(manifest, runs, unmerged[-1], now)
    digest = hashlib.sha256("\n".join(f"{key} {etag}" for key, etag in raw.items()).encode()).hexdigest()
    restarts = runs.restarts(digest)
    if restarts >= RESTARTS:
        raise RestartsExhausted(
            f"{runs.job} was restarted {restarts} times for the same {len(raw):,} raw objects, and each run "
            f"failed; allowed: {RESTARTS}. {unmerged[-1]} is not merged"
        )
    run_id = runs.start(settings, unmerged[-1], {RAW_DIGEST: digest})
    log.info("restart %d of %d for these raw objects: run %s", restarts + 1, RESTARTS, run_id)
    return run_id


def _check_lease(manifest: Manifest | None, runs: JobRuns, key: str, now: datetime) -> None:
    """Check that no run holds the lease. Glue does not count a run started by hand, and ours would fail.

    Raises:
        RunInProgress: a run holds the lease, and Glue does not report that it has ended.
    """
    lease = manifest.lease if manifest else None
    if lease and not lease.has_expired(now) and not runs.has_ended(lease.run_id):
        raise RunInProgress(
            f"{runs.job} is running; {key} waits for the next attempt: run {lease.run_id} holds the lease"
        )


def _merged(lake: Lake, manifest: Manifest | None) -> Mapping[str, str]:
    """Return the ETag of each merged raw object, by key; none while a run is writing, since it may replace the lake."""
    if manifest is None or manifest.contents is None or manifest.state != "ready":
        return {}
    try:
        return lake.ledger(manifest.contents.ledger).merged
    except LakeChanged:
        # A newer commit replaced the ledger. A needless run changes nothing; without one, the object may stay unmerged.
        return {}
