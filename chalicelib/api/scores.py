"""The scores of `/ibov/anomalies`, as SQL. To add one, add an entry here and its name to `choices.Method`."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.api.choices import Method

_VOLATILITY = '"volatilidade_pct"'

SCORES: Mapping[Method, str] = {
    # A column of the table. It is causal: later sessions do not change the score of a session.
    "zscore": '"vol_zscore"',
    # Against mean and standard deviation (ddof 1) of all sessions in the range; null for one session or equal values.
    "zscore_range": f"({_VOLATILITY} - avg({_VOLATILITY}) OVER ()) / nullif(stddev_samp({_VOLATILITY}) OVER (), 0e0)",
}
"""The score of a session by method, as SQL over the table's columns. A session above the threshold is an anomaly."""
