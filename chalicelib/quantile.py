"""Quantiles of sorted values, for `refine` and for the API, which loads no NumPy."""

from __future__ import annotations

from collections.abc import Sequence


def quantile(ordered: Sequence[float], p: float) -> float:
    """Return the p-quantile of sorted values, at least one, by linear interpolation.

    Source: R. J. Hyndman and Y. Fan (1996), "Sample Quantiles in Statistical Packages": type 7, R's and NumPy's
    default.
    """
    position = (len(ordered) - 1) * p
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
