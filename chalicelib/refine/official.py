"""Official closes of B3: the reasons to refuse one, and the one that counts for each session.

Takes and returns DataFrames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.calendar import positions
from chalicelib.refine.quality import (
    CONTRADICTION,
    EARLY_CLOSE,
    FUTURE,
    NO_SESSION,
    NON_POSITIVE_PRICE,
    NULL_PRICE,
    OFF_SCALE,
    off_scale,
)
from chalicelib.refine.raw import COMPLETE
from chalicelib.refine.rule import since
from chalicelib.schema import CLOSE

_ORDER = ["data", "coletado_em", "chave"]


@dataclass(frozen=True, slots=True)
class OfficialCloses:
    """The official closes in raw.

    Attributes:
        closes: `data`, `coletado_em`, `chave` and `preco_fechamento` of each acceptable close, in order of these.
        latest: the close that counts for each session, by date in order; NaN if B3 says that there was no session.
        refused: the other rows, with `motivo`.
    """

    closes: pd.DataFrame
    latest: pd.Series[float]
    refused: pd.DataFrame

    @property
    def denied(self) -> pd.DatetimeIndex:
        """The days of the calendar that were no session, because a complete answer has no close of them."""
        return pd.DatetimeIndex(self.latest.index[self.latest.isna()])


def read_closes(rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> OfficialCloses:
    """Refuse unacceptable official closes, and select one for each session.

    For each session the latest answer by (time of collection, key) counts. A complete answer also speaks of the
    sessions between its first and its last one that it has no close of; an answer with a refused row is not complete.

    Args:
        rows: the official closes of every raw object, as `raw.read` returns them.
        sessions: the calendar's sessions, at least from the first row to the last.
        instrument: the instrument of the closes.
    """
    rows = rows.sort_values([*_ORDER, CLOSE], kind="stable", ignore_index=True)
    reasons = _refusals(rows, sessions, instrument)
    accepted = reasons == ""
    closes = rows.loc[accepted, [*_ORDER, CLOSE]]
    statements = pd.concat([closes, *_absences(rows, accepted, sessions)]).sort_values(_ORDER, kind="stable")
    latest = statements.drop_duplicates("data", keep="last").set_index("data")[CLOSE]
    return OfficialCloses(closes, latest, rows.assign(motivo=reasons)[~accepted])


def _refusals(rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[str]:
    """Return the first reason to refuse each row, empty where the row is acceptable."""
    collected = rows["coletado_em"].dt.tz_convert(instrument.time_zone).dt.tz_localize(None)
    session = rows.groupby(["chave", "coletado_em", "data"])[CLOSE]
    start = instrument.official_closes_since or instrument.first_session
    flags = {
        NULL_PRICE: rows[CLOSE].isna(),
        FUTURE: rows["data"] > collected,
        EARLY_CLOSE: ~since(rows["data"], start),
        NO_SESSION: ~rows["data"].isin(sessions),
        NON_POSITIVE_PRICE: rows[CLOSE] <= 0,
        OFF_SCALE: off_scale(rows["data"], rows[[CLOSE]], sessions, instrument),
        CONTRADICTION: session.transform("min") != session.transform("max"),
    }
    reasons = np.select(list(flags.values()), [rule.name for rule in flags], default="")
    return pd.Series(reasons, index=rows.index, dtype="object")


def _absences(rows: pd.DataFrame, accepted: pd.Series[bool], sessions: pd.DatetimeIndex) -> list[pd.DataFrame]:
    """Return a row without a close for each session that a complete answer leaves out."""
    answers = rows.groupby(["chave", "coletado_em", rows["data"].dt.year])
    number = answers.ngroup()
    complete = rows[COMPLETE].astype(bool) & accepted.groupby(number).transform("all")
    if not complete.any():
        return []
    # Each pair of an answer and a session is one integer, so that thousands of answers are compared at once.
    pairs = number * len(sessions) + positions(rows["data"], sessions)
    spans = pairs[complete].groupby(number).agg(["min", "max"])
    expected = np.concatenate([np.arange(first, last + 1) for first, last in spans.to_numpy()])
    absent = np.setdiff1d(expected, pairs[accepted])
    if not len(absent):
        return []
    first = ~number.duplicated()
    about = rows.loc[first, _ORDER].set_index(number[first]).loc[absent // len(sessions)]
    days = sessions[absent % len(sessions)]
    return [about.reset_index(drop=True).assign(data=days.as_unit(rows["data"].dt.unit), **{CLOSE: np.nan})]
