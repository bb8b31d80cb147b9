"""The query parameters of each route. The OpenAPI document is generated from these classes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from chalicelib.api.choices import (
    DEFAULT_ESTIMATOR,
    DEFAULT_WINDOW,
    SORT,
    ChosenVolatility,
    EstimatorOrEwmaParameter,
    EstimatorParameter,
    FormatParameter,
    Method,
    PeriodSort,
    ScoreSort,
    Unit,
    WindowParameter,
    WindowUnlessEwma,
)
from chalicelib.api.columns import COLUMNS, PERIODS, SCORE_COLUMN, VOLATILITY_COLUMN
from chalicelib.api.paging import PageParameters
from chalicelib.api.ranges import RangeParameters, day_meta
from chalicelib.estimators import ESTIMATORS
from chalicelib.schema import FORECAST_PERCENTILE, FORECASTS, PRICES, VOLUME, volatility_column


class NoParameters(Struct, frozen=True, kw_only=True):
    """The parameters of a route that has none."""


class PricesParameters(PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/prices`."""

    default_fields = (
        "data",
        *PRICES,
        "volume_negociado",
        "retorno_log",
        "drawdown",
        "fechamento_oficial",
        "fonte_fechamento",
        "avisos",
        "fonte",
    )


class VolatilityParameters(ChosenVolatility, PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/volatility`."""

    default_fields = (
        "data",
        "preco_fechamento",
        "variacao_diaria",
        "variacao_pct",
        "amplitude",
        "volatilidade_pct",
        "media_movel_3d",
        "vol_mean_3d",
        "vol_std_3d",
        "vol_zscore",
        "volatilidade_pico",
        VOLATILITY_COLUMN,
    )

    estimator: EstimatorOrEwmaParameter = DEFAULT_ESTIMATOR
    window: WindowUnlessEwma = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_window()


class CompareParameters(PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/volatility/compare`. The default fields depend on the window."""

    window: WindowParameter = DEFAULT_WINDOW

    @property
    def columns(self) -> tuple[str, ...]:
        return self.fields or ("data", *(volatility_column(estimator, self.window) for estimator in ESTIMATORS))

    @property
    def volatility_column(self) -> str:
        return volatility_column(DEFAULT_ESTIMATOR, self.window)


class ConeParameters(RangeParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/volatility/cone`."""

    estimator: EstimatorParameter = DEFAULT_ESTIMATOR
    format: FormatParameter = None


class ForecastParameters(Struct, frozen=True, kw_only=True):
    """The parameters of `/ibov/volatility/forecast`."""

    end: Annotated[
        date | None,
        day_meta("The forecasts are those made at the last session up to this day", "2020-03-16", last=True),
    ] = None
    format: FormatParameter = None


class SummaryParameters(ChosenVolatility, RangeParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/summary`."""

    estimator: EstimatorOrEwmaParameter = DEFAULT_ESTIMATOR
    window: WindowUnlessEwma = None
    format: FormatParameter = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_window()


class PeriodsParameters(ChosenVolatility, PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/periods`."""

    key = "periodo"
    default_fields = tuple(column.name for column in PERIODS)
    allowed_fields = default_fields
    whole_range = True

    by: Annotated[
        Unit, Meta(description="The length of a period. A week begins on Monday (ISO 8601).", examples=["month"])
    ] = "month"
    sort: Annotated[PeriodSort, SORT] = "-periodo"
    estimator: EstimatorOrEwmaParameter = DEFAULT_ESTIMATOR
    window: WindowUnlessEwma = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_window()


LATEST = (
    "data",
    *PRICES,
    VOLUME,
    "retorno_log",
    "amplitude",
    "volatilidade_pct",
    "vol_zscore",
    "volatilidade_pico",
    "drawdown",
    "atr_14",
    *FORECASTS,
    FORECAST_PERCENTILE,
    "fechamento_oficial",
    "fonte_fechamento",
    "avisos",
    "fonte",
)
"""The columns of the newest session in `/ibov/latest`."""

RANKED_AMONG = 1260
"""The number of the newest sessions that `/ibov/latest` ranks a volatility among: five years."""


class LatestParameters(Struct, frozen=True, kw_only=True):
    """The parameters of `/ibov/latest`.

    Attributes:
        session_columns: the columns of the newest session.
    """

    session_columns: ClassVar[tuple[str, ...]] = LATEST

    window: WindowParameter = DEFAULT_WINDOW
    format: FormatParameter = None


class FilesParameters(Struct, frozen=True, kw_only=True):
    """The parameters of `/ibov/files`."""

    format: FormatParameter = None


class AnomaliesParameters(PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/anomalies`."""

    default_fields = ("data", "preco_fechamento", "retorno_log", "amplitude", "volatilidade_pct", SCORE_COLUMN)
    allowed_fields = (*COLUMNS, SCORE_COLUMN)
    whole_range = True

    sort: Annotated[ScoreSort, SORT] = "-data"
    method: Annotated[
        Method,
        Meta(
            description="`zscore`: `volatilidade_pct` against up to 252 previous sessions, at least 21, so that later "
            "sessions do not change it. `zscore_range`: against mean and standard deviation of the requested range.",
            examples=["zscore"],
        ),
    ] = "zscore"
    threshold: Annotated[
        float, Meta(ge=0, le=100, description="A session with a score above it is an anomaly.", examples=[1.5])
    ] = 1.5
