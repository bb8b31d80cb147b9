"""The effect of each bar of a backfill: it changes a session, is equal, is outranked by another bar, or is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

import pandas as pd

from chalicelib import layout
from chalicelib.instrument import Instrument
from chalicelib.lake.store import Lake
from chalicelib.refine import raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.quality import CONTRADICTORY, REASONS
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import PRICES
from chalicelib.sources import REMOVAL

LIMIT = 1_000
"""The maximum number of entries of each list of a report, so that it fits in a response of a Lambda function (6 MB)."""

_VALUES = (*PRICES, "volume_negociado")
_SHOWN = [*_VALUES, "fonte"]
_MEANINGS = {rule.name: rule.meaning for rule in REASONS}


@dataclass(frozen=True, slots=True)
class Change:
    """A session that changes: its prices, volume and source before and after; None where there is no bar."""

    session: date
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Outranked:
    """A bar that differs from the bar in the lake and does not replace it, because that has a source of higher rank.

    Attributes:
        kept: the source of the bar in the lake.
    """

    session: date
    kept: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A bar that is refused, with the name of the rule and its meaning. The date is text, as the source has it.

    A whole object that is held back has no session, and `meaning` says how it contradicts the lake.
    """

    session: str | None
    reason: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Report:
    """The effect of every bar of a backfill. `counts` has all of them; each list has at most `LIMIT` entries."""

    counts: Mapping[str, int]
    changed: list[Change]
    equal: list[date]
    outranked: list[Outranked]
    refused: list[Refusal]


def report(body: bytes, lake: Lake, now: datetime, instrument: Instrument) -> Report:
    """Return the effect that a raw object would have on the lake. Nothing is written.

    Args:
        body: the raw object.
        now: the time at which it is added, with a time zone.
    """
    listing = lake.raw_listing()
    keys = (layout.raw_key(now, attempt) for attempt in count())
    key = next(key for key in keys if key not in listing)
    current = raw.read_all(lake.read_raw(listing), instrument)
    new = raw.read(body, key, instrument)
    before = refine(current, sessions, instrument)
    after = refine(raw.combine([current, new]), sessions, instrument)
    return _compare(new.rows, _refusals(after, key), _by_session(before.bars), _by_session(after.bars))


def _compare(
    rows: pd.DataFrame, refused: list[Refusal], before: Mapping[date, Any], after: Mapping[date, Any]
) -> Report:
    changed = [
        Change(day, before.get(day), after.get(day))
        for day in sorted(before.keys() | after.keys())
        if before.get(day) != after.get(day)
    ]
    if any(refusal.reason == CONTRADICTORY.name for refusal in refused):
        rows = raw.no_rows()  # no bar of the object is used
    settled = {change.session.isoformat() for change in changed} | {refusal.session for refusal in refused}
    equal: list[date] = []
    outranked: list[Outranked] = []
    for day, bar in sorted(_by_session(rows).items()):
        if day.isoformat() in settled:
            continue
        kept = after.get(day)
        if bar["fonte"] == REMOVAL.name or (kept and all(bar[name] == kept[name] for name in _VALUES)):
            equal.append(day)
        else:
            outranked.append(Outranked(day, kept["fonte"] if kept else REMOVAL.name))
    counts = {
        "changed": len(changed),
        "equal": len(equal),
        "outranked": len(outranked),
        "refused": len(refused),
    }
    return Report(counts, changed[:LIMIT], equal[:LIMIT], outranked[:LIMIT], refused[:LIMIT])


def _refusals(refined: Refined, key: str) -> list[Refusal]:
    rows = refined.quarantine[refined.quarantine["chave"] == key]
    return [
        Refusal(
            day if isinstance(day, str) else None, reason, note if reason == CONTRADICTORY.name else _MEANINGS[reason]
        )
        for day, reason, note in zip(rows["data"], rows["motivo"], rows["nota"], strict=True)
    ]


def _by_session(bars: pd.DataFrame) -> dict[date, dict[str, Any]]:
    rows = bars[_SHOWN].astype(object).to_dict("records")
    return {
        day.date(): {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for day, row in zip(bars["data"], rows, strict=True)
    }
