"""One id leads from an ingest through its event and the run of the job to the commit, for a search in the logs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import b3_etl_job
import boto3
import pytest
from yfinance.data import YfData

from chalicelib import wiring
from chalicelib.errors import SourceUnavailable
from chalicelib.ingest import backfill
from chalicelib.ingest.sources.yahoo import Yahoo
from local.laptop import Laptop
from tests.support.events import SCHEDULE
from tests.support.lake import RAW, REFINED, no_events
from tests.support.yahoo_server import Answer, YahooServer, chart

BAR = ("2025-09-18", 145500.0, 146399.0, 145495.0, 145500.0, 1)

pytestmark = pytest.mark.usefixtures("text_log")


@pytest.fixture(autouse=True)
def lambda_(laptop: Laptop, monkeypatch: Any, tmp_path: Any) -> None:
    """This process is a function on AWS, with a cache of yfinance of its own."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "b3-dataflow-dev-ingest")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    type(YfData)._instances.pop(YfData, None)


def context(request_id: str) -> Any:
    return SimpleNamespace(aws_request_id=request_id)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines since the last call, all of which are JSON; without the metrics."""
    parsed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in parsed if "_aws" not in line]


def test_one_id_leads_from_the_ingest_to_the_commit(
    laptop: Laptop, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
):
    with YahooServer(lambda request: chart([BAR])) as server, no_events():
        monkeypatch.setattr(backfill, "Yahoo", lambda: Yahoo(server.session))
        key = laptop.app.ingest(SCHEDULE, context("request-1"))["added"]["key"]
    assert [(line["service"], line["correlation_id"], line["message"]) for line in lines(capsys)] == [
        ("ingest", key, f"added {key}: 1 bar, 2025-09-18 to 2025-09-18")
    ]

    etag = wiring.lake().raw_objects()[key].strip('"')
    event = {"Records": [{"s3": {"bucket": {"name": RAW}, "object": {"key": key, "eTag": etag}}}]}
    run_id = laptop.app.start_refine(event, context("request-2"))["job_run_id"]
    (line,) = lines(capsys)
    assert (line["service"], line["correlation_id"]) == ("start_refine", key)
    assert (line["function_request_id"], run_id in line["message"]) == ("request-2", True)

    run = laptop.aws.jobs.wait(run_id, 60.0)
    contents = laptop.contents()
    assert contents is not None
    assert run.arguments["--RAW_PATH"] == f"s3://{RAW}/{key}"
    assert contents.run.correlation_id == key
    # The local Glue writes text.
    assert run.output.splitlines()[-1].startswith("committed: 1 session")

    assert laptop.app.start_refine(event, context("request-3"))["job_run_id"] is None
    assert [(line["correlation_id"], line["message"]) for line in lines(capsys)] == [(key, f"no run: {key} is merged")]


def test_what_is_added_by_hand_has_the_id_of_its_object(laptop: Laptop, capsys: pytest.CaptureFixture[str]):
    csv = b"date,open,high,low,close,volume\n2025-09-18,145500,146399,145495,145500,1\n"
    boto3.client("s3").put_object(Bucket=RAW, Key="backfill/mine.csv", Body=csv)
    days = {"start": "2025-09-18", "end": "2025-09-18"}

    with no_events():
        for payload in ({"source": f"csv:s3://{RAW}/backfill/mine.csv"}, {"remove": True}):
            answer = laptop.app.ingest({"backfill": days | payload}, context("request-1"))
            (line,) = lines(capsys)
            assert line["correlation_id"] == answer["added"]["key"]
            assert line["message"].startswith(f"added {answer['added']['key']}: ")


def test_the_job_writes_json_with_the_id_and_its_run_on_aws(laptop: Laptop, capsys: pytest.CaptureFixture[str]):
    key = "raw/year=2025/month=09/day=17/ibov-20250917T223000Z.parquet"
    refined = ["--REFINED_PATH", f"s3://{REFINED}/refined/", "--LOG_FORMAT", "json", "--JOB_RUN_ID", "jr_1"]

    b3_etl_job.main(["--RAW_PATH", f"s3://{RAW}/{key}", *refined])
    b3_etl_job.main(["--RAW_PATH", f"s3://{RAW}/raw/", *refined])

    first, second = lines(capsys)
    assert (first["service"], first["job_run_id"], first["correlation_id"]) == ("b3-etl-job", "jr_1", key)
    assert first["message"] == "raw is empty: nothing to do"
    # A run by hand has no raw object.
    assert "correlation_id" not in second


def test_a_failure_of_the_source_has_the_id_of_the_object_that_is_missing(
    laptop: Laptop, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
):
    with YahooServer(lambda request: Answer(429, "text/plain", b"Too Many Requests")) as server, no_events():
        monkeypatch.setattr(backfill, "Yahoo", lambda: Yahoo(server.session, sleep=lambda _: None))
        with pytest.raises(SourceUnavailable):
            laptop.app.ingest(SCHEDULE, context("request-1"))

    (line,) = [line for line in lines(capsys) if line["level"] == "ERROR"]
    assert line["message"].startswith("SourceUnavailable: ")
    assert line["correlation_id"].startswith("raw/year=")
    assert wiring.lake().raw_objects() == {}
