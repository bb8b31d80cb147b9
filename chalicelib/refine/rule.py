"""A data-quality rule: a reason to refuse a bar (`quality`), or a warning on an accepted bar (`warnings`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.instrument import Instrument

Flags = npt.NDArray[np.bool_]

Test = Callable[[pd.DataFrame, pd.DatetimeIndex, Instrument], "pd.Series[bool] | Flags"]
"""Function of n rows, the calendar's sessions and the instrument; returns whether the rule applies to each row."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: value of the column `motivo` for a reason, an item of `avisos` for a warning.
        meaning: one line for docs/data-quality.md.
        test: returns whether the rule applies to each row.
    """

    name: str
    meaning: str
    test: Test

    def flags(self, rows: pd.DataFrame, sessions: pd.DatetimeIndex, instrument: Instrument) -> Flags:
        """Return whether the rule applies to each row, shape (n,)."""
        return np.asarray(self.test(rows, sessions, instrument), dtype=np.bool_)


def since(dates: pd.Series[pd.Timestamp], start: date | None) -> pd.Series[bool]:
    """Return which dates are on or after `start`; all False if `start` is None."""
    if start is None:
        return pd.Series(False, index=dates.index)
    return dates >= pd.Timestamp(start)
