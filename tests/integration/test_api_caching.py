"""Equal requests run one query for each version of the data, and never get a response of an earlier version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import wiring
from chalicelib.api.cache import CachedResponse, ManifestCache, ResponseCache, etag_matches, make_etag
from chalicelib.api.routes import ROUTES
from chalicelib.lake.manifest import JOB_TIMEOUT, Lease, Manifest
from chalicelib.layout import refined_key
from chalicelib.refine import parquet
from chalicelib.schema import REFINED
from local import moto_state
from local.laptop import Laptop
from tests.support.bars import raw_object, session_bars
from tests.support.lake import fill

DATA = [path for path, route in ROUTES.items() if route.view]


@pytest.fixture
def filled(laptop: Laptop) -> Any:
    return fill(raw_object(session_bars("2024-06-03", 300)))


def executions(athena: Any) -> list[str]:
    ids: list[str] = athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"]
    return ids


def calls(client: Any, event: str) -> list[Any]:
    """Return a list to which the parameters of each later call of an operation are appended."""
    recorded: list[Any] = []
    client.meta.events.register(event, lambda params, **_: recorded.append(params))
    return recorded


@pytest.mark.parametrize("path", DATA)
def test_a_request_with_the_current_etag_gets_304_without_a_query(filled: Any, http: Any, athena: Any, path: str):
    first = http.get(path)
    before = executions(athena)
    wiring.clear_caches()

    second = http.get(path, headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})

    assert (first.status_code, second.status_code) == (200, 304)
    assert second.body == b""
    assert {name: second.headers[name] for name in ("ETag", "Vary", "Cache-Control")} == {
        name: first.headers[name] for name in ("ETag", "Vary", "Cache-Control")
    }
    assert executions(athena) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/ibov/prices", "/ibov/volatility"),
        ("/ibov/prices", "/ibov/prices?limit=3"),
        ("/ibov/prices", "/ibov/prices?format=csv"),
        ("/ibov/prices?start=2024-07-01", "/ibov/prices?end=2024-07-01"),
    ],
)
def test_different_answers_have_different_etags(filled: Any, http: Any, one: str, other: str):
    assert http.get(one).headers["ETag"] != http.get(other).headers["ETag"]


def test_equivalent_parameters_share_one_execution(filled: Any, http: Any, athena: Any):
    one = http.get("/ibov/prices?start=2024-07-01&limit=252")
    other = http.get("/ibov/prices?sort=-data&start=2024-07-01&format=json")

    # The responses differ in `links.self`, which has `format`.
    assert one.json_body["rows"] == other.json_body["rows"]
    assert len(executions(athena)) == 1


def test_a_repeated_request_is_answered_from_the_cache(filled: Any, http: Any):
    requests = calls(wiring.api_dependencies().athena.athena, "before-call.athena.*")
    first = http.get("/ibov/summary")
    number = len(requests)

    second = http.get("/ibov/summary")

    assert number == len(requests) > 0
    assert (second.body, second.headers) == (first.body, first.headers)


def test_after_a_run_has_changed_a_year_no_response_is_current(filled: Any, http: Any):
    before = http.get("/ibov/prices")
    writing(wiring.lake())
    change_a_year(wiring.lake())
    wiring.api_dependencies().index.manifest.refresh()

    after = http.get("/ibov/prices", headers={"If-None-Match": before.headers["ETag"]})

    assert (after.status_code, after.headers["Cache-Control"]) == (200, "no-store")


def test_a_run_that_has_changed_nothing_yet_does_not_invalidate_a_response(filled: Any, http: Any, athena: Any):
    before = http.get("/ibov/prices")
    writing(wiring.lake())
    wiring.api_dependencies().index.manifest.refresh()

    current = http.get("/ibov/prices", headers={"If-None-Match": before.headers["ETag"]})
    cached = http.get("/ibov/prices")

    assert (current.status_code, cached.body, cached.headers) == (304, before.body, before.headers)
    assert "settled" not in cached.json_body["meta"]
    assert len(executions(athena)) == 1


def test_another_version_of_the_code_has_another_etag(filled: Any, http: Any, monkeypatch: Any):
    before = http.get("/ibov/prices").headers["ETag"]

    monkeypatch.setattr("chalicelib.api.handlers.code_version", lambda: "another")

    assert http.get("/ibov/prices").headers["ETag"] != before


def test_a_commit_by_another_version_of_the_code_has_another_etag(filled: Any, http: Any, monkeypatch: Any):
    # The scores of the forecasts are in the manifest, and another release of the job may compute them otherwise.
    before = http.get("/ibov/volatility/forecast").headers["ETag"]
    lake = wiring.lake()
    manifest, etag = lake.manifest()
    assert manifest is not None
    assert manifest.contents is not None
    contents = replace(manifest.contents, code_version="another", forecasts=[])
    lake.put_manifest(replace(manifest, contents=contents), etag)
    wiring.api_dependencies().index.manifest.refresh()

    after = http.get("/ibov/volatility/forecast", headers={"If-None-Match": before})

    assert (after.status_code, after.json_body["scores"]) == (200, [])
    assert after.headers["ETag"] != before


def test_a_result_from_a_run_in_progress_is_not_reused_for_a_restored_version(filled: Any, http: Any, athena: Any):
    lake = wiring.lake()
    manifest, _ = lake.manifest()
    assert manifest is not None
    assert manifest.contents is not None
    wiring.api_dependencies().index.manifest.get()
    writing(lake)
    change_a_year(lake)
    # The manifest is cached for some seconds more, so the query has the token of the last commit.
    assert http.get("/ibov/prices").headers["Cache-Control"] == "no-store"

    again = replace(manifest.contents, run=replace(manifest.contents.run, id="jr_later"))
    lake.put_manifest(Manifest("ready", None, again), lake.manifest()[1])
    wiring.clear_caches()
    answer = http.get("/ibov/prices")

    assert answer.headers["Cache-Control"] == "no-cache"
    assert len(executions(athena)) == 2


def test_two_functions_share_an_execution(filled: Any, http: Any, athena: Any):
    http.get("/ibov/summary")
    wiring.clear_caches()
    http.get("/ibov/summary")

    assert len(executions(athena)) == 1


def test_a_new_version_of_the_data_gives_a_new_response(filled: Any, http: Any, athena: Any):
    before = http.get("/ibov/prices?limit=1")
    longer = fill(raw_object(session_bars("2024-06-03", 301), collected_at=datetime(2025, 10, 15, tzinfo=UTC)))

    after = http.get("/ibov/prices?limit=1", headers={"If-None-Match": before.headers["ETag"]})

    assert after.status_code == 200
    assert after.json_body["meta"]["version"] == longer.version
    assert after.json_body["rows"][0]["data"] == f"{longer.as_of}" > before.json_body["rows"][0]["data"]
    assert len(executions(athena)) == 2


def writing(lake: Any) -> None:
    manifest, tag = lake.manifest()
    lake.put_manifest(Manifest("writing", None, manifest.contents), tag)


def change_a_year(lake: Any, year: int = 2025) -> None:
    """Write a year again with other bytes and the same rows, as a run does before it commits."""
    key = refined_key(year)
    body = moto_state.read(lake.refined_bucket, key) or b""
    rows = parquet.decode(body, REFINED)
    lake.s3.put_object(Bucket=lake.refined_bucket, Key=key, Body=parquet.encode(rows.iloc[:-1], REFINED))


@pytest.mark.parametrize("change", [False, True], ids=["killed before a year", "killed after a year"])
def test_the_same_request_costs_one_execution_after_a_kill(filled: Any, http: Any, athena: Any, change: bool):
    writing(wiring.lake())
    if change:
        change_a_year(wiring.lake())

    responses = []
    for _ in range(20):
        # Each request is served by another function.
        wiring.clear_caches()
        responses.append(http.get("/ibov/prices?limit=1"))

    assert len(executions(athena)) == 1
    assert {response.headers["Cache-Control"] for response in responses} == {"no-store" if change else "no-cache"}
    assert {response.json_body["meta"].get("settled") for response in responses} == {False if change else None}
    assert len({response.headers.get("ETag") for response in responses}) == 1


def test_a_warm_function_lists_the_years_once_in_five_seconds_and_only_while_a_run_writes(filled: Any, http: Any):
    lists = calls(wiring.api_dependencies().index.manifest._lake.s3, "provide-client-params.s3.ListObjectsV2")
    http.get("/ibov/prices?limit=1")
    assert lists == []
    writing(wiring.lake())
    wiring.api_dependencies().index.manifest.refresh()

    for limit in range(2, 6):
        http.get(f"/ibov/prices?limit={limit}")
        http.get(f"/ibov/prices?limit={limit}")

    # One before the first query, and one after each; the lists after a query serve the next request.
    assert [call["Prefix"] for call in lists] == ["refined/"] * 5


@pytest.mark.parametrize("change", ["a year is added", "a year is deleted"])
def test_a_year_more_or_less_is_a_change(filled: Any, http: Any, change: str):
    lake = wiring.lake()
    writing(lake)
    if change == "a year is added":
        lake.s3.put_object(Bucket=lake.refined_bucket, Key=refined_key(1999), Body=b"")
        parameters = "start=2024-06-03&limit=1"
    else:
        lake.s3.delete_object(Bucket=lake.refined_bucket, Key=refined_key(2024))
        parameters = "limit=1"
    # An object that is no year does not count.
    lake.s3.put_object(Bucket=lake.refined_bucket, Key="refined/readme.txt", Body=b"")
    wiring.clear_caches()

    response = http.get(f"/ibov/prices?{parameters}")

    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.json_body["meta"]["settled"] is False


def test_a_csv_has_a_header_if_it_is_not_settled(filled: Any, http: Any):
    assert "X-Data-Settled" not in http.get("/ibov/prices?limit=1&format=csv").headers
    writing(wiring.lake())
    change_a_year(wiring.lake())
    wiring.clear_caches()

    response = http.get("/ibov/prices?limit=1&format=csv")

    assert (response.headers["X-Data-Settled"], response.headers["Cache-Control"]) == ("false", "no-store")


def test_status_names_the_run_that_writes_and_whether_its_lease_has_expired(filled: Any, http: Any):
    lake = wiring.lake()
    assert http.get("/status").json_body["writing"] is None
    manifest, tag = lake.manifest()
    assert manifest is not None
    for age, expired in ((timedelta(minutes=9), False), (timedelta(minutes=11), True)):
        since = datetime.now(UTC).replace(microsecond=0) - age
        tag = lake.put_manifest(Manifest("writing", Lease("jr_1", since), manifest.contents), tag)
        wiring.clear_caches()

        body = http.get("/status").json_body

        assert body["state"] == "writing"
        assert body["writing"] == {
            "run_id": "jr_1",
            "since": since.isoformat().replace("+00:00", "Z"),
            "lease_expired": expired,
        }
    lake.put_manifest(Manifest("writing", None, None), tag)
    wiring.clear_caches()
    assert http.get("/status").json_body["writing"] is None


def test_a_lease_is_not_newer_than_its_manifest(filled: Any):
    """The clock of the run that holds it is ahead."""
    lake = wiring.lake()
    manifest, tag = lake.manifest()
    assert manifest is not None
    ahead = datetime.now(UTC) + timedelta(minutes=9)
    lake.put_manifest(Manifest("writing", Lease("jr_1", ahead), manifest.contents), tag)

    read, _ = lake.manifest()

    assert read is not None
    assert read.lease is not None
    assert read.lease.at <= datetime.now(UTC)
    assert read.lease.has_expired(datetime.now(UTC) + JOB_TIMEOUT)


def test_a_response_is_not_cached_if_a_run_starts_during_its_query(filled: Any, http: Any, athena: Any):
    def change() -> None:
        writing(wiring.lake())
        change_a_year(wiring.lake())

    api = wiring.api_dependencies()
    events = api.athena.athena.meta.events
    events.register_first("before-call.athena.StartQueryExecution", lambda **_: change(), "race")
    try:
        answer = http.get("/ibov/prices?limit=1")
    finally:
        events.unregister("before-call.athena.StartQueryExecution", unique_id="race")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert answer.json_body["meta"]["settled"] is False


def test_an_answer_is_kept_if_the_run_that_began_meanwhile_has_changed_no_year(filled: Any, http: Any, athena: Any):
    asking = wiring.api_dependencies().athena.athena.meta.events
    asking.register_first("before-call.athena.StartQueryExecution", lambda **_: writing(wiring.lake()), "race")
    try:
        answer = http.get("/ibov/prices?limit=1")
    finally:
        asking.unregister("before-call.athena.StartQueryExecution", unique_id="race")

    assert answer.headers["Cache-Control"] == "no-cache"
    assert http.get("/ibov/prices?limit=1").body == answer.body
    assert len(executions(athena)) == 1


def test_the_manifest_is_read_at_most_every_five_seconds_with_a_conditional_get(filled: Any):
    now = 100.0
    cache = ManifestCache(wiring.lake(), lambda: now)
    requests = calls(wiring.lake().s3, "provide-client-params.s3.GetObject")

    first = cache.get()
    now = 104.9
    assert cache.get() is first
    assert len(requests) == 1
    now = 105.0
    assert cache.get() is first
    assert [each.get("IfNoneMatch") for each in requests] == [None, first.etag]
    writing(wiring.lake())
    requests.clear()
    assert cache.get() is first
    assert cache.refresh().ready is False
    assert cache.get().ready is False


def test_a_missing_manifest_is_read_again_after_five_seconds(laptop: Laptop):
    now = 0.0
    cache = ManifestCache(wiring.lake(), lambda: now)
    assert cache.get().contents is None

    contents = fill(raw_object(session_bars("2024-06-03", 5)))

    assert cache.get().contents is None
    now = 5.0
    assert cache.get().contents == contents


def test_the_cache_is_bounded_and_evicts_the_least_recently_used_response():
    responses = ResponseCache(max_bytes=10)
    for tag in ("a", "b"):
        responses.put(tag, CachedResponse("12345", {}))
    assert responses.get("a") is not None
    responses.put("c", CachedResponse("12345", {}))
    assert (responses.get("b"), responses.get("a") is None, responses.get("c") is None) == (None, False, False)
    responses.put("c", CachedResponse("12345", {}))
    assert responses.get("a") is not None
    responses.put("d", CachedResponse("12345678901", {}))
    assert [responses.get(tag) for tag in "abcd"] == [None] * 4


@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [(None, False), ("", False), ("*", True), ('"x"', False), ("TAG", True), ("W/TAG", True), ('"x" , TAG', True)],
)
def test_if_none_match(if_none_match: str | None, expected: bool):
    tag = make_etag("a", "b")

    assert etag_matches(if_none_match and if_none_match.replace("TAG", tag), tag) is expected
    assert make_etag("a", "b") != make_etag("a\nb", "") != make_etag("ab")
