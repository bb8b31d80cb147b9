"""Reasons to refuse a bar. Takes DataFrames, returns Series.

A bar has one reason: the first of `REASONS` that applies. docs/data-quality.md lists them, and how often each applies
to the real history.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine import scale
from chalicelib.refine.calendar import positions
from chalicelib.refine.live import live
from chalicelib.refine.rule import Flags, Rule
from chalicelib.schema import HIGH, LOW, PRICES
from chalicelib.sources import REMOVAL, SYNTHETIC

WIDEST = 0.7
"""The largest ln(high / low), and the largest |ln(price / median of the closes nearby)|.

The largest of the index since 1993 are 0.346 and 0.370.
"""


def _never(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> Flags:
    """Match no row: `raw.read` and `answers.judge` refuse these themselves."""
    return np.zeros(len(rows), np.bool_)


def _null_price(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return rows[list(PRICES)].isna().any(axis=1) & (rows["fonte"] != REMOVAL.name)


def _future(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[bool]:
    collected = rows["coletado_em"].dt.tz_convert(instrument.time_zone).dt.tz_localize(None)
    future: pd.Series[bool] = rows["data"] > collected
    return future


def _no_session(rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[bool]:
    closed = pd.DatetimeIndex(list(instrument.closures))
    return ~rows["data"].isin(sessions) | rows["data"].isin(closed)


def _before_source(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[bool]:
    before = pd.Series(False, index=rows.index)
    for name, first in instrument.first_bars.items():
        before |= (rows["fonte"] == name) & (rows["data"] < pd.Timestamp(first))
    return before


def _non_positive_price(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return (rows[list(PRICES)] <= 0).any(axis=1)


def _high_low(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    prices = rows[list(PRICES)]
    return (rows[HIGH] < prices.max(axis=1)) | (rows[LOW] > prices.min(axis=1))


def off_scale(
    dates: pd.Series[pd.Timestamp], prices: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument
) -> Flags:
    """Return which rows have a price outside the bounds of `scale`, shape (n,)."""
    low, high = scale.bounds(sessions, instrument)
    position = positions(dates, sessions)
    at, values = position[position >= 0], prices.to_numpy(np.float64)[position >= 0]
    flags = np.zeros(len(dates), np.bool_)
    flags[position >= 0] = ((values < low[at, None]) | (values > high[at, None])).any(axis=1)
    return flags


def _off_scale(rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> Flags:
    flags: Flags = off_scale(rows["data"], rows[list(PRICES)], sessions, instrument) & ~rows["fonte"].isin(SYNTHETIC)
    return flags


def _wide(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return rows[HIGH] > rows[LOW] * math.exp(WIDEST)


CORRUPT = Rule(
    "objeto_corrompido",
    "the object cannot be decoded, or is too large: all its rows are refused; the job continues",
    _never,
)
FOREIGN = Rule(
    "objeto_estranho",
    "the object lacks a column or a time of collection, or has another type in a column, another ticker, an unknown "
    "source or a time that contradicts its key, or is of another kind than the lake: all its rows are refused",
    _never,
)
WRONG_TYPE = Rule("tipo_errado", "a value does not fit the type of its column, or the date is missing", _never)
NON_FINITE = Rule("nao_finito", "a price is infinite or not a number (null is a separate reason)", _never)
NULL_PRICE = Rule("preco_nulo", "a price is null: Yahoo fills such sessions days later", _null_price)
FUTURE = Rule("data_futura", "the date is after the day of the download, in São Paulo", _future)
LIVE = Rule("barra_ao_vivo", "the session was still going on, or the bar was not final yet", live)
NO_SESSION = Rule(
    "sem_pregao",
    "the calendar has no session that day, or B3 no close; the note says so, or that the bar is a copy",
    _no_session,
)
BEFORE_SOURCE = Rule("antes_da_fonte", "the date is before the first session of the source", _before_source)
NON_POSITIVE_PRICE = Rule("preco_nao_positivo", "a price is 0 or less", _non_positive_price)
HIGH_LOW = Rule("maxima_minima", "the high is not the highest price, or the low not the lowest", _high_low)
OFF_SCALE = Rule("fora_de_escala", "a price is far from the level of the index in that year: see below", _off_scale)
WIDE = Rule("amplitude_impossivel", "ln(high / low) is above 0.7", _wide)
REPEATED = Rule("barra_repetida", "the object has another bar of the session, with other values", _never)
FAR = Rule("longe_dos_vizinhos", "a price is far from the closes of the sessions around it: see below", _never)
CONTRADICTORY = Rule(
    "resposta_contraditoria", "the object contradicts the lake: all its bars are held back, see below", _never
)

EARLY_CLOSE = Rule(
    "fechamento_antigo",
    "an official close from before 1998: B3 may not have adjusted it for the divisions of the index by ten",
    _never,
)
CONTRADICTION = Rule(
    "fechamento_contraditorio", "an answer of B3 has several official closes of the session, and they differ", _never
)

REASONS = (
    CORRUPT,
    FOREIGN,
    WRONG_TYPE,
    NON_FINITE,
    NULL_PRICE,
    FUTURE,
    LIVE,
    NO_SESSION,
    BEFORE_SOURCE,
    NON_POSITIVE_PRICE,
    HIGH_LOW,
    OFF_SCALE,
    WIDE,
    REPEATED,
    FAR,
    CONTRADICTORY,
    EARLY_CLOSE,
    CONTRADICTION,
)
"""Every reason to refuse a bar, in the order in which they are tried."""


def refusals(rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[str]:
    """Return the first reason to refuse each row, empty where the row is acceptable.

    Args:
        rows: the rows of every raw object, as `raw.read` returns them.
        sessions: the calendar's sessions, at least those between the days that `scale.span` returns for the rows.
    """
    flags = [rule.flags(rows, sessions, instrument) for rule in REASONS]
    reasons = np.select(flags, [rule.name for rule in REASONS], default="")
    return pd.Series(reasons, index=rows.index, dtype="object")
