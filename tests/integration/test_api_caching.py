"""That the same question is answered once for each version of the data, and never from a version that is gone."""

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
    """The calls of one operation that a client makes from now on."""
    seen: list[Any] = []
    client.meta.events.register(event, lambda params, **_: seen.append(params))
    return seen


@pytest.mark.parametrize("path", DATA)
def test_who_has_an_answer_is_told_so_before_any_query(filled: Any, http: Any, athena: Any, path: str):
    first = http.get(path)
    asked = executions(athena)
    wiring.clear_caches()

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


def test_while_a_run_writes_nobody_is_told_that_nothing_changed(filled: Any, http: Any):
    before = http.get("/ibov/prices")
    writing(wiring.lake())
    wiring.api_dependencies().manifest.refresh()

    after = http.get("/ibov/prices", headers={"If-None-Match": before.headers["ETag"]})

    assert (after.status_code, after.headers["Cache-Control"]) == (200, "no-store")


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
    # Held for some seconds more: asked as of the version that was.
    assert http.get("/ibov/prices").headers["Cache-Control"] == "no-store"

    again = replace(manifest.contents, run=replace(manifest.contents.run, id="jr_later"))
    lake.put_manifest(Manifest("ready", None, again), lake.manifest()[1])
    wiring.clear_caches()
    answer = http.get("/ibov/prices")

    assert answer.headers["Cache-Control"] == "no-cache"
    assert len(executions(athena)) == 2


def test_functions_that_know_nothing_of_each_other_share_an_execution(filled: Any, http: Any, athena: Any):
    http.get("/ibov/summary")
    wiring.clear_caches()
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


def test_while_a_run_writes_nothing_is_kept(filled: Any, http: Any, athena: Any):
    writing(wiring.lake())
    wiring.clear_caches()

    answers = [http.get("/ibov/prices?limit=1") for _ in range(2)]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store", "no-store"]
    assert len(executions(athena)) == 2


def test_an_answer_is_not_kept_if_a_run_began_while_it_was_made(filled: Any, http: Any, athena: Any):
    api = wiring.api_dependencies()
    asking = api.athena.athena.meta.events
    asking.register_first("before-call.athena.StartQueryExecution", lambda **_: writing(wiring.lake()), "race")
    try:
        answer = http.get("/ibov/prices?limit=1")
    finally:
        asking.unregister("before-call.athena.StartQueryExecution", unique_id="race")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


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
    assert cache.refresh().cacheable is False
    assert cache.get().cacheable is False


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
