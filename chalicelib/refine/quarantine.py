"""Refused rows in the columns of `schema.QUARANTINE`. Takes and returns DataFrames."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from chalicelib.refine.answers import HeldBack
from chalicelib.refine.quality import CONTRADICTORY, NO_SESSION
from chalicelib.schema import PRICES, QUARANTINE

NO_OFFICIAL_CLOSE = "a B3 não tem fechamento deste dia"
"""Value of the column `nota` for a bar on a day of the calendar that was no session, as B3 has no close of it."""

COPIES_PREVIOUS_SESSION = "copia do dia anterior"
"""Value of the column `nota` for a bar on a day without a session that copies the previous session."""


def as_quarantine(rows: pd.DataFrame, reason: str | pd.Series[str], note: str | list[str]) -> pd.DataFrame:
    """Return the rows in the columns of quarantine, every value as text, with a reason and a note."""
    texts = {name: rows[name].map(_text) if name in rows else None for name in (column.name for column in QUARANTINE)}
    return pd.DataFrame(texts, index=rows.index).assign(motivo=reason, nota=note)


def quarantine(
    rows: pd.DataFrame,
    unreadable: pd.DataFrame,
    bars: pd.DataFrame,
    denied: pd.DatetimeIndex,
    held: Sequence[HeldBack],
) -> pd.DataFrame:
    """Return all refused rows, in order of key, date and reason, whatever the order of raw.

    A download that is held back is one row without a date.

    Args:
        rows: the readable rows of raw, with `motivo` (empty where the row was acceptable).
        unreadable: rows that `raw.read` refused, in the columns of quarantine.
        bars: the accepted bars.
        denied: the days of the calendar that were no session.
        held: the downloads that are held back.
    """
    refused = rows[(rows["motivo"] != "") & (rows["motivo"] != CONTRADICTORY.name)]
    objects = pd.DataFrame({"chave": [answer.key for answer in held]}, dtype=object)
    whole = as_quarantine(objects, CONTRADICTORY.name, [answer.because for answer in held])
    by_row = as_quarantine(refused, refused["motivo"], _notes(refused, bars, denied))
    everything = pd.concat([unreadable, whole, by_row])
    return everything.sort_values(["chave", "data", "motivo"], kind="stable", ignore_index=True)


def _notes(refused: pd.DataFrame, bars: pd.DataFrame, denied: pd.DatetimeIndex) -> list[str]:
    """Return a note for each bar on a day without a session: B3 says so, or it copies the previous session."""
    previous = bars[["data", *PRICES]].sort_values("data")
    beside = pd.merge_asof(
        refused.reset_index()[["index", "data", *PRICES]].sort_values("data", kind="stable"),
        previous,
        on="data",
        allow_exact_matches=False,
        suffixes=("", "_antes"),
    ).set_index("index")
    equal = (beside[list(PRICES)].to_numpy() == beside[[f"{name}_antes" for name in PRICES]].to_numpy()).all(axis=1)
    copies = set(beside.index[equal])
    notes = pd.Series("", index=refused.index).mask(refused.index.isin(copies), COPIES_PREVIOUS_SESSION)
    notes = notes.mask(refused["data"].isin(denied), NO_OFFICIAL_CLOSE)
    return notes.where(refused["motivo"] == NO_SESSION.name, "").tolist()


def _text(value: object) -> str | None:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value)
