"""The refined table as a view uses it: its rows by a query, and the metadata and links of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from chalicelib.api.athena import Athena
from chalicelib.api.caveats import caveats
from chalicelib.api.models import AnswerMeta
from chalicelib.api.parameters import VOLATILITY_COLUMN
from chalicelib.api.parsing import canonical
from chalicelib.api.queries import Query, Row
from chalicelib.instrument import IBOV
from chalicelib.lake.manifest import Contents
from chalicelib.schema import PERIODS_PER_YEAR, REFINED

_UNITS = {column.name: column.unit for column in REFINED if column.type in ("double", "bigint") and column.unit}
_UNITS[VOLATILITY_COLUMN] = "fraction a year"


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

    def meta(self, count: int, columns: tuple[str, ...], computed_from: Iterable[str], **fields: Any) -> AnswerMeta:
        """Return the metadata of an answer.

        Args:
            count: the number of its rows.
            columns: the columns of its rows.
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
            unit={name: _UNITS[name] for name in columns if name in _UNITS},
            caveats=applicable or msgspec.UNSET,
            **fields,
        )

    def link(self, parameters: msgspec.Struct, **changes: Any) -> str:
        """Return the URL of a request with these parameters, some of them changed."""
        query = urlencode(canonical(parameters) | changes)
        return f"{self.url}?{query}" if query else self.url
