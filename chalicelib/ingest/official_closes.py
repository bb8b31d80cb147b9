"""The official closes of a scheduled ingest. They are requested once a day, and no failure of B3 ends the ingest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from chalicelib import layout
from chalicelib.ingest.ingest import Ingested, add, encode_closes, scheduled_days
from chalicelib.ingest.sources.b3.checks import check_level
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.ingest.sources.b3.online import Online
from chalicelib.instrument import IBOV, Instrument
from chalicelib.lake import metrics
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake
from chalicelib.logs import correlate, log
from chalicelib.settings import Settings

METRIC = "OfficialClosesFailed"
"""The CloudWatch metric: 1 if a scheduled ingest requested official closes and did not get all, else 0.

The alarm in infra/templates/main.yaml watches it.
"""


@dataclass(frozen=True, slots=True)
class OfficialCloses:
    """The result of a request for official closes.

    Attributes:
        added: the raw object, None if there is none.
        failure: why there is none, or why it lacks some years; None if all years were received.
    """

    added: Ingested | None
    failure: str | None


def online(settings: Settings, now: datetime, instrument: Instrument = IBOV, limits: Limits | None = None) -> Online:
    """Return the source `b3` of the settings."""
    today = now.astimezone(instrument.time_zone).date()
    return Online(settings.official_closes_url, today, limits or Limits(), instrument)


def years_due(source: Online, lake: Lake, contents: Contents | None, now: datetime) -> list[int]:
    """Return the years to request from B3, from the newest to the oldest: none if B3 has answered today.

    All years are requested until the lake has official closes, and in the runs that request the whole history of bars.
    """
    closes = contents.quality.official_closes if contents else None
    answered = closes.collected_at if closes else None
    if answered is None or scheduled_days(lake, contents, now).start is None:
        return source.due(all_years=True)
    return [] if _day(answered) == _day(now) else source.due(all_years=False)


def ingest_closes(source: Online, years: list[int], bars: pd.DataFrame, lake: Lake, now: datetime) -> OfficialCloses:
    """Request the closes of years and add them to raw.

    A failure of B3 ends the requests, and what was received before it is added.

    Args:
        years: from the newest to the oldest, without gaps.
        bars: bars to compare the closes with.
    """
    parts: list[pd.DataFrame] = []
    failure = None
    try:
        for closes in source.years(years):
            check_level(closes, bars, f"B3's answer for {closes['data'].iloc[0].year}")
            parts.insert(0, closes)
    except Exception as error:  # noqa: BLE001 - the bars are stored, and no failure here may repeat their ingest
        failure = " ".join(f"{type(error).__name__}: {error}".split())
    if not parts:
        return OfficialCloses(None, failure)
    body = encode_closes(pd.concat(parts, ignore_index=True), now, source.instrument)
    return OfficialCloses(add(body, lake, now), failure)


def _day(moment: datetime) -> date:
    return moment.astimezone(layout.SAO_PAULO).date()


def write_report(result: OfficialCloses, bucket: str) -> None:
    """Write a result to the log: the metric, and the failure.

    Args:
        bucket: the lake's refined bucket.
    """
    metrics.emit({METRIC: int(result.failure is not None)}, bucket)
    if result.added is not None:
        correlate(result.added.key)
        log.info("added %s: %s official closes", result.added.key, f"{result.added.bars:,}")
    if result.failure is not None:
        log.warning("official closes: %s", result.failure)
