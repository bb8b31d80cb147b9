"""The routes of the market: its tickers, their ranking on a day, and for a ticker what `/ibov` has for the index."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.api import market_parameters, market_views, models, parameters, views
from chalicelib.api.route import PAGES, Route

EXAMPLE_TICKER = "PETR4"
"""The ticker of the examples in the OpenAPI document."""

_EVENTS = (
    "Prices are those of the day, in reais. On an event (`evento`: a dividend, a split, or a pause of more than 5 "
    "sessions) the night before is left out: `retorno_log` is null. "
)

MARKET_ROUTES: Mapping[str, Route] = {
    "/acoes": Route(
        "The tickers of the market",
        "The shares, units, real-estate funds, ETFs and BDRs of B3, with the name and the class of their last session, "
        "the first and the last session, the number of sessions, and the median value of their trades in a session "
        "over the year to `as_of`. `meta.total` is the number of tickers on all pages. In a deployment without the "
        "market, the routes below `/acoes` return 404.",
        market_parameters.TickersParameters,
        models.TickersAnswer,
        market_views.tickers,
        {"class": "acao", "sort": "-volume_mediano", "limit": "10"},
    ),
    "/acoes/ranking": Route(
        "The market on a day",
        "The tickers that were traded in a session, by default the newest one, in order of a column. `links.next` is "
        "the next page, null on the last page. A day without a session returns 200 with no rows.",
        market_parameters.RankingParameters,
        models.RankingAnswer,
        market_views.ranking,
        {"by": "vol_close_to_close_21d", "class": "acao", "limit": "10"},
    ),
    "/acoes/{ticker}/prices": Route(
        "Open, high, low, close and volume of each session of a ticker",
        f"{_EVENTS}`drawdown` is the distance to the highest close so far, of the closes chained over events. {PAGES}",
        market_parameters.SharePricesParameters,
        models.RowsAnswer,
        views.page,
        {"limit": "10"},
    ),
    "/acoes/{ticker}/volatility": Route(
        "Range and volatility of each session of a ticker",
        "The features of each session, and in `vol_anualizada` the annualised volatility by the requested estimator "
        f"and window, as a fraction: 0.15 means 15 % a year. `noites_<n>` is the number of its nights. {PAGES}",
        market_parameters.ShareVolatilityParameters,
        models.RowsAnswer,
        views.page,
        {"sort": "-volatilidade_pct", "limit": "10"},
    ),
    "/acoes/{ticker}/volatility/compare": Route(
        "Volatility of a ticker by all six estimators",
        f"The annualised volatility of each session by every estimator over one window. {PAGES}",
        market_parameters.ShareCompareParameters,
        models.RowsAnswer,
        views.page,
        {"window": "21", "limit": "10"},
    ),
    "/acoes/{ticker}/volatility/cone": Route(
        "The volatility cone of a ticker",
        "As `/ibov/volatility/cone`, of the sessions of the ticker.",
        parameters.ConeParameters,
        models.ConeAnswer,
        views.cone,
    ),
    "/acoes/{ticker}/summary": Route(
        "Statistics of a year or a range of a ticker",
        "As `/ibov/summary`. The best and the worst day are among those that are no event, `deepest_fall` is of the "
        "closes chained over events, and the statistics of `preco_fechamento` are of the prices of the day.",
        parameters.SummaryParameters,
        models.SummaryAnswer,
        views.summary,
    ),
    "/acoes/{ticker}/periods": Route(
        "Weeks, months, quarters or years of a ticker",
        "As `/ibov/periods`. The prices of a period are chained over its events, on the level of its last session: "
        "after its last event they are those of the day. The return leaves out the nights before events; the volume is "
        f"the sum of the shares as traded. {PAGES.replace('session', 'period', 1)}",
        parameters.PeriodsParameters,
        models.PeriodsAnswer,
        views.periods,
        {"by": "month", "sort": "-vol_realizada", "limit": "10"},
    ),
    "/acoes/{ticker}/latest": Route(
        "The newest session of a ticker",
        f"As `/ibov/latest`, among the newest {parameters.RANKED_AMONG:,} sessions of the ticker.",
        market_parameters.ShareLatestParameters,
        models.LatestAnswer,
        views.latest,
    ),
    "/acoes/{ticker}/anomalies": Route(
        "Unusual sessions of a ticker",
        "The sessions whose score by the requested method, `escore`, is above a threshold. Later sessions do not "
        "change a score of `zscore`; `zscore_range` compares the sessions of one range with each other. "
        f"{PAGES}",
        market_parameters.ShareAnomaliesParameters,
        models.RowsAnswer,
        views.page,
        {"threshold": "2"},
    ),
}
"""By path. Each reads the table of shares."""
