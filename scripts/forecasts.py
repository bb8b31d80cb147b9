"""Write the tables of docs/forecasts.md from the real history: `make forecasts`. GARCH needs its own environment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chalicelib.forecast_score import ForecastScore
from chalicelib.refine.scores import PERIODS, diebold_mariano, qlike, scores
from chalicelib.schema import HORIZONS, Period
from common.paths import ROOT
from scripts.blocks import fill, table
from scripts.real_data import HISTORY, history
from scripts.rivals import GARCH, WEIGHTINGS, Forecasts, History, arithmetic, combined, geometric

PATH = ROOT / "docs" / "forecasts.md"

SIGNIFICANT = 0.05

CHOSEN_BY: Period = "2008 to 2018"


def blocks(*, garch: bool) -> Mapping[str, str]:
    """Return the generated blocks of the document, by name.

    Args:
        garch: whether to fit GARCH, which takes half a minute.
    """
    # With the official closes, as the lake has them.
    lake = History(history(with_closes=True).bars)
    ewma, har = lake.of_the_table("ewma"), lake.of_the_table("har")
    models = {
        "log-HAR": lake.log_har(),
        "mean of EWMA and HAR": combined(arithmetic, ewma, har),
        "geometric mean of EWMA and HAR": combined(geometric, ewma, har),
        "last 21 sessions": lake.last_21(),
    }
    weighted = {name: lake.har(weighting) for name, weighting in WEIGHTINGS.items()}
    rows = scores(lake.bars)
    result = {
        "scores": _scores(rows),
        "claims": _claims(rows),
        "weights": _weights(lake, weighted),
        "weights-apart": _comparison(lake, {f"HAR, {name}": forecasts for name, forecasts in weighted.items()}),
        "rivals": _comparison(lake, models),
    }
    if garch:
        start = PERIODS["2008 on"][0]
        forecasts = lake.garch(start)
        result["garch"] = _comparison(
            lake, {"GARCH(1,1)-t": forecasts, "mean of HAR and GARCH": combined(arithmetic, har, forecasts)}
        )
    return result


def text(*, garch: bool) -> str:
    """Return the document with its generated tables."""
    return fill(PATH.read_text(encoding="utf-8"), blocks(garch=garch))


def _scores(rows: list[ForecastScore]) -> str:
    return table(
        ("model", "sessions ahead", "period", "scored", "QLIKE", "difference to EWMA", "p-value", "coverage"),
        [
            (
                score.model.upper(),
                score.horizon,
                score.period,
                f"{score.sessions:,}",
                f"{score.qlike:.4f}",
                "" if score.difference is None else f"{score.difference:+.4f}",
                "" if score.p_value is None else f"{score.p_value:.3f}",
                f"{score.coverage:.3f}",
            )
            for score in rows
        ],
    )


def _claims(rows: list[ForecastScore]) -> str:
    """Return what the scores of HAR say, in one item each."""
    lines = []
    for score in rows:
        if score.p_value is None or score.difference is None:
            continue
        ahead = "1 session" if score.horizon == 1 else f"{score.horizon} sessions"
        if score.p_value > SIGNIFICANT:
            verdict = "**not significantly different** from EWMA"
        else:
            verdict = f"significantly {'better' if score.difference < 0 else 'worse'} than EWMA"
        lines.append(
            f"- {ahead}, {score.period}: HAR is {verdict} ({score.difference:+.4f}, {_p_value(score.p_value)})."
        )
    return "\n".join(lines) + "\n"


def _weights(lake: History, weighted: Mapping[str, Forecasts]) -> str:
    """Return the QLIKE of each weighting over the years that choose."""
    scored = _days(lake, CHOSEN_BY)
    rows: list[tuple[object, ...]] = []
    for name, forecasts in weighted.items():
        losses = [float(qlike(forecasts[h][scored], lake.outcomes[h][scored]).mean()) for h in HORIZONS]
        rows.append((name, *(f"{loss:.4f}" for loss in losses), f"{sum(losses):.4f}"))
    return table(("weights", *_ahead(), "sum"), rows)


def _comparison(lake: History, models: Mapping[str, Forecasts]) -> str:
    """Return the difference of each model to EWMA, with its p-value, by period and horizon."""
    ewma = lake.of_the_table("ewma")
    rows: list[tuple[object, ...]] = []
    for name, forecasts in models.items():
        for period in PERIODS:
            cells = []
            for h in HORIZONS:
                y = lake.outcomes[h]
                scored = _days(lake, period) & ~np.isnan(y)
                difference = qlike(forecasts[h][scored], y[scored]) - qlike(ewma[h][scored], y[scored])
                cells.append(f"{difference.mean():+.4f} ({_p_value(diebold_mariano(difference, h)[1])})")
            rows.append((name, period, *cells))
    return table(("model", "period", *_ahead()), rows)


def _p_value(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _days(lake: History, period: Period) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return lake.bars["data"].between(*PERIODS[period]).to_numpy(np.bool_)


def _ahead() -> tuple[str, ...]:
    return tuple("1 session" if h == 1 else f"{h} sessions" for h in HORIZONS)


if __name__ == "__main__":
    if not HISTORY.exists():
        print(f"{PATH.name} is unchanged: its tables need the real history, which is not on this machine")
    elif not GARCH.exists():
        print(f"{PATH.name} is unchanged: `make forecasts` installs the environment that its tables need")
    else:
        PATH.write_text(text(garch=True), encoding="utf-8")
