from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.refine.rolling import TrailingSums, splits
from chalicelib.schema import WINDOWS


@given(st.lists(st.floats(0, 1e6), max_size=80), st.integers(1, 40))
def test_each_value_is_the_sum_of_its_window(values: list[float], window: int):
    sums = TrailingSums(np.array(values), [window])(window)

    expected = [math.fsum(values[start : start + window]) for start in range(len(values) - window + 1)]
    np.testing.assert_allclose(sums, expected, rtol=1e-14)


def test_values_that_left_the_window_leave_no_error():
    values = np.concatenate([[1e300, 1e-300, 3.0], np.zeros(50)])

    sums = TrailingSums(values, WINDOWS)

    for window in (5, 10, 21, 42):
        assert (sums(window)[3:] == 0.0).all()


def test_a_window_depends_only_on_its_values():
    values = np.random.default_rng(0).random(600)
    other = np.concatenate([np.random.default_rng(1).random(100) * 1e9, values[100:]])

    for window in WINDOWS:
        np.testing.assert_array_equal(
            TrailingSums(values, WINDOWS)(window)[100:], TrailingSums(other, WINDOWS)(window)[100:]
        )


def test_the_seven_windows_take_ten_additions():
    assert len(splits(WINDOWS)) == 10


@pytest.mark.parametrize("windows", [(2,), (3, 7), (5, 10, 21, 42, 63, 126, 252), (1, 1000)])
def test_every_part_of_a_window_is_a_split_or_a_value(windows: tuple[int, ...]):
    parts = splits(windows)

    for window, left in parts.items():
        assert 0 < left < window
        assert {left, window - left} <= parts.keys() | {1}
    assert set(windows) <= parts.keys() | {1}
