"""The query parameters of a range of sessions: by dates, months, years, or the number of the newest sessions."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.errors import BadParameter

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""The range of dates that a parameter may have."""

MAX_LAST = 10_000
"""The maximum of `last`, in sessions: 39 years."""

YEAR = "(19|20|21)[0-9]{2}"
"""The years of `EARLIEST` to `LATEST`, as a regular expression."""

_DAY = re.compile(f"{YEAR}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")

ALLOWED_DAYS = f"a date, a month or a year from {EARLIEST} to {LATEST}, such as 2025-09-30, 2025-09 or 2025"

ALLOWED_DATES = f"a date from {EARLIEST} to {LATEST}, such as 2025-09-30"


def day_of(text: str, *, last: bool = False, exact: bool = False) -> date | None:
    """Return the first or the last day of an ISO date, a month or a year; None if the text is none of them.

    Args:
        last: whether to return the last day: 2024-02 is 2024-02-29.
        exact: whether only a date is allowed, no month and no year.
    """
    if not _DAY.fullmatch(text) or (exact and text.count("-") < 2):
        return None
    year, *rest = map(int, text.split("-"))
    month = rest[0] if rest else 12 if last else 1
    length = monthrange(year, month)[1]
    day = rest[1] if rest[1:] else length if last else 1
    return date(year, month, day) if day <= length else None


def day_meta(description: str, example: str, *, last: bool) -> Meta:
    """Return the annotation of a parameter that is a day.

    Args:
        last: whether a month or a year means its last day, not its first.
    """
    return Meta(
        description=f"{description}: a date, or a month or a year for its {'last' if last else 'first'} day.",
        examples=[example],
        extra={"last": last},
        extra_json_schema={"pattern": f"^{_DAY.pattern}$"},
    )


class RangeParameters(Struct, frozen=True, kw_only=True):
    """The parameters of a range of sessions.

    Raises:
        BadParameter: `start` is after `end`, or a parameter is combined with another that it excludes.
    """

    start: Annotated[date | None, day_meta("The first day of the range, inclusive", "2025-01-02", last=False)] = None
    end: Annotated[date | None, day_meta("The last day of the range, inclusive", "2025-12-30", last=True)] = None
    year: Annotated[
        Annotated[int, Meta(ge=EARLIEST.year, le=LATEST.year)] | None,
        Meta(description="A calendar year, instead of `start` and `end`.", examples=[2025]),
    ] = None
    last: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_LAST)] | None,
        Meta(description="The newest sessions, instead of `start`, `end` and `year`.", examples=[63]),
    ] = None

    def __post_init__(self) -> None:
        for name, excluded in (("last", ("start", "end", "year")), ("year", ("start", "end"))):
            value = getattr(self, name)
            other = next((other for other in excluded if getattr(self, other) is not None), None)
            if value is not None and other is not None:
                raise BadParameter(name, f"{value}", f"either {name} or {other}, not both")
        if self.start and self.end and self.start > self.end:
            raise BadParameter("start", self.start.isoformat(), f"not after end, which is {self.end.isoformat()}")

    @property
    def first_day(self) -> date | None:
        """The first day, None if the range has no start."""
        return date(self.year, 1, 1) if self.year else self.start

    @property
    def last_day(self) -> date | None:
        """The last day, None if the range has no end."""
        return date(self.year, 12, 31) if self.year else self.end
