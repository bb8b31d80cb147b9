"""Warnings on accepted bars: the column `avisos`. Takes DataFrames, returns flags.

A warning changes no price. `fechamento_suspeito` needs the open of the next session, and the last two the official
close; the others depend on the bar and earlier ones only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from dateutil.easter import easter

from chalicelib.instrument import Instrument
from chalicelib.refine import confirmation
from chalicelib.refine.closes import suspect_closes
from chalicelib.refine.raw import INVALID_VOLUME
from chalicelib.refine.rule import Flags, Rule, since
from chalicelib.schema import CLOSE, PRICES, VOLUME

FRACTIONAL_COLUMN = "fracionario"
"""Column of bars: whether the prices are not whole though the source's final bars of that day are."""

JUMP_WINDOW, JUMP_MINIMUM, JUMP_BOUND = 252, 63, 6.0
"""The maximum and the minimum number of previous returns, and the bound in standard deviations."""


def jumps(close: npt.NDArray[np.float64]) -> Flags:
    """Return which closes are far from the previous one, shape (n,).

    |r_t| > 6 · 1.4826 · median(|r_{t-252}|, …, |r_{t-1}|), with r_t = ln(C_t/C_{t-1}) and at least 63 returns.

    1.4826 times the median of the absolute returns estimates their standard deviation if they are normal with mean
    zero. Unlike the standard deviation, the median hardly moves after a jump.

    Args:
        close: shape (n,), positive, in order of date.
    """
    size = pd.Series(np.abs(np.diff(np.log(close), prepend=np.nan)))
    scale = 1.4826 * size.shift().rolling(JUMP_WINDOW, min_periods=JUMP_MINIMUM).median()
    return (size > JUMP_BOUND * scale).to_numpy(bool)


def _no_volume(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[bool]:
    return bars[VOLUME].isna() & ~bars[INVALID_VOLUME] & since(bars["data"], instrument.volume_since)


def _copy(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    prices = confirmation.as_given(bars)[list(PRICES)]
    return (prices == prices.shift()).all(axis=1)


def _jump(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> Flags:
    return jumps(bars[CLOSE].to_numpy(np.float64))


def _short_session(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    years = bars["data"].dt.year.unique()
    return bars["data"].isin([pd.Timestamp(easter(year) - timedelta(days=46)) for year in years])


def _fractional(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return bars[FRACTIONAL_COLUMN]


def _suspect(bars: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[bool]:
    # Wrong closes come in runs, so those that are corrected are evidence against the ones beside them.
    return bars[confirmation.OFFICIAL].isna() & suspect_closes(confirmation.as_given(bars), sessions, instrument)


def _invalid_volume(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    return bars[INVALID_VOLUME]


WARNINGS = (
    Rule(
        "volume_zero", "no volume, from 2007 on (before September 2006 Yahoo has a volume on very few days)", _no_volume
    ),
    Rule("volume_invalido", "the volume was not a number of shares, and is null", _invalid_volume),
    Rule("copia_do_dia_anterior", "all four prices are equal to the prices of the previous bar", _copy),
    Rule("salto", "the close is far from the previous one: see below", _jump),
    Rule("sessao_curta", "Ash Wednesday: trading begins in the afternoon", _short_session),
    Rule("fracionario", "prices that are not whole, which Yahoo still gave twelve hours later", _fractional),
    Rule(
        "fechamento_suspeito", "the open of the next session contradicts the close, and B3's own is not known", _suspect
    ),
    Rule(
        "fechamento_corrigido",
        "the close is the official one: the source's is off by more than 1.01 points",
        confirmation.corrected,
    ),
    Rule(
        "barra_duvidosa",
        "the official close is beyond high or low by more than a quarter of high - low",
        confirmation.doubtful,
    ),
)
"""Every warning, in the order in which `avisos` lists them."""


def warnings(bars: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> Mapping[str, Flags]:
    """Return which bars each warning applies to.

    Args:
        bars: one row a session in order of date, as `confirmation.correct` returns them, with `fracionario`,
            `volume_invalido` and `volume_negociado` (null if there is none).
        sessions: the calendar's sessions, from the first bar to the last.

    Returns:
        Flags of shape (n,) for each of `WARNINGS`, by its name.
    """
    return {rule.name: rule.flags(bars, sessions, instrument) for rule in WARNINGS}


def as_text(flags: Mapping[str, Flags]) -> list[str]:
    """Return the column `avisos`: the names of each bar's warnings, comma separated."""
    rows = zip(*flags.values(), strict=True)
    return [",".join(name for name, flag in zip(flags, row, strict=True) if flag) for row in rows]
