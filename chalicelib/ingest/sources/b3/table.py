"""A CSV of official closes: exactly the two columns `date,close`."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import pandas as pd

from chalicelib.errors import SourceEmpty, SourceMalformed
from chalicelib.ingest.sources.b3.closes import as_closes

COLUMNS = ["date", "close"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)


def parse(body: bytes, origin: str) -> pd.DataFrame:
    """Return the closes in a CSV, in the columns of `closes.COLUMNS`.

    The text is UTF-8, dates are ISO, and numbers have a decimal point. Other columns are an error: a file with more of
    them is a file of bars, whose closes are not B3's.

    Raises:
        SourceMalformed: names the line, the value and what is allowed.
        SourceEmpty: the text has only the names of the columns.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceMalformed(f"{origin} is not UTF-8 text: byte {error.start}") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row not in ([], [""])]
    except csv.Error as error:
        raise SourceMalformed(f"{origin}, line {reader.line_num}: {error}; allowed: a CSV") from error
    header = rows[0][1] if rows else []
    if [name.lower() for name in header] != COLUMNS:
        raise SourceMalformed(
            f"{origin} is no file of B3: its first line is {','.join(header)[:80]!r}; allowed: a saved answer (JSON), "
            "an index report (zip), or a CSV with exactly the columns date,close, whose closes are B3's own"
        )
    closes: dict[date, float] = {}
    for line, cells in rows[1:]:
        if len(cells) != len(COLUMNS):
            raise SourceMalformed(f"{origin}, line {line}: {len(cells)} cells; allowed: date,close")
        day = _date(cells[0], f"{origin}, line {line}")
        if day in closes:
            raise SourceMalformed(f"{origin}, line {line}: {day} is there twice; allowed: each date once")
        closes[day] = _close(cells[1], f"{origin}, line {line}")
    if not closes:
        raise SourceEmpty(f"{origin} holds no closes: only the line with the names of the columns")
    return as_closes(closes, complete=False)


def _date(text: str, origin: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # as 2025-02-30
    raise SourceMalformed(f"{origin}, date: {text!r}; allowed: a date as 2025-12-31")


def _close(text: str, origin: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else 0.0
    if value <= 0:
        raise SourceMalformed(f"{origin}, close: {text!r}; allowed: a number above 0 as 101005.64")
    return value
