"""Events: sessions whose close does not compare with the close before, because of a dividend, a split or a long pause.

The night before an event is left out. Takes and returns NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.refine.indicators import tickers
from chalicelib.refine.volatility import Flags, Floats, Positions, Prices
from chalicelib.schema import WINDOWS


@dataclass(frozen=True, slots=True)
class Chained:
    """Prices chained over events.

    Attributes:
        prices: the chained index I of each ticker: I_0 = C_0, then I_{t-1}·e^{r_t}, and I_{t-1}·e^{c_t} on an event;
            and open, high and low on the same level.
        level: shape (n,), C_t / I_t: a value on the level of the index times `level` is on the level of the session's
            price. Exactly 1 before the first event.
    """

    prices: Prices
    level: Floats


def chain(prices: Prices, unit: Floats | float) -> Chained:
    """Return the prices chained over the events, in money for one share.

    Between two events the index is the price times a constant, so a ticker without events keeps its prices, bit for
    bit. It is an index of prices, without dividends.

    Args:
        prices: n bars, in the unit of quotation.
        unit: the quotation of a share that costs 1, shape (n,), or one number for all bars. It may change on an event.
    """
    unit = np.broadcast_to(np.asarray(unit, np.float64), len(prices))
    starts = prices.position == 0
    if prices.event is not None:
        starts = starts | prices.event
    first = np.flatnonzero(starts)
    # The bars from one event to the next, and the last bar of each.
    part = np.cumsum(starts) - 1
    last = np.append(first, len(prices))[1:] - 1
    # A part of the index is close / base · factor: close / unit at first, then the index before · close / open.
    opening = prices.position[first] == 0
    base = np.where(opening, unit[first], prices.open[first])
    growth = prices.close[last] / base
    factor = np.ones(len(first))
    for parts in tickers(_since(opening)):
        factor[parts][1:] = np.multiply.accumulate(growth[parts])[:-1]
    level = np.where(opening, 1.0, base / unit[first] / factor)
    sides = [side / base[part] * factor[part] for side in (prices.open, prices.high, prices.low, prices.close)]
    return Chained(Prices(sides[0], sides[1], sides[2], sides[3], prices.position, prices.event), level[part])


def _since(starts: Flags) -> Positions:
    """Return the number of entries since the last start, shape (n,)."""
    at = np.arange(len(starts))
    return at - np.maximum.accumulate(np.where(starts, at, 0))


def nights(prices: Prices, windows: Sequence[int] = WINDOWS) -> dict[int, Positions]:
    """Return V, the number of nights that are not left out, of each trailing window; -1 while it is not full.

    Returns:
        Arrays of shape (n,) by window. A window of n sessions is full when it has n nights.
    """
    event = np.zeros(len(prices), np.bool_) if prices.event is None else prices.event
    counted = np.concatenate([[0], np.cumsum(~event)])
    last = np.arange(len(prices)) + 1
    return {
        window: np.where(prices.position >= window, counted[last] - counted[np.maximum(last - window, 0)], -1)
        for window in windows
    }
