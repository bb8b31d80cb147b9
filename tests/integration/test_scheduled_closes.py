"""The official closes in the scheduled ingest: whatever B3 does, Yahoo's bars are stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from chalicelib import wiring
from chalicelib.ingest import official_closes, scheduled
from chalicelib.ingest.official_closes import online, years_due
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.lake.manifest import Contents
from chalicelib.refine import parquet
from chalicelib.refine.calendar import sessions
from chalicelib.schema import OFFICIAL_CLOSES, RAW
from chalicelib.settings import Settings
from local import moto_state
from local.laptop import Laptop
from tests.support.b3_server import B3Server, Reply, Request
from tests.support.closes import answer, answer_body, year_closes
from tests.support.lake import fill, no_events

NOW = datetime(2024, 5, 9, 11, 30, tzinfo=UTC)
"""08:30 in São Paulo."""

TODAY = date(2024, 5, 9)
LAST = date(2024, 5, 8)


class Yahoo:
    """Bars of every session since 2022, whose closes are rounded as Yahoo's are, and one of them wrong."""

    name = "yahoo"

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        closes = {day: close for year in (2022, 2023, 2024) for day, close in closes_of(year).items()}
        close = pd.Series([*closes.values()]).round()
        close.iloc[-5] += 120.0
        bars = pd.DataFrame({"data": pd.to_datetime([*closes])})
        bars["preco_abertura"] = close
        bars["preco_maximo"] = close + 500.0
        bars["preco_minimo"] = close - 500.0
        bars["preco_fechamento"] = close
        bars["volume_negociado"] = pd.array([8_000_000] * len(bars), dtype="Int64")
        return bars[bars["data"] >= pd.Timestamp(start or date.min)].reset_index(drop=True)


def closes_of(year: int) -> dict[date, float]:
    return year_closes(year, min(LAST, date(year, 12, 31)))


def honest(request: Request) -> Reply:
    return Reply(answer_body(closes_of(request.year)))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official_closes, "Limits", lambda: Limits(request_seconds=1.0, attempts=1))


def run(answer: Callable[[Request], Reply], now: datetime = NOW, **settings: str) -> tuple[dict[str, Any], list[int]]:
    """Run the scheduled ingest. Return its result as JSON, and the years that were requested."""
    with B3Server(answer) as server, no_events():
        result = scheduled.run(Yahoo(), Settings(official_closes_url=server.url, **settings), wiring.lake(), now)
    return json.loads(json.dumps(result)), [request.year for request in server.requests]


def stored() -> list[str]:
    return [entry.key for entry in moto_state.objects("b3-dataflow-raw", "")]


def frame(key: str, columns: Any) -> pd.DataFrame:
    return parquet.decode(moto_state.read("b3-dataflow-raw", key) or b"", columns)


def test_the_first_run_adds_all_years_in_one_object(laptop: Laptop, capsys: pytest.CaptureFixture[str]):
    result, years = run(honest)

    assert years == [*range(2024, 1997, -1)]
    bars, closes = result["added"], result["official_closes"]["added"]
    assert stored() == sorted([bars["key"], closes["key"]])
    rows = frame(closes["key"], OFFICIAL_CLOSES)
    assert len(rows) == closes["bars"] == len(sessions(date(1998, 1, 1), LAST))
    assert rows["completo"].all()
    assert rows["data"].is_monotonic_increasing
    assert set(rows["fonte"]) == {"b3"}
    assert set(rows["ticker"]) == {"IBOV"}
    assert (rows["coletado_em"] == pd.Timestamp(NOW)).all()
    assert result["official_closes"]["failure"] is None
    assert metric(capsys) == [0]


def metric(capsys: pytest.CaptureFixture[str]) -> list[int]:
    """The values of the metric in the log."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    for line in lines:
        assert line["Bucket"] == "b3-dataflow-refined"
        assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "b3-dataflow"
    return [value for line in lines for value in line.get(official_closes.METRIC, [])]


def test_the_closes_correct_the_bars_of_the_same_run(laptop: Laptop):
    run(honest)

    contents = fill()

    assert contents.quality.official_closes is not None
    closes = contents.quality.official_closes
    assert (closes.confirmed, closes.corrected, closes.unconfirmed) == (contents.rows - 1, 1, 0)
    assert closes.last_session == LAST


def drip(request: Request) -> Reply:
    return Reply(honest(request).body, drip=0.05)


def other_index(request: Request) -> Reply:
    return Reply(answer_body(year_closes(request.year, min(LAST, date(request.year, 12, 31)), 50_000.0)))


def wrong_checksum(request: Request) -> Reply:
    body = answer(closes_of(request.year))
    body["min"]["rateValue2"] = "99.999,99"
    return Reply(json.dumps(body).encode())


def a_year_too_many(request: Request) -> Reply:
    return Reply(answer_body(year_closes(request.year)))


def another_year(_: Request) -> Reply:
    return Reply(answer_body(year_closes(2023, date(2023, 5, 8))))


def unknown(_: Request) -> Reply:
    return Reply(b'{"min":null,"max":null,"results":null}')


@pytest.mark.parametrize(
    ("b3", "failure"),
    [
        (lambda _: Reply(status=403), "SourceUnavailable: B3 refused .* B3's answer for 2024: 403 Forbidden"),
        (lambda _: Reply(status=429), "SourceUnavailable: .* 429 Too Many Requests"),
        (lambda _: Reply(status=500), "SourceUnavailable: .* 500 Internal Server Error"),
        (lambda _: Reply(b"<html/>"), "SourceUnavailable: .* a page, not JSON"),
        (lambda _: Reply(reset=True), "SourceUnavailable: B3 did not send B3's answer for 2024"),
        (drip, "SourceUnavailable: B3 did not send B3's answer for 2024: Timeout"),
        (lambda _: Reply(), "SourceMalformed: .* is empty"),
        (unknown, "SourceRefused: .* does not know the index or the year 2024"),
        (wrong_checksum, "SourceMalformed: .* does not fit its checksum: min of month 2 is 99.999,99"),
        (a_year_too_many, "SourceMalformed: .* a close of 2024-05-10, which is after today, 2024-05-09"),
        (other_index, r"SourceMalformed: .* more than 5% from the bars on \d+ of \d+ sessions"),
        (another_year, "SourceMalformed: .* a Saturday: it is about another year than 2024"),
    ],
)  # fmt: skip
def test_whatever_b3_does_the_bars_are_stored_and_the_log_has_one_line(
    laptop: Laptop, capsys: pytest.CaptureFixture[str], b3: Callable[[Request], Reply], failure: str
):
    result, years = run(b3)

    assert years == [2024]
    assert stored() == [result["added"]["key"]]
    assert len(frame(result["added"]["key"], RAW)) == len(Yahoo().fetch(None, None))
    assert result["official_closes"]["added"] is None
    log = capsys.readouterr().out.splitlines()
    assert log[0].startswith(f"added {result['added']['key']}: ")
    assert json.loads(log[1])[official_closes.METRIC] == [1]
    assert log[2:] == [f"warning: official closes: {result['official_closes']['failure']}"]
    assert re.search(failure, log[2])


def test_years_before_a_failure_are_stored(laptop: Laptop, capsys: pytest.CaptureFixture[str]):
    result, years = run(lambda request: honest(request) if request.year > 2010 else Reply(status=403))

    assert years == [*range(2024, 2009, -1)]
    closes = result["official_closes"]
    assert closes["added"]["first"] == "2011-01-03"
    assert "B3's answer for 2010: 403" in closes["failure"]
    assert metric(capsys) == [1]


def test_an_error_of_our_own_is_no_failure_of_the_ingest(laptop: Laptop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(official_closes, "check_level", lambda *_: 1 / 0)

    result, _ = run(honest)

    assert result["official_closes"] == {"added": None, "failure": "ZeroDivisionError: division by zero"}
    assert stored() == [result["added"]["key"]]


def test_a_failure_of_yahoo_is_one_of_the_ingest_and_b3_is_not_requested(laptop: Laptop):
    class Down(Yahoo):
        def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
            raise RuntimeError("down")

    with B3Server(honest) as server, pytest.raises(RuntimeError, match="down"):
        scheduled.run(Down(), Settings(official_closes_url=server.url), wiring.lake(), NOW)

    assert server.requests == []
    assert stored() == []


def test_b3_no_requests_nothing(laptop: Laptop, capsys: pytest.CaptureFixture[str]):
    result, years = run(honest, official_closes="no")

    assert years == []
    assert result["official_closes"] is None
    assert metric(capsys) == []


def filled() -> Contents:
    """Return the contents of a lake after its first run."""
    run(honest)
    return fill()


def test_b3_is_requested_until_it_has_answered_once_that_day(laptop: Laptop):
    contents = filled()

    def due(now: datetime) -> list[int]:
        return years_due(online(Settings(), now), wiring.lake(), contents, now)

    # 22:30 of the same day, and 08:30 of the next: a new day in São Paulo, not in UTC.
    assert due(datetime(2024, 5, 10, 1, 30, tzinfo=UTC)) == []
    assert due(datetime(2024, 5, 10, 11, 30, tzinfo=UTC)) == [2024]
    # The first run of a month.
    assert due(datetime(2024, 6, 1, 11, 30, tzinfo=UTC)) == [*range(2024, 1997, -1)]


def test_all_years_are_requested_until_the_lake_has_official_closes(laptop: Laptop):
    _, years = run(lambda _: Reply(status=403))
    assert years == [2024]
    fill()

    _, years = run(honest, datetime(2024, 5, 10, 1, 30, tzinfo=UTC))

    assert years == [*range(2024, 1997, -1)]


def test_a_later_run_adds_this_year(laptop: Laptop):
    filled()

    result, years = run(honest, datetime(2024, 5, 10, 11, 30, tzinfo=UTC))

    assert years == [2024]
    assert result["official_closes"]["added"]["first"] == "2024-01-02"
