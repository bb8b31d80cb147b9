"""Whatever a client sends, the API answers as its contract promises, and SQL gets nothing of it but checked values."""

from __future__ import annotations

import http.client
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.api import cursor
from common.paths import ROOT
from local.laptop import Laptop
from tests.support.bars import raw_object, session_bars
from tests.support.hostile import (
    COLUMNS,
    ENCODED,
    ESTIMATORS,
    HOSTILE,
    PARAMETERS,
    SORTS,
    TABLE,
    WINDOWS,
    headers,
    query_strings,
)
from tests.support.lake import served

# What a client must never read. Its own words it may: they are looked at apart.
SECRETS = re.compile(
    rf"arn:aws|s3://|b3-dataflow-(raw|refined|athena)|b3_refined_db|ibov_refined|\.parquet|127\.0\.0\.1"
    rf"|{re.escape(str(ROOT))}|{re.escape(sys.prefix)}|site-packages|chalicelib|Traceback|botocore|duckdb|msgspec"
    r"|\bSELECT\b|\bWHERE\b|ORDER BY"
)

TYPES = {"application/json", "text/csv; charset=utf-8", "text/html; charset=utf-8", "text/javascript; charset=utf-8"}


@pytest.fixture(scope="module")
def api(running: Laptop) -> Iterator[Any]:
    """Chalice's test client for the API, over a lake of generated bars."""
    with served(running, raw_object(session_bars("2024-06-03", 300))) as client:
        yield client


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def assert_as_promised(path: str, query: str, status: int, kind: str, body: str) -> None:
    """The answer is one of those that the contract has, and tells nothing of what is behind it."""
    if status == HTTPStatus.NOT_MODIFIED:
        assert body == ""
    elif status == HTTPStatus.OK:
        assert kind in TYPES
        if kind == "application/json":
            json.loads(body, parse_constant=refuse)
        assert not SECRETS.search(body)
    else:
        assert status == HTTPStatus.BAD_REQUEST
        assert_a_problem(path, query, kind, body)


def assert_a_problem(path: str, query: str, kind: str, body: str) -> str:
    """The answer tells what is wrong with one parameter. Returns what it received."""
    problem = json.loads(body)
    assert kind == "application/problem+json"
    (error,) = problem.pop("errors")
    assert problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": f"The parameter {error['parameter']!r} is not allowed.",
        "instance": path,
    }
    assert set(error) == {"parameter", "received", "allowed"}
    assert error["parameter"] in [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    assert error["allowed"]
    assert not SECRETS.search(error["allowed"])
    return str(error["received"])


_NAMES = "|".join(
    [
        *COLUMNS,
        *(f"vol_{estimator}_{window}d" for estimator in ESTIMATORS for window in WINDOWS),
        "preco_abertura|preco_maximo|preco_minimo|variacao_diaria|variacao_pct|amplitude|volatilidade_pct|fonte",
        "media_movel_3d|vol_mean_3d|vol_std_3d|vol_zscore|volatilidade_pico|retorno_log|drawdown|escore|ibov_refined",
    ]
)
_WORDS = "SELECT|FROM|WHERE|AND|OR|IS|NULL|NULLS|LAST|ORDER|BY|LIMIT|ASC|DESC|AS|OVER|avg|stddev_samp|nullif|year"
SQL = re.compile(rf'(?:\s|"(?:{_NAMES})"|\b(?:{_WORDS})\b|\b\d{{1,4}}\b|[?*(),=<>/-])+')
LITERAL = re.compile(r"DATE '\d{4}-\d\d-\d\d'|-?\d\.\d{16}e[+-]\d{2,3}|\d{1,19}")


def executions() -> list[dict[str, Any]]:
    """What Athena was asked in the workgroup."""
    athena: Any = boto3.client("athena")
    found = []
    for page in athena.get_paginator("list_query_executions").paginate(WorkGroup="b3-dataflow"):
        if ids := page["QueryExecutionIds"]:
            found += athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
    return found


def assert_athena_saw_nothing_of_the_client() -> None:
    """Each query is of our words, allowed names and small numbers; each value bound is a literal of a checked type."""
    for execution in executions():
        assert SQL.fullmatch(execution["Query"]), execution["Query"]
        for literal in execution.get("ExecutionParameters", []):
            assert LITERAL.fullmatch(literal), literal
        assert execution["Status"]["State"] == "SUCCEEDED", execution


@pytest.mark.parametrize("path", PARAMETERS)
def test_any_question_is_answered_or_refused_as_promised(api: Any, path: str):
    answered = {200: 0, 304: 0, 400: 0}

    @settings(max_examples=60, derandomize=True, deadline=None)
    @given(query_strings(path), headers, st.sampled_from(["get", "get", "get", "head"]))
    def check(query: str, headers: dict[str, str], method: str) -> None:
        response = getattr(api, method)(f"{path}?{query}", headers=headers)
        assert_as_promised(
            path, query, response.status_code, response.headers.get("Content-Type", ""), response.body.decode()
        )
        answered[response.status_code] += 1

    before = len(executions())
    check()

    assert min(answered[200], answered[400]) >= 5, answered
    assert path not in TABLE or len(executions()) > before + 3
    assert_athena_saw_nothing_of_the_client()


@pytest.mark.parametrize("path", TABLE)
def test_no_parameter_takes_what_it_cannot_be(api: Any, path: str):
    before = len(executions())

    for name in PARAMETERS[path]:
        for value in HOSTILE:
            query = f"{name}={quote(value, safe='')}"
            response = api.get(f"{path}?{query}")
            assert response.status_code == 400, (name, value, response.body)
            received = assert_a_problem(path, query, response.headers["Content-Type"], response.body.decode())
            assert received == value or (name == "fields" and received in value.split(",")), (name, value)

    assert len(executions()) == before


@pytest.mark.parametrize("path", PARAMETERS)
def test_no_unknown_or_repeated_name_is_taken(api: Any, path: str):
    unknown = [*HOSTILE, "Limit", "limit ", "limit[]", "start\x00", "callback", "table", "FIELDS"]
    for name in unknown:
        query = f"{quote(name, safe='')}=2025"
        response = api.get(f"{path}?{query}")
        assert response.status_code == 400, name
        assert_a_problem(path, query, response.headers["Content-Type"], response.body.decode())
    for name in PARAMETERS[path]:
        for values in (("2025", "2025"), ("21", "' OR 1=1 --"), ("json", "json", "json")):
            query = "&".join(f"{name}={quote(value)}" for value in values)
            response = api.get(f"{path}?{query}")
            assert response.status_code == 400, query
            received = assert_a_problem(path, query, response.headers["Content-Type"], response.body.decode())
            assert received == ", ".join(values)


@pytest.mark.parametrize("query", ["start=\ud800", "fields=\udfff", "sort=data\ud83d", "\ud800=1"])
def test_half_a_character_is_refused_as_any_other(api: Any, query: str):
    # No percent-encoding comes to it, but the JSON of an event can hold it.
    response = api.get(f"/ibov/prices?{query}")

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("sort", SORTS)
def test_a_forged_cursor_is_a_place_in_the_list_and_nothing_else(api: Any, sort: str):
    asked = {} if sort == "-data" else {"sort": sort}
    bound_to = f"/ibov/prices?{urlencode(asked)}".encode()

    @settings(max_examples=20, derandomize=True, deadline=None)
    @given(st.none() | st.integers(0, 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20), st.dates())
    def check(value: Any, day: date) -> None:
        query = urlencode(asked | {"cursor": cursor.encode(cursor.Position(value, day), bound_to)})
        response = api.get(f"/ibov/prices?{query}")
        assert_as_promised(
            "/ibov/prices", query, response.status_code, response.headers["Content-Type"], response.body.decode()
        )

    before = len(executions())
    check()

    assert len(executions()) > before
    assert_athena_saw_nothing_of_the_client()


def test_a_cursor_of_another_question_is_refused(api: Any):
    following = api.get("/ibov/prices?limit=10&sort=volume_negociado").json_body["links"]["next"]
    text = dict(parse_qsl(urlsplit(following).query))["cursor"]

    for question in (
        "/ibov/prices?limit=10",
        "/ibov/prices?limit=11&sort=volume_negociado",
        "/ibov/prices?limit=10&sort=volume_negociado&year=2025",
        "/ibov/volatility?limit=10&sort=volume_negociado",
        "/ibov/anomalies?limit=10&sort=volume_negociado",
    ):
        query = f"{urlsplit(question).query}&cursor={text}"
        path = urlsplit(question).path
        response = api.get(f"{path}?{query}")
        assert response.status_code == 400, question
        received = assert_a_problem(path, query, response.headers["Content-Type"], response.body.decode())
        assert received == text


@pytest.mark.parametrize(
    "name", ["..%2Fapi.py", "%2e%2e%2fexamples.json", "examples.json", "%00", "docs.js%00", "DOCS.JS"]
)
def test_no_asset_but_those_of_the_page(api: Any, name: str):
    response = api.get(f"/assets/{name}")

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.body)
    assert {**problem, "instance": ""} == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "The resource does not exist.",
        "instance": "",
    }


@pytest.fixture(scope="module")
def address(api: Any, running: Laptop) -> Iterator[str]:
    """The same lake behind a real server, as `chalice local` has it."""
    with running.serve(0) as server:
        yield urlsplit(server.url).netloc


def over_http(address: str, target: str) -> tuple[int, str, str]:
    """Status, type and body of the answer to a GET."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", PARAMETERS)
def test_over_http_invalid_requests_get_the_documented_error(address: str, path: str):
    name = PARAMETERS[path][0] if PARAMETERS[path] else "start"
    for value in [*(quote(value, safe="") for value in HOSTILE), *ENCODED]:
        query = f"{name}={value}"
        status, kind, body = over_http(address, f"{path}?{query}")
        assert status == 400, (value, body)
        assert_a_problem(path, query, kind, body)


def test_over_http_a_question_is_answered(address: str):
    query = "year=2025&sort=-volatilidade_pct&limit=3"

    status, kind, body = over_http(address, f"/ibov/volatility?{query}")

    assert status == 200
    assert len(json.loads(body)["rows"]) == 3
    assert_as_promised("/ibov/volatility", query, status, kind, body)


@pytest.mark.parametrize(
    "target",
    [
        "/ibov",
        "/ibov/prices%00",
        "/IBOV/prices",
        "/ibov/../app.py",
        "/app.py",
        "/assets/",
        "/assets/../app.py",
        "/assets/..%2f..%2fapp.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/ibov/prices'--",
        "/" + "a" * 8000,
    ],
)
def test_over_http_there_is_nothing_at_other_paths(address: str, target: str):
    status, _, body = over_http(address, target)

    assert 400 <= status < 500
    assert not SECRETS.search(body)
