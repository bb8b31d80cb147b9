"""Every request gets a documented response, and only checked values of the client reach SQL."""

from __future__ import annotations

import csv
import http.client
import io
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

from chalicelib.api import assets, cursor
from common.paths import ROOT
from local.laptop import Laptop
from tests.support import shares
from tests.support.hostile import (
    COLUMNS,
    ENCODED,
    ESTIMATORS,
    HOSTILE,
    PARAMETERS,
    PERIOD_COLUMNS,
    PERIOD_SORTS,
    ROUTE_OF,
    SHARE_COLUMNS,
    SORTS,
    TABLE,
    TEXT,
    TICKER_SORTS,
    WINDOWS,
    headers,
    query_strings,
)

# Text that a response must not contain. The received value of a problem is checked separately.
SECRETS = re.compile(
    rf"arn:aws|s3://|b3-dataflow-(raw|refined|athena)|b3_refined_db|ibov_refined|acoes_refined|\.parquet|127\.0\.0\.1"
    rf"|{re.escape(str(ROOT))}|{re.escape(sys.prefix)}|site-packages|chalicelib|Traceback|botocore|duckdb|msgspec"
    r"|\bSELECT\b|\bWHERE\b|ORDER BY"
)

QUERIED = [path for path in TABLE if ROUTE_OF[path].view and path != "/acoes"]
"""The paths whose requests cost a query. The tickers cost one for each version of the table."""

TYPES = {"application/json", "text/csv; charset=utf-8", "text/html; charset=utf-8", "text/javascript; charset=utf-8"}


@pytest.fixture(scope="module")
def api(running: Laptop) -> Iterator[Any]:
    """Chalice's test client for the API, over generated bars of the index and of five tickers."""
    with shares.served(running) as client:
        yield client


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def without_addresses(path: str, kind: str, body: str) -> str:
    """Return a body without the field `url` of `/ibov/files`: only there an answer names a bucket."""
    if path != "/ibov/files":
        return body
    if kind == "application/json":
        answer = json.loads(body)
        rows = answer["rows"]
        addresses = [row.pop("url") for row in rows]
        rest = json.dumps(answer)
    else:
        rows = list(csv.DictReader(io.StringIO(body)))
        addresses = [row.pop("url") for row in rows]
        rest = json.dumps(rows)
    assert rows
    assert all("/refined/year%3D" in address for address in addresses)
    return rest


def assert_documented(path: str, query: str, status: int, kind: str, body: str) -> None:
    """Assert that a response is a documented one and contains no internal details."""
    if status == HTTPStatus.NOT_MODIFIED:
        assert body == ""
    elif status == HTTPStatus.OK:
        assert kind in TYPES
        if kind == "application/json":
            json.loads(body, parse_constant=refuse)
        assert not SECRETS.search(without_addresses(path, kind, body))
    else:
        assert status == HTTPStatus.BAD_REQUEST
        assert_problem(path, query, kind, body)


def assert_problem(path: str, query: str, kind: str, body: str) -> str:
    """Assert that a response is a problem about one parameter. Return the received value."""
    problem = json.loads(body)
    assert kind == "application/problem+json"
    (error,) = problem.pop("errors")
    assert problem == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": f"The parameter {error['parameter']!r} is {error['received']!r}; allowed: {error['allowed']}.",
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
        "fechamento_oficial|fonte_fechamento|atr_14|vol_ewma|volatility|peak|acoes_refined",
        *SHARE_COLUMNS,
        "volume_financeiro|volume_mediano|growth|jump|factor|noites_\\d+|y\\d{4}",
        *PERIOD_COLUMNS,
        *(sort for sort in PERIOD_SORTS if not sort.startswith("-")),
        "primeiro_pregao|ultimo_pregao|queda_maxima",
        *(f"vol_(?:{estimator}_\\d+d|ewma)_(?:rank|count)" for estimator in ESTIMATORS),
        "prev_(?:ewma|har)_(?:1|5|21)d(?:_inferior|_superior|_percentil)?",
    ]
)
_WORDS = "SELECT|FROM|WHERE|AND|OR|IS|NULL|NULLS|LAST|ORDER|BY|LIMIT|ASC|DESC|AS|OVER|avg|stddev_samp|nullif|0e0|year"
_WORDS += "|GROUP|PARTITION|CASE|WHEN|THEN|END|min|max|min_by|max_by|count|sum|sqrt|exp|1e2|rank|date_trunc"
_WORDS += "|LEFT|JOIN|ON|[ltv]|count_if|array_sort|array_agg|cardinality|ELSE|ROWS|BETWEEN|FOLLOWING|UNBOUNDED"
_WORDS += "|coalesce|lag|ln"
_UNITS = "'(?:week|month|quarter|year)'"
# In the query of the tickers: the newest session is 2024-12-30, and the median of the trades is of the year before it.
_TICKERS = r"\b[lt]\.|\bv\[|\]|DATE '2023-12-31'"
SQL = re.compile(rf'(?:\s|{_TICKERS}|"(?:{_NAMES})"|{_UNITS}|\b(?:{_WORDS})\b|\b\d{{1,5}}\b|[?*(),=<>/+-])+')
LITERAL = re.compile(r"'(?:PETR4|acao|unit|fii|etf|bdr)'|DATE '\d{4}-\d\d-\d\d'|-?\d\.\d{16}e[+-]\d{2,3}|\d{1,19}")


def executions() -> list[dict[str, Any]]:
    """Return all query executions of the workgroup."""
    athena: Any = boto3.client("athena")
    result = []
    for page in athena.get_paginator("list_query_executions").paginate(WorkGroup="b3-dataflow"):
        if ids := page["QueryExecutionIds"]:
            result += athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
    return result


def assert_queries_contain_no_client_text() -> None:
    """Assert that queries have known words, allowed names and small numbers only, and that parameters are literals."""
    for execution in executions():
        assert SQL.fullmatch(execution["Query"]), execution["Query"]
        for literal in execution.get("ExecutionParameters", []):
            assert LITERAL.fullmatch(literal), literal
        assert execution["Status"]["State"] == "SUCCEEDED", execution


@pytest.mark.parametrize("path", PARAMETERS)
def test_every_request_gets_a_documented_response(api: Any, path: str):
    answered = {200: 0, 304: 0, 400: 0}

    @settings(max_examples=60, derandomize=True, deadline=None)
    @given(query_strings(path), headers, st.sampled_from(["get", "get", "get", "head"]))
    def check(query: str, headers: dict[str, str], method: str) -> None:
        response = getattr(api, method)(f"{path}?{query}", headers=headers)
        assert_documented(
            path, query, response.status_code, response.headers.get("Content-Type", ""), response.body.decode()
        )
        answered[response.status_code] += 1

    before = len(executions())
    check()

    assert min(answered[200], answered[400]) >= 5, answered
    assert path not in QUERIED or len(executions()) > before + 3
    assert_queries_contain_no_client_text()


@pytest.mark.parametrize("path", TABLE)
def test_invalid_values_are_refused_without_a_query(api: Any, path: str):
    before = len(executions())

    for name in PARAMETERS[path]:
        for value in HOSTILE if name != TEXT else ["", "a" * 41, "é" * 8000]:
            query = f"{name}={quote(value, safe='')}"
            response = api.get(f"{path}?{query}")
            assert response.status_code == 400, (name, value, response.body)
            received = assert_problem(path, query, response.headers["Content-Type"], response.body.decode())
            assert received == value or (name == "fields" and received in value.split(",")), (name, value)

    assert len(executions()) == before


@pytest.mark.parametrize("path", PARAMETERS)
def test_unknown_and_repeated_parameters_are_refused(api: Any, path: str):
    unknown = [*HOSTILE, "Limit", "limit ", "limit[]", "start\x00", "callback", "table", "FIELDS"]
    for name in unknown:
        query = f"{quote(name, safe='')}=2025"
        response = api.get(f"{path}?{query}")
        assert response.status_code == 400, name
        assert_problem(path, query, response.headers["Content-Type"], response.body.decode())
    for name in PARAMETERS[path]:
        for values in (("2025", "2025"), ("21", "' OR 1=1 --"), ("json", "json", "json")):
            query = "&".join(f"{name}={quote(value)}" for value in values)
            response = api.get(f"{path}?{query}")
            assert response.status_code == 400, query
            received = assert_problem(path, query, response.headers["Content-Type"], response.body.decode())
            assert received == ", ".join(values)


@pytest.mark.parametrize("query", ["start=\ud800", "fields=\udfff", "sort=data\ud83d", "\ud800=1"])
def test_a_lone_surrogate_is_refused(api: Any, query: str):
    # A percent-encoding cannot produce it, but the JSON of an event can contain it.
    response = api.get(f"/ibov/prices?{query}")

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        *(("/ibov/prices", sort) for sort in SORTS),
        *(("/ibov/periods", sort) for sort in PERIOD_SORTS),
        *(("/acoes/PETR4/prices", sort) for sort in ("-data", "drawdown")),
        *(("/acoes/PETR4/periods", sort) for sort in ("periodo", "-vol_realizada")),
    ],
)
def test_a_forged_cursor_only_selects_another_position(api: Any, path: str, sort: str):
    parameters = {} if sort in ("-data", "-periodo") else {"sort": sort}
    query_of_cursor = f"{path}?{urlencode(parameters)}".encode()

    @settings(max_examples=20, derandomize=True, deadline=None)
    @given(st.none() | st.integers(0, 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20), st.dates())
    def check(value: Any, day: date) -> None:
        query = urlencode(parameters | {"cursor": cursor.encode(cursor.Position(value, day), query_of_cursor)})
        response = api.get(f"{path}?{query}")
        assert_documented(path, query, response.status_code, response.headers["Content-Type"], response.body.decode())

    before = len(executions())
    check()

    assert len(executions()) > before
    assert_queries_contain_no_client_text()


@pytest.mark.parametrize("query", [*(f"/acoes?sort={sort}" for sort in TICKER_SORTS), "/acoes/ranking?by=negocios"])
def test_a_forged_cursor_of_tickers_only_selects_another_position(api: Any, query: str):
    path, _, parameters = query.partition("?")
    query_of_cursor = (path + "?") if parameters == "sort=ticker" else query

    @settings(max_examples=30, derandomize=True, deadline=None)
    @given(
        st.none() | st.integers(0, 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20), st.text(max_size=14)
    )
    def check(value: Any, ticker: str) -> None:
        position = cursor.encode(cursor.TickerPosition(value, ticker), query_of_cursor.encode())
        of_page = f"{parameters}&cursor={position}"
        response = api.get(f"{path}?{of_page}")
        kind, body = response.headers["Content-Type"], response.body.decode()
        assert_documented(path, of_page, response.status_code, kind, body)
        answered[response.status_code] += 1

    answered = {200: 0, 400: 0}
    check()

    assert min(answered.values()) > 3, answered


@pytest.mark.parametrize("ticker", [*HOSTILE, "petr4", "PETR4 ", "PETR4'", "PETR4%", "PETR4/", "PETR40", "ranking"])
def test_a_ticker_that_the_table_does_not_have_is_404_without_a_query(api: Any, address: str, ticker: str):
    path = f"/acoes/{quote(ticker, safe='')}/prices"
    before = len(executions())

    status, kind, body = over_http(address, path)

    assert (status, kind) == (404, "application/problem+json")
    detail = json.loads(body)["detail"]
    # The gateway does not decode it. Some have the form of another path.
    received = repr(quote(ticker, safe=""))
    assert detail.startswith(f"There is no ticker {received}.") or detail == "The resource does not exist."
    assert not SECRETS.search(detail.replace(received, ""))
    assert len(executions()) == before


def test_a_cursor_of_another_query_is_refused(api: Any):
    following = api.get("/ibov/prices?limit=10&sort=volume_negociado").json_body["links"]["next"]
    text = dict(parse_qsl(urlsplit(following).query))["cursor"]

    for target in (
        "/ibov/prices?limit=10",
        "/ibov/prices?limit=11&sort=volume_negociado",
        "/ibov/prices?limit=10&sort=volume_negociado&year=2025",
        "/ibov/volatility?limit=10&sort=volume_negociado",
        "/ibov/anomalies?limit=10&sort=volume_negociado",
    ):
        query = f"{urlsplit(target).query}&cursor={text}"
        path = urlsplit(target).path
        response = api.get(f"{path}?{query}")
        assert response.status_code == 400, target
        received = assert_problem(path, query, response.headers["Content-Type"], response.body.decode())
        assert received == text


@pytest.mark.parametrize(
    "name", ["..%2Fapi.py", "%2e%2e%2fexamples.json", "examples.json", "%00", "docs.js%00", "DOCS.JS"]
)
def test_only_the_assets_of_the_page_are_served(api: Any, name: str):
    response = api.get(f"/{assets.path()}/{name}")

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
    """Address of a server of the same lake, like that of `chalice local`."""
    with running.serve(0) as server:
        yield urlsplit(server.url).netloc


def over_http(address: str, target: str) -> tuple[int, str, str]:
    """Return the status, the content type and the body of the response to a GET."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", PARAMETERS)
def test_over_http_invalid_requests_get_the_documented_error(address: str, path: str):
    name = next((name for name in PARAMETERS[path] if name != TEXT), "start")
    for value in [*(quote(value, safe="") for value in HOSTILE), *ENCODED]:
        query = f"{name}={value}"
        status, kind, body = over_http(address, f"{path}?{query}")
        assert status == 400, (value, body)
        assert_problem(path, query, kind, body)


def test_over_http_a_valid_request_is_answered(address: str):
    query = "year=2025&sort=-volatilidade_pct&limit=3"

    status, kind, body = over_http(address, f"/ibov/volatility?{query}")

    assert status == 200
    assert len(json.loads(body)["rows"]) == 3
    assert_documented("/ibov/volatility", query, status, kind, body)


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
        "/acoes/PETR4",
        "/acoes/PETR4/",
        "/acoes/PETR4/volatility/forecast",
        "/acoes/PETR4/files",
        "/acoes/PETR4'--/prices",
        "/acoes/../ibov/prices",
        "/acoes/..%2f..%2fapp.py/prices",
        "/acoes/" + "A" * 8000 + "/prices",
        "/" + "a" * 8000,
    ],
)
def test_over_http_other_paths_do_not_exist(address: str, target: str):
    status, _, body = over_http(address, target)

    assert 400 <= status < 500
    assert not SECRETS.search(body)
