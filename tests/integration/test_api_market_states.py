"""The routes of the market while it is not enabled, not ready, of another schema, or being written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client
from msgspec.structs import replace

from chalicelib import wiring
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.lake.manifest import Contents, Lease, Manifest
from chalicelib.shares import SHARES_VERSION
from local.laptop import Laptop
from scripts.sample_market import NOW, move, put, put_manifest
from tests.support import shares
from tests.support.bars import raw_object, session_bars
from tests.support.lake import create_lake

PATHS = [path.replace("{ticker}", "PETR4") for path in MARKET_ROUTES]


@pytest.fixture
def http(running: Laptop) -> Iterator[Any]:
    """Chalice's test client for the API over a lake of the index, with an empty market."""
    create_lake(running, raw_object(session_bars("2025-01-02", 30)))
    with shares.enabled():
        yield Client(running.app.app).http
    running.aws.reset()


def filled() -> Contents:
    contents = put(shares.refined(), synthetic=False)
    wiring.clear_caches()
    return contents


def test_a_deployment_without_the_market_says_so(running: Laptop, http: Any, monkeypatch: Any):
    monkeypatch.setenv("B3_MARKET", "no")
    filled()
    for path in [*PATHS, "/acoes?nope=1"]:
        response = http.get(path)
        assert response.status_code == 404
        assert response.json_body["detail"] == "The market is not enabled in this deployment."
        assert "near" not in response.json_body
        assert "Retry-After" not in response.headers
    assert not any(path in http.get("/").json_body["routes"] for path in MARKET_ROUTES)
    assert http.get("/ibov/prices").status_code == 200


def test_a_market_without_a_commit_is_not_ready_yet(http: Any):
    for path in PATHS:
        response = http.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
    assert http.get("/ibov/prices").status_code == 200


def test_a_market_whose_records_are_all_refused_has_no_session(http: Any):
    contents = filled()
    move([], "jr_sample")
    put_manifest(Manifest("ready", None, replace(contents, years={}, as_of=None, first_session=None, rows=0)))

    for path in ("/acoes", "/acoes/ranking"):
        response = http.get(path)
        assert (response.status_code, response.json_body["rows"]) == (200, [])
        assert response.json_body["meta"]["as_of"] is None
        assert "data" not in response.json_body["meta"]
        assert "X-Data-As-Of" not in response.headers
    assert http.get("/acoes/ranking?date=2024-12-30").json_body["meta"]["data"] == "2024-12-30"
    assert http.get("/acoes/PETR4/prices").json_body["near"] == []


def test_a_table_of_another_schema_is_not_read(http: Any):
    contents = filled()
    put_manifest(Manifest("ready", None, replace(contents, schema_version=SHARES_VERSION + 1)))

    for path in PATHS:
        assert http.get(path).status_code == 503


class TestWhileARunWrites:
    def test_answers_are_settled_until_it_moves_a_partition(self, http: Any):
        contents = filled()
        before = http.get("/acoes/PETR4/prices")
        put_manifest(Manifest("writing", Lease("jr_next", NOW), contents))
        wiring.clear_caches()

        during = http.get("/acoes/PETR4/prices")

        assert (during.body, during.headers["ETag"]) == (before.body, before.headers["ETag"])

    def test_answers_are_not_settled_after_that(self, http: Any):
        contents = filled()
        etags = {path: http.get(path).headers["ETag"] for path in PATHS}
        rows = shares.refined()
        put(rows[rows["ticker"] != "VALE3"], "jr_next", synthetic=False)
        put_manifest(Manifest("writing", Lease("jr_next", NOW), contents))
        wiring.clear_caches()

        for path, etag in etags.items():
            response = http.get(path, headers={"If-None-Match": etag})
            assert response.status_code == 200, path
            assert response.json_body["meta"]["settled"] is False, path
            assert response.headers["Cache-Control"] == "no-store", path
            assert "ETag" not in response.headers, path

    def test_an_answer_is_not_cached_if_a_partition_moves_during_its_query(self, http: Any):
        contents = filled()
        rows = shares.refined()
        put(rows[rows["ticker"] != "VALE3"], "jr_next", synthetic=False)
        move([2023, 2024], "jr_sample")
        put_manifest(Manifest("ready", None, contents))
        wiring.clear_caches()
        http.get("/acoes")
        events = wiring.api_dependencies().athena.athena.meta.events

        def change(**_: Any) -> None:
            put_manifest(Manifest("writing", Lease("jr_next", NOW), contents))
            move([2023, 2024], "jr_next")

        events.register_first("before-call.athena.StartQueryExecution", change, "race")
        try:
            response = http.get("/acoes/PETR4/prices")
        finally:
            events.unregister("before-call.athena.StartQueryExecution", unique_id="race")

        assert response.json_body["meta"]["settled"] is False
        assert "ETag" not in response.headers


def test_a_new_version_has_its_tickers_and_another_etag(http: Any):
    filled()
    first = http.get("/acoes/PETR4/prices?limit=1")
    assert http.get("/acoes/VALE3/prices").status_code == 200
    rows = shares.refined()
    put(rows[rows["ticker"] != "VALE3"], "jr_next", synthetic=False)
    wiring.clear_caches()

    second = http.get("/acoes/PETR4/prices?limit=1")

    assert first.json_body["rows"] == second.json_body["rows"]
    assert first.headers["ETag"] != second.headers["ETag"]
    assert http.get("/acoes/VALE3/prices").status_code == 404
    assert [row["ticker"] for row in http.get("/acoes").json_body["rows"]] == ["CEUA11", "PETR3", "PETR4", "VVAR3"]


def test_the_partitions_are_listed_only_while_a_run_writes(http: Any):
    filled()
    http.get("/acoes/PETR4/prices?limit=1")
    stored: Any = wiring.api_dependencies().market
    assert "_glue" not in vars(stored.manifest._stored)
