from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from chalicelib.api.caveats import CAVEATS
from chalicelib.api.choices import MAX_LIMIT, MAX_VALUES, Format
from chalicelib.api.columns import COLUMNS, COMPUTED, units
from chalicelib.api.models import AnswerMeta, Links, RowsAnswer
from chalicelib.api.parameters import PricesParameters
from chalicelib.api.parsing import parse_texts
from chalicelib.api.representations import encode_response, negotiate
from chalicelib.errors import BadParameter
from chalicelib.schema import REFINED


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


WORST: Mapping[str, Any] = {
    "double": -1.2345678901234567e-05,
    "bigint": -(2**63),
    "int": -(2**31),
    "date": "2025-10-13",
    "timestamp": "2025-10-14T01:30:00.000Z",
    "string": "correcao",
    "avisos": "copia_do_dia_anterior,fechamento_corrigido,volume_zero",
}
"""The longest value of each type of column, and three warnings on every session."""


@pytest.mark.parametrize("number", [1, 9, 10, 11, 12, 40, len(COLUMNS)])
@pytest.mark.parametrize("format_", ["json", "csv"])
def test_the_most_rows_of_the_longest_columns_fit_into_a_response_of_lambda(number: int, format_: Format):
    columns = [column for column in (*REFINED, *COMPUTED) if column.name in COLUMNS]
    values = {column.name: WORST.get(column.name) or WORST[column.type] for column in columns}
    widest = sorted(values, key=lambda name: len(name) + len(str(values[name])), reverse=True)[:number]
    row = {name: values[name] for name in widest}
    parameters = PricesParameters(fields=tuple(row), limit=min(MAX_LIMIT, MAX_VALUES // number))
    rows = [row] * parameters.limit
    meta = AnswerMeta(
        ticker="IBOV",
        as_of=date(2025, 10, 13),
        version="0" * 64,
        synthetic=False,
        count=len(rows),
        periods_per_year=252,
        unit=units(row),
        caveats={f"{name}": text for name, text in CAVEATS.items()},
    )

    response = encode_response(RowsAnswer(rows, meta, Links("x" * 2000, "x" * 2200)), parameters, format_, {})

    # Lambda encodes the response as JSON, the body as a string in it, and compresses nothing.
    payload = json.dumps(response.response().to_dict())
    assert len(payload.encode()) < 6 * 2**20
    with pytest.raises(BadParameter, match=rf"at most {parameters.limit} with {number} fields|from 1 to 10000"):
        parse_texts(PricesParameters, {"fields": [",".join(row)], "limit": [f"{parameters.limit + 1}"]})
