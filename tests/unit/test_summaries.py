from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api import summaries
from chalicelib.api.summaries import Described, Fall

numbers = st.floats(-1e9, 1e9)
closes = st.lists(st.floats(1, 1e6), min_size=1, max_size=40)


def days(number: int) -> list[date]:
    return [date(2025, 1, 1) + timedelta(days=day) for day in range(number)]


@given(st.lists(numbers, min_size=1), st.sampled_from([0, 0.25, 0.5, 0.75, 1]))
def test_quantiles_are_those_of_numpy(values, p):
    assert summaries.quantile(sorted(values), p) == pytest.approx(np.quantile(values, p), rel=1e-12, abs=1e-6)


@given(st.lists(numbers, min_size=2))
def test_a_column_is_described_as_numpy_does(values):
    statistics = summaries.describe("x", [None, *values, None])

    assert statistics.count == len(values)
    assert statistics.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-6)
    assert statistics.sd == pytest.approx(np.std(values, ddof=1), rel=1e-9, abs=1e-6)
    assert (statistics.min, statistics.max) == (min(values), max(values))


def test_statistics_of_no_values_are_null():
    assert summaries.describe("x", [None]) == Described("x", 0, None, None, None, None)
    assert summaries.describe("x", [2.0]).sd is None
    assert summaries.cone_row(5, days(2), [None, None]).current is None
    assert summaries.deepest_fall([], []) is None


def test_the_percentile_counts_ties_and_rank_one_is_the_highest_value():
    row = summaries.cone_row(5, days(6), [3.0, 1.0, None, 2.0, 2.0, None])

    assert (row.data, row.current, row.count) == (date(2025, 1, 5), 2.0, 4)
    assert (row.percentile, row.rank) == (0.75, 2)
    assert (row.min, row.p25, row.median, row.p75, row.max) == (1.0, 1.75, 2.0, 2.25, 3.0)


@given(closes)
def test_no_pair_of_closes_falls_deeper(values):
    fall = summaries.deepest_fall(days(len(values)), values)

    every = [later / earlier - 1 for place, earlier in enumerate(values) for later in values[place:]]
    assert fall is not None
    assert fall.drawdown == min(every)
    assert fall.peak <= fall.trough


def test_the_deepest_fall_is_zero_for_rising_closes_and_negative_for_others():
    assert summaries.deepest_fall(days(2), [1.0, 2.0]) == Fall(date(2025, 1, 1), date(2025, 1, 1), 0.0)
    assert summaries.deepest_fall(days(3), [4.0, 1.0, 2.0]) == Fall(date(2025, 1, 1), date(2025, 1, 2), -0.75)
