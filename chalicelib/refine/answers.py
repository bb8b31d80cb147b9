"""The judgement of whole downloads: one that contradicts the lake is held back until a person accepts it.

The downloads are compared in order of time of collection, then key, each with what the earlier ones left. The state is
arrays with one entry a session, so thousands of downloads take seconds. The result depends only on the rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.calendar import positions
from chalicelib.refine.contradictions import Answer, Downloads, contradiction
from chalicelib.refine.neighbours import far_from_neighbours
from chalicelib.refine.quality import CONTRADICTORY, FAR, REPEATED
from chalicelib.schema import PRICES
from chalicelib.sources import DOWNLOADS, SYNTHETIC

Floats = npt.NDArray[np.float64]
Reasons = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A download that contradicts the lake: the object, where and when it came from, and how it contradicts."""

    key: str
    source: str
    collected_at: datetime
    because: str

    def __str__(self) -> str:
        return f"the download from {self.source} of {self.collected_at:%Y-%m-%d %H:%M} UTC is held back: {self.because}"


@dataclass(slots=True)
class Judgement:
    """The result of the judgement.

    Attributes:
        reasons: the reason to refuse each row, shape (n,), empty where it is acceptable.
        held: every download that is held back, in order.
        pending: those after the last download that agrees with the lake.
        corrections_far: the corrections that are refused because of their neighbours, shape (n,).
    """

    reasons: Reasons
    corrections_far: npt.NDArray[np.bool_]
    held: list[HeldBack] = field(default_factory=list)
    pending: list[HeldBack] = field(default_factory=list)


def judge(
    rows: pd.DataFrame,
    sessions: pd.DatetimeIndex,
    instrument: Instrument,
    accepted: Collection[str],
    official: pd.Series[float],
) -> Judgement:
    """Refuse bars that only their neighbours or the rest of their object show to be wrong, and hold back downloads.

    Args:
        rows: the rows of every raw object, with `rank` and `motivo` (empty where no rule refused the row yet).
        sessions: the calendar's sessions, to some days after the last row.
        instrument: its absences are no reason to hold back a download.
        accepted: the keys of the objects that a person accepted.
        official: B3's official close of each session, where known; NaN if B3 says that there was no session.
    """
    first = _judge(rows, sessions, instrument, accepted, official, undecided=np.zeros(len(rows), np.bool_))
    far = first.corrections_far
    # A correction that is itself refused decides nothing: its session is compared like any other.
    return _judge(rows, sessions, instrument, accepted, official, undecided=far) if far.any() else first


def _judge(
    rows: pd.DataFrame,
    sessions: pd.DatetimeIndex,
    instrument: Instrument,
    accepted: Collection[str],
    official: pd.Series[float],
    *,
    undecided: npt.NDArray[np.bool_],
) -> Judgement:
    """Judge once, see `judge`; the corrections of `undecided`, shape (n,), do not protect their sessions."""
    result = Judgement(rows["motivo"].to_numpy(object).copy(), np.zeros(len(rows), np.bool_))
    table = _Rows.of(rows, sessions, instrument)
    _refuse_repeated(table, result.reasons)
    lake = Downloads.empty(sessions, instrument)
    known = positions(official.index.to_series(), sessions)
    lake.official[known[known >= 0]] = official.to_numpy(np.float64)[known >= 0]
    lake.absent[known[(known >= 0) & official.isna().to_numpy()]] = True
    lake.decided[table.position[table.decisions(result.reasons) & ~undecided]] = True
    for part in table.objects(table.downloads):
        answer = table.answer(part, result.reasons)
        far = far_from_neighbours(answer.position, answer.prices, lake.prices[:, 3])
        result.reasons[part[answer.usable][far]] = FAR.name
        answer = table.answer(part, result.reasons)
        because = None if answer.key in accepted else contradiction(answer, lake)
        if because is not None:
            result.reasons[part[answer.usable]] = CONTRADICTORY.name
            result.held.append(HeldBack(answer.key, answer.source, answer.collected_at, because))
            result.pending.append(result.held[-1])
            continue
        if answer.key in accepted or lake.span() is None or lake.holds(answer.position).any():
            result.pending.clear()
        if answer.key in accepted:
            lake.release(answer)
        lake.take(answer)
    for part in table.objects(table.corrections):
        answer = table.answer(part, result.reasons)
        far = far_from_neighbours(answer.position, answer.prices, lake.prices[:, 3])
        result.reasons[part[answer.usable][far]] = FAR.name
        result.corrections_far[part[answer.usable][far]] = True
    return result


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows as arrays of shape (n,), and the order in which objects are judged."""

    position: npt.NDArray[np.intp]
    prices: Floats
    volume: Floats
    rank: npt.NDArray[np.int64]
    keys: Reasons
    sources: Reasons
    collected_at: pd.DatetimeIndex
    downloads: npt.NDArray[np.bool_]
    corrections: npt.NDArray[np.bool_]
    turn: npt.NDArray[np.intp]
    today: npt.NDArray[np.intp]
    """The number of sessions up to the day of collection."""

    @staticmethod
    def of(rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> _Rows:
        code, keys = pd.factorize(rows["chave"])
        collected = rows["coletado_em"].dt.tz_convert(instrument.time_zone).dt.tz_localize(None)
        moments = collected.groupby(code).max().reindex(range(len(keys)))
        turn = np.empty(len(keys), np.intp)
        turn[np.lexsort((np.asarray(keys, dtype=str), moments.to_numpy()))] = np.arange(len(keys))
        position = positions(rows["data"], sessions)
        download = rows["fonte"].isin(DOWNLOADS).to_numpy(bool)
        generated = rows["fonte"].isin(SYNTHETIC).to_numpy(bool)
        return _Rows(
            position=position,
            prices=rows[list(PRICES)].to_numpy(np.float64),
            volume=rows["volume_negociado"].to_numpy(np.float64, na_value=np.nan),
            rank=rows["rank"].to_numpy(np.int64),
            keys=rows["chave"].to_numpy(object),
            sources=rows["fonte"].to_numpy(object),
            collected_at=pd.DatetimeIndex(rows["coletado_em"]),
            downloads=download & (position >= 0),
            corrections=~download & ~generated & (position >= 0),
            turn=turn[code],
            today=sessions.searchsorted(pd.DatetimeIndex(collected), side="right"),
        )

    def objects(self, chosen: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.intp]]:
        """Return the rows of each object with a chosen row, by object in order, then by session."""
        rows = np.flatnonzero(chosen)
        rows = rows[np.lexsort((self.position[rows], self.turn[rows]))]
        return np.split(rows, np.flatnonzero(np.diff(self.turn[rows])) + 1) if len(rows) else []

    def answer(self, part: npt.NDArray[np.intp], reasons: Reasons) -> Answer:
        """Return the rows of a part as an Answer."""
        usable = reasons[part] == ""
        kept = part[usable]
        return Answer(
            key=self.keys[part[0]],
            source=self.sources[part[0]],
            collected_at=self.collected_at[part[0]].to_pydatetime(),
            rank=int(self.rank[part[0]]),
            today=int(self.today[part].max()),
            present=self.position[part],
            refused=reasons[part],
            usable=usable,
            position=self.position[kept],
            prices=self.prices[kept],
        )

    def decisions(self, reasons: Reasons) -> npt.NDArray[np.bool_]:
        """Return which rows are acceptable corrections and removals: a person has decided on the session."""
        decided: npt.NDArray[np.bool_] = self.corrections & (reasons == "")
        return decided


def _refuse_repeated(table: _Rows, reasons: Reasons) -> None:
    """Refuse the acceptable bars of a session of which an object has several with different values."""
    rows = np.flatnonzero((reasons == "") & (table.position >= 0))
    rows = rows[np.lexsort((table.position[rows], table.turn[rows]))]
    values = np.column_stack([table.prices[rows], table.volume[rows]])
    before, after = rows[:-1], rows[1:]
    same = (table.turn[before] == table.turn[after]) & (table.position[before] == table.position[after])
    differs = same & ~np.isclose(values[:-1], values[1:], rtol=0, atol=0, equal_nan=True).all(axis=1)
    # Every row of the session in the object falls, also one that equals the row beside it.
    group = np.cumsum(np.append(True, ~same)) - 1 if len(rows) else np.empty(0, np.intp)
    bad = np.isin(group, group[1:][differs])
    reasons[rows[bad]] = REPEATED.name
