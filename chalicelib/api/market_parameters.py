"""The query parameters of the routes of the market. Those of one ticker are those of the index, with its columns."""

from __future__ import annotations

from datetime import date as Day  # noqa: N812 - `date` is a parameter
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from chalicelib.api.choices import (
    SORT,
    CursorParameter,
    FormatParameter,
    LimitParameter,
    Order,
    Paged,
    ShareColumn,
    ShareScoreSort,
    ShareSort,
    TickerSort,
)
from chalicelib.api.columns import SCORE_COLUMN, SHARE_COLUMNS, TICKERS
from chalicelib.api.parameters import (
    AnomaliesParameters,
    CompareParameters,
    LatestParameters,
    PricesParameters,
    VolatilityParameters,
)
from chalicelib.api.ranges import YEAR
from chalicelib.schema import CLOSE, PRICES, VOLUME
from chalicelib.shares import CLASS, EVENT, NAME, SHARES, TRADES, TURNOVER, ShareClass


class SharePricesParameters(PricesParameters, frozen=True, kw_only=True):
    """The parameters of `/acoes/{ticker}/prices`."""

    allowed_fields = SHARE_COLUMNS
    default_fields = ("data", *PRICES, VOLUME, TRADES, TURNOVER, "retorno_log", EVENT, "drawdown", "fonte")

    sort: Annotated[ShareSort, SORT] = "-data"


class ShareVolatilityParameters(VolatilityParameters, frozen=True, kw_only=True):
    """The parameters of `/acoes/{ticker}/volatility`."""

    allowed_fields = SHARE_COLUMNS

    sort: Annotated[ShareSort, SORT] = "-data"


class ShareCompareParameters(CompareParameters, frozen=True, kw_only=True):
    """The parameters of `/acoes/{ticker}/volatility/compare`."""

    allowed_fields = SHARE_COLUMNS

    sort: Annotated[ShareSort, SORT] = "-data"


class ShareAnomaliesParameters(AnomaliesParameters, frozen=True, kw_only=True):
    """The parameters of `/acoes/{ticker}/anomalies`."""

    allowed_fields = (*SHARE_COLUMNS, SCORE_COLUMN)

    sort: Annotated[ShareScoreSort, SORT] = "-data"


class ShareLatestParameters(LatestParameters, frozen=True, kw_only=True):
    """The parameters of `/acoes/{ticker}/latest`."""

    session_columns = (
        "data",
        "nome",
        "classe",
        *PRICES,
        VOLUME,
        TRADES,
        TURNOVER,
        "retorno_log",
        EVENT,
        "amplitude",
        "volatilidade_pct",
        "vol_zscore",
        "volatilidade_pico",
        "drawdown",
        "atr_14",
        "fonte",
    )


ClassParameter = Annotated[
    ShareClass | None,
    Meta(
        description="Only securities of this class: `acao` a share, `unit` a unit, `fii` a real-estate fund, `etf` an "
        "exchange-traded fund, `bdr` a Brazilian depositary receipt.",
        examples=["acao"],
    ),
]


MAX_TEXT = 40
"""The longest text to search for, in characters."""


class TickersParameters(Paged, Struct, frozen=True, kw_only=True):
    """The parameters of `/acoes`.

    Raises:
        BadParameter: `limit` is too large.
    """

    key: ClassVar[str] = "ticker"
    columns = tuple(column.name for column in TICKERS)
    fields = None

    q: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)] | None,
        Meta(
            description="Words, each of which is in the ticker or in the name. Case and accents make no difference.",
            examples=["petro"],
            extra={"allowed": f"1 to {MAX_TEXT} characters"},
        ),
    ] = None
    class_: ClassParameter = field(default=None, name="class")
    limit: LimitParameter = 252
    sort: Annotated[
        TickerSort,
        Meta(
            description="The sort column; `-` means descending. Nulls come last, ties are in order of ticker.",
            examples=["-volume_mediano"],
        ),
    ] = "ticker"
    cursor: CursorParameter = None
    format: FormatParameter = None

    def __post_init__(self) -> None:
        self.check_page()


class RankingParameters(Paged, Struct, frozen=True, kw_only=True):
    """The parameters of `/acoes/ranking`.

    Raises:
        BadParameter: a field is unknown or repeated, or `limit` is too large for the fields.
    """

    key: ClassVar[str] = "ticker"
    allowed_fields: ClassVar[tuple[str, ...]] = tuple(column.name for column in SHARES)

    by: Annotated[
        ShareColumn,
        Meta(
            description="The column that orders the tickers, any numeric one. Nulls come last, ties are in order of "
            "ticker.",
            examples=["vol_close_to_close_21d"],
        ),
    ] = "volume_financeiro"
    order: Annotated[
        Order,
        Meta(description="`desc`, the highest value first, or `asc`.", examples=["desc"]),
    ] = "desc"
    date: Annotated[
        Day | None,
        Meta(
            description="The session. Default: the newest one. A day without a session has no rows.",
            examples=["2025-12-30"],
            extra={"exact": True},
            extra_json_schema={"pattern": f"^{YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
        ),
    ] = None
    class_: ClassParameter = field(default=None, name="class")
    limit: LimitParameter = 252
    cursor: CursorParameter = None
    fields: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Columns, separated by commas. Default: ticker, name, class, close, return, value of the "
            "trades, and the column of `by`.",
            extra_json_schema={"type": "array", "minItems": 1, "uniqueItems": True},
        ),
    ] = None
    format: FormatParameter = None

    def __post_init__(self) -> None:
        self.check_page()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the rows, in order."""
        return self.fields or tuple(
            dict.fromkeys(("ticker", NAME, CLASS, CLOSE, "variacao_pct", "retorno_log", TURNOVER, self.by))
        )

    @property
    def sort(self) -> str:
        """The column of `by`, with `-` in front if it is descending."""
        return f"-{self.by}" if self.order == "desc" else self.by
