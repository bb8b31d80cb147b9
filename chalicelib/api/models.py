"""What the routes answer, typed. The OpenAPI document is made from these classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.api.queries import Row
from chalicelib.api.summaries import ConeRow, Described, Fall
from chalicelib.estimators import EstimatorName
from chalicelib.lake.freshness import Freshness
from chalicelib.lake.manifest import Quality
from chalicelib.schema import Window


class AnswerMeta(Struct, frozen=True, kw_only=True):
    """What an answer is made from."""

    ticker: str
    as_of: Annotated[date | None, Meta(description="the last session of the data")]
    version: Annotated[str, Meta(description="names the data: equal versions, equal answers")]
    synthetic: Annotated[bool, Meta(description="whether the data is generated, and none of it real")]
    count: Annotated[int, Meta(description="rows of this answer")]
    periods_per_year: Annotated[int, Meta(description="sessions a year, by which volatility is annualised")]
    unit: Annotated[dict[str, str], Meta(description="of each column that has one")]
    sessions: Annotated[int | UnsetType, Meta(description="that the rows are computed from")] = UNSET
    estimator: EstimatorName | UnsetType = UNSET
    window: Window | UnsetType = UNSET
    volatility_column: Annotated[str | UnsetType, Meta(description="of the table, behind `vol_anualizada`")] = UNSET
    caveats: Annotated[
        dict[str, str] | UnsetType,
        Meta(description="by estimator, what it misses on this source, with figures of the real history"),
    ] = UNSET
    method: str | UnsetType = UNSET
    threshold: float | UnsetType = UNSET


class Links(Struct, frozen=True):
    """Where the answer is from, and where the next page is; `next` is null on the last one."""

    self: str
    next: str | None


class RowsAnswer(Struct, frozen=True):
    """Sessions, in the columns asked for."""

    rows: list[Row]
    meta: AnswerMeta
    links: Links


class ConeAnswer(Struct, frozen=True):
    """The volatility cone: a row for each window."""

    rows: list[ConeRow]
    meta: AnswerMeta
    links: Links


class Day(Struct, frozen=True):
    """A session that stands out, and its return from the close before, as a logarithm and in percent."""

    data: date
    retorno_log: float
    retorno_pct: float


class Depth(Struct, frozen=True):
    """A session, and how far its close was below the highest until then, in or before the range."""

    data: date
    drawdown: float


class SummaryAnswer(Struct, frozen=True):
    """A range in numbers. The days and falls are null where the range has no sessions."""

    rows: list[Described]
    best_day: Day | None
    worst_day: Day | None
    worst_drawdown: Depth | None
    deepest_fall: Fall | None
    meta: AnswerMeta
    links: Links


class StatusAnswer(Struct, frozen=True, kw_only=True):
    """How fresh the data is, and how good. All but the first two are null before the first run."""

    ticker: str
    state: Literal["empty", "writing", "ready"]
    as_of: date | None = None
    first_session: date | None = None
    rows: int | None = None
    version: str | None = None
    synthetic: bool | None = None
    freshness: Freshness | None = None
    quality: Quality | None = None
    updated_at: datetime | None = None
    schema_version: int | None = None
    code_version: str | None = None


class IndexAnswer(Struct, frozen=True):
    """The routes: what each answers, and its link."""

    name: str
    routes: dict[str, str]
    links: dict[str, str]


class ParameterError(Struct, frozen=True):
    """A parameter that is not acceptable: what was received, and what is allowed."""

    parameter: str
    received: str
    allowed: str


class Problem(Struct, frozen=True):
    """What went wrong, as RFC 9457 has it."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    instance: str
    errors: list[ParameterError] | UnsetType = UNSET


Answer = RowsAnswer | ConeAnswer | SummaryAnswer
