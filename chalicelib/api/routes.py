"""Every route: its parameters, its response and an example. The app, the OpenAPI document and the index read this.

Those of the market are in `market_routes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api import forecasts, manifest_models, models, parameters, views
from chalicelib.api.headers import EXPOSED, IF_NONE_MATCH
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.api.route import PAGES, Route

METHODS = ("GET", "HEAD")
"""The methods of every route."""

CORS: Mapping[str, Any] = {
    "allow_headers": [IF_NONE_MATCH],
    "expose_headers": [header.name for header in EXPOSED],
    "max_age": 600,
}
"""Arguments of `chalice.CORSConfig`: the headers that cross-origin requests may send, and may read from the
response."""

ROUTES: Mapping[str, Route] = {
    "/": Route(
        "The routes",
        "The summary and the link of each route. A client that asks for `text/html`, such as a browser, gets a page "
        "that shows the index and its volatility.",
        alternative="text/html",
        model=models.IndexAnswer,
        api_key_required=False,
    ),
    "/ibov/prices": Route(
        "Open, high, low, close and volume of each session",
        "The unadjusted prices of the source, the logarithmic return from the previous close, the distance to the "
        "highest close so far, the official close of B3 where it is known, the source of the close (`b3` where the "
        f"official close corrects that of the bar), the warnings on the bar, and its source. {PAGES}",
        parameters.PricesParameters,
        models.RowsAnswer,
        views.page,
        {"start": "2025-09-15", "end": "2025-09-17"},
    ),
    "/ibov/volatility": Route(
        "Range and volatility of each session",
        "The features of each session, and in `vol_anualizada` the annualised volatility by the requested estimator "
        f"and window, as a fraction: 0.15 means 15 % a year. {PAGES}",
        parameters.VolatilityParameters,
        models.RowsAnswer,
        views.page,
        {"year": "2025", "sort": "-volatilidade_pct", "limit": "10"},
    ),
    "/ibov/volatility/compare": Route(
        "Volatility by all six estimators",
        f"The annualised volatility of each session by every estimator over one window. {PAGES}",
        parameters.CompareParameters,
        models.RowsAnswer,
        views.page,
        {"window": "21", "start": "2025-09-01", "end": "2025-09-30"},
    ),
    "/ibov/volatility/cone": Route(
        "The volatility cone",
        "For each window: minimum, quartiles (linear interpolation) and maximum of the volatility in the range; the "
        "last value, the fraction of values at or below it (percentile rank), and its rank, 1 for the highest. "
        "Volatilities are fractions a year. `std` is the sample standard deviation of the values. Their windows "
        "overlap, and `std_corrected` corrects it: with n values over windows of h sessions, and their variance v "
        "(divided by n), it is the square root of v / (1 - h/n + (h² - 1)/(3n²)), and null if n is not above h (Hodges "
        "and Tompkins 2002, Volatility Cones and Their Sampling Properties).",
        parameters.ConeParameters,
        models.ConeAnswer,
        views.cone,
        {"start": "2015-01-01", "end": "2024-12-30"},
    ),
    "/ibov/volatility/forecast": Route(
        "Forecasts of volatility, with their scores",
        "The volatility of the next 1, 5 and 21 sessions by EWMA and HAR, its 80 % band, and beside it the score of "
        "the model on the past: QLIKE, its difference to EWMA with the p-value of the Diebold-Mariano test, and the "
        "coverage of the band, since 2008 in `rows` and by period in `scores`. The regime is the percentile of HAR's "
        "forecast for 21 sessions among its last 1,260. Methods and sources are in docs/forecasts.md. CSV has only the "
        "rows.",
        parameters.ForecastParameters,
        models.ForecastAnswer,
        forecasts.forecast,
    ),
    "/ibov/summary": Route(
        "Statistics of a year or a range",
        "Count, mean, sample standard deviation, minimum and maximum of close, range and volatility; the days of the "
        "highest and lowest return from the previous close; the lowest close relative to the highest close until "
        "then (`worst_drawdown`), and the largest drop between two closes of the range (`deepest_fall`). The "
        "statistics of a row have the unit of its `column`. CSV has only the rows.",
        parameters.SummaryParameters,
        models.SummaryAnswer,
        views.summary,
        {"year": "2020"},
    ),
    "/ibov/periods": Route(
        "Weeks, months, quarters or years",
        "Each period of the range with its open, high, low and close, its return from the last close before it, its "
        "realised volatility, the mean of the volatility by the requested estimator, its deepest fall, and the sum of "
        "its volume. A period has the sessions of the range only: the first and the last can be parts of a calendar "
        f"period, and `pregoes` is the number of their sessions. {PAGES.replace('session', 'period', 1)}",
        parameters.PeriodsParameters,
        models.PeriodsAnswer,
        views.periods,
        {"by": "month", "sort": "-vol_realizada", "limit": "10"},
    ),
    "/ibov/latest": Route(
        "The newest session",
        "The newest session (`session`), and its volatility by each estimator over one window and by `ewma` (`rows`), "
        f"each with its percentile and rank among the newest {parameters.RANKED_AMONG:,} sessions, five years; its "
        "forecasts, whose scores are in `/ibov/volatility/forecast`, and the regime. CSV has only the rows.",
        parameters.LatestParameters,
        models.LatestAnswer,
        views.latest,
    ),
    "/ibov/files": Route(
        "The whole table as parquet files",
        "For each year an address to download its parquet file from, without an API key, for 15 minutes; its number of "
        "sessions; and its `ETag`, which the download has too. If a run replaces the file meanwhile, the `ETag` of the "
        "download is another. The response must not be stored (`no-store`). An address names the bucket of the table.",
        parameters.FilesParameters,
        manifest_models.FilesAnswer,
        alternative="text/csv",
    ),
    "/ibov/anomalies": Route(
        "Unusual sessions",
        "The sessions whose score by the requested method, `escore`, is above a threshold. Later sessions do not "
        "change a score of `zscore`; `zscore_range` compares the sessions of one range with each other. "
        f"{PAGES}",
        parameters.AnomaliesParameters,
        models.RowsAnswer,
        views.page,
        {"year": "2020", "threshold": "3"},
    ),
    "/status": Route(
        "Freshness and quality of the data",
        "The state of the lake, the number of sessions that it is behind, and the quality of its bars: how many closes "
        "the official closes of B3 confirm or correct, and whether official closes are overdue. Until the first run of "
        "the job has ended, `as_of` is null.",
        model=manifest_models.StatusAnswer,
    ),
    "/openapi.json": Route(
        "The OpenAPI document of this API",
        "OpenAPI 3.1, as JSON. Its server is the base path of the request.",
        api_key_required=False,
    ),
    "/docs": Route(
        "The OpenAPI document as a page with forms",
        "A page that loads nothing from other hosts.",
        media_type="text/html",
        api_key_required=False,
    ),
}

SERVED: Mapping[str, Route] = {
    **ROUTES,
    **MARKET_ROUTES,
    "/assets/{version}/{name}": Route(
        "A static file of the pages",
        "A style sheet (text/css) or a script (text/javascript) of `/` and `/docs`.",
        media_type="text/css, text/javascript",
        api_key_required=False,
    ),
}
"""The routes of the OpenAPI document, and the files of the pages `/` and `/docs`."""


def documented() -> dict[str, Route]:
    """Return the routes of the OpenAPI document, by path."""
    return {**ROUTES, **MARKET_ROUTES}
