"""What query parameters of several routes choose from: limits, sorts, formats, estimators and windows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from msgspec import Meta

from chalicelib.api.columns import NUMERIC, PERIODS, SCORE_COLUMN, TICKERS, VOLATILITY_COLUMN
from chalicelib.errors import BadParameter
from chalicelib.estimators import EstimatorName
from chalicelib.schema import REFINED, Column, Window, volatility_column
from chalicelib.shares import SHARES

MAX_LIMIT = 10_000
"""The maximum of `limit`. `MAX_VALUES` limits rows times fields too: with many fields fewer rows are allowed."""

MAX_VALUES = 100_000
"""Rows times fields of one response. The JSON of any 10 columns of 10,000 rows is at most 6.1 million bytes as a
response of Lambda, which may have 6 MiB (6,291,456), and its CSV is half of it. API Gateway compresses later."""

DEFAULT_ESTIMATOR: EstimatorName = "close_to_close"
"""The other estimators are biased on this source: see `caveats`."""

DEFAULT_WINDOW: Window = 21
"""In sessions."""

EWMA = "vol_ewma"
"""The column of the estimator `ewma`, which has no window."""

Format = Literal["json", "csv"]
Order = Literal["desc", "asc"]
Method = Literal["zscore", "zscore_range"]
Unit = Literal["week", "month", "quarter", "year"]
EstimatorOrEwma = Literal[EstimatorName, "ewma"]


def _sorts(key: str, columns: Iterable[Column], *computed: str) -> tuple[str, ...]:
    """The allowed values of `sort`: the key, and each numeric column, ascending and descending."""
    names = (key, *(column.name for column in columns if column.type in NUMERIC), *computed)
    return tuple(f"{sign}{name}" for name in names for sign in ("", "-"))


if TYPE_CHECKING:
    # mypy knows no Literal of computed values.
    Sort: TypeAlias = str
    ScoreSort: TypeAlias = str
    PeriodSort: TypeAlias = str
    ShareSort: TypeAlias = str
    ShareScoreSort: TypeAlias = str
    TickerSort: TypeAlias = str
    ShareColumn: TypeAlias = str
else:
    Sort = Literal[_sorts("data", REFINED, VOLATILITY_COLUMN)]
    ScoreSort = Literal[_sorts("data", REFINED, VOLATILITY_COLUMN, SCORE_COLUMN)]
    PeriodSort = Literal[_sorts("periodo", PERIODS)]
    ShareSort = Literal[_sorts("data", SHARES, VOLATILITY_COLUMN)]
    ShareScoreSort = Literal[_sorts("data", SHARES, VOLATILITY_COLUMN, SCORE_COLUMN)]
    TickerSort = Literal[_sorts("ticker", TICKERS, "primeiro_pregao", "ultimo_pregao")]
    ShareColumn = Literal[tuple(column.name for column in SHARES if column.type in NUMERIC)]

SORT = Meta(
    description="The sort column, any numeric one; `-` means descending. Nulls come last, ties are in order of date.",
    examples=["-data"],
)
"""The description of `sort` of sessions and periods."""

FormatParameter = Annotated[
    Format | None,
    Meta(description="`json` or `csv`. The default is the best match of `Accept`, else `json`.", examples=["json"]),
]
LimitParameter = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_LIMIT,
        description=f"The maximum number of rows. Rows times fields: at most {MAX_VALUES:,}, so that all rows fit "
        "with up to 10 fields.",
        examples=[10],
    ),
]
CursorParameter = Annotated[
    Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,200}$")] | None,
    Meta(description="Position of the page, from `links.next` of the previous page. Use it with the same parameters."),
]
EstimatorParameter = Annotated[
    EstimatorName,
    Meta(
        description="The volatility estimator. `meta.caveats` describes its bias on this source.",
        examples=[DEFAULT_ESTIMATOR],
    ),
]
EstimatorOrEwmaParameter = Annotated[
    EstimatorOrEwma,
    Meta(
        description="The volatility estimator; `ewma` has no window. `meta.caveats` describes its bias on this source.",
        examples=[DEFAULT_ESTIMATOR],
    ),
]
WindowParameter = Annotated[
    Window, Meta(description="The window of the estimator, in sessions.", examples=[DEFAULT_WINDOW])
]
WindowUnlessEwma = Annotated[
    Window | None,
    Meta(
        description=f"The window of the estimator, in sessions; {DEFAULT_WINDOW} by default, none with `ewma`.",
        examples=[DEFAULT_WINDOW],
    ),
]


class ChosenVolatility:
    """The volatility that `estimator` and `window` select: a base of the parameters that have both."""

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

    def check_window(self) -> None:
        """Check that `ewma` has no window.

        Raises:
            BadParameter: it has one.
        """
        if self.estimator == "ewma" and self.window is not None:
            raise BadParameter("window", f"{self.window}", "no window with estimator=ewma, which weights all sessions")


class Paged:
    """An answer with rows in pages: a base of the parameters that have `limit`.

    Attributes:
        allowed_fields: the allowed values of `fields`.
    """

    __slots__ = ()

    allowed_fields: ClassVar[tuple[str, ...]]

    limit: int

    if TYPE_CHECKING:
        # Fields of some classes, and properties or constants of others.
        fields: Any
        columns: Any

    def check_page(self) -> None:
        """Check the fields, and that the page is not too large.

        Raises:
            BadParameter: a field is unknown or repeated, or `limit` times the number of fields is above `MAX_VALUES`.
        """
        for name in self.fields or ():
            if name not in self.allowed_fields:
                raise BadParameter("fields", name, f"one of {', '.join(self.allowed_fields)}")
        if self.fields and len(set(self.fields)) < len(self.fields):
            raise BadParameter("fields", ",".join(self.fields), "each column once")
        if self.limit * len(self.columns) > MAX_VALUES:
            allowed = f"at most {MAX_VALUES // len(self.columns)} with {len(self.columns)} fields"
            raise BadParameter("limit", f"{self.limit}", f"{allowed} (rows times fields: {MAX_VALUES})")
