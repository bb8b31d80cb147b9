"""The forecasts of the table: their values, computed a second time, their causality, and small lakes."""

from __future__ import annotations

import ast
import inspect
import math
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from chalicelib.refine import forecasts as forecasts_module
from chalicelib.refine import har, scores
from chalicelib.refine.features import add_features, prices_of
from chalicelib.refine.forecasts import forecasts, realised
from chalicelib.refine.har import Regression
from chalicelib.schema import BAND, FORECAST_PERCENTILE, HORIZONS, MODELS, PRICES, band_columns, forecast_column
from scripts import real_data
from tests.support import forecasts as expected
from tests.support.bars import session_bars
from tests.support.history import log

COLUMNS = [
    *(name for m in MODELS for h in HORIZONS for name in (forecast_column(m, h), *band_columns(m, h))),
    FORECAST_PERCENTILE,
]


def of(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts of bars, as a frame indexed like them."""
    return pd.DataFrame(forecasts(prices_of(bars.assign(ticker="IBOV")), bars["data"]), bars.index)


def by_pandas(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts of bars by `tests.support.forecasts`."""
    opened, high, low, close = (bars[name].set_axis(bars["data"].dt.date.astype(str)) for name in PRICES)
    before = close.shift()
    within = log(high / close) * log(high / opened) + log(low / close) * log(low / opened)
    ewma = (252 * expected_ewma(log(close / before))) ** 0.5
    columns = expected.columns(log(opened / before), log(close / before), within, ewma)
    return pd.DataFrame(columns).set_axis(bars.index)


def expected_ewma(returns: pd.Series) -> pd.Series:
    squares = (returns**2).tolist()
    result = [math.nan] * len(squares)
    if len(squares) > 21:
        result[21] = sum(squares[1:22]) / 21
    for t in range(22, len(squares)):
        result[t] = 0.94 * result[t - 1] + 0.06 * squares[t]
    return pd.Series(result, returns.index)


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    if not real_data.HISTORY.exists():
        pytest.skip("needs the real history at ../shared/data")
    return real_data.history(with_closes=True).bars


@pytest.mark.parametrize("start", ["1995-01-02", "2015-01-02"])
def test_every_value_is_that_of_least_squares_and_pandas(start: str):
    bars = session_bars(start, 2600)

    actual, wanted = of(bars), by_pandas(bars)

    assert actual.columns.tolist() == COLUMNS
    pd.testing.assert_frame_equal(actual, wanted[COLUMNS], rtol=1e-9)
    assert actual[COLUMNS].iloc[-1].notna().all()


def test_a_fit_uses_no_row_before_march_1997():
    bars = session_bars("1995-01-02", 1500)
    changed = bars.copy()
    early = (bars["data"] < "1997-01-20").to_numpy()
    changed.loc[early, "preco_maximo"] = np.round(bars["preco_maximo"][early] * 1.02)

    assert of(bars).filter(like="har").dropna(how="all").index[0] > bars.index[bars["data"] >= "1997-03-01"][250]
    pd.testing.assert_frame_equal(of(bars).filter(like="har"), of(changed).filter(like="har"), check_exact=True)


def test_no_later_session_changes_a_forecast_of_the_real_history(real: pd.DataFrame):
    whole = of(real)

    for cut in np.random.default_rng(19).integers(30, len(real), 20):
        pd.testing.assert_frame_equal(of(real.head(cut)), whole.head(cut), check_exact=True)


def test_two_computations_give_the_same_bits(real: pd.DataFrame):
    pd.testing.assert_frame_equal(of(real), of(real), check_exact=True)


def test_the_columns_have_12_significant_digits(real: pd.DataFrame):
    for value in of(real).iloc[::50].to_numpy().ravel().tolist():
        assert math.isnan(value) or float(f"{value:.11e}") == value


@pytest.mark.parametrize("sessions", [0, 1, 2, 6, 21, 22, 23, 30, 274, 275, 300])
def test_a_small_lake_has_nulls_and_no_errors(sessions: int):
    bars = session_bars("2020-01-02", sessions)

    result = of(bars)

    assert result["prev_ewma_1d"].notna().sum() == max(sessions - 21, 0)
    assert result.filter(regex="inferior|superior|percentil").isna().all(axis=None)
    # The first row is at position 22, and 12 refits later, at 274, 252 rows have a known outcome.
    assert result["prev_har_1d"].notna().sum() == max(sessions - 274, 0)


def test_a_flat_market_has_a_forecast_of_zero_and_no_band():
    bars = session_bars("2015-01-02", 1000)
    bars[list(PRICES)] = 1000.0

    result = of(bars)

    assert result["prev_ewma_21d"].dropna().eq(0).all()
    assert result.filter(like="har").isna().all(axis=None)
    assert result.filter(regex="inferior|superior").isna().all(axis=None)


def test_equal_regressors_give_the_mean_of_the_outcomes():
    # Every row is the same, so the normal equations are singular up to rounding.
    outcome = np.random.default_rng(0).uniform(1, 2, 600)

    made = Regression.of(np.full(600, 0.5), 0).forecast(outcome, 1)

    assert np.isnan(made[:274]).all()
    assert made[274:295] == pytest.approx([outcome[22:274].mean()] * 21)


def test_a_forecast_outside_the_range_of_its_fit_is_the_mean():
    daily = np.random.default_rng(1).uniform(1, 2, 400)
    outcome = 3 * daily
    daily[310] = 50.0

    made = Regression.of(daily, 0).forecast(outcome, 1)

    assert made[309] == pytest.approx(outcome[309])
    refit = 22 + 21 * ((310 - 22) // 21)
    assert made[310] == pytest.approx(outcome[22:refit].mean())


def test_realised_is_the_mean_of_the_next_squares():
    squares = np.array([np.nan, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])

    assert realised(squares, 1)[:6].tolist() == [1, 2, 3, 4, 5, 6]
    assert realised(squares, 5)[:2].tolist() == [3, 4]
    assert np.isnan(realised(squares, 5)[2:]).all()
    assert np.isnan(realised(squares, 21)).all()


def test_a_band_uses_only_outcomes_that_are_known():
    bars = session_bars("2015-01-02", 1100)
    result, prices = of(bars), prices_of(bars.assign(ticker="IBOV"))
    squares = np.append(np.nan, np.log(prices.close[1:] / prices.close[:-1])) ** 2
    t, h = 1050, 21
    made = result["prev_har_21d"].to_numpy()

    ratios = [
        math.sqrt(252 * sum(squares[s + 1 : s + 1 + h]) / h) / made[s] for s in range(t - h + 1) if made[s] == made[s]
    ]

    assert len(ratios) >= 500
    lower, upper = (made[t] * np.quantile(ratios, p) for p in BAND)
    assert result["prev_har_21d_inferior"][t] == pytest.approx(lower, rel=1e-11)
    assert result["prev_har_21d_superior"][t] == pytest.approx(upper, rel=1e-11)


def test_the_band_starts_with_500_known_outcomes():
    result = of(session_bars("2015-01-02", 1100))

    first = {name: int(np.argmax(values.notna())) for name, values in result.items()}
    for h in HORIZONS:
        for model in MODELS:
            assert first[f"prev_{model}_{h}d_inferior"] == first[f"prev_{model}_{h}d"] + 499 + h


def test_the_percentile_is_of_the_last_1260_forecasts():
    result = of(session_bars("2010-01-04", 1800))
    made, percentile = result["prev_har_21d"].to_numpy(), result[FORECAST_PERCENTILE].to_numpy()

    first = int(np.flatnonzero(~np.isnan(made))[0])
    assert np.isnan(percentile[: first + 251]).all()
    assert not np.isnan(percentile[first + 251 :]).any()
    for t in (first + 251, first + 1000, 1799):
        window = made[max(first, t - 1259) : t + 1]
        assert percentile[t] == pytest.approx(100 * (window <= made[t]).mean(), rel=1e-11)


def test_several_tickers_equal_each_alone():
    parts = {"A": session_bars("2014-01-02", 1300), "B": session_bars("2019-01-02", 900)}
    together = add_features(pd.concat([bars.assign(ticker=ticker) for ticker, bars in parts.items()]))

    for ticker, bars in parts.items():
        mine = together[together["ticker"] == ticker][COLUMNS].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, of(bars), check_exact=True)


@pytest.mark.parametrize("module", [forecasts_module, har, scores])
def test_nothing_uses_blas(module: ModuleType):
    nodes = list(ast.walk(ast.parse(inspect.getsource(module))))

    assert not any(isinstance(node, ast.MatMult) for node in nodes)
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert attributes & {"dot", "matmul", "inner", "vdot", "einsum", "tensordot", "linalg", "polyfit", "cov"} == set()
