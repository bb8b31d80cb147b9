"""The query parameters of each route. The OpenAPI document is generated from these classes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from chalicelib.errors import BadParameter
from chalicelib.estimators import ESTIMATORS, EstimatorName
from chalicelib.schema import PRICES, REFINED, Column, Window, volatility_column

MAX_LIMIT = 5000
"""The maximum of `limit`. `MAX_VALUES` limits rows times fields too: with many fields fewer rows are allowed."""

MAX_VALUES = 60_000
"""Rows times fields of one response, which keeps it below the 6 MB that Lambda can return."""

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
    Column(SCORE_COLUMN, "double", "", "score of the session by the requested method"),
    Column("retorno_pct", "double", "percent", "return from the previous close, of a day in `/ibov/summary`"),
)
"""The values of one session in responses that are not columns of the table."""

DEFAULT_ESTIMATOR: EstimatorName = "close_to_close"
"""The other estimators are biased on this source: see `caveats`."""

DEFAULT_WINDOW: Window = 21
"""In sessions."""

COLUMNS = (*(column.name for column in REFINED), VOLATILITY_COLUMN)
"""The allowed values of `fields`. `/ibov/anomalies` also allows `escore`."""

Format = Literal["json", "csv"]
Sort = Literal[
    "data", "-data",
    "volatilidade_pct", "-volatilidade_pct",
    "vol_anualizada", "-vol_anualizada",
    "volume_negociado", "-volume_negociado",
]  # fmt: skip
ScoreSort = Literal[Sort, "escore", "-escore"]
Method = Literal["zscore", "zscore_range"]


class NoParameters(Struct, frozen=True, kw_only=True):
    """The parameters of a route that has none."""


class RangeParameters(Struct, frozen=True, kw_only=True):
    """The parameters of a range of sessions.

    Raises:
        BadParameter: `start` is after `end`, or `year` is combined with one of them.
    """

    start: Annotated[
        date | None, Meta(description="The first day of the range, inclusive.", examples=["2025-01-02"])
    ] = None
    end: Annotated[date | None, Meta(description="The last day of the range, inclusive.", examples=["2025-12-30"])] = (
        None
    )
    year: Annotated[
        Annotated[int, Meta(ge=1900, le=2199)] | None,
        Meta(description="A calendar year, instead of `start` and `end`.", examples=[2025]),
    ] = None

    def __post_init__(self) -> None:
        if self.year is not None and (self.start or self.end):
            raise BadParameter("year", str(self.year), "either year, or start and end")
        if self.start and self.end and self.start > self.end:
            raise BadParameter("start", self.start.isoformat(), f"not after end, which is {self.end.isoformat()}")

    @property
    def first(self) -> date | None:
        """The first day, None if the range has no start."""
        return date(self.year, 1, 1) if self.year else self.start

    @property
    def last(self) -> date | None:
        """The last day, None if the range has no end."""
        return date(self.year, 12, 31) if self.year else self.end


_Format = Annotated[
    Format | None,
    Meta(description="`json` or `csv`. The default is the best match of `Accept`, else `json`.", examples=["json"]),
]
_Estimator = Annotated[
    EstimatorName,
    Meta(
        description="The volatility estimator. `meta.caveats` describes its bias on this source.",
        examples=[DEFAULT_ESTIMATOR],
    ),
]
_Window = Annotated[Window, Meta(description="The window of the estimator, in sessions.", examples=[DEFAULT_WINDOW])]

_SORT = Meta(
    description="The sort column; `-` means descending. Nulls come last, ties are in order of `data`.",
    examples=["-data"],
)


class PageParameters(RangeParameters, frozen=True, kw_only=True):
    """The parameters of a range of sessions, in pages.

    Raises:
        BadParameter: as `RangeParameters`; a field is unknown or repeated; or `limit` times the number of fields is
            above `MAX_VALUES`.
    """

    default_fields: ClassVar[tuple[str, ...]]
    allowed_fields: ClassVar[tuple[str, ...]] = COLUMNS

    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_LIMIT,
            description=f"The maximum number of rows. Rows times fields: at most {MAX_VALUES:,}.",
            examples=[10],
        ),
    ] = 252
    sort: Annotated[Sort, _SORT] = "-data"
    cursor: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,200}$")] | None,
        Meta(
            description="Position of the page, from `links.next` of the previous page. Use it with the same parameters."
        ),
    ] = None
    fields: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Columns, separated by commas. Default: the columns of the example response; in "
            "`/ibov/volatility/compare`, those of the requested window.",
            extra_json_schema={"type": "array", "minItems": 1, "uniqueItems": True},
        ),
    ] = None
    format: _Format = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.fields or ():
            if name not in self.allowed_fields:
                raise BadParameter("fields", name, f"one of {', '.join(self.allowed_fields)}")
        if self.fields and len(set(self.fields)) < len(self.fields):
            raise BadParameter("fields", ",".join(self.fields), "each column once")
        if self.limit * len(self.columns) > MAX_VALUES:
            allowed = f"at most {MAX_VALUES // len(self.columns)} with {len(self.columns)} fields"
            raise BadParameter("limit", str(self.limit), f"{allowed} (rows times fields: {MAX_VALUES})")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the rows, in order."""
        return self.fields or self.default_fields

    @property
    def volatility_column(self) -> str:
        """The table column that `vol_anualizada` is read from."""
        return volatility_column(DEFAULT_ESTIMATOR, DEFAULT_WINDOW)


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


class VolatilityParameters(PageParameters, frozen=True, kw_only=True):
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

    estimator: _Estimator = DEFAULT_ESTIMATOR
    window: _Window = DEFAULT_WINDOW

    @property
    def volatility_column(self) -> str:
        return volatility_column(self.estimator, self.window)


class CompareParameters(PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/volatility/compare`. The default fields depend on the window."""

    window: _Window = DEFAULT_WINDOW

    @property
    def columns(self) -> tuple[str, ...]:
        return self.fields or ("data", *(volatility_column(estimator, self.window) for estimator in ESTIMATORS))

    @property
    def volatility_column(self) -> str:
        return volatility_column(DEFAULT_ESTIMATOR, self.window)


class ConeParameters(RangeParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/volatility/cone`."""

    estimator: _Estimator = DEFAULT_ESTIMATOR
    format: _Format = None


class ForecastParameters(Struct, frozen=True, kw_only=True):
    """The parameters of `/ibov/volatility/forecast`."""

    end: Annotated[
        date | None,
        Meta(
            description="The forecasts are those made at the last session up to this day. Default: the last session.",
            examples=["2020-03-16"],
        ),
    ] = None
    format: _Format = None


class SummaryParameters(RangeParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/summary`."""

    estimator: _Estimator = DEFAULT_ESTIMATOR
    window: _Window = DEFAULT_WINDOW
    format: _Format = None

    @property
    def volatility_column(self) -> str:
        """The table column that `vol_anualizada` is read from."""
        return volatility_column(self.estimator, self.window)


class AnomaliesParameters(PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/anomalies`."""

    default_fields = ("data", "preco_fechamento", "retorno_log", "amplitude", "volatilidade_pct", SCORE_COLUMN)
    allowed_fields = (*COLUMNS, SCORE_COLUMN)

    sort: Annotated[ScoreSort, _SORT] = "-data"  # type: ignore[assignment] # allows more values
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
