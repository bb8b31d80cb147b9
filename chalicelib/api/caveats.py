"""The bias of each volatility estimator on this source, and the unit of its volume, for `meta.caveats`.

The figures are computed over the real history from 2008 to 2025. `python -m scripts.estimators` prints them, and a test
compares them with the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.estimators import ESTIMATORS, EstimatorName
from chalicelib.instrument import IBOV
from chalicelib.schema import VOLUME, WINDOWS, volatility_column

OVERNIGHT_PERCENT = 0.26
"""The variance of the overnight return ln(O_t/C_{t-1}), in percent of the variance of ln(C_t/C_{t-1})."""

MEDIAN_RATIOS: Mapping[EstimatorName, float] = {
    "parkinson": 0.887,
    "garman_klass": 0.841,
    "garman_klass_yang_zhang": 0.842,
    "rogers_satchell": 0.840,
    "yang_zhang": 0.866,
}
"""The median ratio of each estimator to close_to_close, both over 252 sessions. Every ratio is below 1."""


def _caveat(estimator: EstimatorName, ratio: float) -> str:
    bias = (
        "misses the overnight return, because Yahoo's open is nearly the previous close: the variance of "
        f"ln(O_t/C_{{t-1}}) is {OVERNIGHT_PERCENT} % of that of ln(C_t/C_{{t-1}})"
        if ESTIMATORS[estimator].uses_night
        else "has no overnight term: it measures the session from open to close"
    )
    return f"{bias}; over 252 sessions its median ratio to close_to_close is {ratio:.3f} (2008 to 2025)"


CAVEATS: Mapping[EstimatorName, str] = {
    estimator: _caveat(estimator, ratio) for estimator, ratio in MEDIAN_RATIOS.items()
}
"""By estimator. `close_to_close` has none: it uses closes only, whose returns include the overnight return."""

_ESTIMATORS = {volatility_column(estimator, window): estimator for estimator in CAVEATS for window in WINDOWS}


VOLUME_CAVEAT = (
    f"comparable from {IBOV.volume_comparable_since} on only: Yahoo gave it in other units before, about 100 times "
    "larger until June 2007"
)


def caveats(columns: Iterable[str]) -> dict[str, str]:
    """Return the caveats of these columns of the table, by estimator, and by column for the volume."""
    names = list(columns)
    estimators = dict.fromkeys(_ESTIMATORS[column] for column in names if column in _ESTIMATORS)
    volume = {VOLUME: VOLUME_CAVEAT} if VOLUME in names else {}
    return {**{estimator: CAVEATS[estimator] for estimator in estimators}, **volume}
