"""The files of the whole market: the latest sessions in a scheduled ingest, a year or a given file in a backfill."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import IO

import msgspec

from chalicelib import layout
from chalicelib.errors import BadPayload
from chalicelib.ingest.sources.b3.cotahist import LIMIT, CotahistOnline
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.ingest.sources.location import S3, opened
from chalicelib.lake import metrics
from chalicelib.lake.store import Lake
from chalicelib.logs import log
from chalicelib.market.files import MAGIC
from chalicelib.market.rules import FIRST_SESSION
from chalicelib.market.summary import Summary, summarise
from chalicelib.refine.calendar import sessions
from chalicelib.settings import Settings
from chalicelib.sources import COTAHIST

METRIC = "MarketFilesFailed"
"""The CloudWatch metric: 1 if a scheduled ingest requested files of the market and did not get all, else 0."""

RECENT_SESSIONS = 5
"""The number of sessions before today whose files a scheduled ingest requests, as far as raw lacks them."""

_CALENDAR = timedelta(days=30)
"""More than `RECENT_SESSIONS` sessions."""

DAYS_LIMITS = Limits(request_seconds=20.0, seconds=60.0, attempts=3)
"""Of a scheduled ingest. A file has 0.5 MB."""

YEAR_LIMITS = Limits(request_seconds=200.0, seconds=240.0, attempts=3)
"""Of a backfill: the function ends after 300 s."""


class MarketBackfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backfill of the market: the payload `{"backfill": {"source": "cotahist…", …}}` of the ingest function.

    Attributes:
        source: `cotahist`, with a year or a day; or `cotahist:s3://bucket/key`, a zip or its text.
        year, day: what to request from B3.
        dry_run: read the file to its end, and write nothing.
    """

    source: str
    year: int | None = None
    day: date | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of COTAHIST in raw.

    Attributes:
        key: its key; None in a dry run.
        added: whether it was added now. False if raw had the same bytes.
        summary: what it has.
    """

    key: str | None
    added: bool
    summary: Summary


@dataclass(frozen=True, slots=True)
class MarketFiles:
    """The result of a scheduled request.

    Attributes:
        stored: the files that were received.
        failures: why others were not, one line each.
    """

    stored: list[StoredFile]
    failures: list[str]


def backfill(request: MarketBackfill, settings: Settings, lake: Lake, now: datetime) -> StoredFile:
    """Add one file of COTAHIST to raw.

    Raises:
        BadPayload: the request names no file, or more than one.
        SourceError: the file cannot be had, or is not whole.
    """
    name, _, location = request.source.partition(":")
    period = [value for value in (request.year, request.day) if value is not None]
    if name == COTAHIST.name and location.startswith(S3) and not period:
        return add_location(location, lake, now, dry_run=request.dry_run)
    if request.source != COTAHIST.name or len(period) != 1:
        raise BadPayload(
            f"backfill.source is {request.source!r}, year {request.year}, day {request.day}; allowed: "
            f"{COTAHIST.name} with a year or a day, or {COTAHIST.name}:s3://bucket/key without"
        )
    today = now.astimezone(layout.SAO_PAULO).date()
    online = CotahistOnline(settings.cotahist_url, YEAR_LIMITS)
    if request.day is not None:
        wanted, allowed = online.day(request.day), FIRST_SESSION <= request.day <= today
    else:
        year = request.year or 0
        wanted, allowed = online.year(year), FIRST_SESSION.year <= year <= today.year
    if not allowed:
        raise BadPayload(f"backfill requests {period[0]}; allowed: from {FIRST_SESSION} to {today}")
    with online.download(*wanted) as (file, summary):
        return add(file, summary, lake, now, dry_run=request.dry_run)


def add_location(location: str, lake: Lake, now: datetime, *, dry_run: bool = False) -> StoredFile:
    """Add a file to raw by hand: a zip or its text.

    Args:
        location: a path, or `s3://bucket/key`.

    Raises:
        SourceError: the file cannot be read, or is not whole.
    """
    with opened(location, LIMIT) as file:
        return add(file, summarise(file, location), lake, now, dry_run=dry_run)


def add(file: IO[bytes], summary: Summary, lake: Lake, now: datetime, *, dry_run: bool = False) -> StoredFile:
    """Add a file to raw as it is, unless raw has the same bytes already.

    Args:
        file: seekable.
        summary: of the file.
        now: when the file was received, with a time zone.
    """
    if dry_run:
        return StoredFile(None, False, summary)
    etag = _etag(file)
    for key, listed in lake.cotahist_listing().items():
        if listed.etag == etag:
            return StoredFile(key, False, summary)
    file.seek(0)
    suffix = "zip" if file.read(len(MAGIC)) == MAGIC else "txt"
    metadata = {name: str(value) for name, value in asdict(summary).items()}
    named = layout.CotahistFile(summary.first, summary.last, now)
    return StoredFile(lake.put_cotahist(file, named, suffix, metadata), True, summary)


def _etag(file: IO[bytes]) -> str:
    """Return the ETag that S3 gives to an object of these bytes that is put in one part."""
    file.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while part := file.read(2**20):
        digest.update(part)
    return f'"{digest.hexdigest()}"'


def days_due(lake: Lake, now: datetime) -> list[date]:
    """Return the last sessions before today that no file of raw has, from the newest to the oldest."""
    today = now.astimezone(layout.SAO_PAULO).date()
    recent = sessions(today - _CALENDAR, today - timedelta(days=1))[-RECENT_SESSIONS:]
    files = [file for key in lake.cotahist_listing() if (file := layout.cotahist_file(key))]
    days = [day.date() for day in reversed(recent)]
    return [day for day in days if not any(file.first <= day <= file.last for file in files)]


def ingest_days(days: list[date], settings: Settings, lake: Lake, now: datetime) -> MarketFiles:
    """Request the files of sessions and add them to raw. No failure of B3 is raised.

    A day that fails does not end the requests of the others: B3 may answer 403 where it has no file.
    """
    online = CotahistOnline(settings.cotahist_url, DAYS_LIMITS)
    stored, failures = [], []
    for day in days:
        try:
            with online.download(*online.day(day)) as (file, summary):
                stored.append(add(file, summary, lake, now))
        except Exception as error:  # noqa: BLE001 - the bars of the index are stored, and their ingest must not fail
            failures.append(" ".join(f"{type(error).__name__}: {error}".split()))
    return MarketFiles(stored, failures)


def write_report(result: MarketFiles, bucket: str) -> None:
    """Write a result to the log: the metric, the files, and the failures.

    Args:
        bucket: the lake's refined bucket.
    """
    metrics.emit({METRIC: int(bool(result.failures))}, bucket)
    for file in result.stored:
        if file.added:
            log.info("added %s", file.key)
    for failure in result.failures:
        log.warning("market files: %s", failure)
