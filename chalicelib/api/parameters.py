"""What a client may ask of each route: query parameters, typed. The OpenAPI document is made from these classes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from chalicelib.errors import BadParameter
from chalicelib.estimators import ESTIMATORS, EstimatorName
from chalicelib.schema import PRICES, REFINED, Column, Window, volatility_column

MAX_LIMIT = 5000

MAX_VALUES = 60_000
"""Rows times fields of one answer: it stays below the 6 MB that Lambda can give back."""

VOLATILITY = "vol_anualizada"
"""The one column of an answer that the table has under another name: the estimator and window asked for."""

SCORE = "escore"
"""How unusual a session is, by the method asked for: a column of `/ibov/anomalies` alone."""

COMPUTED = (
    Column(
        VOLATILITY, "double", "fraction a year", "the volatility asked for; `meta.volatility_column` names its column"
    ),
    Column(SCORE, "double", "", "how unusual the session is, by the method asked for"),
    Column("retorno_pct", "double", "percent", "the return from the close before, of a day that `/ibov/summary` names"),
)
"""What is said of a session in an answer, and is not in the table by that name."""

DEFAULT_ESTIMATOR: EstimatorName = "close_to_close"
"""The others are biased on this source: see `caveats`."""

DEFAULT_WINDOW: Window = 21

COLUMNS = (*(column.name for column in REFINED), VOLATILITY)
"""What `fields` may name."""

Format = Literal["json", "csv"]
Sort = Literal[
    "data", "-data",
    "volatilidade_pct", "-volatilidade_pct",
    "vol_anualizada", "-vol_anualizada",
    "volume_negociado", "-volume_negociado",
]  # fmt: skip
ScoreSort = Literal[Sort, "escore", "-escore"]
Method = Literal["zscore", "zscore_range"]


class Nothing(Struct, frozen=True, kw_only=True):
    """A route without parameters."""


class Span(Struct, frozen=True, kw_only=True):
    """A range of sessions.

    Raises:
        BadParameter: `start` is after `end`, or `year` is given beside one of them.
    """

    start: Annotated[date | None, Meta(description="The first day, included.", examples=["2025-01-02"])] = None
    end: Annotated[date | None, Meta(description="The last day, included.", examples=["2025-12-30"])] = None
    year: Annotated[
        Annotated[int, Meta(ge=1900, le=2199)] | None,
        Meta(description="A calendar year, in place of `start` and `end`.", examples=[2025]),
    ] = None

    def __post_init__(self) -> None:
        if self.year is not None and (self.start or self.end):
            raise BadParameter("year", str(self.year), "either year, or start and end")
        if self.start and self.end and self.start > self.end:
            raise BadParameter("start", self.start.isoformat(), f"not after end, which is {self.end.isoformat()}")

    @property
    def first(self) -> date | None:
        """The first day, None if open."""
        return date(self.year, 1, 1) if self.year else self.start

    @property
    def last(self) -> date | None:
        """The last day, None if open."""
        return date(self.year, 12, 31) if self.year else self.end


_Format = Annotated[
    Format | None, Meta(description="`json` or `csv`; if absent, as `Accept` says, else `json`.", examples=["json"])
]
_Estimator = Annotated[
    EstimatorName,
    Meta(
        description="The estimator of volatility; `meta.caveats` says what it misses on this source.",
        examples=[DEFAULT_ESTIMATOR],
    ),
]
_Window = Annotated[Window, Meta(description="Sessions that the estimator looks back.", examples=[DEFAULT_WINDOW])]


_SORT = Meta(description="The order, `-` for descending; nulls last, ties by `data`.", examples=["-data"])


class Rows(Span, frozen=True, kw_only=True):
    """Sessions of a range, a page at a time.

    Raises:
        BadParameter: as `Span`; a field is unknown or repeated; or `limit` times the fields is above `MAX_VALUES`.
    """

    default_fields: ClassVar[tuple[str, ...]]
    allowed_fields: ClassVar[tuple[str, ...]] = COLUMNS

    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_LIMIT, description=f"The most rows; times fields, at most {MAX_VALUES:,}.", examples=[10]),
    ] = 252
    sort: Annotated[Sort, _SORT] = "-data"
    cursor: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,200}$")] | None,
        Meta(description="Where the page before ended: `links.next` has it. It is bound to the other parameters."),
    ] = None
    fields: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Columns, separated by commas; if absent, those of the example.",
            extra_json_schema={"type": "array", "minItems": 1, "uniqueItems": True},
        ),
    ] = None
    format: _Format = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.fields or ():
            if name not in self.allowed_fields:
                raise BadParameter("fields", name, f"of {', '.join(self.allowed_fields)}")
        if self.fields and len(set(self.fields)) < len(self.fields):
            raise BadParameter("fields", ",".join(self.fields), "each column once")
        if self.limit * len(self.columns) > MAX_VALUES:
            most = f"at most {MAX_VALUES // len(self.columns)} with {len(self.columns)} fields"
            raise BadParameter("limit", str(self.limit), f"{most} (rows times fields: {MAX_VALUES})")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the answer, in order."""
        return self.fields or self.default_fields

    @property
    def volatility(self) -> str:
        """The table's column that `vol_anualizada` stands for."""
        return volatility_column(DEFAULT_ESTIMATOR, DEFAULT_WINDOW)


class Prices(Rows, frozen=True, kw_only=True):
    """`/ibov/prices`."""

    default_fields = ("data", *PRICES, "volume_negociado", "retorno_log", "drawdown", "avisos", "fonte")


class Volatility(Rows, frozen=True, kw_only=True):
    """`/ibov/volatility`."""

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
        VOLATILITY,
    )

    estimator: _Estimator = DEFAULT_ESTIMATOR
    window: _Window = DEFAULT_WINDOW

    @property
    def volatility(self) -> str:
        return volatility_column(self.estimator, self.window)


class Compare(Rows, frozen=True, kw_only=True):
    """`/ibov/volatility/compare`: the fields are named by the window, unless they are asked for."""

    window: _Window = DEFAULT_WINDOW

    @property
    def columns(self) -> tuple[str, ...]:
        return self.fields or ("data", *(volatility_column(estimator, self.window) for estimator in ESTIMATORS))

    @property
    def volatility(self) -> str:
        return volatility_column(DEFAULT_ESTIMATOR, self.window)


class Cone(Span, frozen=True, kw_only=True):
    """`/ibov/volatility/cone`."""

    estimator: _Estimator = DEFAULT_ESTIMATOR
    format: _Format = None


class Summary(Span, frozen=True, kw_only=True):
    """`/ibov/summary`."""

    estimator: _Estimator = DEFAULT_ESTIMATOR
    window: _Window = DEFAULT_WINDOW
    format: _Format = None

    @property
    def volatility(self) -> str:
        """The table's column that `vol_anualizada` stands for."""
        return volatility_column(self.estimator, self.window)


class Anomalies(Rows, frozen=True, kw_only=True):
    """`/ibov/anomalies`."""

    default_fields = ("data", "preco_fechamento", "retorno_log", "amplitude", "volatilidade_pct", SCORE)
    allowed_fields = (*COLUMNS, SCORE)

    sort: Annotated[ScoreSort, _SORT] = "-data"  # type: ignore[assignment] # more is allowed here
    method: Annotated[
        Method,
        Meta(
            description="`zscore`: `volatilidade_pct` against the 252 sessions before, so that no later day changes "
            "it. `zscore_range`: against mean and standard deviation of the range asked for.",
            examples=["zscore"],
        ),
    ] = "zscore"
    threshold: Annotated[
        float, Meta(ge=0, le=100, description="A day is flagged if its score is above.", examples=[1.5])
    ] = 1.5
