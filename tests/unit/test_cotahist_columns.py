"""Columns of fixed width, against Python's own conversions of each value."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.market.columns import dates, integers, strings

latin_1 = st.lists(st.text(st.characters(codec="latin-1"), max_size=12), max_size=40)
fields = st.lists(st.text(st.sampled_from("0123456789 -x"), min_size=5, max_size=5), max_size=40)


def chars(texts: list[str], width: int) -> np.ndarray:
    body = b"".join(text.encode("latin-1").ljust(width) for text in texts)
    return np.frombuffer(body, np.uint8).reshape(-1, width)


@given(latin_1)
def test_strings_are_latin_1_without_the_spaces_at_the_end(texts: list[str]):
    result = strings(chars(texts, 12))

    result.validate(full=True)
    assert result.to_pylist() == [text.rstrip(" ") or None for text in texts]


@given(fields)
def test_integers_are_digits_blank_or_malformed(texts: list[str]):
    result = integers(chars(texts, 5))

    assert result.values.tolist() == [int(text) if text.isdigit() else 0 for text in texts]
    assert result.blank.tolist() == [not text.strip() for text in texts]
    assert result.malformed.tolist() == [bool(text.strip()) and not text.isdigit() for text in texts]


def test_the_largest_number_of_18_digits_is_exact():
    assert integers(chars(["9" * 18], 18)).values.tolist() == [10**18 - 1]


@given(st.lists(st.dates(date(1900, 1, 1), date(9999, 12, 31)), max_size=40))
def test_every_date_is_read(days: list[date]):
    result, wrong = dates(chars([f"{day:%Y%m%d}" for day in days], 8))

    assert result.tolist() == days
    assert not wrong.any()


@pytest.mark.parametrize("text", ["20250229", "20251301", "20250001", "20250100", "20250132", "2025010x", " " * 8, ""])
def test_what_is_no_date_is_wrong(text: str):
    assert dates(chars([text], 8))[1].tolist() == [True]
