"""Dates as text. The dates of a file all have one form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from chalicelib.errors import SourceMalformed
from chalicelib.ingest.sources.files.cells import refuse
from chalicelib.layout import SAO_PAULO

_WEEK = pd.Timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Dates:
    """One way to write dates.

    Attributes:
        pattern: the whole cell. Its group is the text that `format` reads.
        format: as `strptime` has it.
        example: 31 December 2025, for messages.
        swapped: the format that exchanges day and month, if files with the same columns may have it.
    """

    pattern: re.Pattern[str]
    format: str
    example: str
    swapped: str = ""


ISO = Dates(re.compile(r"(\d{4}-\d{2}-\d{2})(?: 00:00:00)?", re.ASCII), "%Y-%m-%d", "2025-12-31")

OFFSET = Dates(
    re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2})", re.ASCII),
    "%Y-%m-%d %H:%M:%S%z",
    "2025-12-31 00:00:00-03:00",
)
"""Midnight in São Paulo, or one o'clock on days that had no midnight."""

_SLASHES = re.compile(r"(\d{2}/\d{2}/\d{4})(?: 00:00(?::00)?)?", re.ASCII)

DAY_FIRST = Dates(_SLASHES, "%d/%m/%Y", "31/12/2025")
DAY_OR_MONTH = Dates(_SLASHES, "%d/%m/%Y", "31/12/2025", swapped="%m/%d/%Y")
MONTH_FIRST = Dates(_SLASHES, "%m/%d/%Y", "12/31/2025", swapped="%d/%m/%Y")
DOTS = Dates(re.compile(r"(\d{2}\.\d{2}\.\d{4})", re.ASCII), "%d.%m.%Y", "31.12.2025")
MONTH_NAME = Dates(re.compile(r"([A-Z][a-z]{2} \d{2}, \d{4})", re.ASCII), "%b %d, %Y", "Dec 31, 2025")


def dates(column: pd.Series[str], forms: Sequence[Dates], origin: str) -> pd.Series[pd.Timestamp]:
    """Return the dates as datetime64, midnight without a time zone.

    Args:
        forms: the forms that the dialect allows. The first date chooses one.

    Raises:
        SourceMalformed: a date is not in the form, or day and month may be exchanged.
    """
    chosen = [form for form in forms if form.pattern.fullmatch(column.iloc[0])] or list(forms)
    form = chosen[0]
    read = _read(column, form)
    refuse(column, read.isna(), origin, f"a date as {' or '.join(form.example for form in chosen)}")
    if form.swapped:
        _check_order(column, read, form, origin)
    return read


def _read(column: pd.Series[str], form: Dates) -> pd.Series[pd.Timestamp]:
    text = column.str.extract(form.pattern, expand=False).where(column.str.fullmatch(form.pattern))
    if form is not OFFSET:
        return pd.to_datetime(text, format=form.format, errors="coerce")
    local = pd.to_datetime(text, format=form.format, errors="coerce", utc=True).dt.tz_convert(SAO_PAULO)
    local = local.dt.tz_localize(None)
    days = local.dt.normalize()
    return days.where((local - days).isin([pd.Timedelta(0), pd.Timedelta(hours=1)]))


def _check_order(column: pd.Series[str], read: pd.Series[pd.Timestamp], form: Dates, origin: str) -> None:
    """Refuse dates that are valid, and no more scattered, with day and month exchanged.

    Two dates of one week are of one month. Exchanged, they would be a month apart.
    """
    text = column.str.extract(form.pattern, expand=False)
    swapped = pd.to_datetime(text, format=form.swapped, errors="coerce")
    certain = swapped.isna().any() or swapped.equals(read) or (read.sort_values().diff() <= _WEEK).any()
    if not certain:
        line = (swapped != read).idxmax()
        raise SourceMalformed(
            f"{origin}, line {line}, {column.name}: {column[line]!r} may be {read[line].date()} or "
            f"{swapped[line].date()}; allowed: dates of which one has a day after the 12th, or two are of one week"
        )
