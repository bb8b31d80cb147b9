"""The shares, units, funds and BDRs of B3: their classes, and the columns of their table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, get_args

from chalicelib.schema import CLOSE, PRICES, REFINED, VOLUME, WINDOWS, Column
from chalicelib.sources import COTAHIST

SHARES_VERSION = 1
"""The version of the columns of `SHARES`. Raise it when a column is added, removed or changes its type, unit or
meaning; a test compares the columns of each version with tests/contract/shares.json."""

SHARES_TABLE = "acoes_refined"

ShareClass = Literal["acao", "unit", "fii", "etf", "bdr"]
CLASSES: tuple[ShareClass, ...] = get_args(ShareClass)
"""The values of the column `classe`: shares, units (certificates of a bundle of shares), real-estate funds,
exchange-traded funds, and Brazilian depositary receipts."""

CLASS, NAME, ISIN, TRADES, TURNOVER, EVENT = "classe", "nome", "isin", "negocios", "volume_financeiro", "evento"

QUOTED_SHARES = "fator_cotacao"
"""The number of shares that a quotation is for: B3's FATCOT."""

CENTS = 100
"""B3's files have prices in cents."""


def nights_column(window: int) -> str:
    """Return the name of the column with the number of nights in a window."""
    return f"noites_{window}"


def _price(what: str) -> str:
    return f"{what} of one share, as B3 gives it: its quotation divided by the shares that it is for"


_DESCRIPTIONS: Mapping[str, str] = {
    "ticker": "B3's code of the security (CODNEG)",
    **dict(zip(PRICES, map(_price, ("open", "high", "low", "close")), strict=True)),
    VOLUME: "number of shares traded",
    "fechamento_oficial": f"{CLOSE}, which is B3's own",
    "fonte_fechamento": f"the source of {CLOSE}: {COTAHIST.name}",
    "media_movel_3d": "mean of the last 3 closes, chained over events, on the level of this session",
    "retorno_log": "ln(C_t / C_{t-1}), between consecutive rows of the ticker; null on an event",
    "vol_ewma": "RiskMetrics volatility (0.94), forecast at t for t+1, annualised; carries over events",
    "atr_14": "Wilder's average true range over 14 sessions, chained over events, on the level of this session",
    "drawdown": "close / highest close so far - 1, of the closes chained over events",
    "avisos": "empty: shares have no warnings yet",
    "fonte": f"the source of the bar: {COTAHIST.name}",
    "coletado_em": "when the file with the bar was stored",
}
"""The descriptions that differ from those of the index's columns."""

_UNITS: Mapping[str, str] = {"index points": "BRL", "shares / 100": "shares"}


def as_shares(column: Column) -> Column:
    """Return a column of the index with the unit and the description that it has for shares."""
    return replace(
        column,
        unit=_UNITS.get(column.unit, column.unit),
        description=_DESCRIPTIONS.get(column.name, column.description),
    )


_OWN: tuple[Column, ...] = (
    Column(CLASS, "string", "", f"the class of the security: {', '.join(CLASSES)}"),
    Column(NAME, "string", "", "short name of the company or fund, and the kind of its security (NOMRES, ESPECI)"),
    Column(ISIN, "string", "", "ISIN of the security; before 1995-05-15 B3's internal code"),
    Column(TRADES, "bigint", "", "number of trades"),
    Column(TURNOVER, "double", "BRL", "value of the trades"),
)
"""The columns that the index does not have and B3's files do."""

SHARES: tuple[Column, ...] = (
    *(as_shares(column) for column in REFINED if not column.name.startswith("prev_")),
    *_OWN,
    Column(
        EVENT,
        "boolean",
        "",
        "whether the night before the session is left out: the number of B3's distributions, the quoted shares or the "
        "ISIN changed, or more than 5 sessions passed since the last row of the ticker",
    ),
    *(
        Column(nights_column(window), "int", "", f"nights in the last {window} sessions that are not left out")
        for window in WINDOWS
    ),
)
"""A year's objects in refined: one row a ticker and session. A window that is not full gives null."""

DISTRIBUTION = "distribuicao"
"""B3's number of the last distribution of a security: a dividend, interest on equity, a split, a bonus."""

_BAR_NAMES = ("data", "ticker", *PRICES, VOLUME)

BARS: tuple[Column, ...] = (
    *(column for name in _BAR_NAMES for column in SHARES if column.name == name),
    *_OWN,
    Column(QUOTED_SHARES, "int", "shares", "number of shares that B3's quotation is for (FATCOT)"),
    Column(DISTRIBUTION, "int", "", "number of the security's last distribution (DISMES)"),
    Column("gerado_em", "date", "day", "the date in the header of the file"),
    Column("chave", "string", "", "the raw object that the bar came from"),
    Column("linha", "bigint", "", "line of the record in the text of the raw object"),
    Column("coletado_em", "timestamp", "UTC", "when the raw object was stored"),
)
"""The bars in a file of COTAHIST: one row a record."""

REFUSED: tuple[Column, ...] = (
    Column("motivo", "string", "", "why the record or the file was refused: see docs/market.md"),
    Column("chave", "string", "", "the raw object that the record came from"),
    Column("linha", "bigint", "", "line of the record in the text of the raw object"),
    Column(
        "registro",
        "string",
        "",
        "the record's 245 characters; of a contradictory record, its ticker and session; of a whole file, what is "
        "wrong with it",
    ),
)
"""One row a refused record, or a whole refused file."""
