"""One ingest: read bars from a source and add them to raw, unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from chalicelib import layout
from chalicelib.errors import MixedLake, SourceMalformed
from chalicelib.ingest.sources import Source
from chalicelib.instrument import IBOV, Instrument
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake
from chalicelib.refine import parquet, scale
from chalicelib.refine.calendar import sessions
from chalicelib.refine.live import LAST
from chalicelib.refine.quality import refusals
from chalicelib.schema import OFFICIAL_CLOSES, RAW
from chalicelib.sources import B3, CORRECTION, SYNTHETIC

DAILY_SPAN = timedelta(days=400)
"""Days that each scheduled request covers, because Yahoo still changes closes months later."""

_DATES = tuple(column for column in RAW if column.name == "data")


@dataclass(frozen=True, slots=True)
class DateRange:
    """The days to request from a source, both included; None is open."""

    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """The raw object that an ingest added: its key, number of bars or closes, first and last date."""

    key: str
    bars: int
    first: date
    last: date


def ingest(
    source: Source,
    lake: Lake,
    now: datetime,
    days: DateRange | None = None,
    as_correction: bool = False,
    *,
    instrument: Instrument = IBOV,
) -> Ingested:
    """Read the source and add one raw object. If the source fails, nothing is written.

    Args:
        now: start of the run, with a time zone.
        days: the days to request; None for the result of `scheduled_days`.
        as_correction: whether these bars win over every other source.
        instrument: the instrument of the bars.

    Raises:
        SourceError: as `Source.fetch`, or a bar cannot be a correction.
        MixedLake: the lake holds synthetic bars and the source has real ones, or the reverse.
    """
    return add(collect(source, lake, now, days, as_correction, instrument=instrument), lake, now)


def add(body: bytes, lake: Lake, now: datetime) -> Ingested:
    """Add a raw object that `collect` or `encode_closes` returned."""
    key = lake.put_raw(body, now)
    dates = parquet.decode(body, _DATES)["data"]
    return Ingested(key, len(dates), dates.min().date(), dates.max().date())


def collect(
    source: Source,
    lake: Lake,
    now: datetime,
    days: DateRange | None = None,
    as_correction: bool = False,
    *,
    instrument: Instrument = IBOV,
) -> bytes:
    """Return the bytes of the raw object that `ingest` would add; arguments and errors are the same."""
    manifest, _ = lake.manifest()
    contents = manifest.contents if manifest else None
    check_kind(source.name, contents)
    days = days or scheduled_days(lake, contents, now)
    bars = source.fetch(days.start, days.end)
    if as_correction:
        _check_final(bars, source, now, instrument)
    name = CORRECTION.name if as_correction else source.name
    return parquet.encode(bars.assign(ticker=instrument.ticker, fonte=name, coletado_em=now), RAW)


def scheduled_days(lake: Lake, contents: Contents | None, now: datetime) -> DateRange:
    """Return the days that the schedule requests.

    Before the first commit, and while raw has no object of this month, the whole history. Otherwise the last 400
    days, and further back if a session of this year or the last is missing for no known reason.
    """
    if contents is None or not lake.raw_objects(layout.raw_month(now)):
        return DateRange()
    today = now.astimezone(layout.SAO_PAULO).date()
    last_year = date(today.year - 1, 1, 1)
    gaps = [gap.session for gap in contents.quality.gaps if gap.reason is None and gap.session >= last_year]
    return DateRange(min([today - DAILY_SPAN, *gaps]))


def encode_closes(closes: pd.DataFrame, now: datetime, instrument: Instrument = IBOV) -> bytes:
    """Return the raw object of official closes.

    Args:
        closes: the frame of a `ClosesSource`.
        now: time of the request to the source, with a time zone.
    """
    return parquet.encode(closes.assign(ticker=instrument.ticker, fonte=B3.name, coletado_em=now), OFFICIAL_CLOSES)


def check_kind(source: str, contents: Contents | None) -> None:
    """Raise MixedLake if the source has real rows and the lake synthetic ones, or the reverse."""
    synthetic = source in SYNTHETIC
    if contents is not None and contents.rows and contents.synthetic != synthetic:
        kind = "synthetic" if contents.synthetic else "real"
        raise MixedLake(f"the lake holds {kind} bars, the source is {source!r}; allowed: one kind only")


def _check_final(bars: pd.DataFrame, source: Source, now: datetime, instrument: Instrument) -> None:
    """Raise if a bar would be refused: a correction wins over all later downloads, so it must be acceptable."""
    rows = bars.assign(fonte=source.name, coletado_em=pd.Timestamp(now), chave="")
    rows[LAST] = rows["data"] == rows["data"].max()
    days = scale.span(rows["data"].min().date(), rows["data"].max().date(), instrument)
    reasons = refusals(rows, sessions(*days), instrument)
    if (reasons != "").any():
        first = (reasons != "").idxmax()
        raise SourceMalformed(
            f"the bar of {rows['data'][first]:%Y-%m-%d} cannot be a correction: {reasons[first]}; "
            "allowed: bars that no rule refuses"
        )
