"""`/ibov/volatility/forecast` over the real history, compared with least squares, pandas and the scores in loops."""

from __future__ import annotations

import csv
import io
from typing import Any

import pandas as pd
import pytest

from chalicelib.api.regimes import regime
from tests.support import forecasts
from tests.support.history import ask

ROUTE = "/ibov/volatility/forecast"
PERIODS = {
    "2008 on": ("2008-01-01", "9999-12-31"),
    "2008 to 2018": ("2008-01-01", "2018-12-31"),
    "2019 on": ("2019-01-01", "9999-12-31"),
}
MODELS = [(model, horizon) for model in ("ewma", "har") for horizon in (1, 5, 21)]


@pytest.mark.parametrize(
    ("end", "row"),
    [
        ("", -1),
        ("2025-10-13", -1),
        ("2199-12-31", -1),
        ("2020-03-16", "2020-03-16"),
        ("2020-03-22", "2020-03-20"),  # a Sunday
        ("2008-10-27", "2008-10-27"),
        ("2001-01-02", "2001-01-02"),
        ("1999-06-01", "1999-06-01"),  # HAR has forecasts, and no band yet
        ("1994-01-03", "1994-01-03"),  # EWMA only
        ("1993-04-27", "1993-04-27"),
    ],
)
def test_the_forecasts_of_a_session(api: Any, table: pd.DataFrame, end: str, row: int | str):
    answer = ask(api, f"{ROUTE}?end={end}" if end else ROUTE)
    expected = table.iloc[row] if isinstance(row, int) else table.loc[row]

    assert {row["data"] for row in answer["rows"]} == {answer["data"]} == {expected.name}
    assert [(row["model"], row["horizon"]) for row in answer["rows"]] == MODELS
    for each in answer["rows"]:
        column = f"prev_{each['model']}_{each['horizon']}d"
        for name, key in ((column, "volatility"), (f"{column}_inferior", "lower"), (f"{column}_superior", "upper")):
            wanted: Any = None if pd.isna(expected[name]) else pytest.approx(expected[name], rel=1e-9)
            assert each[key] == wanted, (each, key)
    percentile = expected["prev_har_21d_percentil"]
    assert answer["regime"]["prev_har_21d_percentil"] == (
        None if pd.isna(percentile) else pytest.approx(percentile, rel=1e-9)
    )
    assert ("scores" in answer["meta"]["caveats"]) == (row != -1)


def test_the_scores_of_each_period(api: Any, table: pd.DataFrame):
    scores = ask(api, ROUTE)["scores"]

    assert [(score["model"], score["horizon"], score["period"]) for score in scores] == [
        (*model, period) for model in MODELS for period in PERIODS
    ]
    for score in scores:
        wanted = forecasts.score(table, score["model"], score["horizon"], *PERIODS[score["period"]])
        assert score["sessions"] == wanted["sessions"]
        assert score["qlike"] == pytest.approx(wanted["qlike"], abs=1e-6)
        assert score["coverage"] == pytest.approx(wanted["coverage"], abs=1e-6)
        assert 0.75 <= score["coverage"] <= 0.85
        if score["model"] == "ewma":
            assert score["difference"] is score["p_value"] is None
            continue
        p_value = forecasts.student_t(wanted["statistic"], int(wanted["sessions"]) - 1)
        assert score["difference"] == pytest.approx(wanted["difference"], abs=1e-6)
        assert score["p_value"] == pytest.approx(p_value, abs=1e-6)


def test_the_score_since_2008_is_beside_each_forecast(api: Any):
    answer = ask(api, ROUTE)
    scores = {(score["model"], score["horizon"]): score for score in answer["scores"] if score["period"] == "2008 on"}

    for row in answer["rows"]:
        score = scores[row["model"], row["horizon"]]
        assert {name: row[name] for name in score if name != "period"} == {
            name: value for name, value in score.items() if name != "period"
        }
    assert answer["meta"]["unit"]["volatility"] == "fraction a year"
    assert "|retorno_log|" in answer["meta"]["caveats"]["prev_har_1d"]


def test_what_is_not_significant_is_a_caveat_of_the_forecast(api: Any):
    answer = ask(api, ROUTE)

    for score in answer["scores"]:
        years = {"2008 on": "since 2008", "2019 on": "from 2019 on"}.get(score["period"])
        if score["model"] == "har" and years:
            caveat = answer["meta"]["caveats"].get(f"prev_har_{score['horizon']}d", "")
            text = f"not significantly different from EWMA {years}: p = {score['p_value']:.3f}"
            assert (text in caveat) == (score["p_value"] > 0.05)


def test_the_csv_has_the_rows(api: Any):
    answer = ask(api, ROUTE)
    rows = list(csv.DictReader(io.StringIO(api.get(f"{ROUTE}?format=csv").body.decode())))

    assert rows == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in answer["rows"]
    ]


def test_a_day_before_the_first_session_has_no_forecast(api: Any):
    answer = ask(api, f"{ROUTE}?end=1950-01-01")

    assert answer["data"] is None
    assert answer["regime"] == {"name": None, "prev_har_21d_percentil": None, "calm_below": 33, "tense_above": 80}
    assert all(row["volatility"] is row["lower"] is row["upper"] is None for row in answer["rows"])


@pytest.mark.parametrize(
    ("percentile", "name"),
    [(None, None), (0.1, "calm"), (32.9, "calm"), (33, "usual"), (80, "usual"), (80.1, "tense"), (100, "tense")],
)
def test_the_regime_of_a_percentile(percentile: float | None, name: str | None):
    assert regime(percentile).name == name
