"""What the estimators of volatility miss on this source, for `meta` to say.

The figures are of the real history from 2008 to 2025. `python -m scripts.estimators` prints them, and a test compares
them with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.estimators import ESTIMATORS, EstimatorName
from chalicelib.schema import WINDOWS, volatility_column

NIGHT_PERCENT = 0.26
"""The variance of ln(O_t/C_{t-1}) in percent of that of ln(C_t/C_{t-1})."""

MEDIAN_RATIOS: Mapping[EstimatorName, float] = {
    "parkinson": 0.887,
    "garman_klass": 0.841,
    "garman_klass_yang_zhang": 0.842,
    "rogers_satchell": 0.840,
    "yang_zhang": 0.866,
}
"""The median of an estimator over 252 sessions divided by close_to_close over the same. Each is lower on every one."""


def _caveat(estimator: EstimatorName, ratio: float) -> str:
    missed = (
        "misses the night, because Yahoo's open is nearly the close before: the variance of ln(O_t/C_{t-1}) is "
        f"{NIGHT_PERCENT} % of that of ln(C_t/C_{{t-1}})"
        if ESTIMATORS[estimator].uses_night
        else "has no term for the night: it measures the session from open to close"
    )
    return f"{missed}; over 252 sessions its median ratio to close_to_close is {ratio:.3f} (2008 to 2025)"


CAVEATS: Mapping[EstimatorName, str] = {
    estimator: _caveat(estimator, ratio) for estimator, ratio in MEDIAN_RATIOS.items()
}
"""By estimator. `close_to_close` has none: it uses the closes alone, and they have the night between them."""

_ESTIMATORS = {volatility_column(estimator, window): estimator for estimator in CAVEATS for window in WINDOWS}


def caveats(columns: Iterable[str]) -> dict[str, str]:
    """What to know of these columns of the table, by estimator."""
    estimators = dict.fromkeys(_ESTIMATORS[column] for column in columns if column in _ESTIMATORS)
    return {estimator: CAVEATS[estimator] for estimator in estimators}
