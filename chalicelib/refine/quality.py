"""Reasons to refuse a bar. Takes DataFrames, returns Series.

A bar has one reason: the first of `REASONS` that applies. docs/data-quality.md lists them, and how often each applies
to the real history.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.live import live
from chalicelib.refine.rule import Flags, Rule
from chalicelib.schema import HIGH, LOW, PRICES


def _never(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> Flags:
    """Match no row: `raw.read` refuses these itself."""
    return np.zeros(len(rows), np.bool_)


def _null_price(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return rows[list(PRICES)].isna().any(axis=1)


def _future(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[bool]:
    collected = rows["coletado_em"].dt.tz_convert(instrument.time_zone).dt.tz_localize(None)
    future: pd.Series[bool] = rows["data"] > collected
    return future


def _no_session(rows: pd.DataFrame, sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return ~rows["data"].isin(sessions)


def _non_positive_price(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return (rows[list(PRICES)] <= 0).any(axis=1)


def _high_low(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    prices = rows[list(PRICES)]
    return (rows[HIGH] < prices.max(axis=1)) | (rows[LOW] > prices.min(axis=1))


CORRUPT = Rule(
    "objeto_corrompido", "the object is not a parquet file: all its rows are refused; the job continues", _never
)
FOREIGN = Rule(
    "objeto_estranho",
    "the object lacks a column or a time of collection, has another ticker or an unknown source, or has official "
    "closes beside bars or in a lake of synthetic bars: all its rows are refused",
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
NON_POSITIVE_PRICE = Rule("preco_nao_positivo", "a price is 0 or less", _non_positive_price)
HIGH_LOW = Rule("maxima_minima", "the high is not the highest price, or the low not the lowest", _high_low)

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
    NON_POSITIVE_PRICE,
    HIGH_LOW,
    EARLY_CLOSE,
    CONTRADICTION,
)
"""Every reason to refuse a bar, in the order in which they are tried."""


def refusals(rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[str]:
    """Return the first reason to refuse each row, empty where the row is acceptable.

    Args:
        rows: the rows of every raw object, as `raw.read` returns them.
        sessions: the calendar's sessions, from the first date of the rows to the last.
    """
    flags = [rule.flags(rows, sessions, instrument) for rule in REASONS]
    reasons = np.select(flags, [rule.name for rule in REASONS], default="")
    return pd.Series(reasons, index=rows.index, dtype="object")
