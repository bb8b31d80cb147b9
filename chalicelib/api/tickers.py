"""The tickers of the market: one query for each version of the table, and a search in its result."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

from chalicelib.api.athena import Athena
from chalicelib.api.models import ListedTicker
from chalicelib.api.queries import Query, Row
from chalicelib.errors import UnknownTicker
from chalicelib.lake.manifest import Contents

MAX_TICKERS = 20_000
"""An upper bound of the tickers since 1994."""

YEAR = timedelta(days=365)

NEAR = 5
"""The number of similar tickers in the response to an unknown one."""

LONGEST_TICKER = 12
"""B3's codes have at most so many characters. A longer text is similar to none."""


@dataclass(frozen=True, slots=True)
class Tickers:
    """The tickers of one version of the table.

    Attributes:
        listed: in order of ticker.
        years: the number of sessions of each ticker by year.
    """

    listed: Mapping[str, ListedTicker]
    years: Mapping[str, Mapping[int, int]]

    def years_of(self, ticker: str) -> Mapping[int, int]:
        """Return the number of sessions of a ticker by year.

        Raises:
            UnknownTicker: the table does not have it. Upper case is significant.
        """
        if ticker not in self.listed:
            similar = get_close_matches(ticker.upper(), self.listed, NEAR, 0.5) if len(ticker) <= LONGEST_TICKER else []
            raise UnknownTicker(ticker, similar)
        return self.years[ticker]

    def search(self, text: str | None, class_: str | None) -> list[ListedTicker]:
        """Return the tickers of a class that have each word of a text in the ticker or the name, in order of ticker."""
        words = _folded(text or "").split()
        return [
            each
            for each in self.listed.values()
            if class_ in (None, each.classe) and all(word in _folded(f"{each.ticker} {each.nome}") for word in words)
        ]


NO_TICKERS = Tickers({}, {})


class TickersCache:
    """The tickers of the newest version. Each version costs one query."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._version: str | None = None
        self._tickers = NO_TICKERS

    def get(self, athena: Athena, contents: Contents, version: str, deadline: float) -> Tickers:
        """Return the tickers of a version of the table.

        Args:
            contents: the contents of the manifest.
            version: version of the table, for Athena's idempotency token.
            deadline: deadline of the request, by Athena's clock.

        Raises:
            QueryError: as `Athena.rows`.
        """
        with self._lock:
            if self._version != version:
                years = [int(year) for year in contents.years]
                query = tickers_query(self._table, years, contents.as_of)
                self._tickers = read_tickers(athena.rows(query, version, deadline), years)
                self._version = version
            return self._tickers


def tickers_query(table: str, years: Iterable[int], as_of: date | None) -> Query:
    """Return the query of all tickers, with the number of sessions of each year."""
    # The values of trades are read from the years of the last 365 days only.
    since = as_of - YEAR if as_of else date.max
    counts = "".join(f', count_if(year = {year:d}) AS "y{year:d}"' for year in years)
    listed = (
        'SELECT "ticker", max_by("nome", "data") AS "nome", max_by("classe", "data") AS "classe", '  # noqa: S608 - a setting and whole numbers
        'min("data") AS "primeiro_pregao", max("data") AS "ultimo_pregao", count(*) AS "pregoes"'
        f'{counts} FROM "{table}" GROUP BY "ticker"'
    )
    values = (
        'SELECT "ticker", array_sort(array_agg("volume_financeiro")) AS v '  # noqa: S608 - a setting and a date
        f'FROM "{table}" WHERE year >= {since.year:d} AND "data" > DATE \'{since}\' GROUP BY "ticker"'
    )
    # approx_percentile estimates, and may return another value for the same rows.
    median = "(v[(cardinality(v) + 1) / 2] + v[cardinality(v) / 2 + 1]) / 2"
    traded = f'SELECT "ticker", {median} AS "volume_mediano" FROM ({values})'  # noqa: S608 - see above
    sql = f'SELECT l.*, t."volume_mediano" FROM ({listed}) l LEFT JOIN ({traded}) t ON t."ticker" = l."ticker" ORDER BY l."ticker"'  # noqa: S608, E501 - see above
    return Query(sql, max_rows=MAX_TICKERS)


def read_tickers(rows: Iterable[Row], years: Iterable[int]) -> Tickers:
    """Return the tickers in the rows of `tickers_query`."""
    names = ListedTicker.__struct_fields__
    listed = {}
    counts = {}
    for row in rows:
        ticker = f"{row['ticker']}"
        fields = {name: row[name] for name in names}
        days = {name: date.fromisoformat(f"{row[name]}") for name in ("primeiro_pregao", "ultimo_pregao")}
        listed[ticker] = ListedTicker(**fields | days)  # type: ignore[arg-type] # the types of the query
        counts[ticker] = {year: count for year in years if isinstance(count := row[f"y{year}"], int) and count}
    return Tickers(listed, counts)


def _folded(text: str) -> str:
    """A text without accents, in one case."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
