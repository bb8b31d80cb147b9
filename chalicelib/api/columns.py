"""The columns of answers: those of the table, those that the API computes, and the unit of each numeric one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chalicelib.schema import REFINED, Column
from chalicelib.shares import SHARES, as_shares

NUMERIC = ("double", "bigint", "int")
"""The types of numeric columns."""

VOLATILITY_COLUMN = "vol_anualizada"
"""The volatility by the requested estimator and window. The table has one column for each of them."""

SCORE_COLUMN = "escore"
"""The score of a session by the requested method, a column of `/ibov/anomalies` only."""

COMPUTED = (
    Column(
        VOLATILITY_COLUMN,
        "double",
        "fraction a year",
        "volatility by the requested estimator and window, read from the table column in `meta.volatility_column`",
    ),
    Column(SCORE_COLUMN, "double", "standard deviations", "score of the session by the requested method"),
    Column(
        "retorno_pct", "double", "percent", "return from the previous close, in `/ibov/summary` and `/ibov/periods`"
    ),
)
"""The values of one session in responses that are not columns of the table."""

COLUMNS = (*(column.name for column in REFINED), VOLATILITY_COLUMN)
"""The allowed values of `fields`. `/ibov/anomalies` also allows `escore`."""

PERIODS: tuple[Column, ...] = (
    Column("periodo", "date", "day", "the first day of the period in the calendar; a week begins on Monday (ISO 8601)"),
    Column("primeiro_pregao", "date", "day", "the first session of the period in the range"),
    Column("ultimo_pregao", "date", "day", "the last session of the period in the range"),
    Column("pregoes", "bigint", "sessions", "number of sessions of the period in the range"),
    Column("preco_abertura", "double", "index points", "open of the first session"),
    Column("preco_maximo", "double", "index points", "highest high"),
    Column("preco_minimo", "double", "index points", "lowest low"),
    Column("preco_fechamento", "double", "index points", "close of the last session"),
    Column(
        "retorno_log",
        "double",
        "natural logarithm",
        "ln(last close / close of the session before the first one); null if there is no session before it",
    ),
    Column("retorno_pct", "double", "percent", "the same return as a simple one"),
    Column(
        "vol_realizada",
        "double",
        "fraction a year",
        "realised volatility: sqrt(252 * mean of the squared daily retorno_log)",
    ),
    Column("vol_media", "double", "fraction a year", "mean of the volatility by the requested estimator and window"),
    Column(
        "queda_maxima",
        "double",
        "fraction",
        "the deepest fall: the lowest of close / highest close of the period until then - 1",
    ),
    Column("volume_negociado", "bigint", "shares / 100", "sum of the volume; null if no session has one"),
)
"""The columns of `/ibov/periods`."""

STATISTICS: Mapping[str, str] = {
    "window": "sessions",
    "sessions": "sessions",
    "count": "sessions",
    "rows": "sessions",
    "min": "fraction a year",
    "p25": "fraction a year",
    "median": "fraction a year",
    "p75": "fraction a year",
    "max": "fraction a year",
    "current": "fraction a year",
    "std": "fraction a year",
    "std_corrected": "fraction a year",
    "percentile": "fraction",
    "rank": "position, 1 for the highest",
    "horizon": "sessions",
    "volatility": "fraction a year",
    "lower": "fraction a year",
    "upper": "fraction a year",
    "qlike": "natural logarithm",
    "difference": "natural logarithm",
    "p_value": "fraction",
    "coverage": "fraction",
    "calm_below": "percent",
    "tense_above": "percent",
    "year": "year",
}
"""The unit of each statistic of a volatility, and of each number about the lake."""

TICKERS: tuple[Column, ...] = (
    *(column for name in ("ticker", "nome", "classe") for column in SHARES if column.name == name),
    Column("primeiro_pregao", "date", "day", "the first session of the ticker"),
    Column("ultimo_pregao", "date", "day", "the last session of the ticker"),
    Column("pregoes", "bigint", "sessions", "number of sessions of the ticker"),
    Column(
        "volume_mediano",
        "double",
        "BRL",
        "median of volume_financeiro over its sessions of the year to `as_of`; null if it has none",
    ),
)
"""The columns of `/acoes`."""

SHARE_COLUMNS = (*(column.name for column in SHARES), VOLATILITY_COLUMN)
"""The allowed values of `fields` for shares. `/acoes/{ticker}/anomalies` also allows `escore`."""

_SHARE_PERIODS = {
    "preco_abertura": "open of the first session, on the level of the last one",
    "preco_maximo": "highest high, on the level of the last session",
    "preco_minimo": "lowest low, on the level of the last session",
    "retorno_log": "natural logarithm of the growth of the chained index from the session before the first one; null "
    "if there is no session before it",
    "queda_maxima": "the deepest fall: the lowest close / highest close of the period until then - 1, of the closes "
    "chained over events",
    "vol_realizada": "realised volatility: sqrt(252 * mean of the squared daily retorno_log that are not null)",
}
"""The descriptions that differ from those of the index's periods."""

SHARE_PERIODS = tuple(
    replace(as_shares(column), description=_SHARE_PERIODS.get(column.name, column.description)) for column in PERIODS
)
"""The columns of `/acoes/{ticker}/periods`."""


def _units(*groups: Iterable[Column]) -> Mapping[str, str]:
    # A number of trades or of nights has none.
    numeric = (column for group in groups for column in group if column.type in NUMERIC and column.unit)
    return {**STATISTICS, **{column.name: column.unit for column in numeric}}


UNITS = _units(REFINED, COMPUTED, PERIODS)
"""The unit of each numeric column of any answer about the index. A name has the same unit in all of them."""

SHARE_UNITS = _units(SHARES, COMPUTED, SHARE_PERIODS, TICKERS)
"""The unit of each numeric column of any answer about shares."""


def units(names: Iterable[str], known: Mapping[str, str] = UNITS) -> dict[str, str]:
    """Return the unit of each of these columns that is numeric.

    Args:
        known: `UNITS` or `SHARE_UNITS`.
    """
    return {name: known[name] for name in names if name in known}
