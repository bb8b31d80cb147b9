from __future__ import annotations

import pytest

from chalicelib.api.representations import negotiate


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV; charset=utf-8", "csv"),
        ("text/*", "csv"),
        ("application/json;q=0.5, text/csv", "csv"),
        ("text/csv;q=0.5, */*", "json"),
        ("text/csv;q=0, */*;q=0.1", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
        ("image/png", "json"),
        ("text/csv;q=much", "json"),
        ("text/csv;q=1_0, application/json;q=0.1", "json"),
        ("text/csv, application/json;q=nan", "csv"),
    ],
)
def test_the_format_is_the_best_match_of_accept(accept, form):
    assert negotiate(None, accept) == form


def test_the_parameter_format_overrides_accept():
    assert negotiate("json", "text/csv") == "json"
    assert negotiate("csv", "application/json") == "csv"
