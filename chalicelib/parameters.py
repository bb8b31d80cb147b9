"""What a client may ask: query parameters, checked and typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.errors import BadParameter

DEFAULT_LIMIT = 252
MAX_LIMIT = 5000

Given = Mapping[str, Sequence[str]]
"""The query parameters of a request: the values of each."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTEGER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """Which sessions: from `start` to `end`, both included, None is open; at most the last `limit` of them."""

    start: date | None
    end: date | None
    limit: int


def read_none(given: Given) -> None:
    """Check that a request to a route without parameters has none.

    Raises:
        BadParameter: it has one.
    """
    _once(given, ())


def read_range(given: Given) -> Range:
    """The parameters of a request for a range of sessions.

    Raises:
        BadParameter: one is unknown, repeated, malformed, out of range, or `start` is after `end`.
    """
    texts = _once(given, ("start", "end", "limit"))
    start, end = (_date(name, texts.get(name)) for name in ("start", "end"))
    if start and end and start > end:
        raise BadParameter("start", start.isoformat(), f"not after end, which is {end.isoformat()}")
    return Range(start, end, _limit(texts.get("limit")))


def _once(given: Given, allowed: Sequence[str]) -> dict[str, str]:
    for name, values in given.items():
        if name not in allowed:
            raise BadParameter(name, values[0], f"one of {', '.join(allowed)}" if allowed else "no parameter at all")
        if len(values) != 1:
            raise BadParameter(name, ", ".join(values), "the parameter once")
    return {name: values[0] for name, values in given.items()}


def _date(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    allowed = "an ISO date from 1900-01-01 to 2199-12-31"
    if not _DATE.fullmatch(text):
        raise BadParameter(name, text, allowed)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadParameter(name, text, allowed) from None
    if not 1900 <= day.year <= 2199:
        raise BadParameter(name, text, allowed)
    return day


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not _INTEGER.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise BadParameter("limit", text, f"a whole number from 1 to {MAX_LIMIT}")
    return int(text)
