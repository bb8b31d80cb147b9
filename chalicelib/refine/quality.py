"""Which bars are refused, and why. Frames in, reasons out.

A bar has one reason, the first that applies in the order of `REASONS`. The first four are found while an object
is read (`raw`), the others here. What each means, and how often it applies to the real history, is in
docs/data-quality.md.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from chalicelib.layout import SAO_PAULO
from chalicelib.schema import PRICES

CORRUPT = "objeto_corrompido"
FOREIGN = "objeto_estranho"
WRONG_TYPE = "tipo_errado"
NON_FINITE = "nao_finito"
NULL_PRICE = "preco_nulo"
FUTURE = "data_futura"
LIVE = "barra_ao_vivo"
NO_SESSION = "sem_pregao"
NON_POSITIVE_PRICE = "preco_nao_positivo"
HIGH_LOW = "maxima_minima"

REASONS = (
    CORRUPT,
    FOREIGN,
    WRONG_TYPE,
    NON_FINITE,
    NULL_PRICE,
    FUTURE,
    LIVE,
    NO_SESSION,
    NON_POSITIVE_PRICE,
    HIGH_LOW,
)
"""Every reason for which a bar is refused, in the order in which they are tried."""

WHOLE_POINTS_SINCE = pd.Timestamp("1997-03-01")
"""From this day on the final bars of Yahoo's ^BVSP are whole numbers, and its unfinished ones are not."""

SETTLED_AFTER = timedelta(hours=12)
"""A bar that Yahoo still gives unchanged after this long is final, whole numbers or not."""

OPEN, HIGH, LOW, CLOSE = PRICES


def refusals(rows: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.Series[str]:
    """The first reason for which each row is refused, empty where it is acceptable.

    Args:
        rows: the rows of every raw object, as `raw.read` gives them.
        sessions: the calendar's sessions, from the first date of the rows to the last.
    """
    prices = rows[list(PRICES)]
    collected = rows["coletado_em"].dt.tz_convert(SAO_PAULO).dt.tz_localize(None)
    rules = {
        NULL_PRICE: prices.isna().any(axis=1),
        FUTURE: rows["data"] > collected,
        LIVE: live(rows),
        NO_SESSION: ~rows["data"].isin(sessions),
        NON_POSITIVE_PRICE: (prices <= 0).any(axis=1),
        HIGH_LOW: (rows[HIGH] < prices.max(axis=1)) | (rows[LOW] > prices.min(axis=1)),
    }
    reasons = np.select(list(rules.values()), list(rules), default="")
    return pd.Series(reasons, index=rows.index, dtype="object")


def live(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are unfinished bars of a session that was still going on, or not yet settled.

    The clock proves nothing: unfinished bars were seen hours after the close. A row is live if it is Yahoo's, since
    1997-03, with a price that is not whole, unless Yahoo gave the same prices at least twelve hours before; or if
    open, high or low is 0 and the close is not; or if it is the last of its download, flat and without volume (a
    correction is final by intent).
    Volume 0 alone is no sign: 2,413 final sessions of Yahoo have it.
    """
    still_forming = fractional(rows) & ~settled(rows)
    half_empty = (rows[[OPEN, HIGH, LOW]] == 0).any(axis=1) & (rows[CLOSE] > 0)
    flat = (rows[OPEN] == rows[HIGH]) & (rows[HIGH] == rows[LOW]) & (rows[LOW] == rows[CLOSE])
    silent = rows["volume_negociado"].fillna(0) == 0
    stub = rows["ultima"] & flat & silent & (rows["fonte"] != "correcao")
    return still_forming | half_empty | stub


def fractional(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which rows of Yahoo have a price that is not whole, though its final bars of that day are."""
    not_whole = (rows[list(PRICES)] % 1 != 0).any(axis=1)
    return not_whole & (rows["fonte"] == "yahoo") & (rows["data"] >= WHOLE_POINTS_SINCE)


def settled(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which rows Yahoo had given with the same prices at least twelve hours before."""
    yahoo = rows[rows["fonte"] == "yahoo"]
    first = yahoo.groupby(["data", *PRICES])["coletado_em"].transform("min")
    return (yahoo["coletado_em"] - first >= SETTLED_AFTER).reindex(rows.index, fill_value=False)
