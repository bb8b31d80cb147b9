"""Closes that are probably not B3's official ones: the warning `fechamento_suspeito`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.rule import Flags, since
from chalicelib.schema import CLOSE, HIGH, LOW, OPEN

BASIS_POINT = 1e-4

SPELL_SESSIONS, SPELL_MINIMUM = 10, 2
"""A spell: in at least 2 of the 10 previous bars, the next open is far from the close. See `suspect_closes`."""


def suspect_closes(bars: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> Flags:
    """Return which closes the open of the next session contradicts.

    B3 starts a session's index at the official close of the previous session, and Yahoo's open is within a few basis
    points of it. An open that is not near Yahoo's close therefore shows a wrong close, or a late open. With
    g the distance of the next open from the close, and h the next session's high - low, a close is suspect if

        g > 8 bp of the close and 3 % of h,    or
        g > 2 bp and 1 % of h, in a spell: g > 4 bp and 3 % of h in 2 or more of the 10 previous bars,

    unless g ≥ h: then the next bar is the wrong one. The share of h separates a wrong close from the fast first minutes
    of a volatile day; the spell is there because Yahoo's wrong closes come in runs of weeks. A close is not
    checked if the bar of the calendar's next session is missing. `make judge` measures precision and recall.
    """
    dates = bars["data"]
    close = bars[CLOSE].to_numpy(np.float64)
    following = bars[[OPEN, HIGH, LOW]].shift(-1).to_numpy(np.float64)
    position = np.append(sessions.get_indexer(pd.DatetimeIndex(dates)), -1)
    next_session = np.diff(position) == 1
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where(next_session, np.abs(following[:, 0] - close), np.nan)
        span = following[:, 1] - following[:, 2]
        share = np.where(gap < span, gap / span, 0.0)
        size = gap / close / BASIS_POINT
        wide = pd.Series((size > 4) & (share > 0.03), dtype=float)
        in_spell = wide.shift(fill_value=0).rolling(SPELL_SESSIONS, min_periods=1).sum().to_numpy() >= SPELL_MINIMUM
        suspect = ((size > 8) & (share > 0.03)) | (in_spell & (size > 2) & (share > 0.01))
    flags: Flags = suspect & since(dates, instrument.opens_at_previous_close_since).to_numpy(bool)
    return flags
