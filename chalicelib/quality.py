"""Which bars are refused, and why. Frames in, reasons out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.schema import PRICES

NULL_PRICE = "preco_nulo"
NON_POSITIVE_PRICE = "preco_nao_positivo"

REASONS = (NULL_PRICE, NON_POSITIVE_PRICE)
"""Every reason for which a bar is refused, in the order in which they are tried."""


def refusals(raw: pd.DataFrame) -> pd.Series[str]:
    """The first reason for which each raw bar is refused, empty where it is acceptable.

    Args:
        raw: bars as they lie in raw, with the four prices (NaN where null).
    """
    prices = raw[list(PRICES)]
    rules = {
        NULL_PRICE: prices.isna().any(axis=1),
        NON_POSITIVE_PRICE: (prices <= 0).any(axis=1),
    }
    reasons = np.select([rules[reason] for reason in REASONS], REASONS, default="")
    return pd.Series(reasons, index=raw.index, dtype="object")
