"""The ingest function: the scheduled ingest, or a backfill of chosen days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from chalicelib import layout
from chalicelib.errors import BadPayload
from chalicelib.ingest import cotahist, decisions, scheduled
from chalicelib.ingest.ingest import DateRange, add, check_kind, collect, encode_closes
from chalicelib.ingest.official_closes import online
from chalicelib.ingest.report import report
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.b3.closes import ClosesSource
from chalicelib.ingest.sources.b3.files import File
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.ingest.sources.location import S3
from chalicelib.ingest.sources.yahoo import Yahoo
from chalicelib.instrument import IBOV, Instrument
from chalicelib.lake.store import Lake
from chalicelib.logs import correlate, log
from chalicelib.settings import Settings
from chalicelib.sources import B3, COTAHIST, CSV, YAHOO


class Backfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backfill: the payload `{"backfill": {…}}` of the ingest function.

    Attributes:
        start, end: the days to request, both included.
        source: `yahoo`, `csv:s3://bucket/key`, `b3` or `b3:s3://bucket/key`; on AWS the function may read only
            `backfill/` of the raw bucket. `handle` reads it; callers of `run` pass the source itself.
        as_correction: whether these bars win over every other source.
        dry_run: report the effect of each bar, and write nothing.
    """

    start: date
    end: date
    source: str = YAHOO.name
    as_correction: bool = False
    dry_run: bool = False


def handle(event: Mapping[str, Any], settings: Settings, lake: Lake, now: datetime) -> dict[str, Any]:
    """Handle an invocation of the ingest function.

    Args:
        event: EventBridge's event, or `{"backfill": {…}}`: a `Backfill`, a `Removal`, an `Acceptance` or a
            `MarketBackfill`.
        now: time of the invocation, with a time zone.

    Raises:
        BadPayload: the backfill is not valid; names the field and what is allowed.
        SourceError, MixedLake: as `ingest`.
    """
    if "backfill" not in event:
        return scheduled.run(Yahoo(), settings, lake, now)
    payload = event["backfill"]
    if isinstance(payload, Mapping) and "accept" in payload:
        return decisions.accept(_convert(payload, decisions.Acceptance), lake, now)
    if isinstance(payload, Mapping) and payload.get("remove") is True:
        return decisions.remove(_convert(payload, decisions.Removal), lake, now)
    if isinstance(payload, Mapping) and str(payload.get("source")).startswith(COTAHIST.name):
        request = _convert(payload, cotahist.MarketBackfill)
        file = cotahist.backfill(request, settings, lake, now)
        return {"dry_run": request.dry_run, "file": msgspec.to_builtins(file)}
    request = _convert(payload, Backfill)
    return run(request, _source(request.source, settings, now), lake, now)


def _source(name: str, settings: Settings, now: datetime) -> Source | ClosesSource:
    if name == YAHOO.name:
        return Yahoo()
    if name == B3.name:
        return online(settings, now)
    # A path is not allowed: it would be a file of the function itself.
    kind, _, location = name.partition(":")
    if location.startswith(S3) and kind == CSV.name:
        return CsvFile(location)
    if location.startswith(S3) and kind == B3.name:
        return File(location, now.astimezone(layout.SAO_PAULO).date())
    raise BadPayload(
        f"backfill.source is {name!r}; allowed: {YAHOO.name}, csv:s3://bucket/key, {B3.name}, {B3.name}:s3://bucket/key"
        f", {COTAHIST.name}, {COTAHIST.name}:s3://bucket/key"
    )


def _convert(payload: object, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        raise BadPayload(f"backfill: {error}") from error


def run(
    request: Backfill,
    source: Source | ClosesSource,
    lake: Lake,
    now: datetime,
    instrument: Instrument = IBOV,
) -> dict[str, Any]:
    """Run a backfill.

    Returns:
        `dry_run`; `added`, the raw object, unless it is a dry run; and the fields of `Report`.

    Raises:
        BadPayload: the first day is after the last, or the last is in the future.
        SourceError, MixedLake: as `ingest`.
    """
    today = now.astimezone(layout.SAO_PAULO).date()
    if not request.start <= request.end <= today:
        raise BadPayload(f"from {request.start} to {request.end}; allowed: start ≤ end ≤ {today}, which is today")
    if source.name == B3.name:
        body = _collect_closes(request, source, lake, now, instrument)
    else:
        days = DateRange(request.start, request.end)
        body = collect(source, lake, now, days, request.as_correction, instrument=instrument)
    effect = msgspec.to_builtins(report(body, lake, now, instrument))
    if request.dry_run:
        return {"dry_run": True, **effect}
    added = add(body, lake, now)
    correlate(added.key)
    log.debug("added %s: a backfill from %s", added.key, request.source)
    return {"dry_run": False, "added": msgspec.to_builtins(added), **effect}


def _collect_closes(
    request: Backfill, source: ClosesSource, lake: Lake, now: datetime, instrument: Instrument
) -> bytes:
    """Return the raw object of the official closes of a request."""
    if request.as_correction:
        raise BadPayload(f"as_correction is true and source is {B3.name}; allowed: false, since closes are no bars")
    manifest, _ = lake.manifest()
    check_kind(source.name, manifest.contents if manifest else None)
    return encode_closes(source.fetch(request.start, request.end), now, instrument)
