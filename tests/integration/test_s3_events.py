"""S3 event notifications: which events are delivered, in which form, and the retries of a failed function."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from chalicelib.errors import RunInProgress
from local import stack
from local.laptop import Laptop
from local.s3_events import S3Events
from tests.support.bars import known_bars, raw_object

RAW = "b3-dataflow-raw"
SECONDS = 30.0


@pytest.fixture
def delivered(laptop: Laptop) -> list[dict[str, Any]]:
    """The events that start_refine receives; the app is not invoked."""
    events: list[dict[str, Any]] = []
    laptop.aws.functions[stack.function_arn("start_refine")] = events.append
    return events


def test_the_function_gets_the_event_in_aws_shape_with_the_key_encoded(laptop: Laptop, s3: Any, delivered: Any):
    etag = s3.put_object(Bucket=RAW, Key="raw/year=2025/a b+c ção.parquet", Body=b"1234", IfNoneMatch="*")["ETag"]

    laptop.aws.events.wait_idle(SECONDS)

    ((record,),) = [event["Records"] for event in delivered]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["eventSource"] == "aws:s3"
    assert record["eventTime"].endswith("Z")
    assert record["s3"]["bucket"]["name"] == RAW
    assert record["s3"]["object"]["key"] == "raw/year%3D2025/a+b%2Bc+%C3%A7%C3%A3o.parquet"
    assert record["s3"]["object"]["size"] == 4
    assert record["s3"]["object"]["eTag"] == etag.strip('"')
    assert record["s3"]["object"]["sequencer"]
    assert record["userIdentity"]
    assert record["requestParameters"]["sourceIPAddress"] == "127.0.0.1"


def test_only_keys_that_match_the_filter_are_delivered(laptop: Laptop, s3: Any, delivered: Any):
    for key in ("raw/a.parquet", "raw/a.txt", "other/a.parquet", "a.parquet"):
        s3.put_object(Bucket=RAW, Key=key, Body=b"x", IfNoneMatch="*")
    s3.delete_object(Bucket=RAW, Key="raw/a.parquet")

    laptop.aws.events.wait_idle(SECONDS)

    assert [event["Records"][0]["s3"]["object"]["key"] for event in delivered] == ["raw/a.parquet"]


def test_a_bucket_without_a_notification_delivers_nothing(laptop: Laptop, s3: Any, delivered: Any):
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    s3.put_object(Bucket=RAW, Key="raw/a.parquet", Body=b"x", IfNoneMatch="*")

    laptop.aws.events.wait_idle(SECONDS)

    assert delivered == []


def deliver(handler: Any) -> None:
    """Deliver an event to a handler, with short pauses between attempts."""
    events = S3Events({"arn": handler}, retry_after=(0.01, 0.01))
    events._thread.start()
    events._receive("1", {"Records": []}, "arn", "us-east-1")
    events.wait_idle(SECONDS)
    events.close()


def test_a_failing_function_is_retried_twice_and_the_failure_is_printed(capsys: Any):
    attempts = []

    def failing(event: Any) -> None:
        attempts.append(event)
        raise RunInProgress("busy")

    deliver(failing)

    assert len(attempts) == 3
    assert "event given up after 3 attempts: RunInProgress: busy" in capsys.readouterr().err


def test_a_function_that_recovers_is_not_retried_again(capsys: Any):
    attempts = []

    def recovering(event: Any) -> None:
        attempts.append(event)
        if len(attempts) < 2:
            raise RunInProgress("busy")

    deliver(recovering)

    assert len(attempts) == 2
    assert capsys.readouterr().err == ""


def test_retries_wait_for_their_delay(laptop: Laptop):
    attempts = []

    def failing(event: Any) -> None:
        attempts.append(time.monotonic())
        raise RunInProgress("busy")

    events = S3Events({"arn": failing}, retry_after=(0.1, 0.3))
    events._thread.start()
    events._receive("1", {"Records": []}, "arn", "us-east-1")
    events.wait_idle(SECONDS)
    events.close()

    first, second, third = attempts
    assert second - first >= 0.1
    assert third - second >= 0.3
    # The delays that docs/local-aws.md documents.
    assert laptop.aws.events._retry_after == (3.0, 6.0)


def test_a_reset_drops_a_waiting_retry(laptop: Laptop, s3: Any):
    attempts = []

    def failing(event: Any) -> None:
        attempts.append(event)
        raise RunInProgress("busy")

    laptop.aws.functions[stack.function_arn("start_refine")] = failing
    s3.put_object(Bucket=RAW, Key="raw/a.parquet", Body=b"x", IfNoneMatch="*")
    deadline = time.monotonic() + SECONDS
    while not attempts and time.monotonic() < deadline:
        pass

    laptop.aws.reset()

    # The retry would be due in three seconds.
    laptop.aws.events.wait_idle(0)
    assert len(attempts) == 1


def test_a_delivery_during_a_drop_is_not_retried_and_later_events_are_delivered():
    received, begun, go_on = [], threading.Event(), threading.Event()

    def failing(event: Any) -> None:
        received.append(event["Records"])
        begun.set()
        assert go_on.wait(SECONDS)
        raise RunInProgress("busy")

    events = S3Events({"first": failing, "later": lambda event: received.append("later")}, retry_after=(0.0, 0.0))
    events._thread.start()
    for arn in ("first", "later"):
        events._receive("1", {"Records": []}, arn, "us-east-1")
    assert begun.wait(SECONDS)
    dropping = threading.Thread(target=events.drop)
    dropping.start()
    deadline = time.monotonic() + SECONDS
    while events._due and time.monotonic() < deadline:
        pass
    go_on.set()
    dropping.join(SECONDS)
    events.wait_idle(SECONDS)
    assert received == [[]]

    events._receive("1", {"Records": []}, "later", "us-east-1")
    events.wait_idle(SECONDS)
    events.close()
    assert received == [[], "later"]


def test_a_start_that_is_refused_during_a_run_is_retried(laptop: Laptop, s3: Any):
    key, body = raw_object(known_bars())
    event = {"Records": [{"s3": {"bucket": {"name": RAW}, "object": {"key": key, "eTag": "x"}}}]}
    s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")
    laptop.aws.events.wait_idle(SECONDS)

    with pytest.raises(RunInProgress, match=f"b3-etl-job is running; {key} waits for the next attempt"):
        laptop.app.start_refine(event, None)

    assert [run.state for run in laptop.refined()] == ["SUCCEEDED"]
    # The run has merged this key with another content: another object, so another run.
    assert laptop.app.start_refine(event, None)["job_run_id"].startswith("jr_")
    laptop.refined()


def test_a_failed_start_raises(laptop: Laptop, s3: Any, glue: Any):
    glue.delete_job(JobName="b3-etl-job")
    event = {"Records": [{"s3": {"bucket": {"name": RAW}, "object": {"key": "raw/a.parquet", "eTag": "x"}}}]}

    with pytest.raises(glue.exceptions.EntityNotFoundException):
        laptop.app.start_refine(event, None)


@pytest.mark.parametrize(
    ("bucket", "key"), [(RAW, "raw/a.txt"), (RAW, "other/a.parquet"), ("b3-dataflow-refined", "raw/a.parquet")]
)
def test_an_object_that_is_not_raw_parquet_starts_nothing(laptop: Laptop, bucket: str, key: str):
    event = {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": key, "eTag": "x"}}}]}

    assert laptop.app.start_refine(event, None) == {"job_run_id": None}
    assert laptop.started() == []
