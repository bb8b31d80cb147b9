"""Behaviour that all routes of the API have, with Chalice's test client over a lake that no test changes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib import wiring
from chalicelib.api.caveats import CAVEATS
from chalicelib.api.routes import ROUTES, SERVED
from chalicelib.errors import QueryFailed, QueryRefused, QueryTimeout
from chalicelib.lake.manifest import Contents
from local.laptop import Laptop
from tests.support.bars import raw_object, session_bars
from tests.support.lake import fill

PATHS = list(ROUTES)
DATA = [path for path, route in ROUTES.items() if route.view]
RANGED = [path for path in DATA if "start" in ROUTES[path].parameters.__struct_fields__]
PAGED = [path for path in DATA if "limit" in ROUTES[path].parameters.__struct_fields__]

PROBLEM = {"type", "title", "status", "detail", "instance"}

BARS = session_bars("2024-06-03", 300)
DAYS = BARS["data"].dt.strftime("%Y-%m-%d").tolist()


@pytest.fixture(scope="module")
def filled(running: Laptop) -> Iterator[Contents]:
    """Contents of the lake of all these tests, none of which changes it."""
    running.aws.reset()
    running.create_stack()
    yield fill(raw_object(BARS))
    running.aws.reset()
    wiring.clear_caches()


@pytest.fixture
def laptop(running: Laptop, filled: Contents) -> Laptop:
    """The laptop with empty caches of the API."""
    wiring.clear_caches()
    return running


def test_every_route_of_the_app_is_in_the_contract_or_serves_its_page(laptop: Laptop):
    assert sorted(laptop.app.app.routes) == sorted(SERVED)


def test_the_index_links_to_every_route(filled: Any, http: Any):
    body = http.get("/").json_body

    assert list(body["routes"]) == list(body["links"]) == PATHS
    for link in body["links"].values():
        assert http.get(link).status_code == 200


def test_status_has_the_contents_and_the_quality_of_the_lake(filled: Any, http: Any):
    response = http.get("/status")
    body = response.json_body

    assert body["state"] == "ready"
    assert body["as_of"] == filled.as_of.isoformat() == DAYS[-1]
    assert body["first_session"] == DAYS[0]
    assert body["rows"] == 300
    assert body["version"] == filled.version
    assert body["synthetic"] is False
    assert body["freshness"]["sessions_behind"] > 0
    assert body["quality"]["refused"]["barra_ao_vivo"] == 0
    assert body["quality"]["warnings"]["sessao_curta"] == 1
    assert body["quality"]["degraded"] is False
    assert body["quality"]["gaps"] == []
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", [path for path in PAGED if path != "/ibov/periods"])
def test_rows_are_newest_first_with_meta_and_links(filled: Any, http: Any, path: str):
    response = http.get(f"{path}?limit=3&fields=data,preco_fechamento,vol_anualizada")
    body = response.json_body

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert len(body["rows"]) == body["meta"]["count"] <= 3
    assert all(list(row) == ["data", "preco_fechamento", "vol_anualizada"] for row in body["rows"])
    assert [row["data"] for row in body["rows"]] == sorted((row["data"] for row in body["rows"]), reverse=True)
    assert body["meta"]["ticker"] == "IBOV"
    assert body["meta"]["as_of"] == DAYS[-1]
    assert body["meta"]["version"] == filled.version
    assert body["meta"]["synthetic"] is False
    assert body["meta"]["unit"] == {"preco_fechamento": "index points", "vol_anualizada": "fraction a year"}
    assert body["meta"]["volatility_column"] == "vol_close_to_close_21d"
    assert body["links"]["self"] == f"{path}?limit=3&fields=data%2Cpreco_fechamento%2Cvol_anualizada"


@pytest.mark.parametrize("path", RANGED)
@pytest.mark.parametrize(
    "query", ["start=2030-01-01", "end=1950-01-01", "start=2024-12-24&end=2024-12-25", "year=1999", "start=2030-02"]
)
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_range_without_sessions_has_no_rows(filled: Any, http: Any, path: str, query: str, form: str):
    response = http.get(f"{path}?{query}&format={form}")

    assert response.status_code == 200
    if path in PAGED and form == "json":
        assert response.json_body["rows"] == []
        assert response.json_body["meta"]["count"] == 0
        assert response.json_body["links"]["next"] is None


def test_the_default_limit_is_252_sessions(filled: Any, http: Any):
    assert len(http.get("/ibov/volatility").json_body["rows"]) == 252


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_status_and_headers_of_get(filled: Any, http: Any, path: str):
    get, head = http.get(path), http.head(path)

    assert head.status_code == get.status_code
    assert head.headers == get.headers


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_parameter_is_a_problem_that_names_it(http: Any, path: str):
    response = http.get(f"{path}?nope=1")

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json_body
    assert set(body) == PROBLEM | {"errors"}
    assert (body["status"], body["title"], body["instance"]) == (400, "Bad Request", path)
    (error,) = body["errors"]
    assert (error["parameter"], error["received"]) == ("nope", "1")
    assert error["allowed"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("start=yesterday", "start"),
        ("start=2025-01-02&end=2025-01-01", "start"),
        ("end=2025-13-01", "end"),
        ("start=%00", "start"),
        ("start=2025-01-01%27%3B+DROP+TABLE+x", "start"),
        ("cursor=AAAAAAAAAAAAAAAAAAAAAAAA", "cursor"),
    ],
)
@pytest.mark.parametrize("path", PAGED)
def test_an_invalid_parameter_is_a_problem_that_names_it(filled: Any, http: Any, path: str, query: str, parameter: str):
    response = http.get(f"{path}?{query}")

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json_body["errors"]] == [parameter]


def test_a_cursor_is_valid_for_its_query_and_route_only(filled: Any, http: Any):
    following = http.get("/ibov/prices?limit=2").json_body["links"]["next"]
    cursor = following.partition("cursor=")[2]

    assert [row["data"] for row in http.get(following).json_body["rows"]] == DAYS[-3:-5:-1]
    for other in (f"/ibov/prices?limit=3&cursor={cursor}", f"/ibov/volatility?limit=2&cursor={cursor}"):
        assert http.get(other).json_body["errors"][0]["parameter"] == "cursor"


def failing(error: Exception) -> Any:
    def rows(*_: Any) -> Any:
        raise error

    return rows


SECRET = "s3://b3-dataflow-raw arn:aws:glue SELECT data FROM /opt/x.py"


@pytest.mark.parametrize(
    ("error", "status", "retry", "detail"),
    [
        (QueryFailed(SECRET), 500, None, "An internal error occurred. It has been logged."),
        (QueryTimeout(SECRET), 504, "5", "The query is still running."),
        (QueryRefused(SECRET), 503, "5", "Too many queries are running."),
    ],
)
@pytest.mark.parametrize("path", DATA)
def test_a_failure_is_a_problem_without_internal_details(
    filled: Any,
    http: Any,
    monkeypatch: Any,
    caplog: Any,
    path: str,
    error: Exception,
    status: int,
    retry: Any,
    detail: str,
):
    monkeypatch.setattr("chalicelib.api.athena.Athena.rows", failing(error))

    with caplog.at_level(logging.WARNING):
        response = http.get(path)

    assert response.status_code == status
    assert response.headers.get("Retry-After") == retry
    assert response.headers["Cache-Control"] == "no-store"
    assert set(response.json_body) == PROBLEM
    assert response.json_body["detail"] == detail
    for part in SECRET.split():
        assert part not in response.body.decode()
    assert SECRET in caplog.text


def test_the_headers_have_the_version_of_the_data(filled: Any, http: Any):
    for path in DATA:
        headers = http.get(f"{path}?format=csv").headers
        assert headers["X-Data-As-Of"] == DAYS[-1]
        assert headers["X-Data-Version"] == filled.version
        assert headers["X-Data-Synthetic"] == "false"


@pytest.mark.parametrize(
    ("path", "estimators"),
    [
        ("/ibov/volatility", []),
        ("/ibov/volatility?estimator=yang_zhang", ["yang_zhang"]),
        ("/ibov/volatility?estimator=yang_zhang&fields=data&sort=-vol_anualizada", ["yang_zhang"]),
        ("/ibov/volatility?estimator=yang_zhang&fields=data", []),
        ("/ibov/prices?fields=data,vol_parkinson_5d,vol_close_to_close_5d", ["parkinson"]),
        ("/ibov/volatility/compare", list(CAVEATS)),
        ("/ibov/volatility/cone?estimator=rogers_satchell", ["rogers_satchell"]),
        ("/ibov/summary?estimator=garman_klass_yang_zhang", ["garman_klass_yang_zhang"]),
        ("/ibov/summary", []),
    ],
)
def test_meta_has_the_caveats_of_the_estimators(filled: Any, http: Any, path: str, estimators: list[str]):
    meta = http.get(path).json_body["meta"]

    assert meta.get("caveats", {}) == {name: CAVEATS[name] for name in estimators}  # type: ignore[index]


def test_a_backend_timeout_is_a_problem_with_retry_after(filled: Any, http: Any, monkeypatch: Any):
    monkeypatch.setattr(
        "chalicelib.api.athena.Athena.rows", failing(ReadTimeoutError(endpoint_url="http://127.0.0.1:9"))
    )

    response = http.get("/ibov/prices")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "127.0.0.1" not in response.body.decode()


def test_csv_has_the_rows_and_a_link_to_more(filled: Any, http: Any):
    path = "/ibov/prices?limit=2&fields=data,volume_negociado,avisos"
    by_format = http.get(f"{path}&format=csv")
    by_accept = http.get(path, headers={"Accept": "text/csv"})

    lines = by_format.body.decode().split("\r\n")
    assert lines[0] == "data,volume_negociado,avisos"
    assert lines[1].startswith(f"{DAYS[-1]},")
    assert by_accept.body == by_format.body
    for response in (by_format, by_accept):
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Vary"] == "Accept, Accept-Encoding"
    link = by_accept.headers["Link"]
    assert link.endswith('>; rel="next"')
    following = http.get(link[1:].partition(">")[0], headers={"Accept": "text/csv"})
    assert following.body.decode().split("\r\n")[1].startswith(f"{DAYS[-3]},")
    assert "Link" not in http.get("/ibov/prices?format=csv&limit=300").headers
