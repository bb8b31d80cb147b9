"""The ingest function: the schedule's daily ingest, or a backfill of chosen days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import pandas as pd

from chalicelib import layout
from chalicelib.errors import BadPayload
from chalicelib.ingest.ingest import DateRange, collect, ingest
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.ingest.sources.yahoo import Yahoo
from chalicelib.instrument import IBOV, Instrument
from chalicelib.lake.freshness import metric
from chalicelib.lake.store import Lake
from chalicelib.refine import raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import refine
from chalicelib.schema import PRICES
from chalicelib.sources import YAHOO

_COMPARED = [*PRICES, "volume_negociado", "fonte"]


class Backfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backfill: the payload `{"backfill": {…}}` of the ingest function.

    Attributes:
        start, end: the days to request, both included.
        source: `yahoo`, or `csv:s3://bucket/key`. On AWS the function may read only `backfill/` of the raw bucket.
        as_correction: whether these bars win over every other source.
        dry_run: return the sessions that would change, and write nothing.
    """

    start: date
    end: date
    source: str = YAHOO.name
    as_correction: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A session that would change: its prices, volume and source before and after; None where there is no bar."""

    session: date
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def handle(event: Mapping[str, Any], lake: Lake, now: datetime) -> dict[str, Any]:
    """Handle an invocation of the ingest function.

    Args:
        event: EventBridge's event, or `{"backfill": {…}}`.
        now: time of the invocation, with a time zone.

    Raises:
        BadPayload: the backfill is not valid; names the field and what is allowed.
        SourceError, MixedLake: as `ingest`.
    """
    if "backfill" not in event:
        _print_metric(lake, now)
        return {"added": msgspec.to_builtins(ingest(Yahoo(), lake, now))}
    try:
        request = msgspec.convert(event["backfill"], Backfill)
    except msgspec.ValidationError as error:
        raise BadPayload(f"backfill: {error}") from error
    if request.source == YAHOO.name:
        return run(request, Yahoo(), lake, now)
    # A path is not allowed: it would be a file of the function itself.
    if request.source.startswith("csv:s3://"):
        return run(request, CsvFile(request.source.removeprefix("csv:")), lake, now)
    raise BadPayload(f"backfill.source is {request.source!r}; allowed: {YAHOO.name}, csv:s3://bucket/key")


def _print_metric(lake: Lake, now: datetime) -> None:
    """Log the age of the data for CloudWatch, before the request to the source, which may fail."""
    manifest, _ = lake.manifest()
    if manifest and manifest.contents:
        print(metric(manifest.contents, lake.refined_bucket, now))


def run(request: Backfill, source: Source, lake: Lake, now: datetime, instrument: Instrument = IBOV) -> dict[str, Any]:
    """Run a backfill.

    Returns:
        The raw object that was added or, for a dry run, the sessions that would change.

    Raises:
        BadPayload: the first day is after the last, or the last is in the future.
        SourceError, MixedLake: as `ingest`.
    """
    today = now.astimezone(layout.SAO_PAULO).date()
    if not request.start <= request.end <= today:
        raise BadPayload(f"from {request.start} to {request.end}; allowed: start ≤ end ≤ {today}, which is today")
    days = DateRange(request.start, request.end)
    if request.dry_run:
        changes = preview(source, lake, now, days, request.as_correction, instrument=instrument)
        return {"dry_run": True, "changes": [msgspec.to_builtins(change) for change in changes]}
    added = ingest(source, lake, now, days, request.as_correction, instrument=instrument)
    return {"dry_run": False, "added": msgspec.to_builtins(added)}


def preview(
    source: Source, lake: Lake, now: datetime, days: DateRange, as_correction: bool, *, instrument: Instrument
) -> list[Change]:
    """Return the sessions that would change if the source's bars were added to raw. Nothing is written."""
    current = raw.read_all(lake.raw_bodies(lake.raw_objects()), instrument)
    body = collect(source, lake, now, days, as_correction, instrument=instrument)
    new = raw.read(body, layout.raw_key(now), instrument)
    before = refine(current.rows, current.refused, sessions, instrument)
    rows = [part for part in (current.rows, new.rows) if len(part)]
    after = refine(pd.concat(rows, ignore_index=True), current.refused, sessions, instrument)
    return _changes(_by_session(before.bars), _by_session(after.bars))


def _by_session(bars: pd.DataFrame) -> dict[date, dict[str, Any]]:
    rows = bars[_COMPARED].astype(object).to_dict("records")
    return {
        day.date(): {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for day, row in zip(bars["data"], rows, strict=True)
    }


def _changes(before: Mapping[date, Any], after: Mapping[date, Any]) -> list[Change]:
    days = sorted(before.keys() | after.keys())
    return [Change(day, before.get(day), after.get(day)) for day in days if before.get(day) != after.get(day)]
