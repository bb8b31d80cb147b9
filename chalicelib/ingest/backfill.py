"""The ingest function: the scheduled ingest, or a backfill of chosen days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from chalicelib import layout
from chalicelib.errors import BadPayload
from chalicelib.ingest import decisions
from chalicelib.ingest.ingest import DateRange, add, collect, ingest
from chalicelib.ingest.report import report
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.ingest.sources.yahoo import Yahoo
from chalicelib.instrument import IBOV, Instrument
from chalicelib.lake.freshness import metric
from chalicelib.lake.store import Lake
from chalicelib.sources import YAHOO


class Backfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backfill: the payload `{"backfill": {…}}` of the ingest function.

    Attributes:
        start, end: the days to request, both included.
        source: `yahoo`, or `csv:s3://bucket/key`. On AWS the function may read only `backfill/` of the raw bucket;
            on the laptop, the name of the source, which `run` does not read.
        as_correction: whether these bars win over every other source.
        dry_run: report the effect of each bar, and write nothing.
    """

    start: date
    end: date
    source: str = YAHOO.name
    as_correction: bool = False
    dry_run: bool = False


def handle(event: Mapping[str, Any], lake: Lake, now: datetime) -> dict[str, Any]:
    """Handle an invocation of the ingest function.

    Args:
        event: EventBridge's event, or `{"backfill": {…}}`: a `Backfill`, a `Removal` or an `Acceptance`.
        now: time of the invocation, with a time zone.

    Raises:
        BadPayload: the backfill is not valid; names the field and what is allowed.
        SourceError, MixedLake: as `ingest`.
    """
    if "backfill" not in event:
        _print_metric(lake, now)
        return {"added": msgspec.to_builtins(ingest(Yahoo(), lake, now))}
    payload = event["backfill"]
    if isinstance(payload, Mapping) and "accept" in payload:
        return decisions.accept(_convert(payload, decisions.Acceptance), lake, now)
    if isinstance(payload, Mapping) and payload.get("remove") is True:
        return decisions.remove(_convert(payload, decisions.Removal), lake, now)
    request = _convert(payload, Backfill)
    if request.source == YAHOO.name:
        return run(request, Yahoo(), lake, now)
    # A path is not allowed: it would be a file of the function itself.
    if request.source.startswith("csv:s3://"):
        return run(request, CsvFile(request.source.removeprefix("csv:")), lake, now)
    raise BadPayload(f"backfill.source is {request.source!r}; allowed: {YAHOO.name}, csv:s3://bucket/key")


def _convert(payload: object, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        raise BadPayload(f"backfill: {error}") from error


def _print_metric(lake: Lake, now: datetime) -> None:
    """Log the age of the data for CloudWatch, before the request to the source, which may fail."""
    manifest, _ = lake.manifest()
    if manifest and manifest.contents:
        print(metric(manifest.contents, lake.refined_bucket, now))


def run(request: Backfill, source: Source, lake: Lake, now: datetime, instrument: Instrument = IBOV) -> dict[str, Any]:
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
    days = DateRange(request.start, request.end)
    body = collect(source, lake, now, days, request.as_correction, instrument=instrument)
    effect = msgspec.to_builtins(report(body, lake, now, instrument))
    if request.dry_run:
        return {"dry_run": True, **effect}
    return {"dry_run": False, "added": msgspec.to_builtins(add(body, lake, now)), **effect}
