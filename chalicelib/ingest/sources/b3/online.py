"""Official closes from B3's index statistics, a request for each calendar year."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

from chalicelib.ingest.sources.b3 import answer
from chalicelib.ingest.sources.b3.checks import check_calendar, check_step
from chalicelib.ingest.sources.b3.closes import as_closes, within
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.instrument import IBOV, Instrument
from chalicelib.refine.calendar import sessions
from chalicelib.sources import B3

_CALL = "indexStatisticsProxy/IndexCall/GetPortfolioDay"
_PAGE = "indexStatisticsPage/daily-evolution/IBOVESPA"
_NEW_YEAR_DAYS = 10
"""Days of January in which the year before is requested too, since its last closes may be missing."""


@dataclass(frozen=True, slots=True)
class Online:
    """Official closes from B3's index statistics.

    Attributes:
        url: scheme, host and port of B3.
        today: the date in the time zone of the exchange.
        limits: of the requests of one `fetch` or `years`.
        instrument: one whose ticker B3 has as an index.
    """

    url: str
    today: date
    limits: Limits = field(default_factory=Limits)
    instrument: Instrument = IBOV

    @property
    def name(self) -> str:
        return B3.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """See `ClosesSource`."""
        since = self.instrument.official_closes_since or date(1, 1, 1)
        first, last = max(start or since, since), min(end or self.today, self.today)
        years = range(last.year, first.year - 1, -1)
        parts = list(self.years(years)) if years else [as_closes({}, complete=True)]
        return within(pd.concat(reversed(parts), ignore_index=True), start, end, since, "B3")

    def years(self, years: Sequence[int]) -> Iterator[pd.DataFrame]:
        """Yield the closes of each year, in the columns of `closes.COLUMNS`.

        Args:
            years: at least one, from the newest to the oldest, without gaps: each is compared with the year after it.

        Raises:
            SourceError: B3 did not answer, or with closes that do not fit the calendar or the year after. Closes of
                another index are not noticed here, but by `check_level`, which compares them with bars.
        """
        # curl takes a fifth of a second to import, and a run without requests does without it.
        from chalicelib.ingest.sources.b3.http import Client

        client = Client(f"{self.url}/{_PAGE}?language={answer.PORTUGUESE}", self.limits)
        following: pd.DataFrame | None = None
        calendar = sessions(date(min(years), 1, 1), date(max(years), 12, 31))
        for year in years:
            origin = f"B3's answer for {year}"
            closes = answer.parse(client.get(self._request_url(year), origin), year, origin, answer.PORTUGUESE)
            # B3 may be late with the last closes of this year.
            through = closes["data"].iloc[-1].date() if year == self.today.year else date(year, 12, 31)
            check_calendar(closes, calendar, through, self.today, self.instrument, origin=origin)
            if following is not None:
                check_step(closes, following, origin)
            yield closes
            following = closes

    def due(self, *, all_years: bool) -> list[int]:
        """Return the years to request in a scheduled run, from the newest to the oldest.

        Args:
            all_years: whether to request every year that has official closes. Otherwise it is this year, and in its
                first days the year before. A year without a finished session is not requested.
        """
        year, first_day = self.today.year, date(self.today.year, 1, 1)
        begun = len(sessions(first_day, self.today - timedelta(days=1))) > 0
        newest = year if begun else year - 1
        if all_years:
            since = self.instrument.official_closes_since
            return list(range(newest, since.year - 1, -1)) if since else []
        recent = (self.today - first_day).days < _NEW_YEAR_DAYS
        return [newest, newest - 1] if recent and begun else [newest]

    def _request_url(self, year: int) -> str:
        request = {"language": answer.PORTUGUESE, "index": self.instrument.ticker, "year": str(year)}
        token = base64.b64encode(json.dumps(request, separators=(",", ":")).encode()).decode()
        return f"{self.url}/{_CALL}/{token}"
