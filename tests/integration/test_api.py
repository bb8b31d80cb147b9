"""The HTTP interface, through Chalice's own gateway, over the local AWS."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.errors import QueryFailed, QueryTimeout
from local.laptop import Laptop
from tests.bars import raw_object, session_bars
from tests.lake import fill

ROUTES = ["/", "/status", "/ibov/prices", "/ibov/volatility"]
DAILY = ["/ibov/prices", "/ibov/volatility"]

PROBLEM = {"type", "title", "status", "detail", "instance"}


BARS = session_bars("2024-06-03", 300)
DAYS = BARS["data"].dt.strftime("%Y-%m-%d").tolist()


@pytest.fixture
def filled(laptop: Laptop) -> Any:
    """What the lake of these bars holds."""
    return fill(raw_object(BARS))


def test_the_index_links_to_every_route(laptop: Laptop, http: Any):
    body = http.get("/").json_body

    assert sorted(body["routes"]) == sorted(laptop.app.app.routes) == sorted(ROUTES)
    for link in body["links"].values():
        assert http.get(link).status_code in (200, 503)


def test_status_tells_what_the_lake_holds(filled: Any, http: Any):
    response = http.get("/status")
    body = response.json_body

    assert body["state"] == "ready"
    assert body["as_of"] == filled.as_of.isoformat() == DAYS[-1]
    assert body["first_session"] == DAYS[0]
    assert body["rows"] == 300
    assert body["version"] == filled.version
    assert body["synthetic"] is False
    assert body["quality"]["refused"]["barra_ao_vivo"] == 0
    assert body["quality"]["warnings"]["sessao_curta"] == 1
    assert body["quality"]["degraded"] is False
    assert body["quality"]["gaps"] == []
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        (
            "/ibov/prices",
            "data preco_abertura preco_maximo preco_minimo preco_fechamento volume_negociado avisos fonte",
        ),
        ("/ibov/volatility", "data preco_fechamento amplitude volatilidade_pct vol_mean_3d vol_std_3d"),
    ],
)
def test_rows_are_newest_first_with_meta_and_links(filled: Any, http: Any, path: str, columns: str):
    response = http.get(f"{path}?limit=3")
    body = response.json_body

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert [row["data"] for row in body["rows"]] == DAYS[:-4:-1]
    assert all(list(row) == columns.split() for row in body["rows"])
    assert body["meta"]["ticker"] == "IBOV"
    assert body["meta"]["as_of"] == DAYS[-1]
    assert body["meta"]["version"] == filled.version
    assert body["meta"]["count"] == 3
    assert body["meta"]["synthetic"] is False
    assert body["links"] == {"self": f"{path}?limit=3"}


def test_values_are_those_of_the_bars(filled: Any, http: Any):
    bars = BARS.set_index("data")

    for row in http.get("/ibov/prices?limit=300").json_body["rows"]:
        bar = bars.loc[row["data"]]
        assert row["preco_abertura"] == bar["preco_abertura"]
        assert row["volume_negociado"] == bar["volume_negociado"]
        assert row["fonte"] == "yahoo"
        assert row["avisos"] == ("sessao_curta" if row["data"] == "2025-03-05" else "")


@pytest.mark.parametrize("path", DAILY)
def test_a_range_has_both_its_ends(filled: Any, http: Any, path: str):
    rows = http.get(f"{path}?start=2024-12-30&end=2025-01-02").json_body["rows"]

    assert [row["data"] for row in rows] == ["2025-01-02", "2024-12-30"]


@pytest.mark.parametrize("query", ["start=2030-01-01", "end=1950-01-01", "start=2024-12-24&end=2024-12-25"])
def test_a_range_without_sessions_has_no_rows(filled: Any, http: Any, query: str):
    response = http.get(f"/ibov/volatility?{query}")

    assert response.status_code == 200
    assert response.json_body["rows"] == []
    assert response.json_body["meta"]["count"] == 0


def test_a_year_of_sessions_without_asking(filled: Any, http: Any):
    assert len(http.get("/ibov/volatility").json_body["rows"]) == 252


def test_more_than_a_page_of_athena(laptop: Laptop, http: Any):
    fill(raw_object(session_bars("2015-01-02", 2500)))

    rows = http.get("/ibov/volatility?limit=2500").json_body["rows"]

    days = [date.fromisoformat(row["data"]) for row in rows]
    assert len(rows) == 2500
    assert days == sorted(days, reverse=True)
    assert [row["vol_std_3d"] for row in rows[-3:]][1:] == [None, None]
    assert http.get("/ibov/volatility?limit=999").json_body["rows"] == rows[:999]
    assert http.get("/ibov/volatility?limit=1000").json_body["rows"] == rows[:1000]


@pytest.mark.parametrize("path", ROUTES)
def test_head_answers_as_get_without_the_body(filled: Any, http: Any, path: str):
    get, head = http.get(path), http.head(path)

    assert head.status_code == get.status_code
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("path", ROUTES)
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


@pytest.mark.parametrize("path", DAILY)
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
    ],
)
def test_a_parameter_that_cannot_be_is_a_problem_that_names_it(http: Any, path: str, query: str, parameter: str):
    response = http.get(f"{path}?{query}")

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json_body["errors"]] == [parameter]


def failing(error: Exception) -> Any:
    def rows(*_: Any) -> Any:
        raise error

    return rows


SECRET = "s3://b3-dataflow-raw arn:aws:glue SELECT data FROM /root/x.py"


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(filled: Any, http: Any, monkeypatch: Any, caplog: Any):
    monkeypatch.setattr("chalicelib.athena.Athena.rows", failing(QueryFailed(SECRET)))

    with caplog.at_level(logging.ERROR):
        response = http.get("/ibov/volatility")

    assert response.status_code == 500
    assert set(response.json_body) == PROBLEM
    for part in SECRET.split():
        assert part not in response.body.decode()
    assert SECRET in caplog.text


def test_a_query_that_runs_on_is_a_problem_that_can_be_tried_again(filled: Any, http: Any, monkeypatch: Any):
    monkeypatch.setattr("chalicelib.athena.Athena.rows", failing(QueryTimeout(SECRET)))

    response = http.get("/ibov/volatility")

    assert response.status_code == 504
    assert response.headers["Retry-After"] == "5"
    assert json.loads(response.body)["detail"] == "the query is still running"


def test_a_missing_table_is_our_fault_and_says_nothing_of_it(filled: Any, http: Any, glue: Any):
    glue.delete_table(DatabaseName="b3_refined_db", Name="ibov_refined")

    response = http.get("/ibov/volatility")

    assert response.status_code == 500
    assert "ibov_refined" not in response.body.decode()


def test_a_query_past_the_deadline_is_given_up(filled: Any, laptop: Laptop):
    times = iter([0.0, 1.0, 26.0])
    services = wiring.services()
    athena = type(services.athena)(
        services.athena.athena,
        services.athena.s3,
        services.athena.workgroup,
        services.athena.database,
        clock=lambda: next(times),
        sleep=lambda seconds: None,
    )
    laptop.aws.executions._latency = 60.0
    try:
        from chalicelib.athena import Query

        with pytest.raises(QueryTimeout, match=r"still (QUEUED|RUNNING) after 26\.0 s"):
            athena.rows(Query("SELECT 1"))
    finally:
        laptop.aws.executions._latency = 0.0
        laptop.aws.executions.forget()
