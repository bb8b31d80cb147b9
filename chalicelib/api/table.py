"""The refined table as a view uses it: its rows by a query, and the metadata and links of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from chalicelib.api.athena import Athena
from chalicelib.api.caveats import caveats
from chalicelib.api.columns import units
from chalicelib.api.models import AnswerMeta
from chalicelib.api.parsing import canonical
from chalicelib.api.queries import Query, Row
from chalicelib.instrument import IBOV
from chalicelib.lake.manifest import Contents
from chalicelib.schema import PERIODS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Table:
    """The refined table at one version, for one request.

    Attributes:
        name: name of the table in the catalog.
        contents: contents of the manifest.
        path: path of the route in the OpenAPI document.
        url: URL of the route, with the base path of the request.
        athena: runs the queries.
        version: version of the table, for Athena's idempotency token.
        deadline: deadline of the request, by Athena's clock.
    """

    name: str
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
        years = sorted(map(int, self.contents.years), reverse=True)
        for year in years:
            sessions -= self.contents.years[f"{year}"].rows
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
        applicable = {} if self.contents.synthetic else caveats(computed_from)
        return AnswerMeta(
            ticker=IBOV.ticker,
            as_of=self.contents.as_of,
            version=self.contents.version,
            synthetic=self.contents.synthetic,
            count=count,
            periods_per_year=PERIODS_PER_YEAR,
            unit=units(columns),
            caveats=applicable or msgspec.UNSET,
            **fields,
        )

    def link(self, parameters: msgspec.Struct, **changes: Any) -> str:
        """Return the URL of a request with these parameters, some of them changed."""
        query = urlencode(canonical(parameters) | changes)
        return f"{self.url}?{query}" if query else self.url
