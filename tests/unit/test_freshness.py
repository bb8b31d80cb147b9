from __future__ import annotations

import json
from datetime import UTC, date, datetime

import msgspec
import pytest

from chalicelib.lake import metrics
from chalicelib.lake.freshness import Freshness, closes_overdue, counts, freshness
from chalicelib.lake.manifest import Contents, HeldBack, OfficialCloses, Quality, Run
from chalicelib.refine.calendar import sessions

NOW = datetime(2025, 10, 14, 1, 30, tzinfo=UTC)

# A Friday. The next sessions are Monday 13 to Wednesday 15.
AS_OF = date(2025, 10, 10)
CONTENTS = Contents(
    version="v",
    as_of=AS_OF,
    first_session=AS_OF,
    rows=1,
    years={},
    synthetic=False,
    quality=Quality({}, {}, 0, 0, [], False, []),
    sessions_ahead=[day.date() for day in sessions(date(2025, 10, 11), date(2026, 10, 11))],
    run=Run("jr_1", NOW, NOW, 1, 1, 0),
    schema_version=1,
    code_version="c",
    ledger="manifests/ledger/a.json",
    held_back=[HeldBack("raw/a.parquet", "it lacks 3 sessions")],
)


def at(day: int, hour: int) -> datetime:
    return datetime(2025, 10, day, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected", "behind"),
    [
        (at(13, 11), date(2025, 10, 10), 0),
        # 22:30 on Monday: its session is over, but due only the day after.
        (at(14, 1), date(2025, 10, 10), 0),
        # 02:30 UTC is still the day before in São Paulo.
        (at(14, 2), date(2025, 10, 10), 0),
        (at(14, 3), date(2025, 10, 13), 1),
        (at(15, 11), date(2025, 10, 14), 2),
        (at(16, 11), date(2025, 10, 15), 3),
        # A weekend adds none.
        (at(20, 1), date(2025, 10, 17), 5),
    ],
)
def test_a_session_is_due_the_day_after_it_in_sao_paulo(now: datetime, expected: date, behind: int):
    assert freshness(CONTENTS, now) == Freshness(expected, behind)


def test_the_line_is_a_metric_in_cloudwatchs_embedded_format(capsys: pytest.CaptureFixture[str]):
    began = datetime.now(UTC)

    metrics.emit(counts(CONTENTS, at(15, 11)), "b3-dataflow-refined")

    line = json.loads(capsys.readouterr().out)
    about = line.pop("_aws")
    # CloudWatch accepts one number or a list of them as the value of a metric.
    assert line == {"Bucket": "b3-dataflow-refined", "SessionsBehind": [2.0], "DownloadsHeldBack": [1.0]}
    assert began.timestamp() * 1000 - 1 <= about["Timestamp"] <= datetime.now(UTC).timestamp() * 1000 + 1
    assert about["CloudWatchMetrics"] == [
        {
            "Namespace": "b3-dataflow",
            # A further dimension would be another metric, which no alarm watches.
            "Dimensions": [["Bucket"]],
            "Metrics": [
                {"Name": "SessionsBehind", "Unit": "Count"},
                {"Name": "DownloadsHeldBack", "Unit": "Count"},
            ],
        }
    ]


def test_each_line_has_its_own_metrics_only(capsys: pytest.CaptureFixture[str]):
    metrics.emit({"A": 1}, "one")
    metrics.emit({"B": 2}, "two")

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["A"], first["Bucket"], "B" in first) == ([1.0], "one", False)
    assert (second["B"], second["Bucket"], "A" in second) == ([2.0], "two", False)


class TestClosesOverdue:
    def contents(self, closes: OfficialCloses | None) -> Contents:
        return msgspec.structs.replace(
            CONTENTS, quality=msgspec.structs.replace(CONTENTS.quality, official_closes=closes)
        )

    def test_three_days_after_the_last_answer_of_b3_a_sentence_says_so(self):
        # 01:30 UTC on the 11th is still the 10th in São Paulo.
        contents = self.contents(OfficialCloses(1, 0, 0, AS_OF, at(11, 1)))

        assert closes_overdue(contents, at(14, 1)) is None
        assert closes_overdue(contents, at(14, 2)) == (
            "No official close has been collected from B3 since 2025-10-10: the closes of later sessions are those of "
            "the source of the bars, unconfirmed."
        )

    def test_a_lake_without_official_closes_waits_for_none(self):
        assert closes_overdue(self.contents(OfficialCloses(0, 0, 1, None, None)), at(20, 1)) is None

    def test_a_manifest_of_an_earlier_release_waits_for_none(self):
        assert closes_overdue(self.contents(None), at(20, 1)) is None
