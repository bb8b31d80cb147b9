"""Sums over trailing windows, as fast as memory and without residue. Arrays in, arrays out.

The usual moving sum adds the newest value and subtracts the oldest. Each step rounds, and what is lost stays: after a
large value has left the window, a sum of zeros is not zero, and a variance can be negative. Here a window is the sum
of two shorter ones beside each other, so nothing is ever subtracted: the sum of n values is rounded about log2(n)
times, zeros give exactly 0, and a window depends on its own values only, not on what came before or comes after.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class TrailingSums:
    """Sums over the trailing windows of one series; longer ones are made of shorter ones, which are remembered.

    Args:
        values: shape (n,), finite.
        windows: the lengths that will be asked for; any other works too, and may cost more.
    """

    def __init__(self, values: Floats, windows: Sequence[int]) -> None:
        self._sums = {1: values}
        self._splits = splits(tuple(windows))

    def __call__(self, window: int) -> Floats:
        """Shape (n - window + 1,): entry i is the sum of values i to i + window - 1. Empty if n < window."""
        if window not in self._sums:
            left = self._splits.get(window, window // 2)
            # The window that ends at a value: `left` of it first, the rest after.
            first, second = self(left), self(window - left)
            self._sums[window] = first[: max(len(first) - (window - left), 0)] + second[left:]
        return self._sums[window]


@lru_cache(maxsize=16)
def splits(windows: tuple[int, ...]) -> dict[int, int]:
    """How to make each window, and what it needs, of two shorter ones: the length of the first.

    The shortest windows come first, so that the longer ones can be made of them: 21 and 42 make 63 in one addition.
    """
    chosen: dict[int, int] = {}
    known = {1}

    def make(window: int) -> None:
        if window in known:
            return
        pairs = [part for part in sorted(known, reverse=True) if window - part in known]
        left = pairs[0] if pairs else window // 2
        make(left)
        make(window - left)
        chosen[window] = left
        known.add(window)

    for window in sorted(windows):
        make(window)
    return chosen
