"""What the official closes of B3 say of the bars: they confirm a close or correct it, and make no bars.

Takes and returns DataFrames.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.official import OfficialCloses
from chalicelib.schema import CLOSE, HIGH, LOW
from chalicelib.sources import B3, FINAL

OFFICIAL, SOURCE_OF_CLOSE = "fechamento_oficial", "fonte_fechamento"
"""Columns of refined: the official close, and the source of the close of the bar."""

GIVEN = {name: f"{name}_fonte" for name in (HIGH, LOW, CLOSE)}
"""Columns of bars: the prices that a correction changes, as the source gave them."""

DOUBTFUL_SHARE = 0.25
"""A bar is doubtful if the official close is further beyond its high or low than this share of high - low."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The number of bars whose close is confirmed, corrected, and neither; and the age of the official closes.

    Attributes:
        last_session: the last session with an official close.
        collected_at: when official closes were last requested.
    """

    confirmed: int
    corrected: int
    unconfirmed: int
    last_session: date | None
    collected_at: datetime | None


def correct(bars: pd.DataFrame, official: pd.Series[float], instrument: Instrument) -> pd.DataFrame:
    """Return the bars with the official close where it is not the close of the bar.

    An official close within `close_tolerance` of the instrument confirms the bar, which stays as it is. One that is
    further off replaces the close, and high and low are widened to hold it. Opens never change. A correction and a
    removal never change either.

    Args:
        bars: the four prices and `fonte`.
        official: the official close of each bar, with the same index; NaN where there is none.

    Returns:
        A new frame: the bars with the columns `OFFICIAL`, `SOURCE_OF_CLOSE` and `GIVEN`.
    """
    corrected = ~agrees(bars[CLOSE], official, instrument) & official.notna() & ~bars["fonte"].isin(FINAL)
    replaced = {
        CLOSE: corrected,
        HIGH: corrected & (official > bars[HIGH]),
        LOW: corrected & (official < bars[LOW]),
    }
    return bars.assign(
        **{given: bars[name] for name, given in GIVEN.items()},
        **{name: bars[name].mask(where, official) for name, where in replaced.items()},
        **{OFFICIAL: official, SOURCE_OF_CLOSE: bars["fonte"].mask(corrected, B3.name)},
    )


def as_given(bars: pd.DataFrame) -> pd.DataFrame:
    """Return corrected bars with the prices that their source gave."""
    return bars.assign(**{name: bars[given] for name, given in GIVEN.items()})


def corrected(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    """Return which bars have the official close instead of that of their source."""
    return bars[SOURCE_OF_CLOSE] == B3.name


def doubtful(bars: pd.DataFrame, _sessions: pd.DatetimeIndex, _instrument: Instrument) -> pd.Series[bool]:
    """Return which corrected bars have an official close far beyond the high or the low that their source gave."""
    high, low = bars[GIVEN[HIGH]], bars[GIVEN[LOW]]
    # One of the two is 0: a close is not beyond both.
    beyond = (bars[HIGH] - high) + (low - bars[LOW])
    return beyond > DOUBTFUL_SHARE * (high - low)


def agrees(close: pd.Series[float], official: pd.Series[float], instrument: Instrument) -> pd.Series[bool]:
    """Return which closes are within the tolerance of the official close, both included."""
    # Decimals have no exact floats: 100001.01 - 100000 is a little more than 1.01.
    return (close - official).abs().round(6) <= instrument.close_tolerance


def summarise(bars: pd.DataFrame, official: OfficialCloses, instrument: Instrument) -> Confirmation:
    """Return how many bars the official closes confirm and correct.

    Args:
        bars: the bars that `correct` returned.
        official: the official closes.
    """
    corrected_ = int((bars[SOURCE_OF_CLOSE] == B3.name).sum())
    # A correction by hand that contradicts the official close is not confirmed.
    confirmed = int(agrees(bars[GIVEN[CLOSE]], bars[OFFICIAL], instrument).sum())
    known = official.latest.dropna()
    return Confirmation(
        confirmed=confirmed,
        corrected=corrected_,
        unconfirmed=len(bars) - confirmed - corrected_,
        last_session=None if known.empty else known.index[-1].date(),
        collected_at=None if official.closes.empty else official.closes["coletado_em"].max().to_pydatetime(),
    )
