"""The six estimators of volatility: one entry each, from which the schema, the API and the documents derive.

An estimator returns the daily variance over each window of n sessions; the lake stores it annualised, as a fraction:
sqrt(252 · daily variance), 0.1458 for 14.58 % a year. With O, H, L and C the prices of session t,

    o = ln(O_t / C_{t-1})    the night, from the previous close to the open
    c = ln(C_t / O_t)        the session, from the open to the close
    r = ln(C_t / C_{t-1})    from close to close

The formulas are from the papers, and equal to R's `TTR::volatility`. TTR's `close` counts prices where `close_to_close`
counts returns: its n is one more. Yahoo's open of the index is often the previous close, or a few points from it: o is
nearly 0, and the estimators that use it miss most of the night; `api.caveats` has the figures.

The examples use these four sessions. `terms` holds their series; the windows of 2 sessions end at session 2, 3 and 4,
and the first is left out, because session 1 has no previous close:

    session    open    high     low   close
    1           100     102      99     101
    2           102     105     101     104
    3           103     104      98      99
    4            99     103      97     102

NumPy is imported for type checking only, because the API imports this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Series = Literal["o", "c", "r", "range", "garman_klass", "rogers_satchell"]
"""Series with one value a session: o, c and r as above, ln(H/L), and the terms of two estimators."""


class Terms(Protocol):
    """Statistics of each series over trailing windows, shape (sessions - window + 1,)."""

    def mean(self, series: Series, window: int) -> Floats:
        """Return the mean over each window."""

    def mean_square(self, series: Series, window: int) -> Floats:
        """Return the mean of the squares over each window."""

    def variance(self, series: Series, window: int) -> Floats:
        """Return the sample variance (ddof 1) over each window."""


def close_to_close(terms: Terms, n: int) -> Floats:
    """Return the sample variance (ddof 1) of the last n values of r.

    It makes no assumption about the path within the session and uses none of it. The mean is estimated, not assumed to
    be 0. A window has n returns, and so n + 1 closes.

    Source: the textbook estimator, for instance in J. C. Hull, Options, Futures, and Other Derivatives, "Estimating
    volatility from historical data".

    Example: r of sessions 2 to 4 is 0.029270, -0.049271 and 0.029853. The variance of the last two is
    (-0.049271 - 0.029853)² / 2.

        >>> close_to_close(terms, 2)[1:].round(6)
        array([0.003084, 0.00313 ])
    """
    return terms.variance("r", n)


def parkinson(terms: Terms, n: int) -> Floats:
    """Return mean[ln(H/L)²] / (4 ln 2).

    It assumes a Brownian motion without drift that is observed continuously, and ignores the night. The result is too
    low where the true high and low fall between trades.

    Source: M. Parkinson (1980), "The Extreme Value Method for Estimating the Variance of the Rate of Return".

    Example: ln(H/L) of sessions 3 and 4 is 0.059423 and 0.060018. The mean of the squares is 0.003567, and divided by
    4 ln 2 = 2.772589 it is 0.001286.

        >>> parkinson(terms, 2)[1:].round(6)
        array([0.000909, 0.001286])
    """
    return terms.mean_square("range", n) / (4 * log(2))


def garman_klass(terms: Terms, n: int) -> Floats:
    """Return mean[½ ln(H/L)² - (2 ln 2 - 1) c²].

    It assumes a Brownian motion without drift, and ignores the night.

    Source: M. B. Garman and M. J. Klass (1980), "On the Estimation of Security Price Volatilities from Historical
    Data": the practical form of their best analytic estimator.

    Example: c of sessions 3 and 4 is -0.039609 and 0.029853. The terms are ½ · 0.059423² - 0.386294 · 0.039609² =
    0.001160 and ½ · 0.060018² - 0.386294 · 0.029853² = 0.001457, and their mean is 0.001308.

        >>> garman_klass(terms, 2)[1:].round(6)
        array([0.000884, 0.001308])
    """
    return terms.mean("garman_klass", n)


def garman_klass_yang_zhang(terms: Terms, n: int) -> Floats:
    """Return mean[o² + ½ ln(H/L)² - (2 ln 2 - 1) c²].

    This is Garman-Klass with the night. It assumes no drift.

    Source: the extension of Garman and Klass (1980) in D. Yang and Q. Zhang (2000), "Drift-Independent Volatility
    Estimation Based on High, Low, Open, and Close Prices".

    Example: o of sessions 3 and 4 is -0.009662 and 0. The mean of the squares is 0.000047, which is added to
    Garman-Klass: 0.001308 + 0.000047.

        >>> garman_klass_yang_zhang(terms, 2)[1:].round(6)
        array([0.000979, 0.001355])
    """
    return terms.mean_square("o", n) + terms.mean("garman_klass", n)


def rogers_satchell(terms: Terms, n: int) -> Floats:
    """Return mean[ln(H/C)·ln(H/O) + ln(L/C)·ln(L/O)].

    It holds for any drift, and ignores the night.

    Source: L. C. G. Rogers and S. E. Satchell (1991), "Estimating Variance from High, Low and Closing Prices".

    Example: session 3 has ln(104/99)·ln(104/103) + ln(98/99)·ln(98/103) = 0.000981, session 4 has
    ln(103/102)·ln(103/99) + ln(97/102)·ln(97/99) = 0.001412. Their mean is 0.001197.

        >>> rogers_satchell(terms, 2)[1:].round(6)
        array([0.000774, 0.001197])
    """
    return terms.mean("rogers_satchell", n)


def yang_zhang(terms: Terms, n: int) -> Floats:
    """Return Var(o) + k·Var(c) + (1 - k)·rogers_satchell, k = 0.34 / (1.34 + (n + 1)/(n - 1)), variances of ddof 1.

    It holds for any drift, and includes the night. Two errors are common in other implementations: mean squares in
    place of the variances, which are around the mean of the window; and Var(r) in place of Var(c).

    Source: D. Yang and Q. Zhang (2000), "Drift-Independent Volatility Estimation Based on High, Low, Open, and Close
    Prices".

    Example: with n = 2, k = 0.34 / 4.34 = 0.078341. Sessions 3 and 4 have Var(o) = 0.009662² / 2 = 0.000047 and
    Var(c) = (-0.039609 - 0.029853)² / 2 = 0.002412: 0.000047 + 0.078341 · 0.002412 + 0.921659 · 0.001197 = 0.001339.

        >>> yang_zhang(terms, 2)[1:].round(6)
        array([0.00104 , 0.001339])
    """
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return terms.variance("o", n) + k * terms.variance("c", n) + (1 - k) * rogers_satchell(terms, n)


EstimatorName = Literal[
    "close_to_close",
    "parkinson",
    "garman_klass",
    "garman_klass_yang_zhang",
    "rogers_satchell",
    "yang_zhang",
]
"""The names of `ESTIMATORS`, as a type that mypy and msgspec can check; a test compares both."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """One estimator of volatility.

    Attributes:
        title: name in texts.
        description: one line for the documents.
        variance: function that returns the daily variance of each window of n sessions.
        uses_night: whether a window needs the close before its first session.
    """

    title: str
    description: str
    variance: Callable[[Terms, int], Floats]
    uses_night: bool


ESTIMATORS: Mapping[EstimatorName, Estimator] = {
    "close_to_close": Estimator(
        "close-to-close", "sample variance of the returns from close to close", close_to_close, uses_night=True
    ),
    "parkinson": Estimator("parkinson", "range from low to high; assumes no drift", parkinson, uses_night=False),
    "garman_klass": Estimator(
        "garman-klass", "range, and return from open to close; assumes no drift", garman_klass, uses_night=False
    ),
    "garman_klass_yang_zhang": Estimator(
        "garman-klass-yang-zhang", "Garman-Klass and the night", garman_klass_yang_zhang, uses_night=True
    ),
    "rogers_satchell": Estimator(
        "rogers-satchell", "high and low against open and close; any drift", rogers_satchell, uses_night=False
    ),
    "yang_zhang": Estimator(
        "yang-zhang",
        "variances of the night and of open to close, and Rogers-Satchell; any drift",
        yang_zhang,
        uses_night=True,
    ),
}
"""Every estimator by its name, in the order of the table's columns."""
