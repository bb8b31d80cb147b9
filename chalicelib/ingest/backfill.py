"""What the ingest function does, and days asked for again by hand: old history, what Yahoo lacked, a correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import pandas as pd

from chalicelib import layout
from chalicelib.errors import BadPayload
from chalicelib.ingest.ingest import Window, collect, ingest
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.ingest.sources.yahoo import Yahoo
from chalicelib.lake.freshness import metric
from chalicelib.lake.store import Lake
from chalicelib.refine import raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import refine
from chalicelib.schema import PRICES

_SHOWN = [*PRICES, "volume_negociado", "fonte"]


class Backfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to ask for again: the payload `{"backfill": {…}}` of the ingest function.

    Attributes:
        start, end: the days, both included.
        source: `yahoo`, or `csv:s3://bucket/key`. On AWS it may read `backfill/` of the raw bucket only.
        as_correction: let these bars win over every other source.
        dry_run: only say which sessions would change.
    """

    start: date
    end: date
    source: str = "yahoo"
    as_correction: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A session whose bar would be another: open, high, low, close, volume and source, None where there is no bar."""

    session: date
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def handle(event: Mapping[str, Any], lake: Lake, now: datetime) -> dict[str, Any]:
    """What the ingest function does: the schedule's ingest, or the backfill that the event asks for.

    Args:
        event: EventBridge's, or `{"backfill": {…}}`.
        now: when the function was invoked, with a time zone.

    Raises:
        BadPayload: the backfill cannot be done as asked; names what is wrong.
        SourceError, MixedLake: as `ingest`.
    """
    if "backfill" not in event:
        _say_how_old(lake, now)
        return {"added": msgspec.to_builtins(ingest(Yahoo(), lake, now))}
    try:
        asked = msgspec.convert(event["backfill"], Backfill)
    except msgspec.ValidationError as error:
        raise BadPayload(f"backfill: {error}") from error
    if asked.source == "yahoo":
        return run(asked, Yahoo(), lake, now)
    # Not a path: that would be a file of the function's own.
    if asked.source.startswith("csv:s3://"):
        return run(asked, CsvFile(asked.source.removeprefix("csv:")), lake, now)
    raise BadPayload(f"backfill.source is {asked.source!r}; allowed: yahoo, csv:s3://bucket/key")


def _say_how_old(lake: Lake, now: datetime) -> None:
    """Tell CloudWatch how old the lake is, before a source is asked that may not answer."""
    manifest, _ = lake.manifest()
    if manifest and manifest.contents:
        print(metric(manifest.contents, lake.refined_bucket, now))


def run(asked: Backfill, source: Source, lake: Lake, now: datetime) -> dict[str, Any]:
    """Do what is asked.

    Returns:
        What was added, or, for a dry run, the sessions that would change.

    Raises:
        BadPayload: the first day is after the last, or the last is yet to come.
        SourceError, MixedLake: as `ingest`.
    """
    today = now.astimezone(layout.SAO_PAULO).date()
    if not asked.start <= asked.end <= today:
        raise BadPayload(f"from {asked.start} to {asked.end}; allowed: start ≤ end ≤ {today}, which is today")
    window = Window(asked.start, asked.end)
    if asked.dry_run:
        changes = preview(source, lake, now, window, asked.as_correction)
        return {"dry_run": True, "changes": [msgspec.to_builtins(change) for change in changes]}
    added = ingest(source, lake, now, window, asked.as_correction)
    return {"dry_run": False, "added": msgspec.to_builtins(added)}


def preview(source: Source, lake: Lake, now: datetime, window: Window, as_correction: bool) -> list[Change]:
    """The sessions that would change, were the source's answer added to raw. Nothing is written."""
    held = raw.read_all(lake.raw_bodies(lake.raw_objects()))
    fresh = raw.read(collect(source, lake, now, window, as_correction), layout.raw_key(now))
    before = refine(held.rows, held.refused, sessions)
    rows = [part for part in (held.rows, fresh.rows) if len(part)]
    after = refine(pd.concat(rows, ignore_index=True), held.refused, sessions)
    return _changes(_shown(before.bars), _shown(after.bars))


def _shown(bars: pd.DataFrame) -> dict[date, dict[str, Any]]:
    rows = bars[_SHOWN].astype(object).to_dict("records")
    return {
        day.date(): {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for day, row in zip(bars["data"], rows, strict=True)
    }


def _changes(before: Mapping[date, Any], after: Mapping[date, Any]) -> list[Change]:
    days = sorted(before.keys() | after.keys())
    return [Change(day, before.get(day), after.get(day)) for day in days if before.get(day) != after.get(day)]
