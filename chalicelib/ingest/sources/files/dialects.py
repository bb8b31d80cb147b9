"""Every dialect: the forms of text that are read. docs/development.md has the steps to add one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.ingest.sources.files import dates, numbers
from chalicelib.ingest.sources.files.header import Header
from chalicelib.schema import CLOSE, HIGH, LOW, OPEN, PRICES

DATE, VOLUME = "data", "volume_negociado"
COLUMNS = (DATE, *PRICES, VOLUME)
"""The columns that every dialect has, by their names in the lake."""

ADJUSTED = "adj close"
EVENTS = ("dividends", "stock splits", "capital gains")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One form of text.

    Attributes:
        name: its name in messages and documents.
        names: the column of the lake for each name in the header, in lower case. Each column is there exactly once.
        numbers: how numbers are written.
        dates: how dates may be written.
        separator: between two cells.
        required: other names that the header has.
        optional: other names that the header may have.
        others: whether the header may have any other name that no other dialect knows.
        several_rows: whether the header has two or three rows.
        windows: whether the text may be in Windows-1252, as Excel writes it in Brazil.
    """

    name: str
    names: Mapping[str, str]
    numbers: numbers.Numbers
    dates: tuple[dates.Dates, ...]
    separator: str = ","
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    others: bool = False
    several_rows: bool = False
    windows: bool = False

    @property
    def known(self) -> frozenset[str]:
        """Every name that the dialect knows."""
        return self.required | self.optional | self.names.keys()

    def has(self, header: Header) -> bool:
        """Return whether the header is one of this dialect."""
        columns = sorted(self.names[name] for name in header.names if name in self.names)
        rest = [name for name in header.names if name not in self.names]
        # Excel may write columns without a name at the end.
        named = [name for name in rest if name]
        foreign = set(rest) - self.required - self.optional
        allowed = foreign.isdisjoint(_known_elsewhere(self)) if self.others else not foreign
        return (
            columns == sorted(COLUMNS)
            and self.required <= set(rest)
            and allowed
            and (header.rows > 1) == self.several_rows
            and len(set(named)) == len(named)
        )


_ENGLISH = {"date": DATE, "open": OPEN, "high": HIGH, "low": LOW, "close": CLOSE, "volume": VOLUME}
_LAKE = {name: name for name in COLUMNS}
_EXCEL = (
    _ENGLISH
    | _LAKE
    | {"abertura": OPEN, "fechamento": CLOSE, "último": CLOSE, "ultimo": CLOSE}
    | dict.fromkeys(("máxima", "máximo", "maxima", "maximo"), HIGH)
    | dict.fromkeys(("mínima", "mínimo", "minima", "minimo"), LOW)
)

PLAIN = Dialect("plain", _ENGLISH, numbers.PLAIN, (dates.ISO, dates.OFFSET), others=True)

YAHOO = Dialect("yahoo", _ENGLISH, numbers.YAHOO, (dates.ISO, dates.OFFSET), required=frozenset({ADJUSTED}))

HISTORY = Dialect(
    "yfinance-history",
    _ENGLISH,
    numbers.PLAIN,
    (dates.OFFSET, dates.ISO),
    required=frozenset(EVENTS[:2]),
    optional=frozenset({ADJUSTED, EVENTS[2]}),
)

DOWNLOAD = Dialect(
    "yfinance-download",
    _ENGLISH,
    numbers.PLAIN,
    (dates.ISO, dates.OFFSET),
    optional=frozenset({ADJUSTED, *EVENTS}),
    several_rows=True,
)

INVESTING_EN = Dialect(
    "investing-en",
    {"date": DATE, "price": CLOSE, "open": OPEN, "high": HIGH, "low": LOW, "vol.": VOLUME},
    numbers.INVESTING_EN,
    (dates.MONTH_FIRST, dates.MONTH_NAME),
    required=frozenset({"change %"}),
)

INVESTING_PT = Dialect(
    "investing-pt",
    {"data": DATE, "último": CLOSE, "abertura": OPEN, "máxima": HIGH, "mínima": LOW, "vol.": VOLUME},
    numbers.INVESTING_PT,
    (dates.DOTS,),
    required=frozenset({"var%"}),
)

EXCEL = Dialect(
    "excel-semicolons", _EXCEL, numbers.COMMA, (dates.DAY_FIRST, dates.ISO), separator=";", others=True, windows=True
)

# Excel's "Unicode text" has tabs in every country.
EXCEL_TABS = Dialect(
    "excel-tabs", _EXCEL, numbers.COMMA, (dates.DAY_OR_MONTH, dates.ISO), separator="\t", others=True, windows=True
)

API = Dialect("b3-dataflow", _LAKE, numbers.PLAIN, (dates.ISO,), others=True)

DIALECTS = (PLAIN, YAHOO, HISTORY, DOWNLOAD, INVESTING_EN, INVESTING_PT, EXCEL, EXCEL_TABS, API)
"""Every dialect. At most one fits a header."""

TYPED = (PLAIN, YAHOO, HISTORY, API)
"""The dialects whose columns a parquet file may have."""


def _known_elsewhere(dialect: Dialect) -> frozenset[str]:
    """Names of other dialects with the same separator: a column of one of them is not a column to ignore."""
    others = (other.known for other in DIALECTS if other.separator == dialect.separator)
    return frozenset().union(*others) - dialect.known
