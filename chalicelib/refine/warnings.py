"""What is doubtful about a bar that stays: the column `avisos`. Frames in, warnings out.

A warning alters no price. All but the last are known on the day of the bar; `fechamento_suspeito` needs the open
of the next session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from dateutil.easter import easter

from chalicelib.schema import PRICES

NO_VOLUME = "volume_zero"
COPY = "copia_do_dia_anterior"
JUMP = "salto"
SHORT_SESSION = "sessao_curta"
FRACTIONAL = "fracionario"
SUSPECT_CLOSE = "fechamento_suspeito"

WARNINGS = (NO_VOLUME, COPY, JUMP, SHORT_SESSION, FRACTIONAL, SUSPECT_CLOSE)
"""Every warning, in the order in which `avisos` lists them."""

VOLUME_SINCE = pd.Timestamp("2007-01-01")
"""Before September 2006 Yahoo has no volume on nearly all days."""

JUMP_WINDOW, JUMP_MINIMUM, JUMP_BOUND = 252, 63, 6.0

CLOSES_SINCE = pd.Timestamp("2008-01-01")
BASIS_POINT = 1e-4

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

OPEN, HIGH, LOW, CLOSE = PRICES


def warnings(bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> Mapping[str, Flags]:
    """Which bars each warning applies to.

    Args:
        bars: one row a session in order of date: `data`, the four prices, `volume_negociado` (null where there is
            none), and `fracionario`: whether the prices are not whole though they should be.
        sessions: the calendar's sessions, from the first bar to the last.

    Returns:
        For each of `WARNINGS`, shape (n,).
    """
    dates = pd.DatetimeIndex(bars["data"])
    close = bars[CLOSE].to_numpy(np.float64)
    prices = bars[list(PRICES)]
    return {
        NO_VOLUME: (bars["volume_negociado"].isna() & (bars["data"] >= VOLUME_SINCE)).to_numpy(bool),
        COPY: (prices == prices.shift()).all(axis=1).to_numpy(bool),
        JUMP: jumps(close),
        SHORT_SESSION: dates.isin([_ash_wednesday(year) for year in dates.year.unique()]),
        FRACTIONAL: bars["fracionario"].to_numpy(bool),
        SUSPECT_CLOSE: suspect_closes(bars, sessions),
    }


def as_text(flags: Mapping[str, Flags]) -> list[str]:
    """The column `avisos`: the names of a bar's warnings, comma separated."""
    rows = zip(*(flags[name] for name in WARNINGS), strict=True)
    return [",".join(name for name, flag in zip(WARNINGS, row, strict=True) if flag) for row in rows]


def jumps(close: Floats) -> Flags:
    """Closes far from the one before: |r_t| > 6 · 1.4826 · median(|r_{t-252}|, …, |r_{t-1}|), r_t = ln(C_t/C_{t-1}).

    1.4826 times the median of the absolute returns is their standard deviation, were they normal with mean zero;
    unlike it, the median hardly moves for the jump of yesterday. At least 63 returns are needed.

    Args:
        close: shape (n,), positive, in order of date.
    """
    size = pd.Series(np.abs(np.diff(np.log(close), prepend=np.nan)))
    scale = 1.4826 * size.shift().rolling(JUMP_WINDOW, min_periods=JUMP_MINIMUM).median()
    return (size > JUMP_BOUND * scale).to_numpy(bool)


def suspect_closes(bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> Flags:
    """Closes that are probably not B3's official ones, by the open of the next session.

    B3 begins a session's index at the official close of the one before, and Yahoo's open is within some basis points
    of it. So an open that is not near Yahoo's close tells of a wrong close, or of an open that came late. With g
    the distance of the next open from the close, and h the next session's high - low, a close is suspect if

        g > 8 bp of the close and 3 % of h,    or
        g > 2 bp and 1 % of h, in a spell: g > 4 bp and 3 % of h in 2 or more of the 10 sessions before,

    unless g ≥ h: then it is the next bar that is wrong. The share of h tells a wrong close from the quick first minutes
    of a wild day; the spells are because Yahoo's wrong closes come in runs of weeks. Only the next session of
    the calendar counts. `make judge` says how well it does.
    """
    dates = pd.DatetimeIndex(bars["data"])
    close = bars[CLOSE].to_numpy(np.float64)
    following = bars[[OPEN, HIGH, LOW]].shift(-1).to_numpy(np.float64)
    position = np.append(sessions.get_indexer(dates), -1)
    next_session = np.diff(position) == 1
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where(next_session, np.abs(following[:, 0] - close), np.nan)
        span = following[:, 1] - following[:, 2]
        share = np.where(gap < span, gap / span, 0.0)
        size = gap / close / BASIS_POINT
        telling = (size > 4) & (share > 0.03)
        before = pd.Series(telling, dtype=float).shift(fill_value=0).rolling(10, min_periods=1).sum().to_numpy()
        suspect = ((size > 8) & (share > 0.03)) | ((before >= 2) & (size > 2) & (share > 0.01))
    flags: Flags = suspect & (dates >= CLOSES_SINCE)
    return flags


def _ash_wednesday(year: int) -> pd.Timestamp:
    return pd.Timestamp(easter(year) - timedelta(days=46))
