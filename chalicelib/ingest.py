"""One ingest: ask a source for bars and add what it gave to raw, unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib import layout, parquet
from chalicelib.errors import MixedLake
from chalicelib.lake import Lake
from chalicelib.manifest import Contents
from chalicelib.schema import RAW, TICKER
from chalicelib.sources import SYNTHETIC, Source

WINDOW = timedelta(days=400)
"""How far back a daily run asks: Yahoo changes closes days to months later, and it is one call either way."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest added to raw."""

    key: str
    bars: int
    first: date
    last: date


def ingest(source: Source, lake: Lake, now: datetime) -> Ingested:
    """Ask the source, and add one raw object. If the source fails, nothing is written.

    Args:
        now: when the run began, with a time zone.

    Raises:
        SourceError: the source gave no bars.
        MixedLake: the lake holds synthetic bars and the source real ones, or the other way round.
    """
    manifest, _ = lake.manifest()
    contents = manifest.contents if manifest else None
    _check_kind(source, contents)
    bars = source.fetch(window_start(lake, contents, now))
    raw = bars.assign(ticker=TICKER, fonte=source.name, coletado_em=now)
    key = lake.put_raw(parquet.encode(raw, RAW), now)
    dates = raw["data"]
    return Ingested(key, len(raw), dates.min().date(), dates.max().date())


def window_start(lake: Lake, contents: Contents | None, now: datetime) -> date | None:
    """From which day on to ask; None for the whole history.

    The whole history is asked for while nothing is committed yet, and by the first run of each month.
    """
    if contents is None or not lake.raw_objects(layout.raw_month(now)):
        return None
    return now.astimezone(layout.SAO_PAULO).date() - WINDOW


def _check_kind(source: Source, contents: Contents | None) -> None:
    synthetic = source.name == SYNTHETIC
    if contents is not None and contents.rows and contents.synthetic != synthetic:
        held = "synthetic" if contents.synthetic else "real"
        raise MixedLake(f"the lake holds {held} bars, the source is {source.name!r}; allowed: one kind only")
