"""Prices that are far from the closes of the sessions around them. Takes and returns NumPy arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chalicelib.refine.quality import WIDEST

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

SIDE = 5
"""The number of sessions on each side whose closes are compared."""

MINIMUM = 2
"""With fewer closes nearby, nothing is compared."""

_OFFSETS = np.array([offset for offset in range(-SIDE, SIDE + 1) if offset])


def far_from_neighbours(position: Positions, prices: Floats, closes: Floats) -> npt.NDArray[np.bool_]:
    """Return which bars have a price far from the median of the closes nearby, shape (n,).

    |ln(P / median)| > 0.7 for one of the four prices. The closes nearby are those of the object itself, and the lake's
    where the object has none.

    Args:
        position: the session of each bar, shape (n,), in order.
        prices: shape (n, 4), positive; the last column is the close.
        closes: the lake's close of each session of the calendar; NaN where it has none.
    """
    if not len(position):
        return np.zeros(0, np.bool_)
    median, number = nearby_median(position, prices[:, 3], closes)
    with np.errstate(invalid="ignore"):
        distance = np.abs(np.log(prices / median[:, None])).max(axis=1)
    far: npt.NDArray[np.bool_] = (number >= MINIMUM) & (distance > WIDEST)
    return far


def nearby_median(position: Positions, own: Floats, closes: Floats) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return the median of the closes near each bar, NaN if there are none, and their number.

    Args:
        position: the session of each bar, shape (n,), n > 0, in order.
        own: the close of each bar, shape (n,).
        closes: as `far_from_neighbours`.
    """
    start = int(position[0]) - SIDE
    known = np.full(int(position[-1]) - start + SIDE + 1, np.nan)
    first, last = max(start, 0), min(start + len(known), len(closes))
    known[first - start : last - start] = closes[first:last]
    known[position - start] = own
    nearby = np.sort(known[(position - start)[:, None] + _OFFSETS], axis=1)
    number = (~np.isnan(nearby)).sum(axis=1)
    row, middle = np.arange(len(position)), np.maximum(number - 1, 0)
    return (nearby[row, middle // 2] + nearby[row, (middle + 1) // 2]) / 2, number
