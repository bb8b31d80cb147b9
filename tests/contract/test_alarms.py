"""Alarms and notifications."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.ingest import official_closes
from chalicelib.lake import freshness, metrics
from local.laptop import Laptop
from tests.support.cron import runs
from tests.support.template import Stack, stacks


@pytest.fixture(scope="module")
def main() -> Stack:
    return stacks("dev")["main"]


@pytest.fixture(scope="module")
def alarms(main: Stack) -> Mapping[str, Any]:
    return main.of("AWS::CloudWatch::Alarm")


def metric(alarm: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    return alarm["Namespace"], alarm["MetricName"], dimensions


def test_there_are_ten_alarms_and_each_also_notifies_when_it_ends(main: Stack, alarms: Mapping[str, Any]):
    topic = main.outputs["AlarmTopicArn"]

    assert len(alarms) == 10
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]
        assert alarm["AlarmName"].startswith("b3-dataflow-dev-")
        assert alarm["AlarmDescription"]


def test_the_errors_of_each_function_are_watched(alarms: Mapping[str, Any]):
    functions = {
        alarm["Dimensions"][0]["Value"]: alarm["Threshold"]
        for alarm in alarms.values()
        if alarm["MetricName"] == "Errors"
    }

    # Lambda tries an event three times: one or two failures need no alarm.
    assert functions == {
        "b3-dataflow-dev": 1,
        "b3-dataflow-dev-ingest": 3,
        "b3-dataflow-dev-restart_refine": 3,
        "b3-dataflow-dev-start_refine": 3,
    }
    assert metric(alarms["ApiAnswers"]) == (
        "AWS/ApiGateway",
        "5XXError",
        {"ApiName": "b3-dataflow", "Stage": "dev"},
    )


def test_old_data_is_watched_by_the_metric_of_the_ingest(main: Stack, alarms: Mapping[str, Any]):
    alarm = alarms["DataOld"]
    refined = main.resources["Table"]["Properties"]["TableInput"]["StorageDescriptor"]["Location"].split("/")[2]

    assert metric(alarm) == (metrics.NAMESPACE, freshness.METRIC, {metrics.DIMENSION: refined})
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 2)
    # The metric has no data point between two runs: keep the last state.
    assert alarm["TreatMissingData"] == "ignore"


def test_two_days_without_official_closes_are_one_alarm(main: Stack, alarms: Mapping[str, Any]):
    alarm = alarms["OfficialClosesMissing"]
    refined = main.resources["Table"]["Properties"]["TableInput"]["StorageDescriptor"]["Location"].split("/")[2]

    assert metric(alarm) == (metrics.NAMESPACE, official_closes.METRIC, {metrics.DIMENSION: refined})
    # The metric of a failure is 1, that of a success 0: one success a day is enough.
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "Minimum",
        "GreaterThanOrEqualToThreshold",
        1,
    )
    assert alarm["EvaluationPeriods"] * timedelta(seconds=alarm["Period"]) == timedelta(days=2)
    # There is no request on weekends, and none with B3=no.
    assert alarm["TreatMissingData"] == "ignore"


def test_downloads_that_are_held_back_are_watched_by_the_metric_of_the_ingest(alarms: Mapping[str, Any]):
    alarm = alarms["DownloadHeldBack"]

    assert metric(alarm) == (metrics.NAMESPACE, freshness.HELD_BACK, metric(alarms["DataOld"])[2])
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarm["TreatMissingData"] == "ignore"


def test_a_missing_schedule_is_an_alarm_and_a_weekend_is_not(laptop: Laptop, alarms: Mapping[str, Any]):
    alarm = alarms["IngestSilent"]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    started = list(runs(laptop.app.SCHEDULE, begin, begin + timedelta(days=366)))
    pause = max(after - before for before, after in zip(started, started[1:], strict=False))

    assert metric(alarm) == ("AWS/Lambda", "Invocations", {"FunctionName": "b3-dataflow-dev-ingest"})
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"
    assert pause == timedelta(hours=62)
    # The last period is the current day, which is partial.
    assert (alarm["EvaluationPeriods"] - 1) * timedelta(seconds=alarm["Period"]) > pause
    assert (alarm["EvaluationPeriods"] - 2) * timedelta(seconds=alarm["Period"]) < pause


def test_failed_events_stay_two_weeks_and_have_an_alarm(main: Stack, alarms: Mapping[str, Any]):
    (queue,) = main.of("AWS::SQS::Queue").values()

    assert queue["SqsManagedSseEnabled"] is True
    assert timedelta(seconds=queue["MessageRetentionPeriod"]) == timedelta(days=14)
    assert metric(alarms["FailuresWaiting"]) == (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": queue["QueueName"]},
    )
    assert alarms["FailuresWaiting"]["Threshold"] == 1


def test_a_failed_run_of_the_job_sends_a_message(main: Stack):
    (rule,) = main.of("AWS::Events::Rule").values()
    (target,) = rule["Targets"]
    transformer = target["InputTransformer"]

    assert rule["EventPattern"]["detail"] == {"jobName": ["b3-etl-job-dev"], "state": ["FAILED", "TIMEOUT"]}
    assert target["Arn"] == main.outputs["AlarmTopicArn"]
    text = transformer["InputTemplate"]
    event = {"jobName": "b3-etl-job-dev", "jobRunId": "jr_1", "state": "FAILED", "message": "MixedLake: …"}
    for name, path in transformer["InputPathsMap"].items():
        text = text.replace(f"<{name}>", event[path.removeprefix("$.detail.")])
    assert json.loads(text) == "The Glue job b3-etl-job-dev ended its run jr_1 as FAILED: MixedLake: …"


def test_only_the_services_with_notifications_may_publish(main: Stack):
    (policy,) = main.of("AWS::SNS::TopicPolicy").values()
    statements = policy["PolicyDocument"]["Statement"]
    allowed = {each["Principal"]["Service"]: each for each in statements if each["Effect"] == "Allow"}

    assert set(allowed) == {"cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"}
    for service, statement in allowed.items():
        assert statement["Action"] == "sns:Publish"
        assert ("Condition" in statement) == (service != "events.amazonaws.com")
