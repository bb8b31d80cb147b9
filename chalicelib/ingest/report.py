"""The effect of each row of a backfill.

A bar changes a session, is equal, is outranked by another bar, or is refused. An official close corrects the close of a
bar, confirms it, is equal to the official close in the lake, has no bar, is outranked by a correction, or is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

import pandas as pd

from chalicelib import layout
from chalicelib.errors import SourceMalformed
from chalicelib.ingest.sources.b3.checks import check_level
from chalicelib.instrument import Instrument
from chalicelib.lake.store import Lake
from chalicelib.refine import raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.confirmation import OFFICIAL, agrees
from chalicelib.refine.contradictions import FEW, SHARE
from chalicelib.refine.quality import CONTRADICTORY, REASONS
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import CLOSE, PRICES
from chalicelib.sources import B3, CORRECTION, REMOVAL

LIMIT = 1_000
"""The maximum number of entries of each list of a report, which then fits in a response of a Lambda function (6 MB)."""

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
    """A session whose new row differs from what the lake has, and does not change it.

    The lake has a bar or a removal of higher rank or collected later, or an official close that corrects the new row.

    Attributes:
        kept: the source of the bar in the lake, `remocao` if a removal wins. It is a key of the JSON response, so it
            cannot be renamed.
    """

    session: date
    kept: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is refused, with the name of the rule and its meaning. The date is ISO text, None if missing.

    A whole object that is held back has no session, and `meaning` says how it contradicts the lake.
    """

    session: str | None
    reason: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Report:
    """The effect of a backfill, by session; refused bars are listed one by one.

    `counts` has the number of all entries, by the name of the list; each list has the first `LIMIT` entries.
    """

    counts: Mapping[str, int]
    changed: list[Change]
    equal: list[date]
    outranked: list[Outranked]
    refused: list[Refusal]


@dataclass(frozen=True, slots=True)
class ClosesReport:
    """The effect of every official close of a backfill, as `Report`.

    Attributes:
        changed: the sessions whose close is corrected, or that are no session because a complete answer lacks them.
        confirmed: the sessions whose close is confirmed now.
        equal: the sessions whose official close is in the lake already.
        without_bar: the sessions that the lake has no bar of.
    """

    counts: Mapping[str, int]
    changed: list[Change]
    confirmed: list[date]
    equal: list[date]
    without_bar: list[date]
    outranked: list[Outranked]
    refused: list[Refusal]


def report(body: bytes, lake: Lake, now: datetime, instrument: Instrument) -> Report | ClosesReport:
    """Return the effect that a raw object would have on the lake. Nothing is written.

    Args:
        body: the raw object, of bars or of official closes.
        now: the time at which it is added, with a time zone.

    Raises:
        SourceMalformed: the official closes are too far from the bars, or all bars would contradict them: they are of
            another index or year, or their dates are wrong.
    """
    listing = lake.raw_listing()
    keys = (layout.raw_key(now, attempt) for attempt in count())
    key = next(key for key in keys if key not in listing)
    current = raw.read_all(lake.read_raw(listing), instrument)
    new = raw.read(body, key, instrument)
    before = refine(current, sessions, instrument)
    after = refine(raw.combine([current, new]), sessions, instrument)
    if len(new.closes):
        check_level(new.closes, before.bars, B3.name)
        _check_loss(before, after)
        return _compare_closes(new.closes, _refusals(after, key), before.bars, after.bars, instrument)
    return _compare(new.rows, _refusals(after, key), _by_session(before.bars), _by_session(after.bars))


def _check_loss(before: Refined, after: Refined) -> None:
    """Raise if official closes hold back downloads that the lake consists of: they or the bars are wrong."""
    lost = len(before.bars) - int(before.bars["data"].isin(after.bars["data"]).sum())
    if lost > max(FEW, SHARE * len(before.bars)):
        because = next((answer.because for answer in after.held_back), "they are no sessions")
        raise SourceMalformed(
            f"with these closes the lake would lose {lost:,} of its {len(before.bars):,} bars: {because}. Their dates "
            "may be wrong; if the bars are, add a download with the right ones first"
        )


def _compare(
    rows: pd.DataFrame, refused: list[Refusal], before: Mapping[date, Any], after: Mapping[date, Any]
) -> Report:
    changed = _changes(before, after)
    if any(refusal.reason == CONTRADICTORY.name for refusal in refused):
        rows = raw.no_rows()  # no bar of the object is used
    settled = {change.session.isoformat() for change in changed} | {refusal.session for refusal in refused}
    equal: list[date] = []
    outranked: list[Outranked] = []
    volume = rows["volume_negociado"]
    # As in refined, where a volume of 0 is null.
    for day, bar in sorted(_by_session(rows.assign(volume_negociado=volume.mask(volume == 0))).items()):
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


def _changes(before: Mapping[date, Any], after: Mapping[date, Any]) -> list[Change]:
    return [
        Change(day, before.get(day), after.get(day))
        for day in sorted(before.keys() | after.keys())
        if before.get(day) != after.get(day)
    ]


def _compare_closes(
    closes: pd.DataFrame, refused: list[Refusal], before: pd.DataFrame, after: pd.DataFrame, instrument: Instrument
) -> ClosesReport:
    changed = _changes(_by_session(before), _by_session(after))
    settled = {change.session.isoformat() for change in changed} | {refusal.session for refusal in refused}
    known = before.set_index("data")[OFFICIAL]
    confirms = agrees(after[CLOSE], after[OFFICIAL], instrument).set_axis(after["data"])
    confirmed: list[date] = []
    equal: list[date] = []
    without_bar: list[date] = []
    outranked: list[Outranked] = []
    for moment, close in sorted(zip(closes["data"], closes[CLOSE], strict=True)):
        day = moment.date()
        if day.isoformat() in settled:
            continue
        if moment not in confirms.index:
            without_bar.append(day)
        elif known.get(moment) == close:
            equal.append(day)
        elif confirms[moment]:
            confirmed.append(day)
        else:
            outranked.append(Outranked(day, CORRECTION.name))
    lists: dict[str, list[Any]] = {
        "changed": changed,
        "confirmed": confirmed,
        "equal": equal,
        "without_bar": without_bar,
        "outranked": outranked,
        "refused": refused,
    }
    counts = {name: len(entries) for name, entries in lists.items()}
    return ClosesReport(counts, **{name: entries[:LIMIT] for name, entries in lists.items()})


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
