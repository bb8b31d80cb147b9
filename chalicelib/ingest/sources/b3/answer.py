"""An answer of B3's index statistics: the official closes of one index in one calendar year.

The answer names neither the index nor the year. It is a table of days by months, and the lowest and the highest close
of each month, which serve as a checksum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import pandas as pd

from chalicelib.errors import SourceMalformed, SourceRefused, SourceUnavailable
from chalicelib.ingest.sources.b3.closes import as_closes

PORTUGUESE, ENGLISH = "pt-br", "en-us"

_NUMBERS: Mapping[str, tuple[re.Pattern[str], str, str]] = {
    PORTUGUESE: (re.compile(r"\d{1,3}(\.\d{3})*,\d{2}", re.ASCII), ".", ","),
    ENGLISH: (re.compile(r"\d{1,3}(,\d{3})*\.\d{2}", re.ASCII), ",", "."),
}
"""The numbers of each language: their form, the separator of thousands, the decimal mark."""

_MONTHS = range(1, 13)
_FIELDS = [f"rateValue{month}" for month in _MONTHS]

_Row: Any = msgspec.defstruct(
    "_Row",
    [("day", int), *((field, str | None, None) for field in _FIELDS)],
    frozen=True,
    forbid_unknown_fields=True,
)


class _Answer(msgspec.Struct, frozen=True):
    min: _Row | None
    max: _Row | None
    results: list[_Row] | None


def parse(body: bytes, year: int, origin: str, language: str | None = None) -> pd.DataFrame:
    """Return the closes in an answer, in the columns of `closes.COLUMNS`.

    Args:
        year: the year of the answer, which the answer does not contain.
        origin: name of the answer in error messages.
        language: the language of the request; None to find it from the numbers, which must all be of one language.

    Raises:
        SourceUnavailable: the body is a page of the filter in front of B3.
        SourceRefused: B3 does not know the index or the year.
        SourceMalformed: the answer cannot be read, or does not fit its checksum.
    """
    answer = _decode(body, origin)
    if answer.results is None:
        raise SourceRefused(f"{origin} has no results: B3 does not know the index or the year {year}")
    texts = [text for row in answer.results for text in _texts(row) if text is not None]
    language = _language(texts, origin, language)
    closes: dict[date, float] = {}
    for row in answer.results:
        for month, text in zip(_MONTHS, _texts(row), strict=True):
            if text is None:
                continue
            day = _date(year, month, row.day, text, origin)
            if day in closes:
                raise SourceMalformed(f"{origin} has {day} twice; allowed: each day once")
            closes[day] = _number(text, language, f"{origin}, {day}")
    _check_months(closes, origin)
    _check_extremes(closes, answer, language, origin)
    return as_closes(closes, complete=True)


def _decode(body: bytes, origin: str) -> _Answer:
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise SourceMalformed(f"{origin} is empty: that is how B3 answers a malformed request")
    if text.startswith(b"<"):
        raise SourceUnavailable(f"{origin} is a page, not JSON: the filter in front of B3 refused the request")
    try:
        return msgspec.json.decode(text, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceMalformed(f"{origin} is not an answer of B3's index statistics: {error}") from error


def _texts(row: Any) -> list[str | None]:
    return [getattr(row, field) for field in _FIELDS]


def _language(texts: Sequence[str], origin: str, language: str | None) -> str:
    """Return the language of the numbers: the one that was requested, or the only one that fits all of them."""
    if not texts:
        raise SourceMalformed(f"{origin} has no close on any day; allowed: at least one")
    if language is not None:
        return language
    fitting = [name for name, (form, _, _) in _NUMBERS.items() if all(form.fullmatch(text) for text in texts)]
    if len(fitting) != 1:
        raise SourceMalformed(
            f"{origin} has numbers of no single language, such as {texts[0]!r}; allowed: 101.005,64 or 101,005.64"
        )
    return fitting[0]


def _number(text: str, language: str, origin: str) -> float:
    form, thousands, decimal = _NUMBERS[language]
    value = float(text.replace(thousands, "").replace(decimal, ".")) if form.fullmatch(text) else 0.0
    if value <= 0:
        raise SourceMalformed(
            f"{origin}: {text!r}; allowed: a number above 0 as 101{thousands}005{decimal}64, the form of {language}"
        )
    return value


def _date(year: int, month: int, day: int, text: str, origin: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise SourceMalformed(
            f"{origin} has a close, {text}, on day {day} of month {month} of {year}; allowed: days of the calendar"
        ) from error


def _check_months(closes: Mapping[date, float], origin: str) -> None:
    """Raise if a month is missing: an unfinished year has its first months only."""
    months = sorted({day.month for day in closes})
    if months != list(range(1, len(months) + 1)):
        missing = next(month for month in _MONTHS if month not in months)
        raise SourceMalformed(
            f"{origin} has closes in month {months[-1]} and none in month {missing}; allowed: each month up to the last"
        )


def _check_extremes(closes: Mapping[date, float], answer: _Answer, language: str, origin: str) -> None:
    """Raise if the lowest or the highest close of a month is not the one that the answer states."""
    for name, row, extreme in (("min", answer.min, min), ("max", answer.max, max)):
        stated = _texts(row) if row is not None else [None] * len(_FIELDS)
        for month, text in zip(_MONTHS, stated, strict=True):
            values = [close for day, close in closes.items() if day.month == month]
            if not values:
                if text is not None and re.sub(r"[.,0]", "", text):
                    raise SourceMalformed(f"{origin} has {name} {text} of month {month}, which has no close")
                continue
            if text is None:
                raise SourceMalformed(f"{origin} has no {name} of month {month}; required: the checksum of each month")
            if _number(text, language, f"{origin}, {name} of month {month}") != extreme(values):
                raise SourceMalformed(
                    f"{origin} does not fit its checksum: {name} of month {month} is {text}, of its closes "
                    f"{extreme(values)}"
                )
