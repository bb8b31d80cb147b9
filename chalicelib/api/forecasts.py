"""The view of `/ibov/volatility/forecast`: the forecasts of one session, with bands and scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec.structs import replace

from chalicelib.api import queries
from chalicelib.api.models import ForecastAnswer, ForecastRow, Links
from chalicelib.api.parameters import ForecastParameters
from chalicelib.api.queries import Row
from chalicelib.api.ranges import RangeParameters
from chalicelib.api.regimes import Regime, regime
from chalicelib.api.table import Table, number
from chalicelib.forecast_score import ForecastScore
from chalicelib.schema import (
    FORECAST_PERCENTILE,
    HORIZONS,
    MODELS,
    Horizon,
    Model,
    Period,
    band_columns,
    forecast_column,
)

SIGNIFICANT = 0.05
"""A difference with a greater p-value is called not significant."""

ONE_SESSION = (
    "the outcome of one session is |retorno_log| · √252, a single return and a noisy measure of volatility: the band "
    "is about that return, so its lower bound is near 0"
)

_KNOWN_LATER = "the scores are over all sessions up to as_of, later ones than this one too"


def forecast(parameters: ForecastParameters, table: Table) -> ForecastAnswer:
    """Return the forecasts made at the last session, or at the last one up to a day."""
    as_of = table.contents.as_of
    until = RangeParameters(end=parameters.end) if parameters.end else RangeParameters(start=as_of, end=as_of)
    names = [
        name for model in MODELS for h in HORIZONS for name in (forecast_column(model, h), *band_columns(model, h))
    ]
    row: Row = next(iter(table.rows(queries.last(table.source, ["data", FORECAST_PERCENTILE, *names], until))), {})
    scores = {(score.model, score.horizon, score.period): score for score in table.contents.forecasts}
    session = date.fromisoformat(str(row["data"])) if row else None
    rows = [_row(session, row, model, h, scores.get((model, h, "2008 on"))) for model in MODELS for h in HORIZONS]
    caveats = score_caveats(rows, scores) | ({"scores": _KNOWN_LATER} if session != as_of else {})
    meta = table.meta(len(rows), (*ForecastRow.__struct_fields__, *Regime.__struct_fields__), ())
    return ForecastAnswer(
        rows=rows,
        data=session,
        regime=regime(number(row.get(FORECAST_PERCENTILE))),
        scores=table.contents.forecasts,
        meta=replace(meta, caveats=caveats),
        links=Links(table.link(parameters), None),
    )


def _row(session: date | None, row: Row, model: Model, horizon: Horizon, score: ForecastScore | None) -> ForecastRow:
    names = (forecast_column(model, horizon), *band_columns(model, horizon))
    volatility, lower, upper = (number(row.get(name)) for name in names)
    return ForecastRow(
        session,
        model,
        horizon,
        volatility,
        lower,
        upper,
        sessions=score.sessions if score else 0,
        qlike=score.qlike if score else None,
        difference=score.difference if score else None,
        p_value=score.p_value if score else None,
        coverage=score.coverage if score else None,
    )


def score_caveats(
    rows: Iterable[ForecastRow], scores: Mapping[tuple[Model, Horizon, Period], ForecastScore]
) -> dict[str, str]:
    """Return what must be known to read the rows, by the column of the forecast."""
    caveats = {}
    for row in rows:
        texts = [ONE_SESSION] if row.horizon == 1 else []
        apart = scores.get((row.model, row.horizon, "2019 on"))
        for score, years in ((row, "since 2008"), (apart, "from 2019 on")):
            if score is None or score.difference is None or score.p_value is None:
                continue
            if score.p_value > SIGNIFICANT:
                texts.append(f"not significantly different from EWMA {years}: p = {score.p_value:.3f}")
            elif score.difference > 0:
                texts.append(f"significantly worse than EWMA {years}: p = {score.p_value:.3f}")
        if texts:
            caveats[forecast_column(row.model, row.horizon)] = "; ".join(texts)
    return caveats
