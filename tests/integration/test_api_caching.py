"""That the same question is answered once for each version of the data, and never from a version that is gone."""

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
    """The calls of one operation that a client makes from now on."""
    seen: list[Any] = []
    client.meta.events.register(event, lambda params, **_: seen.append(params))
    return seen


@pytest.mark.parametrize("path", DATA)
def test_who_has_an_answer_is_told_so_before_any_query(filled: Any, http: Any, athena: Any, path: str):
    first = http.get(path)
    asked = executions(athena)
    wiring.forget()

    second = http.get(path, headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})

    assert (first.status_code, second.status_code) == (200, 304)
    assert second.body == b""
    assert {name: second.headers[name] for name in ("ETag", "Vary", "Cache-Control")} == {
        name: first.headers[name] for name in ("ETag", "Vary", "Cache-Control")
    }
    assert executions(athena) == asked


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


def test_the_same_question_asked_in_other_words_is_the_same(filled: Any, http: Any, athena: Any):
    one = http.get("/ibov/prices?start=2024-07-01&limit=252")
    other = http.get("/ibov/prices?sort=-data&start=2024-07-01&format=json")

    # `format` is what the client said, and shows in the link of the answer.
    assert one.json_body["rows"] == other.json_body["rows"]
    assert len(executions(athena)) == 1


def test_an_answer_is_remembered(filled: Any, http: Any):
    asked = calls(wiring.api_dependencies().athena.athena, "before-call.athena.*")
    first = http.get("/ibov/summary")
    spent = len(asked)

    second = http.get("/ibov/summary")

    assert spent == len(asked) > 0
    assert (second.body, second.headers) == (first.body, first.headers)


def test_after_a_run_has_changed_a_year_no_response_is_current(filled: Any, http: Any):
    before = http.get("/ibov/prices")
    writing(wiring.lake())
    change_a_year(wiring.lake())
    wiring.api_dependencies().manifest.refresh()

    after = http.get("/ibov/prices", headers={"If-None-Match": before.headers["ETag"]})

    assert (after.status_code, after.headers["Cache-Control"]) == (200, "no-store")


def test_a_run_that_has_changed_nothing_yet_does_not_invalidate_a_response(filled: Any, http: Any, athena: Any):
    before = http.get("/ibov/prices")
    writing(wiring.lake())
    wiring.api_dependencies().manifest.refresh()

    current = http.get("/ibov/prices", headers={"If-None-Match": before.headers["ETag"]})
    cached = http.get("/ibov/prices")

    assert (current.status_code, cached.body, cached.headers) == (304, before.body, before.headers)
    assert "settled" not in cached.json_body["meta"]
    assert len(executions(athena)) == 1


def test_an_answer_of_other_code_has_another_etag(filled: Any, http: Any, monkeypatch: Any):
    before = http.get("/ibov/prices").headers["ETag"]

    monkeypatch.setattr("chalicelib.api.handlers.code_version", lambda: "another")

    assert http.get("/ibov/prices").headers["ETag"] != before


def test_what_was_read_while_a_run_wrote_is_not_found_when_the_version_comes_back(filled: Any, http: Any, athena: Any):
    lake = wiring.lake()
    manifest, _ = lake.manifest()
    assert manifest is not None
    assert manifest.contents is not None
    wiring.api_dependencies().manifest.get()
    writing(lake)
    change_a_year(lake)
    # The manifest is cached for some seconds more, so the query has the token of the last commit.
    assert http.get("/ibov/prices").headers["Cache-Control"] == "no-store"

    again = replace(manifest.contents, run=replace(manifest.contents.run, id="jr_later"))
    lake.put_manifest(Manifest("ready", None, again), lake.manifest()[1])
    wiring.forget()
    answer = http.get("/ibov/prices")

    assert answer.headers["Cache-Control"] == "no-cache"
    assert len(executions(athena)) == 2


def test_functions_that_know_nothing_of_each_other_share_an_execution(filled: Any, http: Any, athena: Any):
    http.get("/ibov/summary")
    wiring.forget()
    http.get("/ibov/summary")

    assert len(executions(athena)) == 1


def test_a_new_version_is_a_new_answer(filled: Any, http: Any, athena: Any):
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
        wiring.forget()
        responses.append(http.get("/ibov/prices?limit=1"))

    assert len(executions(athena)) == 1
    assert {response.headers["Cache-Control"] for response in responses} == {"no-store" if change else "no-cache"}
    assert {response.json_body["meta"].get("settled") for response in responses} == {False if change else None}
    assert len({response.headers.get("ETag") for response in responses}) == 1


def test_a_warm_function_lists_the_years_once_in_five_seconds_and_only_while_a_run_writes(filled: Any, http: Any):
    lists = calls(wiring.api_dependencies().manifest._lake.s3, "provide-client-params.s3.ListObjectsV2")
    http.get("/ibov/prices?limit=1")
    assert lists == []
    writing(wiring.lake())
    wiring.api_dependencies().manifest.refresh()

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
    wiring.forget()

    response = http.get(f"/ibov/prices?{parameters}")

    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.json_body["meta"]["settled"] is False


def test_a_csv_has_a_header_if_it_is_not_settled(filled: Any, http: Any):
    assert "X-Data-Settled" not in http.get("/ibov/prices?limit=1&format=csv").headers
    writing(wiring.lake())
    change_a_year(wiring.lake())
    wiring.forget()

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
        wiring.forget()

        body = http.get("/status").json_body

        assert body["state"] == "writing"
        assert body["writing"] == {
            "run_id": "jr_1",
            "since": since.isoformat().replace("+00:00", "Z"),
            "lease_expired": expired,
        }
    lake.put_manifest(Manifest("writing", None, None), tag)
    wiring.forget()
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


def test_an_answer_is_not_kept_if_a_run_began_while_it_was_made(filled: Any, http: Any, athena: Any):
    def change() -> None:
        writing(wiring.lake())
        change_a_year(wiring.lake())

    api = wiring.api_dependencies()
    asking = api.athena.athena.meta.events
    asking.register_first("before-call.athena.StartQueryExecution", lambda **_: change(), "race")
    try:
        answer = http.get("/ibov/prices?limit=1")
    finally:
        asking.unregister("before-call.athena.StartQueryExecution", unique_id="race")

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


def test_the_manifest_is_asked_for_once_in_five_seconds_and_then_only_whether_it_changed(filled: Any):
    now = 100.0
    cache = ManifestCache(wiring.lake(), lambda: now)
    asked = calls(wiring.lake().s3, "provide-client-params.s3.GetObject")

    first = cache.get()
    now = 104.9
    assert cache.get() is first
    assert len(asked) == 1
    now = 105.0
    assert cache.get() is first
    assert [each.get("IfNoneMatch") for each in asked] == [None, first.etag]
    writing(wiring.lake())
    asked.clear()
    assert cache.get() is first
    assert cache.refresh().ready is False
    assert cache.get().ready is False


def test_a_lake_without_manifest_is_asked_again(laptop: Laptop):
    now = 0.0
    cache = ManifestCache(wiring.lake(), lambda: now)
    assert cache.get().contents is None

    contents = fill(raw_object(session_bars("2024-06-03", 5)))

    assert cache.get().contents is None
    now = 5.0
    assert cache.get().contents == contents


def test_what_is_remembered_is_bounded_and_the_least_used_goes_first():
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
