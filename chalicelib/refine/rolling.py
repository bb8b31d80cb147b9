"""Sums over trailing windows, without accumulated rounding errors. Takes and returns NumPy arrays.

The usual moving sum adds the newest value and subtracts the oldest. Each step rounds, and the errors stay: after a
large value has left the window, a sum of zeros is not zero, and a variance can be negative. Here a window is the sum
of two shorter adjacent windows, so nothing is subtracted: the sum of n values is rounded about log2(n) times, zeros
give exactly 0, and a window depends only on its own values.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class TrailingSums:
    """Sums over the trailing windows of one series. Longer windows add shorter ones, which are cached.

    Args:
        values: shape (n,), finite.
        windows: the expected lengths; other lengths work too, and may cost more.
    """

    def __init__(self, values: Floats, windows: Sequence[int]) -> None:
        self._sums = {1: values}
        self._splits = splits(tuple(windows))

    def __call__(self, window: int) -> Floats:
        """Return the sums of values i to i + window - 1, shape (n - window + 1,); empty if n < window."""
        if window not in self._sums:
            left = self._splits.get(window, window // 2)
            # The first `left` values of each window, and the rest of it.
            first, second = self(left), self(window - left)
            self._sums[window] = first[: max(len(first) - (window - left), 0)] + second[left:]
        return self._sums[window]


@lru_cache(maxsize=16)
def splits(windows: tuple[int, ...]) -> dict[int, int]:
    """Return, for each window and each part that it needs, the length of the first of its two parts.

    Short windows come first, so that longer ones can use them: 21 and 42 give 63 with one addition.
    """
    chosen: dict[int, int] = {}
    known = {1}

    def split(window: int) -> None:
        if window in known:
            return
        pairs = [part for part in sorted(known, reverse=True) if window - part in known]
        left = pairs[0] if pairs else window // 2
        split(left)
        split(window - left)
        chosen[window] = left
        known.add(window)

    for window in sorted(windows):
        split(window)
    return chosen
