"""The ways to flag unusual days. A further one is one more entry, and its name in `parameters.Method`."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.api.parameters import Method

_RANGE = '"volatilidade_pct"'

SCORES: Mapping[Method, str] = {
    # The table has it: causal, so that a day's score never changes when later days come.
    "zscore": '"vol_zscore"',
    # Against mean and standard deviation (ddof 1) of all the sessions asked for; null where they are all equal.
    "zscore_range": f"({_RANGE} - avg({_RANGE}) OVER ()) / nullif(stddev_samp({_RANGE}) OVER (), 0e0)",
}
"""For each method the score of a day, as SQL over the table's columns: a day is flagged if it is above a threshold."""
