"""The bodies of responses. The OpenAPI document is generated from these classes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.api.choices import EstimatorOrEwma, Unit
from chalicelib.api.queries import Row
from chalicelib.api.regimes import Regime
from chalicelib.api.summaries import ConeRow, Described, Fall
from chalicelib.forecast_score import ForecastScore
from chalicelib.schema import Horizon, Model, Window


class AnswerMeta(Struct, frozen=True, kw_only=True):
    """Metadata: the data and the parameters that an answer is computed from."""

    ticker: str
    as_of: Annotated[date | None, Meta(description="the last session of the data")]
    version: Annotated[str, Meta(description="of the data: equal versions have equal answers")]
    synthetic: Annotated[bool, Meta(description="whether the data is generated, not real")]
    settled: Annotated[
        bool | UnsetType,
        Meta(
            description="false if the data was being updated: the rows may be of another version, or of two. Such a "
            "response is not cached; repeat the request a minute later. Absent otherwise"
        ),
    ] = UNSET
    count: Annotated[int, Meta(description="number of rows in this answer")]
    periods_per_year: Annotated[int, Meta(description="sessions a year in the annualised volatility")]
    unit: Annotated[dict[str, str], Meta(description="of each numeric column")]
    sessions: Annotated[int | UnsetType, Meta(description="number of sessions that the rows are computed from")] = UNSET
    by: Annotated[Unit | UnsetType, Meta(description="the length of a period")] = UNSET
    estimator: EstimatorOrEwma | UnsetType = UNSET
    window: Annotated[Window | UnsetType, Meta(description="in sessions; absent for `ewma`, which has none")] = UNSET
    volatility_column: Annotated[
        str | UnsetType,
        Meta(description="the table column that `vol_anualizada` is read from, and `vol_media` is the mean of"),
    ] = UNSET
    caveats: Annotated[
        dict[str, str] | UnsetType,
        Meta(
            description="what must be known to read a column: the bias of an estimator on this source over the real "
            "history, the unit of the volume, whether the score of a forecast differs from that of EWMA"
        ),
    ] = UNSET
    method: str | UnsetType = UNSET
    threshold: float | UnsetType = UNSET


class Links(Struct, frozen=True):
    """Links to this answer and to the next page; `next` is null on the last page."""

    self: str
    next: str | None


class RowsAnswer(Struct, frozen=True):
    """Sessions, with the requested columns."""

    rows: list[Row]
    meta: AnswerMeta
    links: Links


class PeriodsAnswer(Struct, frozen=True):
    """Periods, with the requested columns."""

    rows: list[Row]
    meta: AnswerMeta
    links: Links


class RankedVolatility(Struct, frozen=True):
    """The volatility of the newest session by one estimator, and its rank among the newest sessions.

    `percentile` is the fraction of the `count` values at or below it; `rank` is 1 for the highest. All three values are
    null if the session has no volatility, because its window is not full.
    """

    estimator: EstimatorOrEwma
    window: Window | None
    column: str
    vol_anualizada: float | None
    percentile: float | None
    rank: int | None
    count: int


class LatestAnswer(Struct, frozen=True):
    """The newest session, and its volatility by each estimator. `session` is null while the table is empty."""

    session: Row | None
    regime: Regime
    rows: list[RankedVolatility]
    meta: AnswerMeta
    links: Links


class ListedTicker(Struct, frozen=True):
    """A ticker of the market: its name and class at its last session, and its sessions.

    `volume_mediano` is the median value of its trades in a session, in reais, over its sessions of the year to `as_of`;
    null if it has none.
    """

    ticker: str
    nome: str | None
    classe: str
    primeiro_pregao: date
    ultimo_pregao: date
    pregoes: int
    volume_mediano: float | None


class MarketMeta(Struct, frozen=True, kw_only=True):
    """Metadata of an answer about several tickers."""

    as_of: Annotated[date | None, Meta(description="the last session of the data")]
    version: Annotated[str, Meta(description="of the data: equal versions have equal answers")]
    synthetic: Annotated[bool, Meta(description="whether the data is generated, not real")]
    settled: Annotated[
        bool | UnsetType,
        Meta(description="false if the data was being updated: repeat the request a minute later. Absent otherwise"),
    ] = UNSET
    count: Annotated[int, Meta(description="number of rows in this answer")]
    total: Annotated[
        int | UnsetType, Meta(description="number of tickers that the parameters select, on all pages")
    ] = UNSET
    data: Annotated[date | UnsetType, Meta(description="the session of the rows. Absent if the table has none")] = UNSET
    unit: Annotated[dict[str, str], Meta(description="of each numeric column")]


class TickersAnswer(Struct, frozen=True):
    """Tickers."""

    rows: list[ListedTicker]
    meta: MarketMeta
    links: Links


class RankingAnswer(Struct, frozen=True):
    """The tickers of one session, with the requested columns."""

    rows: list[Row]
    meta: MarketMeta
    links: Links


class ConeAnswer(Struct, frozen=True):
    """The volatility cone, with one row for each window."""

    rows: list[ConeRow]
    meta: AnswerMeta
    links: Links


class Day(Struct, frozen=True):
    """The session with the highest or lowest return from the previous close, as a logarithm and in percent."""

    data: date
    retorno_log: float
    retorno_pct: float


class Depth(Struct, frozen=True):
    """A session and its drawdown: close / highest close so far - 1. The highest close may be before the range."""

    data: date
    drawdown: float


class SummaryAnswer(Struct, frozen=True):
    """Statistics of a range. A day or a fall is null if the range has no value for it."""

    rows: list[Described]
    best_day: Day | None
    worst_day: Day | None
    worst_drawdown: Depth | None
    deepest_fall: Fall | None
    meta: AnswerMeta
    links: Links


class ForecastRow(Struct, frozen=True):
    """A model's forecast for the next `horizon` sessions, its band, and its score since 2008.

    The volatility is the square root of 252 times the mean of the squared returns of those sessions. The band is the
    forecast times the 10 % and the 90 % quantile of realised / forecast volatility over the model's earlier forecasts.
    The score is null below 252 forecasts.
    """

    data: Annotated[date | None, Meta(description="the session at which the forecast was made, as in the answer")]
    model: Model
    horizon: Horizon
    volatility: Annotated[float | None, Meta(description="annualised; null before the first fit")]
    lower: Annotated[float | None, Meta(description="null below 500 earlier outcomes, like `upper`")]
    upper: float | None
    sessions: Annotated[int, Meta(description="number of scored forecasts")]
    qlike: Annotated[float | None, Meta(description="mean of ln f + y / f, of daily variances; the lower the better")]
    difference: Annotated[float | None, Meta(description="`qlike` minus that of EWMA; null for EWMA")]
    p_value: Annotated[
        float | None, Meta(description="of the Diebold-Mariano test that the difference is 0, two-sided")
    ]
    coverage: Annotated[float | None, Meta(description="the share of outcomes within the band of their forecast")]


class ForecastAnswer(Struct, frozen=True):
    """The forecasts made at the session `data`, and the score of each model by period. CSV has only the rows."""

    rows: list[ForecastRow]
    data: Annotated[date | None, Meta(description="null if the data has no session up to the requested one")]
    regime: Regime
    scores: list[ForecastScore]
    meta: AnswerMeta
    links: Links


class IndexAnswer(Struct, frozen=True):
    """The summary and the link of each route."""

    name: str
    routes: dict[str, str]
    links: dict[str, str]


class ParameterError(Struct, frozen=True):
    """A parameter that is not allowed, with the received value and the allowed ones."""

    parameter: str
    received: str
    allowed: str


class Problem(Struct, frozen=True):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    instance: str
    errors: list[ParameterError] | UnsetType = UNSET
    near: Annotated[
        list[str] | UnsetType, Meta(description="of an unknown ticker, those with a similar name, the nearest first")
    ] = UNSET


Answer = (
    RowsAnswer
    | PeriodsAnswer
    | LatestAnswer
    | ConeAnswer
    | ForecastAnswer
    | SummaryAnswer
    | TickersAnswer
    | RankingAnswer
)
