"""The scores of forecasts: QLIKE, the Diebold-Mariano test and Student's t."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from chalicelib.forecast_score import ForecastScore
from chalicelib.refine.scores import FLOOR, diebold_mariano, qlike, scores, student_t
from scripts import real_data
from tests.support import forecasts as expected
from tests.support.bars import raw_object, refined, session_bars


def test_qlike_by_hand():
    losses = qlike(np.array([1e-4, 4e-4]), np.array([2e-4, 4e-4]))

    assert losses.tolist() == pytest.approx([math.log(1e-4) + 2, math.log(4e-4) + 1])


def test_a_session_without_a_return_is_scored_at_the_floor():
    assert qlike(np.array([1e-4]), np.array([0.0]))[0] == math.log(1e-4) + FLOOR / 1e-4


def test_the_best_constant_forecast_is_the_mean_of_the_outcomes():
    outcomes = np.random.default_rng(0).exponential(1e-4, 500)
    totals = [qlike(np.full(500, c * outcomes.mean()), outcomes).sum() for c in (0.9, 1, 1.1)]

    assert min(totals) == totals[1]


@pytest.mark.parametrize(
    ("statistic", "degrees", "p_value"),
    # Tables of Student's t.
    [(0, 5, 1), (12.706, 1, 0.05), (4.303, 2, 0.05), (3.182, 3, 0.05), (2.228, 10, 0.05), (-2.845, 20, 0.01)],
)
def test_student_t_of_the_tables(statistic: float, degrees: int, p_value: float):
    assert student_t(statistic, degrees) == pytest.approx(p_value, rel=1e-3)


@pytest.mark.parametrize("degrees", [251, 252, 4404, 4405])
@pytest.mark.parametrize("statistic", [0.1, 1.96, -3.5, 9.0])
def test_student_t_is_the_integral_of_its_density(statistic: float, degrees: int):
    assert student_t(statistic, degrees) == pytest.approx(expected.student_t(statistic, degrees), abs=1e-9)


@pytest.mark.parametrize("horizon", [1, 5, 21])
def test_diebold_mariano_by_its_definition(horizon: int):
    differences = np.convolve(np.random.default_rng(horizon).normal(0.02, 1, 700), np.ones(horizon) / horizon, "valid")
    n, mean = len(differences), sum(differences) / len(differences)
    variance = 0.0
    for lag in range(-horizon + 1, horizon):
        pairs = [(differences[t] - mean) * (differences[t - abs(lag)] - mean) for t in range(abs(lag), n)]
        variance += (1 - abs(lag) / horizon) * sum(pairs) / n
    factor = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)

    statistic, p_value = diebold_mariano(differences, horizon)

    assert statistic == pytest.approx(mean / math.sqrt(variance / n) * factor, rel=1e-10)
    assert p_value == pytest.approx(expected.student_t(statistic, n - 1), abs=1e-9)


def test_equal_losses_have_a_p_value_of_one():
    assert diebold_mariano(np.zeros(300), 5) == (0.0, 1.0)


def test_the_test_rejects_a_true_hypothesis_in_five_of_a_hundred_cases():
    normal = np.random.default_rng(7).normal(size=(2000, 300))

    assert np.mean([diebold_mariano(each, 1)[1] < 0.05 for each in normal]) == pytest.approx(0.05, abs=0.012)


def test_every_score_is_that_of_the_definition():
    bars = refined(raw_object(session_bars("2013-01-02", 2600))).bars
    table = bars.set_index(bars["data"].dt.date.astype(str))
    last = {"2008 on": "9999-12-31", "2008 to 2018": "2018-12-31", "2019 on": "9999-12-31"}

    for score in scores(bars):
        start = "2019-01-01" if score.period == "2019 on" else "2008-01-01"
        wanted = expected.score(table, score.model, score.horizon, start, last[score.period])
        assert score.sessions == wanted["sessions"]
        assert score.qlike == pytest.approx(wanted["qlike"], abs=1e-6)
        assert score.coverage == pytest.approx(wanted["coverage"], abs=1e-6, nan_ok=True)
        if score.model == "har":
            assert score.difference == pytest.approx(wanted["difference"], abs=1e-6)
            p_value = expected.student_t(wanted["statistic"], int(wanted["sessions"]) - 1)
            assert score.p_value == pytest.approx(p_value, abs=1e-6)


def test_models_without_252_forecasts_have_no_score():
    result = scores(refined(raw_object(session_bars("2020-01-02", 300))).bars)

    assert [score.sessions for score in result if score.period == "2019 on"] == [278, 274, 258, 25, 0, 0]
    assert [score.qlike is None for score in result if score.period == "2019 on"] == [False] * 3 + [True] * 3
    assert ForecastScore("ewma", 1, "2008 to 2018", 0, None, None, None, None) in result


def test_the_scores_of_the_real_history_are_those_of_the_trial():
    if not real_data.HISTORY.exists():
        pytest.skip("needs the real history at ../shared/data")
    result = scores(real_data.history().bars)

    har = {score.horizon: score for score in result if (score.model, score.period) == ("har", "2008 on")}
    # A computation before this one, with weights 1 / mean: -0.0281 (p 0.008), -0.0059 and -0.0116.
    assert [har[h].difference for h in (1, 5, 21)] == pytest.approx([-0.0281, -0.0059, -0.0116], abs=3e-4)
    assert har[1].p_value == pytest.approx(0.008, abs=1e-3)
    assert all(0.75 <= score.coverage <= 0.85 for score in result if score.coverage is not None)
    assert pd.notna([score.coverage for score in result]).all()
