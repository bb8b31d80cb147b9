from __future__ import annotations

from datetime import date

import pytest

from chalicelib.errors import BadParameter
from chalicelib.parameters import Range, read_none, read_range


def test_nothing_given_is_the_last_year_of_sessions():
    assert read_range({}) == Range(None, None, 252)


def test_dates_and_limit_are_typed():
    assert read_range({"start": ["2025-01-02"], "end": ["2025-12-31"], "limit": ["5000"]}) == Range(
        date(2025, 1, 2), date(2025, 12, 31), 5000
    )
    assert read_range({"start": ["2025-01-02"], "end": ["2025-01-02"]}).start == date(2025, 1, 2)


@pytest.mark.parametrize(
    ("given", "parameter", "received"),
    [
        ({"start": ["2025-02-30"]}, "start", "2025-02-30"),
        ({"start": ["20250102"]}, "start", "20250102"),
        ({"start": ["2025-W01-1"]}, "start", "2025-W01-1"),
        ({"start": [""]}, "start", ""),
        ({"start": ["٢٠٢٥-٠١-٠٢"]}, "start", "٢٠٢٥-٠١-٠٢"),
        ({"end": ["2025-01-02\n"]}, "end", "2025-01-02\n"),
        ({"end": ["0001-01-01"]}, "end", "0001-01-01"),
        ({"end": ["9999-12-31"]}, "end", "9999-12-31"),
        ({"start": ["2025-01-02' OR '1'='1"]}, "start", "2025-01-02' OR '1'='1"),
        ({"start": ["2025-01-03"], "end": ["2025-01-02"]}, "start", "2025-01-03"),
        ({"start": ["2025-01-02", "2025-01-03"]}, "start", "2025-01-02, 2025-01-03"),
        ({"limit": ["0"]}, "limit", "0"),
        ({"limit": ["5001"]}, "limit", "5001"),
        ({"limit": ["-1"]}, "limit", "-1"),
        ({"limit": ["1e3"]}, "limit", "1e3"),
        ({"limit": ["٣"]}, "limit", "٣"),
        ({"limit": ["9" * 5000]}, "limit", "9" * 5000),
        ({"Limit": ["1"]}, "Limit", "1"),
    ],
)
def test_what_is_not_acceptable_is_named_with_what_was_received_and_what_is_allowed(given, parameter, received):
    with pytest.raises(BadParameter) as raised:
        read_range(given)

    assert (raised.value.parameter, raised.value.received) == (parameter, received)
    assert raised.value.allowed


def test_a_route_without_parameters_takes_none():
    read_none({})
    with pytest.raises(BadParameter, match="'limit': received '1', allowed: no parameter at all"):
        read_none({"limit": ["1"]})
