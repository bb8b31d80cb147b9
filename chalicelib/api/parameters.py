"""The query parameters of each route. The OpenAPI document is generated from these classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta, Struct

from chalicelib.api.columns import COLUMNS, NUMERIC, PERIODS, SCORE_COLUMN, VOLATILITY_COLUMN
from chalicelib.api.ranges import RangeParameters
from chalicelib.errors import BadParameter
from chalicelib.estimators import ESTIMATORS, EstimatorName
from chalicelib.schema import PRICES, REFINED, VOLUME, Column, Window, volatility_column

MAX_LIMIT = 10_000
"""The maximum of `limit`. `MAX_VALUES` limits rows times fields too: with many fields fewer rows are allowed."""

MAX_VALUES = 100_000
"""Rows times fields of one response. The JSON of any 10 columns of 10,000 rows is at most 6.1 million bytes as a
response of Lambda, which may have 6 MiB (6,291,456), and its CSV is less than half of it. API Gateway compresses later."""

DEFAULT_ESTIMATOR: EstimatorName = "close_to_close"
"""The other estimators are biased on this source: see `caveats`."""

DEFAULT_WINDOW: Window = 21
"""In sessions."""

EWMA = "vol_ewma"
"""The column of the estimator `ewma`, which has no window."""

Format = Literal["json", "csv"]
Method = Literal["zscore", "zscore_range"]
Unit = Literal["week", "month", "quarter", "year"]
EstimatorOrEwma = Literal[EstimatorName, "ewma"]


def _sorts(key: str, columns: Iterable[Column], *computed: str) -> tuple[str, ...]:
    """The allowed values of `sort`: the key, and each numeric column, ascending and descending."""
    names = (key, *(column.name for column in columns if column.type in NUMERIC), *computed)
    return tuple(f"{sign}{name}" for name in names for sign in ("", "-"))


if TYPE_CHECKING:
    Sort: TypeAlias = str
    ScoreSort: TypeAlias = str
    PeriodSort: TypeAlias = str
else:
    Sort = Literal[_sorts("data", REFINED, VOLATILITY_COLUMN)]
    ScoreSort = Literal[_sorts("data", REFINED, VOLATILITY_COLUMN, SCORE_COLUMN)]
    PeriodSort = Literal[_sorts("periodo", PERIODS)]


class NoParameters(Struct, frozen=True, kw_only=True):
    """The parameters of a route that has none."""


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
_EstimatorOrEwma = Annotated[
    EstimatorOrEwma,
    Meta(
        description="The volatility estimator; `ewma` has no window. `meta.caveats` describes its bias on this source.",
        examples=[DEFAULT_ESTIMATOR],
    ),
]
_Window = Annotated[Window, Meta(description="The window of the estimator, in sessions.", examples=[DEFAULT_WINDOW])]
_WindowUnlessEwma = Annotated[
    Window | None,
    Meta(
        description=f"The window of the estimator, in sessions; {DEFAULT_WINDOW} by default, none with `ewma`.",
        examples=[DEFAULT_WINDOW],
    ),
]


class _Volatility:
    """The volatility that `estimator` and `window` select. A base of parameters that have both."""

    __slots__ = ()

    estimator: EstimatorOrEwma
    window: Window | None

    @property
    def effective_window(self) -> Window | None:
        """The window in sessions, None for `ewma`."""
        return None if self.estimator == "ewma" else self.window or DEFAULT_WINDOW

    @property
    def volatility_column(self) -> str:
        """The table column of the volatility."""
        return EWMA if self.estimator == "ewma" else volatility_column(self.estimator, self.window or DEFAULT_WINDOW)

    def _check_window(self) -> None:
        if self.estimator == "ewma" and self.window is not None:
            raise BadParameter("window", f"{self.window}", "no window with estimator=ewma, which weights all sessions")


_SORT = Meta(
    description="The sort column, any numeric one; `-` means descending. Nulls come last, ties are in order of date.",
    examples=["-data"],
)


class PageParameters(RangeParameters, frozen=True, kw_only=True):
    """The parameters of a range of sessions whose answer has rows in pages.

    Attributes:
        key: the column of dates that identifies a row.
        default_fields: the columns of the rows without `fields`.
        allowed_fields: the allowed values of `fields`.
        whole_range: whether a row depends on other sessions of the range, so that each page needs all of them.

    Raises:
        BadParameter: as `RangeParameters`; a field is unknown or repeated; or `limit` times the number of fields is
            above `MAX_VALUES`.
    """

    key: ClassVar[str] = "data"
    default_fields: ClassVar[tuple[str, ...]]
    allowed_fields: ClassVar[tuple[str, ...]] = COLUMNS
    whole_range: ClassVar[bool] = False

    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_LIMIT,
            description=f"The maximum number of rows. Rows times fields: at most {MAX_VALUES:,}, so that all rows fit "
            "with up to 10 fields.",
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
            raise BadParameter("limit", f"{self.limit}", f"{allowed} (rows times fields: {MAX_VALUES})")

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


class VolatilityParameters(_Volatility, PageParameters, frozen=True, kw_only=True):
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

    estimator: _EstimatorOrEwma = DEFAULT_ESTIMATOR
    window: _WindowUnlessEwma = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_window()


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


class SummaryParameters(_Volatility, RangeParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/summary`."""

    estimator: _EstimatorOrEwma = DEFAULT_ESTIMATOR
    window: _WindowUnlessEwma = None
    format: _Format = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_window()


class PeriodsParameters(_Volatility, PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/periods`."""

    key = "periodo"
    default_fields = tuple(column.name for column in PERIODS)
    allowed_fields = default_fields
    whole_range = True

    by: Annotated[
        Unit, Meta(description="The length of a period. A week begins on Monday (ISO 8601).", examples=["month"])
    ] = "month"
    sort: Annotated[PeriodSort, _SORT] = "-periodo"
    estimator: _EstimatorOrEwma = DEFAULT_ESTIMATOR
    window: _WindowUnlessEwma = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_window()


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
    "fechamento_oficial",
    "fonte_fechamento",
    "avisos",
    "fonte",
)
"""The columns of the newest session in `/ibov/latest`."""

RANKED_AMONG = 1260
"""The number of the newest sessions that `/ibov/latest` ranks a volatility among: five years."""


class LatestParameters(Struct, frozen=True, kw_only=True):
    """The parameters of `/ibov/latest`."""

    window: _Window = DEFAULT_WINDOW
    format: _Format = None


class FilesParameters(Struct, frozen=True, kw_only=True):
    """The parameters of `/ibov/files`."""

    format: _Format = None


class AnomaliesParameters(PageParameters, frozen=True, kw_only=True):
    """The parameters of `/ibov/anomalies`."""

    default_fields = ("data", "preco_fechamento", "retorno_log", "amplitude", "volatilidade_pct", SCORE_COLUMN)
    allowed_fields = (*COLUMNS, SCORE_COLUMN)
    whole_range = True

    sort: Annotated[ScoreSort, _SORT] = "-data"
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
