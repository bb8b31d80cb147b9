"""The refined table as a view uses it: its rows by a query, and the metadata and links of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from chalicelib.api.athena import Athena
from chalicelib.api.columns import units
from chalicelib.api.models import AnswerMeta, MarketMeta
from chalicelib.api.parsing import canonical
from chalicelib.api.queries import Query, Row, Source
from chalicelib.api.tickers import Tickers
from chalicelib.lake.manifest import Contents
from chalicelib.schema import PERIODS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Table:
    """The refined table at one version, for one request.

    Attributes:
        source: the rows that the request is about.
        instrument: the ticker in the metadata; empty for an answer about several.
        years: the number of those rows by year.
        units: the unit of each numeric column, `columns.UNITS` or `columns.SHARE_UNITS`.
        caveats: returns the caveats of columns of the table.
        tickers: all tickers of the market; none for the index.
        contents: contents of the manifest.
        path: path of the request, without the base path.
        url: URL of the route, with the base path of the request.
        athena: runs the queries.
        version: version of the table, for Athena's idempotency token.
        deadline: deadline of the request, by Athena's clock.
    """

    source: Source
    instrument: str
    years: Mapping[int, int]
    units: Mapping[str, str]
    caveats: Callable[[Iterable[str]], dict[str, str]]
    tickers: Tickers
    contents: Contents
    path: str
    url: str
    athena: Athena
    version: str
    deadline: float

    def rows(self, query: Query) -> list[Row]:
        """Return the rows of a query.

        Raises:
            QueryError: as `Athena.rows`.
        """
        return self.athena.rows(query, self.version, self.deadline)

    def since(self, sessions: int | None) -> int | None:
        """Return the year of the first of the newest sessions, None for no number of sessions.

        Args:
            sessions: their number. If the table has fewer, its first year is returned.
        """
        if sessions is None:
            return None
        years = sorted(self.years, reverse=True)
        for year in years:
            sessions -= self.years[year]
            if sessions <= 0:
                return year
        return years[-1] if years else None

    def meta(self, count: int, columns: Iterable[str], computed_from: Iterable[str], **fields: Any) -> AnswerMeta:
        """Return the metadata of an answer.

        Args:
            count: the number of its rows.
            columns: the columns of its rows, and its other values.
            computed_from: the columns of the table that the rows are computed from.
            fields: further fields of the metadata.
        """
        # The figures in the caveats are computed over the real history.
        applicable = {} if self.contents.synthetic else self.caveats(computed_from)
        return AnswerMeta(
            ticker=self.instrument,
            as_of=self.contents.as_of,
            version=self.contents.version,
            synthetic=self.contents.synthetic,
            count=count,
            periods_per_year=PERIODS_PER_YEAR,
            unit=units(columns, self.units),
            caveats=applicable or msgspec.UNSET,
            **fields,
        )

    def market_meta(self, count: int, columns: Iterable[str], **fields: Any) -> MarketMeta:
        """Return the metadata of an answer about several tickers. Arguments as in `meta`."""
        return MarketMeta(
            as_of=self.contents.as_of,
            version=self.contents.version,
            synthetic=self.contents.synthetic,
            count=count,
            unit=units(columns, self.units),
            **fields,
        )

    def link(self, parameters: msgspec.Struct, **changes: Any) -> str:
        """Return the URL of a request with these parameters, some of them changed."""
        query = urlencode(canonical(parameters) | changes)
        return f"{self.url}?{query}" if query else self.url


def number(value: object) -> float | None:
    """Return a value of a row if it is a float, else None."""
    return value if isinstance(value, float) else None
