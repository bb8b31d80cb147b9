"""Backfills of official closes through the payload of the ingest function, and their report."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.errors import BadPayload, MixedLake, SourceEmpty, SourceMalformed
from chalicelib.ingest import backfill
from chalicelib.ingest.backfill import Backfill
from chalicelib.ingest.sources.b3.files import File
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.lake.manifest import Contents
from local import backfill_command, moto_state
from local.laptop import Laptop
from tests.support.b3_server import B3Server, Reply
from tests.support.bars import known_bars, raw_object
from tests.support.closes import answer_body, report_xml, year_closes, zipped
from tests.support.lake import fill, no_events

BUCKET = "b3-dataflow-athena"
DAYS = {"start": "2025-09-01", "end": "2025-09-30"}

# Of the known bars: confirmed, confirmed at the tolerance, corrected, and without a bar. The last is not a session.
MINE = """date,close
2025-09-10,142348.70
2025-09-11,143152.01
2025-09-12,142271.58
2025-09-15,143546.58
2025-09-16,144200.00
2025-09-18,145499.49
2025-09-20,145000.00
"""


@pytest.fixture
def filled(laptop: Laptop) -> Contents:
    """A lake of the known bars, 2025-09-10 to 2025-09-17."""
    return fill(raw_object(known_bars()))


@pytest.fixture
def mine(s3: Any) -> str:
    return put(s3, "closes.csv", MINE)


def put(s3: Any, name: str, body: str | bytes) -> str:
    """Put an object into S3, and return the name of the source."""
    s3.put_object(Bucket=BUCKET, Key=f"backfill/{name}", Body=body)
    return f"b3:s3://{BUCKET}/backfill/{name}"


def invoke(laptop: Laptop, **payload: Any) -> Any:
    """Return the response of the ingest function to a payload, as JSON."""
    with no_events():
        return json.loads(json.dumps(laptop.app.ingest({"backfill": {**DAYS, **payload}}, None)))


def raw_keys() -> list[str]:
    return [entry.key for entry in moto_state.objects("b3-dataflow-raw", "")]


def test_the_report_says_what_each_close_does(laptop: Laptop, filled: Contents, mine: str):
    before = raw_keys()

    response = invoke(laptop, source=mine, dry_run=True)

    (change,) = response["changed"]
    assert change["session"] == "2025-09-16"
    assert change["before"]["preco_fechamento"] == 144062.0
    assert change["after"]["preco_fechamento"] == 144200.0
    assert response["confirmed"] == ["2025-09-10", "2025-09-11", "2025-09-12", "2025-09-15"]
    assert response["without_bar"] == ["2025-09-18"]
    assert [(row["session"], row["reason"]) for row in response["refused"]] == [("2025-09-20", "sem_pregao")]
    assert response["counts"] == {
        "changed": 1,
        "confirmed": 4,
        "equal": 0,
        "without_bar": 1,
        "outranked": 0,
        "refused": 1,
    }
    assert raw_keys() == before


def test_the_backfill_does_what_its_dry_run_says_and_a_second_one_changes_nothing(
    laptop: Laptop, filled: Contents, mine: str
):
    preview = invoke(laptop, source=mine, dry_run=True)

    response = invoke(laptop, source=mine)

    added = response["added"]
    assert response == preview | {"dry_run": False, "added": added}
    assert (added["bars"], added["first"], added["last"]) == (7, "2025-09-10", "2025-09-20")
    contents = fill()
    closes = contents.quality.official_closes
    assert closes is not None
    assert (contents.rows, closes.confirmed, closes.corrected, closes.unconfirmed) == (6, 4, 1, 1)
    again = invoke(laptop, source=mine, dry_run=True)
    assert (again["counts"]["changed"], again["counts"]["confirmed"], again["counts"]["equal"]) == (0, 0, 5)


def test_a_correction_by_hand_has_precedence(laptop: Laptop, filled: Contents, mine: str):
    corrections = known_bars().iloc[[0, 4]].reset_index(drop=True)
    fill(raw_object(corrections, "correcao", datetime(2025, 10, 15, tzinfo=UTC)))

    response = invoke(laptop, source=mine, dry_run=True)

    assert response["outranked"] == [{"session": "2025-09-16", "kept": "correcao"}]
    assert response["confirmed"][0] == "2025-09-10"
    assert response["changed"] == []


def test_a_report_and_an_answer_are_brought_from_s3(laptop: Laptop, filled: Contents, s3: Any):
    report = put(s3, "IR250911.zip", zipped({"r.xml": report_xml("2025-09-11", "143150.94")}))
    answer = put(s3, "ibov_2025.json", answer_body(year_closes(2025, date(2025, 9, 9), 141_000.0)))

    assert invoke(laptop, source=report)["confirmed"] == ["2025-09-11"]
    # The answer ends before the bars of the lake.
    response = invoke(laptop, source=answer, start="2025-01-01")
    assert response["counts"]["without_bar"] == response["added"]["bars"] > 150


def test_an_answer_denies_a_session(laptop: Laptop, filled: Contents, s3: Any):
    closes = {day: 143_000.0 for day in year_closes(2025, date(2025, 9, 17)) if day != date(2025, 9, 12)}
    answer = put(s3, "ibov_2025.json", answer_body(closes))

    response = invoke(laptop, source=answer)

    removed = [change for change in response["changed"] if change["after"] is None]
    assert [change["session"] for change in removed] == ["2025-09-12"]
    assert fill().rows == 5


def test_b3_itself_is_requested_without_a_file(laptop: Laptop, filled: Contents, monkeypatch: pytest.MonkeyPatch):
    bars = known_bars()
    closes = {day.date(): close for day, close in zip(bars["data"], bars["preco_fechamento"], strict=True)}

    def honest(request: Any) -> Reply:
        return Reply(answer_body({**dict.fromkeys(year_closes(request.year), 142_500.0), **closes}))

    with B3Server(honest) as server:
        monkeypatch.setenv("B3_OFFICIAL_CLOSES_URL", server.url)
        wiring.clear_caches()
        response = invoke(laptop, source="b3", start="2025-09-10", dry_run=True)
    monkeypatch.undo()
    wiring.clear_caches()

    assert [request.year for request in server.requests] == [2025]
    assert (response["counts"]["confirmed"], response["counts"]["without_bar"]) == (6, 9)


def test_closes_of_another_index_are_refused_and_nothing_is_written(laptop: Laptop, filled: Contents, s3: Any):
    before = raw_keys()
    other = put(s3, "IR250911.zip", zipped({"r.xml": report_xml("2025-09-11", "21150.94")}))

    with pytest.raises(SourceMalformed, match="b3 has closes more than 5% from the bars on 1 of 1 sessions"):
        invoke(laptop, source=other)

    assert raw_keys() == before


def test_closes_dated_a_session_late_do_not_empty_the_lake(laptop: Laptop, filled: Contents, s3: Any):
    bars = known_bars()
    late = zip(bars["data"], [142_000.0, *bars["preco_fechamento"]], strict=False)
    source = put(s3, "late.csv", "date,close\n" + "".join(f"{day:%Y-%m-%d},{close}\n" for day, close in late))
    before = raw_keys()

    with pytest.raises(SourceMalformed, match="the lake would lose 6 of its 6 bars: 6 of 6 closes are not B3's"):
        invoke(laptop, source=source)

    assert raw_keys() == before


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"source": "b3:/etc/hosts"}, "allowed: yahoo, csv:s3://bucket/key, b3, b3:s3://bucket/key"),
        ({"source": "b3:"}, "source is 'b3:'; allowed"),
        ({"source": f"b3:s3://{BUCKET}/backfill/closes.csv", "as_correction": True}, "allowed: false"),
    ],
)
def test_an_invalid_payload_is_refused(laptop: Laptop, filled: Contents, mine: str, payload: Any, message: str):
    with pytest.raises(BadPayload, match=message):
        invoke(laptop, **payload)


def test_a_day_without_a_session_adds_nothing(laptop: Laptop, filled: Contents, s3: Any):
    with pytest.raises(SourceEmpty, match="is an empty zip file: that day has no session"):
        invoke(laptop, source=put(s3, "IR250913.zip", zipped({})))


def test_a_synthetic_lake_gets_no_closes(laptop: Laptop, mine: str):
    fill(raw_object(known_bars(), "sample"))

    with pytest.raises(MixedLake, match="the lake holds synthetic bars, the source is 'b3'; allowed: one kind only"):
        invoke(laptop, source=mine)


def test_the_command_prints_a_line_for_each_effect(laptop: Laptop, filled: Contents, mine: str):
    lines = backfill_command.lines(invoke(laptop, source=mine, dry_run=True))

    assert lines == [
        "2025-09-16  changed: close 144062.0 → 144200.0",
        "2025-09-18  not used: the lake has no bar of this session",
        *[line for line in lines if line.startswith("2025-09-20  refused: sem_pregao, ")],
        "2025-09-10 to 2025-09-15  confirmed: 4 closes",
    ]
    assert len(lines) == 4


def test_the_real_closes_confirm_and_correct_the_real_bars(laptop: Laptop, real_csv: Path, tmp_path: Path):
    answer = real_csv.parent / "b3_index" / "ibov_2022_en-us.json"
    year = CsvFile(str(real_csv)).fetch(date(2022, 1, 1), date(2022, 12, 31))
    fill(raw_object(year))
    now = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
    request = Backfill(date(2022, 1, 1), date(2022, 12, 31), "b3", dry_run=True)

    report = backfill.run(request, File(str(answer), now.date()), wiring.lake(), now)

    assert report["counts"] == {
        "changed": 30,
        "confirmed": 220,
        "equal": 0,
        "without_bar": 0,
        "outranked": 0,
        "refused": 0,
    }
