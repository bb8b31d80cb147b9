"""The whole pipeline with its events: raw, S3 notification, job in a separate process, Athena, HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import layout
from chalicelib.errors import MixedLake
from chalicelib.ingest.sources.csv_file import CsvFile
from local import moto_state
from local.laptop import Laptop
from local.sample import Sample
from tests.support.bars import COLLECTED, KNOWN, by_date, csv_text, known_bars, raw_object, session_bars

RAW, REFINED = "b3-dataflow-raw", "b3-dataflow-refined"


def stored(prefix: str = "") -> dict[str, bytes]:
    """Return the objects of the refined bucket except the manifest, which contains the time of the run."""
    objects = moto_state.objects(REFINED, prefix)
    return {
        entry.key: moto_state.read(REFINED, entry.key) or b""
        for entry in objects
        if not entry.key.startswith("manifests/")
    }


def states(laptop: Laptop) -> list[str]:
    return [run.state for run in reversed(laptop.refined())]


def rows_by_date(http: Any, path: str) -> dict[date, dict[str, Any]]:
    response = http.get(path)
    assert response.status_code == 200, response.body
    return by_date(response.json_body["rows"])


def assert_known(rows: dict[date, dict[str, Any]], nulls: int) -> None:
    assert sorted(rows) == KNOWN["data"].dt.date.tolist()
    for number, known in enumerate(KNOWN.to_dict("records")):
        row = rows[known["data"].date()]
        assert row["preco_fechamento"] == known["preco_fechamento"]
        assert row["amplitude"] == known["amplitude"]
        assert row["volatilidade_pct"] == known["volatilidade_pct"]
        for name in ("vol_mean_3d", "vol_std_3d"):
            assert row[name] == (None if number < nulls else pytest.approx(known[name], abs=5e-7))


def test_the_known_numbers_come_back_from_the_real_history(laptop: Laptop, http: Any, real_csv: Path):
    laptop.ingest(CsvFile(str(real_csv)))

    assert states(laptop) == ["SUCCEEDED"]
    assert_known(rows_by_date(http, "/ibov/volatility?start=2025-09-10&end=2025-09-17"), nulls=0)
    october = rows_by_date(http, "/ibov/prices?start=2025-10-01&end=2025-10-31")
    assert len(october) == 9
    assert http.get("/status").json_body["as_of"] == "2025-10-13"


def test_the_known_numbers_of_six_sessions_alone(laptop: Laptop, http: Any, tmp_path: Path):
    path = tmp_path / "six.csv"
    path.write_text(csv_text(known_bars()))

    laptop.ingest(CsvFile(str(path)))

    assert states(laptop) == ["SUCCEEDED"]
    assert_known(rows_by_date(http, "/ibov/volatility"), nulls=2)


def test_without_the_notification_nothing_reaches_refined(laptop: Laptop, s3: Any, tmp_path: Path):
    path = tmp_path / "six.csv"
    path.write_text(csv_text(known_bars()))
    laptop.ingest(CsvFile(str(path)))
    assert states(laptop) == ["SUCCEEDED"]
    before = stored()

    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    key, body = raw_object(session_bars("2025-09-18", 3), collected_at=COLLECTED + timedelta(days=1))
    s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")

    assert states(laptop) == ["SUCCEEDED"]
    assert stored() == before


def test_duplicate_and_lost_events_result_in_a_clean_rebuild(laptop: Laptop, s3: Any):
    history = raw_object(session_bars("2023-06-01", 500), collected_at=COLLECTED)
    window = raw_object(session_bars("2024-06-03", 300), collected_at=COLLECTED + timedelta(hours=1))
    backfill = raw_object(session_bars("2023-05-01", 30), "correcao", COLLECTED + timedelta(hours=2))
    notification = s3.get_bucket_notification_configuration(Bucket=RAW)
    notification.pop("ResponseMetadata")

    # The events of the backfill and of the window are lost; the event of the history is delivered twice.
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    for key, body in (backfill, window):
        s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")
    assert states(laptop) == []
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration=notification)
    s3.put_object(Bucket=RAW, Key=history[0], Body=history[1], IfNoneMatch="*")
    # The policy of the bucket does not let a client repeat the write.
    moto_state.write(RAW, *history)
    assert set(states(laptop)) == {"SUCCEEDED"}
    before = stored()
    assert len([key for key in before if key.startswith("refined/")]) == 3

    laptop.aws.reset()
    laptop.create_stack()
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    for key, body in (history, window):
        s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration=notification)
    s3.put_object(Bucket=RAW, Key=backfill[0], Body=backfill[1], IfNoneMatch="*")
    assert states(laptop) == ["SUCCEEDED"]
    assert stored() == before


def test_an_event_whose_object_is_merged_starts_nothing(laptop: Laptop, s3: Any):
    key, body = raw_object(known_bars())
    s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")
    assert states(laptop) == ["SUCCEEDED"]

    moto_state.write(RAW, key, body)
    assert states(laptop) == ["SUCCEEDED"]

    # The same key with other content counts as another object.
    _, other = raw_object(session_bars("2025-09-01", 30))
    moto_state.write(RAW, key, other)
    assert states(laptop) == ["SUCCEEDED", "SUCCEEDED"]


def test_an_object_that_is_not_raw_parquet_starts_nothing(laptop: Laptop, s3: Any):
    for key in ("raw/readme.txt", "other/x.parquet", "raw.parquet"):
        s3.put_object(Bucket=RAW, Key=key, Body=b"x", IfNoneMatch="*")

    assert states(laptop) == []


def test_real_and_synthetic_bars_do_not_mix(laptop: Laptop, s3: Any):
    key, body = raw_object(known_bars())
    s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")
    assert states(laptop) == ["SUCCEEDED"]
    before = stored()

    with pytest.raises(MixedLake, match="the lake holds real bars, the source is 'sample'"):
        laptop.ingest(Sample(date(2025, 9, 17)))

    # An object of the other kind that does not come from the ingest is refused, and the lake goes on.
    key, body = raw_object(known_bars(), "sample", COLLECTED + timedelta(days=1))
    s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")
    assert states(laptop) == ["SUCCEEDED", "SUCCEEDED"]
    assert {key: body for key, body in stored().items() if key.startswith("refined/")} == {
        key: body for key, body in before.items() if key.startswith("refined/")
    }
    contents = laptop.contents()
    assert contents is not None
    assert contents.quality.refused["objeto_estranho"] == 1
    reason = "raw objects of synthetic bars are refused, because the lake is real: 1"
    assert reason in contents.quality.degraded_because


def test_a_daily_run_requests_400_days_and_all_on_the_first_of_a_month(laptop: Laptop, http: Any):
    spans = []

    class Recorder:
        name = "yahoo"

        def fetch(self, start: date | None, end: date | None) -> Any:
            spans.append((start, end))
            return known_bars()

    from chalicelib import wiring
    from chalicelib.ingest.ingest import ingest

    november = COLLECTED.replace(month=11, day=4)
    for now in (COLLECTED, COLLECTED + timedelta(hours=10), november, november + timedelta(days=1)):
        ingest(Recorder(), wiring.lake(), now)
        assert set(states(laptop)) == {"SUCCEEDED"}

    window = (date(2024, 9, 9), None), (date(2024, 9, 30), None)
    assert spans == [(None, None), window[0], (None, None), window[1]]


def test_two_ingests_in_one_second_are_two_objects(laptop: Laptop, s3: Any):
    from chalicelib import wiring

    lake = wiring.lake()
    _, body = raw_object(known_bars())

    keys = [lake.put_raw(body, COLLECTED) for _ in range(3)]

    assert keys == [layout.raw_key(COLLECTED, second) for second in range(3)]
    assert list(lake.raw_objects()) == keys
    laptop.refined()
