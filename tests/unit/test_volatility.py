"""The estimators against R's TTR, against their definitions with exact sums, and their invariants."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import estimators as formulas
from chalicelib.estimators import ESTIMATORS, EstimatorName
from chalicelib.refine import volatility as module
from chalicelib.refine.volatility import Prices, Terms, volatility
from chalicelib.schema import WINDOWS, volatility_column
from common.paths import ROOT
from scripts import golden

LN2 = math.log(2)


def prices(frame: pd.DataFrame, position: np.ndarray | None = None) -> Prices:
    columns = [frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close")]
    position = np.arange(len(frame)) if position is None else position
    return Prices(columns[0], columns[1], columns[2], columns[3], position)


def random_bars(rows: int, seed: int = 0, size: float = 0.02) -> pd.DataFrame:
    """Return bars of a random walk. `size` is the standard deviation of a step."""
    night, day, up, down = np.random.default_rng(seed).standard_normal((4, rows)) * size
    close = 1e5 * np.exp(np.cumsum(day + 0.3 * night))
    opened = close / np.exp(day)
    high = np.maximum(opened, close) * np.exp(np.abs(up) / 2)
    low = np.minimum(opened, close) / np.exp(np.abs(down) / 2)
    return pd.DataFrame({"open": opened, "high": high, "low": low, "close": close})


# The definitions over lists, with exact sums: slow, and independent of the implementation.


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def variance(values: list[float]) -> float:
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def by_definition(frame: pd.DataFrame, estimator: str, window: int) -> list[float]:
    """Return the estimator at every bar, NaN while the window is not full."""
    rows = list(zip(frame["open"], frame["high"], frame["low"], frame["close"], strict=True))
    before = [math.nan] + [row[3] for row in rows[:-1]]
    o = [math.log(row[0] / close) for row, close in zip(rows, before, strict=True)]
    c = [math.log(row[3] / row[0]) for row in rows]
    r = [math.log(row[3] / close) for row, close in zip(rows, before, strict=True)]
    hl2 = [math.log(row[1] / row[2]) ** 2 for row in rows]
    rs = [math.log(h / cl) * math.log(h / op) + math.log(lo / cl) * math.log(lo / op) for op, h, lo, cl in rows]
    gk = [0.5 * hl - (2 * LN2 - 1) * x**2 for hl, x in zip(hl2, c, strict=True)]
    k = 0.34 / (1.34 + (window + 1) / (window - 1))
    daily: dict[str, Callable[[slice], float]] = {
        "close_to_close": lambda w: variance(r[w]),
        "parkinson": lambda w: mean(hl2[w]) / (4 * LN2),
        "garman_klass": lambda w: mean(gk[w]),
        "garman_klass_yang_zhang": lambda w: mean([x**2 + y for x, y in zip(o[w], gk[w], strict=True)]),
        "rogers_satchell": lambda w: mean(rs[w]),
        "yang_zhang": lambda w: variance(o[w]) + k * variance(c[w]) + (1 - k) * mean(rs[w]),
    }
    result = []
    for t in range(len(rows)):
        full = t - window + 1 >= 0
        value = daily[estimator](slice(t - window + 1, t + 1)) if full else math.nan
        result.append(math.sqrt(252 * value) if value >= 0 else math.nan)
    return result


def assert_equal(result: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert result.columns.tolist() == expected.columns.tolist()
    assert (result.isna() == expected.isna()).all(axis=None)
    np.testing.assert_allclose(result.to_numpy(), expected.to_numpy(), rtol=1e-9, atol=0)


class TestGolden:
    def test_the_file_has_the_bars_that_the_script_generates(self):
        pd.testing.assert_frame_equal(pd.read_csv(golden.BARS), golden.bars())

    def test_all_estimators_over_all_windows_and_atr_are_those_of_ttr(self):
        expected = pd.read_csv(golden.VALUES)

        assert expected.columns.tolist() == golden.COLUMNS
        assert len(golden.COLUMNS) == 43
        assert expected.notna().any().all()
        assert_equal(golden.ours(pd.read_csv(golden.BARS)), expected)

    def test_the_bars_have_the_difficult_cases(self):
        bars = golden.bars()

        assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
        assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
        assert bars["close"].pct_change().abs().max() > 8
        assert (bars["high"] == bars["low"]).sum() == 3


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_example_in_the_docstring_is_right(estimator: EstimatorName):
    bars = pd.DataFrame(
        [(100, 102, 99, 101), (102, 105, 101, 104), (103, 104, 98, 99), (99, 103, 97, 102)],
        columns=["open", "high", "low", "close"],
    )
    formula = getattr(formulas, estimator)
    terms = Terms(prices(bars), [2])
    finder = doctest.DocTestFinder(recurse=False)

    (example,) = finder.find(formula, estimator, globs={estimator: formula, "terms": terms})

    assert ESTIMATORS[estimator].variance is formula
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_each_equals_its_definition_with_and_without_jumps(estimator: EstimatorName):
    steady, with_jumps = random_bars(300), random_bars(300, seed=1, size=0.002)
    with_jumps.iloc[100:] *= 10.0
    with_jumps.iloc[200:] /= 10.0
    for bars in (steady, with_jumps):
        for window in (2, 5, 21, 252):
            result = volatility(prices(bars), [estimator], [window])[volatility_column(estimator, window)]
            expected = by_definition(bars, estimator, window)
            np.testing.assert_allclose(result, expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_each_equals_its_definition_on_the_real_history_from_2000(estimator: EstimatorName, real_csv: object):
    bars = pd.read_csv(str(real_csv)).query("date >= '2000' and is_session").reset_index(drop=True)
    for window in (5, 63, 252):
        result = volatility(prices(bars), [estimator], [window])[volatility_column(estimator, window)]
        np.testing.assert_allclose(result, by_definition(bars, estimator, window), rtol=1e-9, atol=0)


def test_the_names_and_windows_are_those_of_the_schema():
    assert tuple(ESTIMATORS) == get_args(EstimatorName)
    assert list(volatility(prices(random_bars(10)))) == [
        volatility_column(estimator, window) for estimator in ESTIMATORS for window in WINDOWS
    ]


@pytest.mark.parametrize(("estimator", "uses_night"), [(name, entry.uses_night) for name, entry in ESTIMATORS.items()])
def test_null_and_never_zero_while_the_window_is_not_full(estimator: EstimatorName, uses_night: bool):
    flat = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), [7.0] * 30))
    for window in (5, 21):
        result = volatility(prices(flat), [estimator], [window])[volatility_column(estimator, window)]
        first = window - 1 + uses_night
        assert np.isnan(result[:first]).all()
        assert (result[first:] == 0.0).all()


def test_fewer_bars_than_the_window_are_all_null():
    for rows in range(6):
        for values in volatility(prices(random_bars(rows)), windows=[5, 252]).values():
            assert values.shape == (rows,)
            assert np.isnan(values[: rows if rows < 5 else 4]).all()


def test_flat_prices_after_volatile_ones_give_exactly_zero():
    volatile = random_bars(100, size=0.5)
    flat = pd.DataFrame(dict.fromkeys(volatile.columns, [volatile["close"].iloc[-1]] * 300))
    bars = pd.concat([volatile, flat], ignore_index=True)

    for name, values in volatility(prices(bars)).items():
        assert values[-1] == 0.0, name
        # The first window without a volatile bar and without the last volatile close.
        window = int(name.rpartition("_")[2].removesuffix("d"))
        assert (values[100 + window :] == 0.0).all(), name


prices_with_extremes = st.lists(st.tuples(*[st.floats(min_value=1e-3, max_value=1e6)] * 4), min_size=6, max_size=60)


@settings(max_examples=100, deadline=None)
@given(prices_with_extremes)
def test_never_nan_and_never_negative_in_a_full_window(rows: list[tuple[float, float, float, float]]):
    sides = np.array(rows)
    bars = pd.DataFrame(
        {"open": sides[:, 0], "close": sides[:, 1], "high": sides.max(axis=1), "low": sides.min(axis=1)}
    )

    for name, values in volatility(prices(bars), windows=[2, 5]).items():
        window = int(name.rpartition("_")[2].removesuffix("d"))
        full = values[window:]
        assert np.isfinite(full).all(), name
        assert (full >= 0).all(), name


def test_equal_steps_have_almost_no_variance():
    """A price that grows by the same factor each day: the sum of squares and the square of the sum cancel."""
    close = 1e5 * 1.01 ** np.arange(400)
    bars = pd.DataFrame({"open": close, "high": close, "low": close, "close": close})

    for window in WINDOWS:
        result = volatility(prices(bars), ["close_to_close"], [window])[volatility_column("close_to_close", window)]
        assert (result[window:] < 1e-12).all()


@pytest.mark.parametrize("factor", [2.0**-7, 2.0**20])
def test_scaling_prices_by_a_power_of_two_gives_identical_results(factor: float):
    bars = random_bars(400)

    for result, expected in zip(
        volatility(prices(bars * factor)).values(), volatility(prices(bars)).values(), strict=True
    ):
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("factor", [1 / 3, 1e-3, 12345.678])
def test_the_unit_of_the_prices_makes_no_difference(factor: float):
    bars = random_bars(400)

    for result, expected in zip(
        volatility(prices(bars * factor)).values(), volatility(prices(bars)).values(), strict=True
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-9)


@pytest.mark.parametrize("rows", [1, 4, 5, 6, 251, 252, 253, 300, 699])
def test_appending_bars_never_changes_an_earlier_value(rows: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BLOCK", 128)
    bars = random_bars(700)
    whole, part = volatility(prices(bars)), volatility(prices(bars.head(rows)))

    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][:rows])


@pytest.mark.parametrize("block", [1, 7, 128, 100_000])
def test_the_size_of_a_block_makes_no_difference(block: int, monkeypatch: pytest.MonkeyPatch):
    bars = prices(random_bars(600))
    expected = volatility(bars, windows=[2, 5, 252])

    monkeypatch.setattr(module, "BLOCK", block)

    for name, values in volatility(bars, windows=[2, 5, 252]).items():
        np.testing.assert_array_equal(values, expected[name])


def test_no_window_has_bars_of_two_tickers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "BLOCK", 200)
    parts = [
        random_bars(rows, seed=rows) * scale
        for rows, scale in ((300, 1.0), (4, 1e-3), (1, 5.0), (253, 1e3), (260, 0.1))
    ]
    position = np.concatenate([np.arange(len(part)) for part in parts])

    together = volatility(prices(pd.concat(parts), position))

    for name, values in together.items():
        apart = np.concatenate([volatility(prices(part))[name] for part in parts])
        np.testing.assert_array_equal(values, apart, err_msg=name)


def test_the_golden_program_is_beside_its_files():
    assert {path.name for path in (ROOT / "tests" / "golden").iterdir()} == {"bars.csv", "ttr.R", "ttr.csv"}
