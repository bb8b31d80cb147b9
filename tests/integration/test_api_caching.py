"""Equal requests run one query for each version of the data, and never get a response of an earlier version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import wiring
from chalicelib.api.cache import CachedResponse, ManifestCache, ResponseCache, etag_matches, make_etag
from chalicelib.api.routes import ROUTES
from chalicelib.lake.manifest import Manifest
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


def test_while_a_run_writes_no_request_gets_304(filled: Any, http: Any):
    before = http.get("/ibov/prices")
    writing(wiring.lake())
    wiring.api_dependencies().manifest.refresh()

    after = http.get("/ibov/prices", headers={"If-None-Match": before.headers["ETag"]})

    assert (after.status_code, after.headers["Cache-Control"]) == (200, "no-store")


def test_another_version_of_the_code_has_another_etag(filled: Any, http: Any, monkeypatch: Any):
    before = http.get("/ibov/prices").headers["ETag"]

    monkeypatch.setattr("chalicelib.api.handlers.code_version", lambda: "another")

    assert http.get("/ibov/prices").headers["ETag"] != before


def test_a_result_from_a_run_in_progress_is_not_reused_for_a_restored_version(filled: Any, http: Any, athena: Any):
    lake = wiring.lake()
    manifest, _ = lake.manifest()
    assert manifest is not None
    assert manifest.contents is not None
    wiring.api_dependencies().manifest.get()
    writing(lake)
    # The cached manifest is still `ready`, but the manifest has changed since.
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


def test_while_a_run_writes_nothing_is_cached(filled: Any, http: Any, athena: Any):
    writing(wiring.lake())
    wiring.clear_caches()

    answers = [http.get("/ibov/prices?limit=1") for _ in range(2)]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store", "no-store"]
    assert len(executions(athena)) == 2


def test_a_response_is_not_cached_if_a_run_starts_during_its_query(filled: Any, http: Any, athena: Any):
    api = wiring.api_dependencies()
    events = api.athena.athena.meta.events
    events.register_first("before-call.athena.StartQueryExecution", lambda **_: writing(wiring.lake()), "race")
    try:
        answer = http.get("/ibov/prices?limit=1")
    finally:
        events.unregister("before-call.athena.StartQueryExecution", unique_id="race")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


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
    assert cache.refresh().cacheable is False
    assert cache.get().cacheable is False


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
