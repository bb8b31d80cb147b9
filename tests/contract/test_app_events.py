"""The events that invoke functions: the schedule, the S3 notification, and the end of a job run."""

from __future__ import annotations

from types import ModuleType

import pytest
from chalice.app import CloudWatchEventConfig, Cron, S3EventConfig, ScheduledEventConfig

from local.laptop import Laptop


@pytest.fixture
def app(laptop: Laptop) -> ModuleType:
    return laptop.app


def test_the_schedule_is_after_each_session_and_before_the_next(app: ModuleType):
    (event,) = [source for source in app.app.event_sources if isinstance(source, ScheduledEventConfig)]

    # UTC: 22:30 from Monday to Friday and 08:30 from Tuesday to Saturday in São Paulo.
    assert isinstance(event.schedule_expression, Cron)
    assert event.schedule_expression.to_string() == "cron(30 1,11 ? * TUE-SAT *)"
    assert event.handler_string == "app.ingest"


def test_s3_notifies_start_refine_of_parquet_objects_in_raw(app: ModuleType):
    (event,) = [source for source in app.app.event_sources if isinstance(source, S3EventConfig)]

    assert (event.bucket, event.prefix, event.suffix) == ("b3-dataflow-raw", "raw/", ".parquet")
    assert event.events == ["s3:ObjectCreated:*"]
    assert event.handler_string == "app.start_refine"


def test_the_rule_is_of_runs_of_both_jobs_that_did_not_succeed(app: ModuleType):
    (event,) = [source for source in app.app.event_sources if isinstance(source, CloudWatchEventConfig)]

    assert event.event_pattern == {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {"jobName": ["b3-etl-job", "b3-market-job"], "state": ["FAILED", "TIMEOUT", "STOPPED", "ERROR"]},
    }
    assert event.handler_string == "app.restart_refine"


def test_nothing_else_starts_a_function(app: ModuleType):
    assert len(app.app.event_sources) == 3
