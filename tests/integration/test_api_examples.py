"""The real history as CSV, its status, and the examples of the OpenAPI document compared with the responses."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import pandas as pd
import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.api.openapi import resolve
from chalicelib.errors import QueryTimeout
from common.paths import ROOT
from scripts.bill import Usage
from tests.support.history import (
    ask,
    every,
)


@pytest.mark.parametrize(
    "path",
    [
        "/ibov/prices?end=1994-01-31",
        "/ibov/prices?year=2022",
        "/ibov/prices?limit=3000&sort=volume_negociado",
        "/ibov/volatility?year=1993",
        "/ibov/volatility?end=1993-04-30&fields=volatilidade_pico,vol_zscore,coletado_em,month",
        "/ibov/volatility/compare?window=252",
        "/ibov/volatility/cone?end=1993-06-30",
        "/ibov/summary?year=2020",
        "/ibov/summary?year=1950",
        "/ibov/anomalies?threshold=5",
    ],
)
def test_csv_has_the_values_of_json(api: Any, path: str):
    rows = ask(api, path)["rows"]
    response = api.get(f"{path}&format=csv")

    names, *lines = csv.reader(io.StringIO(response.body.decode(), newline=""))

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/csv")
    assert names == list(rows[0])
    assert [[as_csv_value(value) for value in row.values()] for row in rows] == [
        [read(text, value) for text, value in zip(line, row.values(), strict=True)]
        for line, row in zip(lines, rows, strict=True)
    ]


def as_csv_value(value: Any) -> Any:
    """Return a JSON value as it is in CSV, where null is an empty cell."""
    return "" if value is None else value


def read(text: str, beside: Any) -> Any:
    """Return a CSV cell as the type of the JSON value beside it."""
    return type(beside)(text) if isinstance(beside, int | float) else text


def test_csv_pages_have_the_rows_of_json(api: Any):
    path: str | None = "/ibov/prices?year=2024&sort=-volume_negociado&limit=100&fields=data,volume_negociado"
    expected = [[row["data"], as_csv_value(row["volume_negociado"])] for row in every(api, str(path))]

    rows = []
    path = f"{path}&format=csv"
    while path:
        response = api.get(path)
        rows += list(csv.reader(io.StringIO(response.body.decode(), newline="")))[1:]
        link = response.headers.get("Link", "")
        path = link.removeprefix("<").removesuffix('>; rel="next"') or None

    assert rows == [[day, str(volume)] for day, volume in expected]


def test_status_has_the_counts_of_the_real_history(api: Any, table: pd.DataFrame):
    body = ask(api, "/status")
    quality = body["quality"]

    assert body["state"] == "ready"
    assert body["synthetic"] is False
    assert (body["first_session"], body["as_of"], body["rows"]) == ("1993-04-27", "2025-10-13", len(table))
    assert {reason: count for reason, count in quality["refused"].items() if count} == {"sem_pregao": 4}
    assert quality["opens_at_previous_close"] == (table["preco_abertura"] == table["preco_fechamento"].shift()).sum()
    prices = table.loc[:, "preco_abertura":"preco_fechamento"]
    assert quality["warnings"]["copia_do_dia_anterior"] == (prices == prices.shift()).all(axis=1).sum()
    assert quality["warnings"]["volume_zero"] == table.loc["2007":, "volume_negociado"].isna().sum()
    assert quality["revisions"] == 0
    assert len(quality["gaps"]) == 18
    assert not {gap["session"] for gap in quality["gaps"]} & set(table.index)
    assert body["freshness"]["expected"] >= body["as_of"]


EXAMPLES: dict[str, Any] = json.loads((ROOT / "chalicelib" / "api" / "examples.json").read_text(encoding="utf-8"))

# Fields that depend on the data, the code or the time.
CHANGES = {"version", "code_version", "updated_at", "freshness", "expires_at", "etag", "url"}


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.startswith(("/ibov/", "/status"))] + ["/"])
def test_the_examples_are_the_responses_of_the_api(api: Any, path: str):
    item = ask(api, "/openapi.json")["paths"][path]
    example = item["get"]["responses"]["200"]["content"]["application/json"]["example"]
    query = "&".join(
        f"{each['name']}={each['example']}"
        for each in map(resolve, item["parameters"])
        if f"{each['name']}=" in link(example)
    )

    body = ask(api, f"{path}?{query}".rstrip("?"))

    if path.startswith("/ibov/"):
        assert 0 < len(example["rows"]) <= len(body["rows"])
        for name in {"rows", "scores"} & body.keys():
            body[name] = body[name][: len(example[name])]
    elif path == "/status":
        gaps = example["quality"]["gaps"]
        body["quality"]["gaps"] = [gap for gap in body["quality"]["gaps"] if gap in gaps]
    assert fixed(body) == fixed(example)


def link(example: dict[str, Any]) -> str:
    """Return the link of an example to itself, which has the parameters of its request."""
    return example["links"].get("self", "")


def fixed(answer: Any) -> Any:
    """Return a response without `CHANGES`, with floats rounded to 12 digits."""
    if isinstance(answer, dict):
        return {name: fixed(value) for name, value in answer.items() if name not in CHANGES}
    if isinstance(answer, list):
        return [fixed(value) for value in answer]
    return float(f"{answer:.11e}") if isinstance(answer, float) else answer


def test_the_example_of_a_bad_parameter_is_the_response_of_the_api(api: Any):
    responses = ask(api, "/openapi.json")["paths"]["/ibov/prices"]["get"]["responses"]
    example = resolve(responses["400"])["content"]["application/problem+json"]["example"]

    response = api.get("/ibov/prices?limit=0")

    assert response.status_code == 400
    assert response.json_body == example


def test_a_response_has_the_size_that_the_costs_assume(api: Any):
    body = api.get("/ibov/volatility").body

    assert len(body) > 75_000
    assert round(len(gzip.compress(body, compresslevel=6)) / 1000) == Usage().response_kb


NO_CONNECTION = EndpointConnectionError(endpoint_url="https://athena.us-east-1.amazonaws.com")


@pytest.mark.parametrize("error", [RuntimeError("a bug"), NO_CONNECTION, QueryTimeout("a slow query")])
def test_the_examples_of_failures_are_the_responses_of_the_api(
    api: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr("chalicelib.api.athena.Athena.rows", fail)
    response = api.get("/ibov/prices?limit=3&fields=data,drawdown")

    examples = ask(api, "/openapi.json")["paths"]["/ibov/prices"]["get"]["responses"]
    content = resolve(examples[str(response.status_code)])["content"]["application/problem+json"]
    assert response.json_body == content["example"]


def test_every_link_of_the_index_works(api: Any):
    links = ask(api, "/")["links"]

    # The lake of this test has no market.
    assert set(links) == {path for path in EXAMPLES if not path.startswith("/acoes")} - {"problems"}
    assert {path: api.get(path).status_code for path in links.values()} == dict.fromkeys(links.values(), 200)
    assert api.get("/docs").body.decode().startswith("<!DOCTYPE html>")
