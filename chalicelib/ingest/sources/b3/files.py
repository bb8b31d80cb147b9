"""Official closes in a file: a saved answer of B3, its index report, or a CSV."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chalicelib.errors import SourceMalformed, SourceUnavailable
from chalicelib.ingest.sources.b3 import answer, report, table
from chalicelib.ingest.sources.b3.checks import check_calendar
from chalicelib.ingest.sources.b3.closes import within
from chalicelib.ingest.sources.location import read
from chalicelib.instrument import IBOV, Instrument
from chalicelib.refine.calendar import sessions
from chalicelib.sources import B3

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class File:
    """Official closes from `location`, a path or `s3://bucket/key`. The kind of the file is known from its content.

    - JSON: an answer of B3's index statistics. The year is in the name of the file, such as `ibov_2022.json`; the
      language is known from the numbers.
    - zip: B3's index report, `IR<yymmdd>.zip`.
    - else: a CSV of exactly two columns, `date,close`.

    Attributes:
        today: the date in the time zone of the exchange.
        instrument: one whose ticker B3 has as an index.
    """

    location: str
    today: date
    instrument: Instrument = IBOV

    @property
    def name(self) -> str:
        return B3.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """See `ClosesSource`."""
        body = read(self.location)
        if body.startswith(report.MAGIC):
            closes = report.parse(body, self.instrument, self.location)
        elif (start_of_text := body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]) == b"<":
            raise SourceUnavailable(
                f"{self.location} is a page, not JSON; allowed: an answer of B3, an index report (zip), or a CSV of "
                "date,close"
            )
        elif start_of_text in (b"{", b"["):
            closes = self._answer(body)
        else:
            closes = table.parse(body, self.location)
        return within(closes, start, end, self.instrument.official_closes_since, self.location)

    def _answer(self, body: bytes) -> pd.DataFrame:
        closes = answer.parse(body, self._year(), self.location)
        first, last = closes["data"].iloc[0].date(), closes["data"].iloc[-1].date()
        calendar = sessions(first.replace(month=1, day=1), last)
        check_calendar(closes, calendar, last, self.today, self.instrument, origin=self.location)
        return closes

    def _year(self) -> int:
        """Return the year in the name of the file."""
        name = re.split(r"[/\\]", self.location)[-1]
        years = {int(year) for year in _YEAR.findall(name)}
        if len(years) != 1:
            raise SourceMalformed(
                f"{self.location} is an answer of B3, which does not contain its year, and its name has "
                f"{'none' if not years else 'more than one'}; allowed: a name with the year, as ibov_2022.json"
            )
        return years.pop()
