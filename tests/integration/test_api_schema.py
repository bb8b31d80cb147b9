"""A lake that was committed under another schema version than the code: the API answers 503 and runs no query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.api.routes import ROUTES
from chalicelib.lake.manifest import Contents
from chalicelib.schema import REFINED, SCHEMA_VERSION
from tests.support.bars import raw_object, session_bars
from tests.support.lake import fill

BARS = session_bars("2025-01-02", 30)
NEWEST = REFINED[-1].name


def executions(athena: Any) -> list[str]:
    ids: list[str] = athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"]
    return ids


def commit_under(monkeypatch: Any, schema_version: int) -> Contents:
    """Run the job of a release with this schema version, which does not know the newest column."""
    with monkeypatch.context() as release:
        for module in ("job.merge", "lake.manifest"):
            release.setattr(f"chalicelib.{module}.SCHEMA_VERSION", schema_version)
        for module in ("job.commit", "lake.catalog"):
            release.setattr(f"chalicelib.{module}.REFINED", REFINED[:-1])
        return fill(raw_object(BARS))


def test_after_a_new_column_each_query_is_503_until_the_job_has_run(
    laptop: Any, http: Any, athena: Any, monkeypatch: Any
):
    commit_under(monkeypatch, SCHEMA_VERSION - 1)

    for path in [path for path, route in ROUTES.items() if route.view]:
        response = http.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "60")
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json_body["detail"] == "The table is being updated to a new schema."
    assert executions(athena) == []

    fill(raw_object(BARS, collected_at=datetime(2025, 12, 1, tzinfo=UTC)))

    response = http.get(f"/ibov/prices?fields={NEWEST}&limit=1")
    assert (response.status_code, list(response.json_body["rows"][0])) == (200, [NEWEST])


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_a_lake_of_another_schema_has_a_status(laptop: Any, http: Any, monkeypatch: Any, version: int):
    contents = commit_under(monkeypatch, version)

    response = http.get("/status")

    assert (response.status_code, response.json_body["schema_version"]) == (200, version)
    assert response.json_body["version"] == contents.version


def test_a_newer_lake_is_503_too_because_its_columns_may_have_another_meaning(
    laptop: Any, http: Any, athena: Any, monkeypatch: Any
):
    before = http.get("/ibov/prices")
    commit_under(monkeypatch, SCHEMA_VERSION + 1)

    response = http.get("/ibov/prices", headers={"If-None-Match": "*"})

    assert (before.status_code, response.status_code) == (503, 503)
    assert before.json_body["detail"] != response.json_body["detail"]
    assert executions(athena) == []
