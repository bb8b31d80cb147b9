"""Backfills through the payload of the ingest function, as on AWS."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from chalicelib import wiring
from chalicelib.errors import BadPayload, SourceEmpty, SourceMalformed
from chalicelib.ingest import backfill, report
from chalicelib.ingest.backfill import Backfill
from chalicelib.ingest.ingest import DateRange, scheduled_days
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.lake.manifest import Contents, Gap
from chalicelib.refine import parquet
from chalicelib.schema import RAW
from local import backfill_command, moto_state
from local.laptop import Laptop
from tests.support.bars import csv_text, known_bars, raw_object, scaled, session_bars
from tests.support.lake import fill, no_events

NOW = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
MINE = "backfills/mine.csv"


@pytest.fixture
def filled(laptop: Laptop) -> Contents:
    """A lake of the known bars without 2025-09-15."""
    return fill(raw_object(known_bars().drop(3).reset_index(drop=True)))


@pytest.fixture
def mine(s3: Any) -> str:
    """A file of the known bars in S3 with another close on 2025-09-12."""
    bars = known_bars()
    bars.loc[2, "preco_fechamento"] = 142300.5
    s3.put_object(Bucket="b3-dataflow-athena", Key=MINE, Body=csv_text(bars).encode())
    return f"csv:s3://b3-dataflow-athena/{MINE}"


def invoke(laptop: Laptop, **payload: Any) -> Any:
    """Return the response of the ingest function to a payload, as JSON."""
    with no_events():
        return json.loads(json.dumps(laptop.app.ingest({"backfill": payload}, None)))


def raw_keys() -> list[str]:
    return [entry.key for entry in moto_state.objects("b3-dataflow-raw", "")]


def bar(close: float, source: str, row: int) -> dict[str, Any]:
    known = known_bars().iloc[row]
    return {
        "preco_abertura": known["preco_abertura"],
        "preco_maximo": known["preco_maximo"],
        "preco_minimo": known["preco_minimo"],
        "preco_fechamento": close,
        "volume_negociado": int(known["volume_negociado"]),
        "fonte": source,
    }


def test_a_dry_run_returns_the_changes_and_writes_nothing(laptop: Laptop, filled: Any, mine: str):
    before = {bucket: moto_state.objects(bucket, "") for bucket in ("b3-dataflow-raw", "b3-dataflow-refined")}

    as_file = invoke(laptop, start="2025-09-10", end="2025-09-16", source=mine, dry_run=True)
    as_correction = invoke(laptop, start="2025-09-12", end="2025-09-15", source=mine, dry_run=True, as_correction=True)

    new = {"session": "2025-09-15", "before": None}
    assert as_file == {
        "dry_run": True,
        "counts": {"changed": 1, "equal": 3, "outranked": 1, "refused": 0},
        "changed": [new | {"after": bar(143547.0, "csv", 3)}],
        "equal": ["2025-09-10", "2025-09-11", "2025-09-16"],
        "outranked": [{"session": "2025-09-12", "kept": "yahoo"}],
        "refused": [],
    }
    assert as_correction["changed"] == [
        {"session": "2025-09-12", "before": bar(142272.0, "yahoo", 2), "after": bar(142300.5, "correcao", 2)},
        new | {"after": bar(143547.0, "correcao", 3)},
    ]
    assert {bucket: moto_state.objects(bucket, "") for bucket in before} == before


@pytest.mark.parametrize("volume", [0, None])
def test_a_bar_without_volume_equals_the_bar_of_the_lake(laptop: Laptop, s3: Any, volume: int | None):
    bars = known_bars()
    bars.loc[2, "volume_negociado"] = 0
    fill(raw_object(bars))
    bars.loc[2, "volume_negociado"] = volume
    s3.put_object(Bucket="b3-dataflow-athena", Key=MINE, Body=csv_text(bars).encode())

    result = invoke(
        laptop, start="2025-09-12", end="2025-09-12", source=f"csv:s3://b3-dataflow-athena/{MINE}", dry_run=True
    )

    assert result["equal"] == ["2025-09-12"]
    assert result["outranked"] == []


def test_the_backfill_makes_the_changes_of_its_dry_run(laptop: Laptop, filled: Any, mine: str):
    payload = {"start": "2025-09-12", "end": "2025-09-15", "source": mine, "as_correction": True}
    preview = invoke(laptop, **payload, dry_run=True)

    response = invoke(laptop, **payload)
    added = response["added"]

    assert (added["bars"], added["first"], added["last"]) == (2, "2025-09-12", "2025-09-15")
    assert added["key"] in raw_keys()
    fill()
    again = invoke(laptop, **payload, dry_run=True)
    assert preview["counts"] == {"changed": 2, "equal": 0, "outranked": 0, "refused": 0}
    assert response == preview | {"dry_run": False, "added": added}
    assert again["counts"] == {"changed": 0, "equal": 2, "outranked": 0, "refused": 0}


def test_the_response_has_each_refused_bar_and_the_reason(laptop: Laptop, filled: Any, s3: Any):
    bars = known_bars().iloc[2:5].reset_index(drop=True)
    bars.loc[0, "data"] = pd.Timestamp("2025-09-14")
    bars.loc[1, "preco_maximo"] = 1.0
    s3.put_object(Bucket="b3-dataflow-athena", Key=MINE, Body=csv_text(bars).encode())
    payload = {"start": "2025-09-14", "end": "2025-09-16", "source": f"csv:s3://b3-dataflow-athena/{MINE}"}

    preview, response = invoke(laptop, **payload, dry_run=True), invoke(laptop, **payload)

    refusals = [(bar["session"], bar["reason"]) for bar in response["refused"]]
    assert refusals == [("2025-09-14", "sem_pregao"), ("2025-09-15", "maxima_minima")]
    assert response["refused"][0]["meaning"].startswith("the calendar has no session that day")
    assert response["counts"] == preview["counts"] == {"changed": 0, "equal": 1, "outranked": 0, "refused": 2}
    assert fill().rows == filled.rows


def test_the_lists_of_the_response_are_limited_and_its_counts_are_not(laptop: Laptop, filled: Any, mine: str):
    payload = {"start": "2025-09-10", "end": "2025-09-16", "source": mine, "dry_run": True}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "LIMIT", 2)
        response = invoke(laptop, **payload)

    assert response["equal"] == ["2025-09-10", "2025-09-11"]
    assert response["counts"]["equal"] == 3
    assert backfill_command.lines(response)[-1] == "and 1 more bar"


def test_a_file_fills_a_gap_and_overrides_no_bar(laptop: Laptop, filled: Any, mine: str):
    invoke(laptop, start="2025-09-10", end="2025-09-17", source=mine)

    contents = fill()

    assert contents.rows == 6
    assert contents.quality.gaps == []
    assert contents.quality.revisions == 0


def test_the_rows_have_the_requested_days_and_the_right_source(laptop: Laptop, filled: Any, mine: str):
    key = invoke(laptop, start="2025-09-13", end="2025-09-16", source=mine, as_correction=True)["added"]["key"]

    rows = parquet.decode(moto_state.read("b3-dataflow-raw", key) or b"", RAW)
    assert rows["data"].dt.day.tolist() == [15, 16]
    assert rows["fonte"].tolist() == ["correcao", "correcao"]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "missing required field `start`"),
        ({"start": "2025-09-10"}, "missing required field `end`"),
        ({"start": "10/09/2025", "end": "2025-09-10"}, "Invalid RFC3339.*start"),
        ({"start": "2025-09-10", "end": "2025-09-10", "dryrun": True}, "unknown field `dryrun`"),
        ({"start": "2025-09-10", "end": "2025-09-10", "dry_run": "yes"}, "Expected `bool`.*dry_run"),
        ({"start": "2025-09-11", "end": "2025-09-10"}, "from 2025-09-11 to 2025-09-10; allowed: start ≤ end ≤ "),
        ({"start": "2025-09-11", "end": "2999-01-01"}, "to 2999-01-01; allowed"),
        (
            {"start": "2025-09-10", "end": "2025-09-10", "source": "csv:/etc/hosts"},
            "source is 'csv:/etc/hosts'; allowed",
        ),
        (
            {"start": "2025-09-10", "end": "2025-09-10", "source": "sample"},
            "source is 'sample'; allowed: yahoo, csv:s3://",
        ),
    ],
)
def test_an_invalid_payload_is_refused(laptop: Laptop, filled: Any, payload: Any, message: str):
    before = raw_keys()

    with pytest.raises(BadPayload, match=message):
        laptop.app.ingest({"backfill": payload}, None)

    assert raw_keys() == before


def test_days_without_bars_are_an_error_and_nothing_is_written(laptop: Laptop, filled: Any, mine: str):
    before = raw_keys()

    with pytest.raises(SourceEmpty, match="holds no bars from 2025-01-01 to 2025-01-31"):
        laptop.app.ingest({"backfill": {"start": "2025-01-01", "end": "2025-01-31", "source": mine}}, None)

    assert raw_keys() == before


class TestRemoval:
    def test_the_bars_of_the_days_are_removed(self, laptop: Laptop, filled: Contents):
        payload = {"start": "2025-09-12", "end": "2025-09-15", "remove": True}

        preview, response = invoke(laptop, **payload, dry_run=True), invoke(laptop, **payload)

        assert preview["counts"] == {"changed": 1, "equal": 1, "outranked": 0, "refused": 0}
        assert preview["changed"] == [
            {"session": "2025-09-12", "before": bar(142272.0, "yahoo", 2), "after": None},
        ]
        assert response == preview | {"dry_run": False, "added": response["added"]}
        contents = fill()
        assert contents.rows == filled.rows - 1
        assert [gap.reason for gap in contents.quality.gaps] == ["the bar was removed by hand"] * 2
        assert contents.quality.degraded is False

    def test_a_correction_brings_a_removed_bar_back(self, laptop: Laptop, filled: Contents, mine: str):
        invoke(laptop, start="2025-09-12", end="2025-09-12", remove=True)
        assert fill().rows == 4
        days = {"start": "2025-09-12", "end": "2025-09-12", "source": mine}

        outranked = invoke(laptop, **days, dry_run=True)["outranked"]
        invoke(laptop, **days, as_correction=True)

        assert outranked == [{"session": "2025-09-12", "kept": "remocao"}]
        assert fill().rows == 5

    def test_the_laptop_prints_a_removed_bar(self, laptop: Laptop, filled: Contents):
        response = invoke(laptop, start="2025-09-12", end="2025-09-12", remove=True, dry_run=True)

        (line,) = backfill_command.lines(response)
        assert line.startswith("2025-09-12  removed: open 143151.0")


class TestAcceptance:
    @pytest.fixture
    def held_back(self, laptop: Laptop) -> str:
        """The key of a download that contradicts the lake."""
        fill(raw_object(session_bars("2025-01-02", 150)))
        key, body = raw_object(scaled(session_bars("2025-01-02", 160), 1.02, range(160)), collected_at=NOW)
        contents = fill((key, body))
        assert [answer.key for answer in contents.held_back] == [key]
        assert contents.quality.degraded
        return key

    def test_a_download_that_is_held_back_can_be_accepted(self, laptop: Laptop, held_back: str):
        preview, response = invoke(laptop, accept=held_back, dry_run=True), invoke(laptop, accept=held_back)

        assert preview["counts"]["changed"] > 150
        assert list(response["added"]) == ["key"]
        contents = fill()
        assert (contents.held_back, contents.quality.degraded) == ([], False)
        assert contents.quality.revisions == 150

    def test_the_report_of_a_backfill_says_that_it_would_be_held_back(self, laptop: Laptop, held_back: str, s3: Any):
        bars = scaled(session_bars("2025-01-02", 150), 1.02, range(150))
        s3.put_object(Bucket="b3-dataflow-athena", Key=MINE, Body=csv_text(bars).encode())
        days = {"start": "2025-01-01", "end": "2025-10-01", "source": f"csv:s3://b3-dataflow-athena/{MINE}"}

        response = invoke(laptop, **days, dry_run=True)

        assert response["counts"] == {"changed": 0, "equal": 0, "outranked": 0, "refused": 1}
        assert response["refused"][0]["reason"] == "resposta_contraditoria"
        assert response["refused"][0]["meaning"].endswith("sessions have other prices than in the lake")

    @pytest.mark.parametrize(
        ("payload", "message"),
        [
            ({"accept": "raw/nothing.parquet"}, "accept is 'raw/nothing.parquet'; allowed: the key of a raw object"),
            ({"accept": 1}, "Expected `str`"),
            ({"accept": "raw/a.parquet", "start": "2025-09-10"}, "unknown field `start`"),
            ({"remove": True, "start": "2025-09-10"}, "missing required field `end`"),
            ({"remove": "yes", "start": "2025-09-10", "end": "2025-09-10"}, "unknown field `remove`"),
            ({"remove": True, "start": "2025-09-11", "end": "2025-09-10"}, "≤ start ≤ end ≤"),
            ({"remove": True, "start": "0001-01-01", "end": "2025-09-10"}, "allowed: 1968-01-02 ≤ start ≤ end"),
            ({"remove": True, "start": "2025-09-13", "end": "2025-09-14"}, "no session from 2025-09-13"),
        ],
    )
    def test_an_invalid_decision_is_refused(self, laptop: Laptop, filled: Any, payload: Any, message: str):
        before = raw_keys()

        with pytest.raises(BadPayload, match=message):
            laptop.app.ingest({"backfill": payload}, None)

        assert raw_keys() == before


class FromYahoo:
    """Yahoo's bars, the last unfinished."""

    name = "yahoo"

    def fetch(self, start: date | None, end: date | None) -> Any:
        bars = known_bars()
        bars.loc[5, "preco_fechamento"] = 145500.34375
        return bars


def test_a_correction_must_have_final_bars(laptop: Laptop, filled: Any, tmp_path: Path):
    payload = Backfill(date(2025, 9, 10), date(2025, 9, 17), "yahoo", as_correction=True)
    with pytest.raises(SourceMalformed, match="the bar of 2025-09-17 cannot be a correction: barra_ao_vivo"):
        backfill.run(payload, FromYahoo(), wiring.lake(), NOW)

    bars = known_bars()
    bars.loc[1, "preco_maximo"] = float("nan")
    path = tmp_path / "mine.csv"
    path.write_text(csv_text(bars))
    with pytest.raises(SourceMalformed, match="the bar of 2025-09-11 cannot be a correction: preco_nulo"):
        backfill.run(payload, CsvFile(str(path)), wiring.lake(), NOW)

    assert len(raw_keys()) == 1


def test_the_daily_request_starts_at_an_unknown_gap_of_this_year_or_the_last(laptop: Laptop, filled: Contents):
    def start(*gaps: Gap) -> date | None:
        quality = msgspec.structs.replace(filled.quality, gaps=list(gaps))
        return scheduled_days(wiring.lake(), msgspec.structs.replace(filled, quality=quality), NOW).start

    assert start() == date(2024, 9, 15)
    assert start(Gap(date(2024, 3, 5), None), Gap(date(2025, 5, 5), None)) == date(2024, 3, 5)
    assert start(Gap(date(2024, 3, 5), "known")) == date(2024, 9, 15)
    assert start(Gap(date(2023, 12, 29), None)) == date(2024, 9, 15)
    assert scheduled_days(wiring.lake(), None, NOW) == DateRange(None, None)
    assert scheduled_days(wiring.lake(), filled, NOW + timedelta(days=31)) == DateRange(None, None)
