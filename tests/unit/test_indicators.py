from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.refine import indicators
from chalicelib.refine.volatility import Prices
from tests.unit.test_volatility import prices, random_bars

BARS = random_bars(400, seed=3)


def test_log_returns_by_hand():
    result = indicators.log_returns(prices(BARS.head(3)))

    assert np.isnan(result[0])
    assert result[1] == pytest.approx(math.log(BARS["close"][1] / BARS["close"][0]), rel=1e-12)


def test_ewma_follows_the_recursion_of_riskmetrics():
    result = indicators.ewma_volatility(prices(BARS))

    returns = np.diff(np.log(BARS["close"]))
    daily = float(np.mean(returns[:21] ** 2))
    assert np.isnan(result[:21]).all()
    for t in range(21, len(BARS)):
        if t > 21:
            daily = 0.94 * daily + 0.06 * returns[t - 1] ** 2
        assert result[t] == pytest.approx(math.sqrt(252 * daily), rel=1e-12)


def test_the_true_range_includes_the_previous_close():
    bars = pd.DataFrame({"open": [10.0] * 16, "high": [11.0] * 16, "low": [9.0] * 16, "close": [10.0] * 16})
    bars.loc[15, ["open", "high", "low", "close"]] = [20.0, 21.0, 19.0, 20.0]

    result = indicators.average_true_range(prices(bars))

    assert np.isnan(result[:14]).all()
    assert result[14] == 2.0
    assert result[15] == pytest.approx((13 * 2.0 + (21.0 - 10.0)) / 14)


def reference_zscore(values: pd.Series) -> pd.Series:
    """Return the z-score computed with pandas, which is slower and rounds differently."""
    before = values.shift().rolling(252, min_periods=21)
    return (values - before.mean()) / before.std(ddof=1)


def test_zscore_equals_that_of_pandas():
    values = pd.Series(np.random.default_rng(5).integers(0, 900, 700))
    result = indicators.causal_zscore(values.to_numpy(np.int64), np.arange(700))

    expected = reference_zscore(values.astype(float))
    np.testing.assert_allclose(result, expected, rtol=1e-9)


def test_zscore_is_null_where_the_previous_values_are_equal():
    values = np.concatenate([[123456], np.full(300, 13), [14]]).astype(np.int64)

    result = indicators.causal_zscore(values, np.arange(302))

    assert np.isnan(result[:21]).all()
    assert np.isfinite(result[22:253]).all()
    assert np.isnan(result[253:]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 380))
def test_later_bars_change_no_earlier_value(rows: int):
    def all_of(bars: Prices) -> list[np.ndarray]:
        hundredths = np.rint(bars.high / bars.low * 1000).astype(np.int64)
        return [
            indicators.log_returns(bars),
            indicators.ewma_volatility(bars),
            indicators.average_true_range(bars),
            indicators.causal_zscore(hundredths, bars.position),
            indicators.drawdown(bars),
        ]

    for whole, part in zip(all_of(prices(BARS)), all_of(prices(BARS.head(rows))), strict=True):
        np.testing.assert_array_equal(part, whole[:rows])


def test_no_value_depends_on_another_ticker():
    parts = [random_bars(rows, seed=rows) for rows in (40, 1, 14, 300, 22)]
    position = np.concatenate([np.arange(len(part)) for part in parts])
    together = prices(pd.concat(parts), position)

    for function in (
        indicators.log_returns,
        indicators.ewma_volatility,
        indicators.average_true_range,
        indicators.drawdown,
    ):
        apart = np.concatenate([function(prices(part)) for part in parts])
        np.testing.assert_array_equal(function(together), apart)
    hundredths = np.random.default_rng(0).integers(0, 500, len(position))
    apart = np.concatenate(
        [indicators.causal_zscore(part, np.arange(len(part))) for part in np.split(hundredths, [40, 41, 55, 355])]
    )
    np.testing.assert_array_equal(indicators.causal_zscore(hundredths, position), apart)


def test_drawdown_by_hand():
    bars = pd.DataFrame({name: [100.0, 120.0, 90.0, 130.0] for name in ("open", "high", "low", "close")})

    assert indicators.drawdown(prices(bars)).tolist() == [0.0, 0.0, -0.25, 0.0]
