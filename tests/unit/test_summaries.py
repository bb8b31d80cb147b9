from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api import summaries
from chalicelib.api.summaries import Described, Fall
from chalicelib.quantile import quantile

numbers = st.floats(-1e9, 1e9)
closes = st.lists(st.floats(1, 1e6), min_size=1, max_size=40)


def days(number: int) -> list[date]:
    return [date(2025, 1, 1) + timedelta(days=day) for day in range(number)]


@given(st.lists(numbers, min_size=1), st.sampled_from([0, 0.25, 0.5, 0.75, 1]))
def test_quantiles_are_those_of_numpy(values, p):
    assert quantile(sorted(values), p) == pytest.approx(np.quantile(values, p), rel=1e-12, abs=1e-6)


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


@pytest.mark.parametrize(("sessions", "window"), [(10, 1), (30, 5), (100, 21), (41, 21), (42, 21), (600, 252)])
def test_the_corrected_variance_of_overlapping_means_is_unbiased(sessions, window):
    # The mean over a window of independent returns of variance 1 has the variance 1 / window. The expectation of a
    # quadratic form over them is its sum over the responses of all windows to a return of 1 in one session.
    responses = [
        [1 / window if first <= session < first + window else 0.0 for first in range(sessions - window + 1)]
        for session in range(sessions)
    ]

    expected = [summaries.corrected_std(values, window) for values in responses]

    if sessions - window + 1 <= window:
        assert expected == [None] * sessions
    else:
        assert sum(value**2 for value in expected if value is not None) == pytest.approx(1 / window, rel=1e-12)


@given(st.lists(st.floats(0.01, 10), min_size=2))
def test_the_corrected_standard_deviation_of_windows_of_one_session_is_the_sample_one(values):
    assert summaries.corrected_std(values, 1) == pytest.approx(np.std(values, ddof=1), rel=1e-9, abs=1e-12)


def test_a_cone_has_the_standard_deviation_of_its_values_and_the_corrected_one():
    row = summaries.cone_row(2, days(5), [None, 1.0, 2.0, 3.0, 6.0])

    # n = 4 and h = 2: v = 3.5, m = 1 / (1 - 2/4 + 3/48).
    assert row.std == pytest.approx((14 / 3) ** 0.5)
    assert row.std_corrected == pytest.approx((3.5 / 0.5625) ** 0.5)
    few = summaries.cone_row(5, days(5), [1.0, 2.0, 3.0, 4.0, 5.0])
    assert few.std == pytest.approx(2.5**0.5)
    assert few.std_corrected is None
    one = summaries.cone_row(5, days(1), [1.0])
    assert (one.std, one.std_corrected) == (None, None)


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
