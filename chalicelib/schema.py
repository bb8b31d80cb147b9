"""Every column of the lake.

The job, the catalog, the API's allow-lists and the data dictionary derive from these definitions. Types are Glue's;
`refine.parquet` maps each to its Arrow type, so the API can import this module without pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from chalicelib.estimators import ESTIMATORS
from chalicelib.instrument import IBOV
from chalicelib.sources import ACCEPTANCE, B3, RANKS, REMOVAL, SAMPLE, SOURCES

SCHEMA_VERSION = 4
"""Part of the lake's version. Raise it when a column is added, removed or changes its type, unit or meaning.

A test compares the columns of each version with tests/contract/schema.json.
"""

Window = Literal[5, 10, 21, 42, 63, 126, 252]
WINDOWS: tuple[Window, ...] = get_args(Window)
"""Sessions: a week, two weeks, a month, two months, a quarter, half a year and a year."""


PERIODS_PER_YEAR = 252
"""Sessions a year, to annualise volatility."""


def volatility_column(estimator: str, window: int) -> str:
    """Return the name of the column of an estimator over a window."""
    return f"vol_{estimator}_{window}d"


Model = Literal["ewma", "har"]
MODELS: tuple[Model, ...] = get_args(Model)
"""The models of the forecasts."""

Horizon = Literal[1, 5, 21]
HORIZONS: tuple[Horizon, ...] = get_args(Horizon)
"""The sessions that a forecast is for."""

BAND = (0.1, 0.9)
"""The quantiles that bound a forecast."""

Period = Literal["2008 on", "2008 to 2018", "2019 on"]
"""The periods over which forecasts are scored."""

FORECAST_PERCENTILE = "prev_har_21d_percentil"


def forecast_column(model: str, horizon: int) -> str:
    """Return the name of the column of a model's forecasts for the next sessions."""
    return f"prev_{model}_{horizon}d"


FORECASTS = tuple(forecast_column(model, horizon) for model in MODELS for horizon in HORIZONS)
"""The columns of the forecasts, without their bands."""


def band_columns(model: str, horizon: int) -> tuple[str, str]:
    """Return the names of the columns of the lower and the upper bound of a forecast."""
    return f"{forecast_column(model, horizon)}_inferior", f"{forecast_column(model, horizon)}_superior"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, Glue type, unit and description."""

    name: str
    type: str
    unit: str
    description: str


_DATE = Column("data", "date", "day", "the session, in São Paulo")
_TICKER = Column("ticker", "string", "", f"the index: {IBOV.ticker}")
_PRICES = (
    Column("preco_abertura", "double", "index points", "open, as the source gives it"),
    Column("preco_maximo", "double", "index points", "high, as the source gives it"),
    Column("preco_minimo", "double", "index points", "low, as the source gives it"),
    Column("preco_fechamento", "double", "index points", "close, as the source gives it"),
)
_REAL_SOURCES = ", ".join(name for name in RANKS if not SOURCES[name].synthetic and name != REMOVAL.name)
_SOURCE = (
    Column("fonte", "string", "", f"the source of the bar: {_REAL_SOURCES}, or {SAMPLE.name} if synthetic"),
    Column("coletado_em", "timestamp", "UTC", "when the bar was requested from the source"),
)

PRICES = tuple(column.name for column in _PRICES)
"""Open, high, low and close, in that order."""

OPEN, HIGH, LOW, CLOSE = PRICES

VOLUME = "volume_negociado"

RAW: tuple[Column, ...] = (
    _DATE,
    *_PRICES,
    Column("volume_negociado", "bigint", "shares / 100", "volume, as the source gives it"),
    _TICKER,
    *_SOURCE,
)
"""A raw object: one row a bar, as the source gave it, including nulls and unfinished bars."""

OFFICIAL_CLOSES: tuple[Column, ...] = (
    _DATE,
    Column(CLOSE, "double", "index points", "official close, as B3 gives it"),
    Column("completo", "boolean", "", "whether the row is of a complete answer about its year that fits its checksum"),
    _TICKER,
    Column("fonte", "string", "", f"the source of the close: {B3.name}"),
    Column("coletado_em", "timestamp", "UTC", "when the close was requested from the source"),
)
"""A raw object of official closes: one row a session.

In an object, the rows of a calendar year with `completo` are one complete answer: it has every session between its
first and its last day.
"""

ACCEPTED = "objeto_aceito"
"""The column of acceptances with the accepted object."""

ACCEPTANCES: tuple[Column, ...] = (
    Column(ACCEPTED, "string", "", "the key of the raw object that a person accepted although it contradicts the lake"),
    _TICKER,
    Column("fonte", "string", "", f"the kind of the object: {ACCEPTANCE.name}"),
    Column("coletado_em", "timestamp", "UTC", "when the object was accepted"),
)
"""A raw object of acceptances: one row an accepted object."""

QUARANTINE: tuple[Column, ...] = (
    Column("motivo", "string", "", "why the bar was refused: see docs/data-quality.md"),
    Column("nota", "string", "", "details of the refusal"),
    Column("chave", "string", "", "the raw object that the bar came from"),
    *(Column(column.name, "string", column.unit, column.description) for column in RAW),
)
"""One row a refused bar. Values are text, because some bars are refused for values of the wrong type."""

REVISIONS: tuple[Column, ...] = (
    _DATE,
    *(
        Column(f"{name}_{side}", type_, unit, f"{name} {when} the revision")
        for side, when in (("de", "before"), ("para", "after"))
        for name, type_, unit in (
            *((column.name, column.type, column.unit) for column in _PRICES),
            ("volume_negociado", "bigint", "shares / 100"),
            ("fonte", "string", ""),
        )
    ),
    Column("revisado_em", "timestamp", "UTC", "when the new bar was requested from the source"),
    Column("chave", "string", "", "the raw object of the new bar"),
)
"""One row for each change of a session's bar, in order of time."""


def _forecast_columns(model: str, horizon: int) -> Iterator[Column]:
    unit, sessions = "fraction a year", "session" if horizon == 1 else f"{horizon} sessions"
    yield Column(
        forecast_column(model, horizon),
        "double",
        unit,
        f"volatility of the next {sessions} by {model.upper()}, forecast at the session, annualised",
    )
    for name, side, quantile in zip(band_columns(model, horizon), ("lower", "upper"), BAND, strict=True):
        share = f"quantile {quantile} of outcome / forecast over its earlier forecasts"
        yield Column(name, "double", unit, f"{side} bound of {forecast_column(model, horizon)}: times the {share}")


REFINED: tuple[Column, ...] = (
    _DATE,
    _TICKER,
    Column(OPEN, "double", "index points", "open, as the source gives it"),
    Column(HIGH, "double", "index points", "high, as the source gives it, or a corrected close above it"),
    Column(LOW, "double", "index points", "low, as the source gives it, or a corrected close below it"),
    Column(CLOSE, "double", "index points", "close: as the source gives it, or the official one that corrects it"),
    Column(
        VOLUME,
        "bigint",
        "shares / 100",
        "volume, as the source gives it; null where the source gives 0, nothing or no number of shares; "
        f"comparable from {IBOV.volume_comparable_since} on",
    ),
    Column("fechamento_oficial", "double", "index points", "official close of B3; null where it is not known"),
    Column(
        "fonte_fechamento",
        "string",
        "",
        f"the source of preco_fechamento: that of the bar, or {B3.name} where the official close corrects it",
    ),
    Column("variacao_diaria", "double", "index points", "close - open"),
    Column("variacao_pct", "double", "percent", "round((close - open) / open * 100, 2)"),
    Column("amplitude", "double", "index points", "high - low"),
    Column("volatilidade_pct", "double", "percent", "round(amplitude / close * 100, 2)"),
    Column("media_movel_3d", "double", "index points", "mean of the last 3 closes"),
    Column("vol_mean_3d", "double", "percent", "mean of the last 3 volatilidade_pct"),
    Column("vol_std_3d", "double", "percent", "sample standard deviation (ddof 1) of the last 3 volatilidade_pct"),
    Column("retorno_log", "double", "natural logarithm", "ln(C_t / C_{t-1}), between consecutive rows of the table"),
    *(
        Column(
            volatility_column(name, window),
            "double",
            "fraction a year",
            f"volatility by {estimator.title} over {window} sessions, annualised (N = {PERIODS_PER_YEAR})",
        )
        for name, estimator in ESTIMATORS.items()
        for window in WINDOWS
    ),
    Column("vol_ewma", "double", "fraction a year", "RiskMetrics volatility (0.94), forecast at t for t+1, annualised"),
    Column("atr_14", "double", "index points", "Wilder's average true range over 14 sessions"),
    Column(
        "vol_zscore",
        "double",
        "standard deviations",
        "z-score of volatilidade_pct against up to 252 previous sessions, at least 21",
    ),
    Column("volatilidade_pico", "int", "0 or 1", "1 if vol_zscore > 1.5, else 0; null where vol_zscore is null"),
    Column("drawdown", "double", "fraction", "close / highest close so far - 1"),
    *(column for model in MODELS for horizon in HORIZONS for column in _forecast_columns(model, horizon)),
    Column(
        FORECAST_PERCENTILE,
        "double",
        "percent",
        "share of the last 1,260 prev_har_21d, this one included, that are at or below it; null below 252 of them",
    ),
    Column("avisos", "string", "", "data-quality warnings on the bar, comma separated; empty if none"),
    *_SOURCE,
    Column("month", "int", "month", "calendar month of the session, 1 to 12"),
)
"""A year's object in refined: one row a session, in order of date. A window that is not full gives null."""

PARTITION = Column("year", "int", "year", "calendar year of the session: the partition key, not in the file")
"""The partition key of the refined table."""
