"""Every route, once: what it takes, what it answers, and an example. The app, the contract and the index read this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.api import models, parameters, views
from chalicelib.api.views import Table


@dataclass(frozen=True, slots=True)
class Route:
    """A route under `GET` and `HEAD`.

    Attributes:
        summary: what it answers, in a line.
        description: what else a client should know.
        parameters: the class of its query parameters.
        answers: the class of its JSON, None where it answers something else.
        view: makes the answer from the parameters and the table, None where the table is not asked.
        example: query parameters to try it with.
        media: what it answers if not JSON.
        keyed: whether it costs money to answer: it asks AWS, and the client for an API key, where the deployment has
            keys.
    """

    summary: str
    description: str
    parameters: type[msgspec.Struct] = parameters.Nothing
    answers: type[msgspec.Struct] | None = None
    view: Callable[[Any, Table], models.Answer] | None = None
    example: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/json"
    keyed: bool = True


METHODS = ("GET", "HEAD")
"""Of every route."""

CORS: Mapping[str, Any] = {
    "allow_headers": ["If-None-Match"],
    "expose_headers": ["ETag", "Link", "Retry-After", "X-Data-As-Of", "X-Data-Synthetic", "X-Data-Version"],
    "max_age": 600,
}
"""What pages of other origins may send and read, by Chalice's names."""

_PAGES = (
    "The newest session comes first unless `sort` says otherwise. `links.next` leads to the next page; it is null on "
    "the last one. A range without sessions is 200 with no rows."
)

ROUTES: Mapping[str, Route] = {
    "/": Route(
        "The routes",
        "What each route answers, and its link.",
        answers=models.IndexAnswer,
        keyed=False,
    ),
    "/ibov/prices": Route(
        "Open, high, low, close and volume of each session",
        "The prices as the source gives them, the logarithmic return from the close before, the distance to the "
        f"highest close so far, warnings on the bar, and its source. {_PAGES}",
        parameters.Prices,
        models.RowsAnswer,
        views.rows,
        {"start": "2025-09-15", "end": "2025-09-17"},
    ),
    "/ibov/volatility": Route(
        "Range and volatility of each session",
        "The features of each session, and as `vol_anualizada` the annualised volatility by the estimator and over the "
        f"window asked for: a fraction, 0.15 is 15 % a year. {_PAGES}",
        parameters.Volatility,
        models.RowsAnswer,
        views.rows,
        {"year": "2025", "sort": "-volatilidade_pct", "limit": "10"},
    ),
    "/ibov/volatility/compare": Route(
        "All six estimators side by side",
        f"The annualised volatility of each session by every estimator, over one window. {_PAGES}",
        parameters.Compare,
        models.RowsAnswer,
        views.rows,
        {"window": "21", "start": "2025-09-01", "end": "2025-09-30"},
    ),
    "/ibov/volatility/cone": Route(
        "The volatility cone",
        "For each window: least, quartiles and greatest volatility over the range, interpolated linearly between "
        "values; the last one, the share of values that are at most as high, and its rank, 1 for the highest. "
        "Volatilities are fractions a year.",
        parameters.Cone,
        models.ConeAnswer,
        views.cone,
        {"start": "2015-01-01", "end": "2024-12-30"},
    ),
    "/ibov/summary": Route(
        "A year or a range in numbers",
        "Count, mean, sample standard deviation, least and greatest of close, range and volatility; the days of the "
        "highest and lowest return from the close before; how far a close was below the highest so far "
        "(`worst_drawdown`), and the deepest fall between two closes of the range (`deepest_fall`). "
        "CSV has the rows alone.",
        parameters.Summary,
        models.SummaryAnswer,
        views.summary,
        {"year": "2020"},
    ),
    "/ibov/anomalies": Route(
        "Unusual days",
        "The sessions whose score, `escore`, is above a threshold, by the method asked for. A day of `zscore` stays as "
        "it is when later days come; `zscore_range` compares the sessions of one range with each other. "
        f"{_PAGES}",
        parameters.Anomalies,
        models.RowsAnswer,
        views.rows,
        {"year": "2020", "threshold": "3"},
    ),
    "/status": Route(
        "How fresh the data is, and how good",
        "What the lake holds, how many sessions it is behind, and what is known against its bars. Before the first "
        "ingest `as_of` is null.",
        answers=models.StatusAnswer,
    ),
    "/openapi.json": Route(
        "The contract of this API",
        "The OpenAPI document, with the address that it was asked at.",
        keyed=False,
    ),
    "/docs": Route(
        "The contract as a page, to read and to try",
        "A page that needs nothing from elsewhere.",
        media="text/html",
        keyed=False,
    ),
}

SERVED: Mapping[str, Route] = {
    **ROUTES,
    "/assets/{name}": Route("A file of the page", "The style or the script of `/docs`.", media="text/css", keyed=False),
}
"""The routes of the contract, and what its page needs."""
