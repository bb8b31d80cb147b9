"""The API over lakes that each test fills or changes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.api.routes import ROUTES
from chalicelib.lake.manifest import Manifest
from chalicelib.layout import refined_key
from local.laptop import Laptop
from tests.support.bars import known_bars, raw_object, session_bars
from tests.support.lake import fill

DATA = [path for path in ROUTES if path.startswith("/ibov/")]

PROBLEM = {"type", "title", "status", "detail", "instance"}

BARS = session_bars("2024-06-03", 300)
DAYS = BARS["data"].dt.strftime("%Y-%m-%d").tolist()


@pytest.fixture
def filled(laptop: Laptop) -> Any:
    """Contents of the lake of these bars."""
    return fill(raw_object(BARS))


def test_before_the_first_ingest_there_is_a_status_and_no_data(http: Any):
    status = http.get("/status")
    assert (status.status_code, status.json_body["state"], status.json_body["as_of"]) == (200, "empty", None)
    for path in DATA:
        response = http.get(path)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "60"
        assert set(response.json_body) == PROBLEM


@pytest.mark.parametrize("sessions", [1, 30, 400])
def test_the_forecasts_of_a_small_lake(laptop: Laptop, http: Any, sessions: int):
    fill(raw_object(session_bars("2023-01-02", sessions)))

    answer = http.get("/ibov/volatility/forecast").json_body

    assert [row["volatility"] is not None for row in answer["rows"]] == [sessions > 21] * 3 + [sessions > 274] * 3
    assert {row["lower"] for row in answer["rows"]} == {None}
    since_2008 = [score for score in answer["scores"] if score["period"] == "2008 on"]
    assert [score["sessions"] for score in since_2008[:3]] == [max(sessions - 21 - h, 0) for h in (1, 5, 21)]
    assert all((score["qlike"] is None) == (score["sessions"] < 252) for score in answer["scores"])
    assert answer["regime"]["name"] is None


def test_results_longer_than_a_page_of_athena(laptop: Laptop, http: Any):
    fill(raw_object(session_bars("2015-01-02", 2500)))

    rows = http.get("/ibov/volatility?limit=2500").json_body["rows"]

    days = [date.fromisoformat(row["data"]) for row in rows]
    assert len(rows) == 2500
    assert days == sorted(days, reverse=True)
    assert [row["vol_std_3d"] for row in rows[-3:]][1:] == [None, None]
    for limit in (998, 999, 1000):
        assert http.get(f"/ibov/volatility?limit={limit}").json_body["rows"] == rows[:limit]


def test_a_cursor_outlives_a_new_version_of_the_data(filled: Any, http: Any):
    following = http.get("/ibov/prices?limit=2&sort=data").json_body["links"]["next"]

    longer = fill(raw_object(session_bars("2024-06-03", 310), collected_at=datetime(2025, 10, 15, tzinfo=UTC)))

    assert longer.version != filled.version
    assert [row["data"] for row in http.get(following).json_body["rows"]] == DAYS[2:4]


def test_a_missing_table_is_a_500_without_its_name(filled: Any, http: Any, glue: Any):
    glue.delete_table(DatabaseName="b3_refined_db", Name="ibov_refined")

    response = http.get("/ibov/volatility")

    assert response.status_code == 500
    assert "ibov_refined" not in response.body.decode()


def test_a_manifest_that_cannot_be_decoded_is_a_500(filled: Any, http: Any, s3: Any):
    s3.put_object(Bucket="b3-dataflow-refined", Key="manifests/ibov.json", Body=b'{"state": "paused"}')
    wiring.clear_caches()

    assert http.get("/status").status_code == http.get("/ibov/prices").status_code == 500


def test_every_response_marks_synthetic_data(laptop: Laptop, http: Any):
    fill(raw_object(BARS, "sample"))

    for path in DATA:
        assert http.get(f"{path}?format=csv").headers["X-Data-Synthetic"] == "true"
        assert http.get(path).json_body["meta"]["synthetic"] is True
    assert http.get("/status").json_body["synthetic"] is True


def test_synthetic_data_has_no_caveats(laptop: Laptop, http: Any):
    fill(raw_object(BARS, "sample"))

    assert "caveats" not in http.get("/ibov/volatility/compare").json_body["meta"]


def test_before_the_first_commit_the_status_is_writing(laptop: Laptop, http: Any):
    lake = wiring.lake()
    lake.put_manifest(Manifest("writing", None, None), None)

    assert http.get("/status").json_body["state"] == "writing"
    assert http.get("/ibov/prices").status_code == 503


def test_the_longest_response_is_below_the_limit_of_lambda(laptop: Laptop, http: Any):
    fill(raw_object(session_bars("2004-01-02", 5000)))
    longest = "vol_garman_klass_yang_zhang_{}d"
    fields = ",".join(["data", *(longest.format(window) for window in (5, 10, 21, 42, 63, 126, 252))])

    response = http.get(
        f"/ibov/prices?limit=5000&fields={fields},vol_close_to_close_252d,vol_close_to_close_126d,coletado_em,avisos"
    )

    assert len(response.json_body["rows"]) == 5000
    # Lambda encodes the body as a JSON string.
    assert len(json.dumps(response.body.decode())) < 5_000_000


def test_a_window_that_is_not_full_has_no_rank(laptop: Laptop, http: Any):
    fill(raw_object(known_bars(), "csv"))

    body = http.get("/ibov/latest?window=5").json_body

    assert body["session"]["data"] == "2025-09-17"
    assert body["meta"]["sessions"] == 6
    full, ewma = body["rows"][0], body["rows"][-1]
    assert (full["count"], full["rank"], full["percentile"]) == (1, 1, 1)
    assert (ewma["vol_anualizada"], ewma["rank"], ewma["percentile"], ewma["count"]) == (None, None, None, 0)


def test_a_lake_without_sessions_has_no_latest_session_no_periods_and_no_files(laptop: Laptop, http: Any):
    saturday = known_bars().head(1).assign(data=[datetime(2025, 9, 13)])
    fill(raw_object(saturday, "csv"))

    latest = http.get("/ibov/latest").json_body

    assert (latest["session"], {row["rank"] for row in latest["rows"]}) == (None, {None})
    for path in ("/ibov/periods", "/ibov/prices", "/ibov/files"):
        assert http.get(path).json_body["rows"] == []
    assert http.get("/ibov/prices?last=5").json_body["rows"] == []
    assert http.get("/ibov/files?format=csv").body.decode() == "year,rows,etag,url\r\n"


def test_files_that_are_being_updated_are_not_settled(filled: Any, http: Any, s3: Any):
    lake = wiring.lake()
    manifest, etag = lake.manifest()
    assert manifest is not None
    lake.put_manifest(Manifest("writing", None, manifest.contents), etag)
    wiring.clear_caches()
    # The state alone is not a change: the years are still those of the manifest.
    assert http.get("/ibov/files").json_body["meta"]["settled"] is True

    s3.put_object(Bucket=lake.refined_bucket, Key=refined_key(2025), Body=b"another")
    wiring.clear_caches()

    response = http.get("/ibov/files")
    assert response.json_body["meta"]["settled"] is False
    assert response.headers["X-Data-Settled"] == "false"


@pytest.mark.parametrize("state", ["writing", "ready"])
def test_responses_are_not_cacheable_while_a_run_writes(filled: Any, http: Any, state: Any):
    lake = wiring.lake()
    manifest, etag = lake.manifest()
    assert manifest is not None
    lake.put_manifest(Manifest(state, None, manifest.contents), etag)
    if state == "writing":
        lake.s3.delete_object(Bucket=lake.refined_bucket, Key=refined_key(2025))
    wiring.clear_caches()

    response = http.get("/ibov/prices?limit=1")

    assert http.get("/status").json_body["state"] == state
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == ("no-store" if state == "writing" else "no-cache")
    assert ("ETag" in response.headers) == (state == "ready")
    assert response.json_body["meta"].get("settled") == (False if state == "writing" else None)
