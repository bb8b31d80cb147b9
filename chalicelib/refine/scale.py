"""The level of an instrument's prices: prices far from it are in another unit, or of another instrument.

Between two year-end closes the expected level is the straight line of its logarithm, by session.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.instrument import Instrument

Floats = npt.NDArray[np.float64]


def span(first: date, last: date, instrument: Instrument) -> tuple[date, date]:
    """Return the days whose sessions `bounds` needs, for the sessions from `first` to `last`, both included.

    They extend to the year-end closes around them.
    """
    ends = list(instrument.scale.year_ends) if instrument.scale else []
    before, after = bisect_right(ends, first), bisect_left(ends, last)
    return ends[before - 1] if before else first, ends[after] if after < len(ends) else last


def bounds(sessions: pd.DatetimeIndex, instrument: Instrument) -> tuple[Floats, Floats]:
    """Return the lowest and the highest price allowed in each session; 0 and infinity where there is no bound.

    Args:
        sessions: the calendar's sessions, all between the days that `span` returns.

    Returns:
        Two arrays of shape (n,).
    """
    low, high = np.zeros(len(sessions)), np.full(len(sessions), np.inf)
    scale = instrument.scale
    if scale is None or not len(sessions):
        return low, high
    ends = pd.DatetimeIndex(list(scale.year_ends))
    inside = (ends >= sessions[0]) & (ends <= sessions[-1])
    early = np.asarray(sessions < ends[0])
    low[early], high[early] = scale.before
    if inside.any():
        position = np.arange(len(sessions))
        known = sessions.searchsorted(ends[inside])
        level = np.exp(np.interp(position, known, np.log(np.array(list(scale.year_ends.values()))[inside])))
        factor = np.full(len(sessions), scale.factor)
        for year, other in scale.factors.items():
            factor[sessions.year == year] = other
        expected = ~early & (position <= known[-1] + (scale.valid_for if inside[-1] else 0))
        low[expected], high[expected] = (level / factor)[expected], (level * factor)[expected]
    return low, high


def is_out_of_date(sessions: pd.DatetimeIndex, instrument: Instrument) -> bool:
    """Return whether a session is so long after the last year-end close that its level is unknown."""
    scale = instrument.scale
    return scale is not None and int((sessions > pd.Timestamp(max(scale.year_ends))).sum()) > scale.valid_for
