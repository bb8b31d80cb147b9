"""One ingest: ask a source for bars and add what it gave to raw, unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from chalicelib import layout
from chalicelib.errors import MixedLake, SourceMalformed
from chalicelib.ingest.sources import Source
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake
from chalicelib.refine import parquet, raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.quality import refusals
from chalicelib.schema import RAW, TICKER
from chalicelib.sources import CORRECTION, SYNTHETIC

WINDOW = timedelta(days=400)
"""How far back a daily run asks: Yahoo changes closes days to months later, and it is one call either way."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which days to ask a source for, both included; None is open."""

    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest added to raw."""

    key: str
    bars: int
    first: date
    last: date


def ingest(
    source: Source, lake: Lake, now: datetime, window: Window | None = None, as_correction: bool = False
) -> Ingested:
    """Ask the source, and add one raw object. If the source fails, nothing is written.

    Args:
        now: when the run began, with a time zone.
        window: which days; what the schedule asks for where None.
        as_correction: let these bars win over every other source.

    Raises:
        SourceError: the source gave no bars, or, as a correction, one that would be refused.
        MixedLake: the lake holds synthetic bars and the source real ones, or the other way round.
    """
    body = collect(source, lake, now, window, as_correction)
    key = lake.put_raw(body, now)
    dates = parquet.decode(body, RAW)["data"]
    return Ingested(key, len(dates), dates.min().date(), dates.max().date())


def collect(
    source: Source, lake: Lake, now: datetime, window: Window | None = None, as_correction: bool = False
) -> bytes:
    """The raw object that `ingest` would add; the arguments and errors are the same."""
    manifest, _ = lake.manifest()
    contents = manifest.contents if manifest else None
    _check_kind(source, contents)
    window = window or scheduled_window(lake, contents, now)
    bars = source.fetch(window.start, window.end)
    if as_correction:
        _check_final(bars, source, now)
    name = CORRECTION if as_correction else source.name
    return parquet.encode(bars.assign(ticker=TICKER, fonte=name, coletado_em=now), RAW)


def scheduled_window(lake: Lake, contents: Contents | None, now: datetime) -> Window:
    """What the schedule asks for.

    The whole history while nothing is committed yet, and by the first run of each month. Else the last 400 days, and
    further back if a session of this year or the last is missing for no known reason.
    """
    if contents is None or not lake.raw_objects(layout.raw_month(now)):
        return Window()
    today = now.astimezone(layout.SAO_PAULO).date()
    last_year = date(today.year - 1, 1, 1)
    holes = [gap.session for gap in contents.quality.gaps if gap.reason is None and gap.session >= last_year]
    return Window(min([today - WINDOW, *holes]))


def _check_kind(source: Source, contents: Contents | None) -> None:
    synthetic = source.name == SYNTHETIC
    if contents is not None and contents.rows and contents.synthetic != synthetic:
        held = "synthetic" if contents.synthetic else "real"
        raise MixedLake(f"the lake holds {held} bars, the source is {source.name!r}; allowed: one kind only")


def _check_final(bars: pd.DataFrame, source: Source, now: datetime) -> None:
    """A correction wins for ever, so each of its bars must be one that the lake would take."""
    rows = bars.assign(fonte=source.name, coletado_em=pd.Timestamp(now), chave="")
    rows[raw.LAST] = rows["data"] == rows["data"].max()
    reasons = refusals(rows, sessions(rows["data"].min().date(), rows["data"].max().date()))
    if (reasons != "").any():
        worst = (reasons != "").idxmax()
        raise SourceMalformed(
            f"the bar of {rows['data'][worst]:%Y-%m-%d} cannot be a correction: {reasons[worst]}; allowed: final bars"
        )
