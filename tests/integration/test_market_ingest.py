"""B3's files of the market in the ingest function: a B3 on loopback that has them, refuses, lies and is slow."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chalicelib import layout, wiring
from chalicelib.errors import BadPayload, SourceEmpty, SourceError, SourceMalformed, SourceRefused, SourceUnavailable
from chalicelib.ingest import backfill, cotahist, scheduled
from chalicelib.ingest.sources.b3 import http
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.settings import Settings
from local import cli, environment, moto_state
from local.laptop import Laptop
from scripts.cotahist import encode, write
from tests.support.b3_server import FileServer, Reply
from tests.support.bars import session_bars
from tests.support.lake import no_events
from tests.support.market import PETR4, file, record

NOW = datetime(2025, 1, 9, 1, 30, tzinfo=UTC)
"""22:30 of 2025-01-08 in São Paulo."""

DUE = [date(2025, 1, 7), date(2025, 1, 6), date(2025, 1, 3), date(2025, 1, 2), date(2024, 12, 30)]
"""The last five sessions before it."""

BUCKET = "b3-dataflow-raw"
PAGE = Reply(b"<html>The requested URL was rejected</html>", content_type="text/html")
MISSING = Reply(status=404)


class Yahoo:
    """Any bars."""

    name = "yahoo"

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        return session_bars("2024-12-02", 20)


def name_of(day: date) -> str:
    return f"COTAHIST_D{day:%d%m%Y}.ZIP"


def zip_of(*days: date, generated: date | None = None) -> bytes:
    records = [record(DATA=int(f"{day:%Y%m%d}")) for day in days]
    return file(*records, generated=generated or max(days), suffix=".ZIP")


FILES = {name_of(day): zip_of(day) for day in DUE}


def honest(name: str) -> Reply:
    return Reply(FILES[name]) if name in FILES else MISSING


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAUSE", 0.01)
    for name in ("DAYS_LIMITS", "YEAR_LIMITS"):
        monkeypatch.setattr(cotahist, name, Limits(request_seconds=2.0, seconds=20.0, attempts=2))


def run(answer: Callable[[str], Reply], now: datetime = NOW, market: str = "yes") -> tuple[Any, list[str]]:
    """Run the scheduled ingest. Return its result as JSON, and the names of the requested files."""
    with FileServer(answer) as server, no_events():
        settings = Settings(official_closes="no", market=market, cotahist_url=server.url)
        result = scheduled.run(Yahoo(), settings, wiring.lake(), now)
    return json.loads(json.dumps(result)), server.requests


def stored() -> list[str]:
    return [entry.key for entry in moto_state.objects(BUCKET, layout.COTAHIST_PREFIX)]


def metric(capsys: pytest.CaptureFixture[str]) -> tuple[list[int], list[str]]:
    """Return the values of the metric in the log, and the lines about failures."""
    lines = capsys.readouterr().out.splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    values = [int(value) for each in records for value in each.get(cotahist.METRIC, [])]
    warnings = [line.removeprefix("warning: ") for line in lines if line.startswith("warning: market files: ")]
    return values, warnings


class TestScheduled:
    def test_nothing_is_requested_unless_the_setting_is_yes(self, laptop: Laptop):
        result, requests = run(honest, market="no")

        assert (result["market"], requests, stored()) == (None, [], [])
        assert Settings().market == "no"

    def test_the_files_of_the_last_sessions_are_stored_as_they_came(
        self, laptop: Laptop, s3: Any, capsys: pytest.CaptureFixture[str]
    ):
        result, requests = run(honest)

        assert requests == [name_of(day) for day in DUE]
        keys = [each["key"] for each in result["market"]["stored"]]
        assert keys == [f"cotahist/year={day:%Y}/{day:%Y%m%d}-{day:%Y%m%d}-20250109T013000Z.zip" for day in DUE]
        assert stored() == sorted(keys)
        for key, day in zip(keys, DUE, strict=True):
            response = s3.get_object(Bucket=BUCKET, Key=key)
            assert response["Body"].read() == FILES[name_of(day)]
            assert response["Metadata"] == {
                "first": f"{day}", "last": f"{day}", "records": "1", "generated": f"{day}"
            }  # fmt: skip
        assert result["market"]["failures"] == []
        assert metric(capsys) == ([0], [])

    def test_only_what_raw_lacks_is_requested(self, laptop: Laptop):
        run(honest)

        again, requests = run(honest)
        next_day, later = run(honest, datetime(2025, 1, 10, 1, 30, tzinfo=UTC))

        assert (again["market"], requests) == (None, [])
        assert later == [name_of(date(2025, 1, 8))]
        assert next_day["market"]["failures"] == [
            "SourceRefused: B3 answered the request for COTAHIST_D08012025.ZIP with 404 Not Found"
        ]

    def test_a_year_has_its_sessions(self, laptop: Laptop):
        add(zip_of(date(2024, 1, 2), date(2024, 12, 30)), generated=date(2024, 12, 30))

        _, requests = run(honest)

        assert requests == [name_of(day) for day in DUE[:-1]]

    def test_a_file_that_b3_lacks_is_skipped(self, laptop: Laptop, capsys: pytest.CaptureFixture[str]):
        lacks = name_of(DUE[1])

        result, requests = run(lambda name: MISSING if name == lacks else honest(name))

        assert len(requests) == 5
        assert [each["summary"]["first"] for each in result["market"]["stored"]] == [
            str(day) for day in (DUE[0], *DUE[2:])
        ]
        values, lines = metric(capsys)
        assert values == [1]
        assert lines == [f"market files: SourceRefused: B3 answered the request for {lacks} with 404 Not Found"]

    @pytest.mark.parametrize(
        ("reply", "message"),
        [
            (Reply(status=403), "SourceUnavailable: B3 refused the request for .*: 403 Forbidden"),
            (PAGE, "SourceUnavailable: .* is no zip: it starts with '<html>"),
            (Reply(b"text"), "SourceMalformed: .* is no zip: it starts with 'text'"),
            (Reply(), "SourceMalformed: .* is no zip: it starts with ''"),
            (Reply(reset=True), "SourceUnavailable: B3 did not send "),
            (Reply(zip_of(DUE[0])[:-30]), "SourceMalformed: .* is a damaged zip: "),
            (
                Reply(zip_of(date(2024, 12, 23))),
                "SourceMalformed: .* has records from 2024-12-23 to 2024-12-23; allowed: 2025-01-07",
            ),
        ],
    )
    def test_no_failure_of_b3_ends_the_ingest(
        self, laptop: Laptop, reply: Reply, message: str, capsys: pytest.CaptureFixture[str]
    ):
        result, requests = run(lambda _: reply)

        assert set(requests) == set(FILES)
        assert stored() == []
        assert moto_state.objects(BUCKET, layout.RAW_PREFIX)[0].key == result["added"]["key"]
        failures = result["market"]["failures"]
        assert len(failures) == 5
        assert re.match(message, failures[0])
        assert metric(capsys) == ([1], [f"market files: {failure}" for failure in failures])

    def test_a_refused_day_does_not_end_the_requests_of_the_others(self, laptop: Laptop):
        lacks = name_of(DUE[0])

        result, requests = run(lambda name: Reply(status=403) if name == lacks else honest(name))

        assert requests == [lacks, lacks, *(name_of(day) for day in DUE[1:])]
        assert len(stored()) == len(result["market"]["stored"]) == 4
        assert len(result["market"]["failures"]) == 1


def add(body: bytes, now: datetime = NOW, **payload: Any) -> Any:
    """Add a file by hand, through the payload of the ingest function."""
    del payload["generated"]
    s3: Any = wiring.lake().s3
    s3.put_object(Bucket=BUCKET, Key="backfill/mine", Body=body)
    return invoke({"source": f"cotahist:s3://{BUCKET}/backfill/mine", **payload}, now)


def invoke(payload: dict[str, Any], now: datetime = NOW, url: str = "http://127.0.0.1:9") -> Any:
    result = backfill.handle({"backfill": payload}, Settings(cotahist_url=url), wiring.lake(), now)
    return json.loads(json.dumps(result))


class TestBackfill:
    def test_a_year_of_b3(self, laptop: Laptop, s3: Any):
        body = zip_of(date(2016, 12, 29), date(2016, 1, 4), generated=date(2017, 1, 5))
        with FileServer(lambda _: Reply(body)) as server:
            result = invoke({"source": "cotahist", "year": 2016}, url=server.url)

        key = "cotahist/year=2016/20160104-20161229-20250109T013000Z.zip"
        summary = {"first": "2016-01-04", "last": "2016-12-29", "records": 2, "generated": "2017-01-05"}
        assert server.requests == ["COTAHIST_A2016.ZIP"]
        assert result == {"dry_run": False, "file": {"key": key, "added": True, "summary": summary}}
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body

    def test_a_day_of_b3(self, laptop: Laptop):
        with FileServer(honest) as server:
            result = invoke({"source": "cotahist", "day": "2025-01-07"}, url=server.url)

        assert server.requests == ["COTAHIST_D07012025.ZIP"]
        assert result["file"]["added"]

    def test_a_refusal_is_repeated_and_then_an_error(self, laptop: Laptop):
        replies = iter([Reply(status=403), Reply(FILES[name_of(DUE[0])])])
        with FileServer(lambda _: next(replies)) as server:
            assert invoke({"source": "cotahist", "day": "2025-01-07"}, url=server.url)["file"]["added"]
        assert len(server.requests) == 2

    @pytest.mark.parametrize(("reply", "error"), [(Reply(status=403), SourceUnavailable), (MISSING, SourceRefused)])
    def test_what_b3_does_not_send_is_an_error(self, laptop: Laptop, reply: Reply, error: type[SourceError]):
        with FileServer(lambda _: reply) as server, pytest.raises(error):
            invoke({"source": "cotahist", "year": 2016}, url=server.url)

    def test_the_second_attempt_has_nothing_of_the_first(self, laptop: Laptop):
        body = FILES[name_of(DUE[0])]
        replies = iter([Reply(body * 2, status=503), Reply(body)])
        with FileServer(lambda _: next(replies)) as server:
            assert invoke({"source": "cotahist", "day": "2025-01-07"}, url=server.url)["file"]["added"]

    def test_too_many_bytes_are_refused(self, laptop: Laptop, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("chalicelib.ingest.sources.b3.cotahist.LIMIT", 100)
        with FileServer(honest) as server, pytest.raises(SourceMalformed, match="has more than 100 bytes"):
            invoke({"source": "cotahist", "day": "2025-01-07"}, url=server.url)

    @pytest.mark.parametrize("suffix", ["zip", "txt"])
    def test_a_file_by_hand(self, laptop: Laptop, s3: Any, suffix: str):
        body = file(record(), generated=date(2025, 1, 3), suffix=f".{suffix}")

        result = add(body, generated=None)

        key = f"cotahist/year=2025/20250102-20250102-20250109T013000Z.{suffix}"
        assert result["file"]["key"] == key
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == body

    def test_the_same_bytes_are_stored_once_and_others_beside_them(self, laptop: Laptop):
        first, second = (file(record(), generated=date(2025, 1, day)) for day in (3, 4))

        added = [add(body, generated=None)["file"] for body in (first, second, first)]

        assert [each["added"] for each in added] == [True, True, False]
        assert added[0]["key"] == added[2]["key"]
        assert stored() == [f"cotahist/year=2025/20250102-20250102-20250109T01300{second}Z.txt" for second in (0, 1)]

    def test_a_dry_run_writes_nothing(self, laptop: Laptop):
        result = add(FILES[name_of(DUE[0])], generated=None, dry_run=True)

        assert (result["dry_run"], result["file"]["key"], result["file"]["added"]) == (True, None, False)
        assert result["file"]["summary"]["records"] == 1
        assert stored() == []

    @pytest.mark.parametrize(
        ("body", "error"),
        [(b"<html>", SourceMalformed), (file(), SourceEmpty), (file(record())[:-300], SourceMalformed)],
    )
    def test_a_file_that_is_not_whole_is_not_stored(self, laptop: Laptop, body: bytes, error: type[SourceError]):
        with pytest.raises(error, match="backfill/mine"):
            add(body, generated=None)

        assert stored() == []

    def test_an_object_that_does_not_exist(self, laptop: Laptop):
        with pytest.raises(SourceUnavailable, match=r"cannot read s3://b3-dataflow-raw/backfill/none: .*NoSuchKey"):
            invoke({"source": f"cotahist:s3://{BUCKET}/backfill/none"})

    @pytest.mark.parametrize(
        ("payload", "message"),
        [
            ({"source": "cotahist"}, "allowed: cotahist with a year or a day"),
            ({"source": "cotahist", "year": 2016, "day": "2016-01-04"}, "allowed: cotahist with a year or a day"),
            ({"source": "cotahist:/etc/passwd"}, "or cotahist:s3://bucket/key without"),
            ({"source": "cotahist:s3://b/k", "year": 2016}, "or cotahist:s3://bucket/key without"),
            ({"source": "cotahist", "year": 1993}, "requests 1993; allowed: from 1994-07-04 to 2025-01-08"),
            ({"source": "cotahist", "year": 2026}, "requests 2026; allowed: "),
            ({"source": "cotahist", "day": "1994-07-01"}, "requests 1994-07-01; allowed: "),
            ({"source": "cotahist", "day": "2025-01-09"}, "requests 2025-01-09; allowed: "),
            ({"source": "cotahist", "year": "x"}, "Expected `int | null`, got `str`"),
            ({"source": "cotahist", "start": "2016-01-01"}, "unknown field `start`"),
        ],
    )
    def test_a_payload_that_names_no_file_is_refused(self, laptop: Laptop, payload: dict[str, Any], message: str):
        with pytest.raises(BadPayload, match=re.escape(message)):
            invoke(payload)


def test_a_large_file_is_stored_in_the_memory_of_a_block(laptop: Laptop, tmp_path: Path):
    path = tmp_path / "COTAHIST_A2024.ZIP"
    random = np.random.default_rng(0)
    blocks = (
        encode({**PETR4, "DATA": 20240102, "VOLTOT": random.integers(0, 10**17, 100_000), "TPMERC": b"070"}, 100_000)
        for _ in range(6)
    )
    records = write(path, blocks, date(2024, 12, 30))
    lake = wiring.lake()

    tracemalloc.start()
    dry = cotahist.add_location(str(path), lake, NOW, dry_run=True)
    reading = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert dry.summary.records == records == 600_000
    # 148 MB of text in blocks of 16 MB, each of which is copied some times.
    assert reading < 80e6
    result = cotahist.add_location(str(path), lake, NOW)
    assert moto_state.objects(BUCKET, result.key or "")[0].size == path.stat().st_size


def test_the_laptop_adds_a_file_and_says_what_it_has(
    laptop: Laptop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "mine.zip"
    path.write_bytes(FILES[name_of(DUE[0])])
    port = laptop.aws.environ()["AWS_ENDPOINT_URL"].rpartition(":")[2]

    def backfill_lines(*options: str) -> list[str]:
        arguments = cli._parse(["backfill", "--aws-port", port, "--source", f"cotahist:{path}", *options])
        before = dict(os.environ)
        arguments.command(arguments)
        environment.restore(before)
        return capsys.readouterr().out.splitlines()

    dry, first, again = backfill_lines("--dry-run"), backfill_lines(), backfill_lines()

    (key,) = stored()
    assert dry == ["1 record, 2025-01-07 to 2025-01-07, written by B3 on 2025-01-07", "nothing was written"]
    assert first == [dry[0], f"added as {key}"]
    assert again == [dry[0], f"nothing was written: {key} is the same file"]


class TestKeys:
    def test_a_key_says_what_the_file_has(self):
        described = layout.CotahistFile(date(2016, 1, 4), date(2016, 12, 29), NOW)

        assert layout.cotahist_file(layout.cotahist_key(described, "zip")) == described
        assert not layout.is_raw(layout.cotahist_key(described, "zip"))

    @pytest.mark.parametrize(
        "key",
        [
            "cotahist/year=2016/20160104-20161229-20250109T013000Z.csv",
            "cotahist/year=2016/20161304-20161229-20250109T013000Z.zip",
            "cotahist/COTAHIST_A2016.ZIP",
            "raw/year=2016/20160104-20161229-20250109T013000Z.zip",
        ],
    )
    def test_another_key_is_of_no_file(self, key: str):
        assert layout.cotahist_file(key) is None
