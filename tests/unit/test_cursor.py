from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api import cursor
from chalicelib.api.cursor import Position
from chalicelib.errors import BadParameter

QUERY = b"prices?sort=-volume_negociado"
DAY = date(2025, 9, 17)

values = st.one_of(st.none(), st.integers(0, 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))


@given(values, st.dates())
def test_a_cursor_holds_the_position_exactly(value, day):
    position = Position(value, day)

    assert cursor.decode(cursor.encode(position, QUERY), QUERY, Position) == position


@given(values)
def test_a_cursor_is_a_parameter_that_needs_no_quoting(value):
    text = cursor.encode(Position(value, DAY), QUERY)

    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert 16 <= len(text) <= 200


def test_a_cursor_of_another_query_is_refused():
    text = cursor.encode(Position(1.5, DAY), QUERY)

    with pytest.raises(BadParameter, match=r"'cursor': received .* allowed: links\.next of the previous page"):
        cursor.decode(text, QUERY + b"&year=2025", Position)


@given(st.data())
def test_any_change_of_a_cursor_is_noticed(data):
    text = cursor.encode(Position(1.5, DAY), QUERY)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(sorted(set(string.ascii_letters + string.digits + "-_") - {text[place]})))

    for damaged in (text[:place] + other + text[place + 1 :], text[:place], text + other):
        with pytest.raises(BadParameter):
            cursor.decode(damaged, QUERY, Position)


@given(st.text(max_size=60))
def test_anything_else_is_refused(text):
    with pytest.raises(BadParameter):
        cursor.decode(text, QUERY, Position)
