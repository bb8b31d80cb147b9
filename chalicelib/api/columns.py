"""The columns of answers: those of the table, those that the API computes, and the unit of each numeric one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.schema import REFINED, Column

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

UNITS: Mapping[str, str] = {
    **STATISTICS,
    **{column.name: column.unit for column in (*REFINED, *COMPUTED, *PERIODS) if column.type in NUMERIC},
}
"""The unit of each numeric column of any answer. A name has the same unit in all of them."""


def units(names: Iterable[str]) -> dict[str, str]:
    """Return the unit of each of these columns that is numeric."""
    return {name: UNITS[name] for name in names if name in UNITS}
