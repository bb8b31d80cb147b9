"""Alarms and notifications."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.ingest import official_closes
from chalicelib.lake import freshness, metrics
from chalicelib.layout import SAO_PAULO
from infra.stage import lambda_settings
from infra.stage.throttling import open_methods
from local.laptop import Laptop
from scripts.bill import Usage
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


def test_there_are_13_alarms_and_each_also_notifies_when_it_ends(main: Stack, alarms: Mapping[str, Any]):
    topic = main.outputs["AlarmTopicArn"]

    assert len(alarms) == 13
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


def test_the_api_is_watched_for_its_latency_refusals_and_requests(alarms: Mapping[str, Any]):
    api = {"ApiName": "b3-dataflow", "Stage": "dev"}
    watched = {
        name: (alarms[name].get("Statistic") or alarms[name]["ExtendedStatistic"], alarms[name]["Threshold"])
        for name in ("ApiLatency", "ApiRefusals", "ApiRequests")
    }

    assert [metric(alarms[name]) for name in watched] == [
        ("AWS/ApiGateway", "Latency", api),
        # The 429 of the throttling are among them.
        ("AWS/ApiGateway", "4XXError", api),
        ("AWS/ApiGateway", "Count", api),
    ]
    assert watched == {"ApiLatency": ("p90", 10_000), "ApiRefusals": ("Sum", 500), "ApiRequests": ("Sum", 20_000)}
    # Milliseconds, below the 29 s after which API Gateway answers 504.
    assert alarms["ApiLatency"]["Threshold"] < 29_000
    # Somebody who keeps asking at the limit of the open methods is reported on the first day.
    rates = sum(rate for _, _, rate in open_methods("*"))
    assert rates * 86_400 > alarms["ApiRequests"]["Threshold"] > Usage().requests


# Three attempts of an ingest: at once, after one minute and two minutes later.
ATTEMPTS = (timedelta(), timedelta(minutes=1), timedelta(minutes=3))


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}


def states(alarm: Mapping[str, Any], values: Mapping[datetime, float], end: datetime) -> Iterator[tuple[datetime, str]]:
    """Yield each change of an alarm's state, evaluated every 15 minutes as CloudWatch does for periods of UTC days."""
    statistics: dict[str, Callable[[list[float]], float]] = {"Sum": sum, "Minimum": min, "Maximum": max}
    combine = statistics[alarm["Statistic"]]
    breaching = COMPARISONS[alarm["ComparisonOperator"]]
    period, state = timedelta(seconds=alarm["Period"]), "OK"
    begin = min(values).replace(hour=0, minute=0)
    for step in range(int((end - begin) / timedelta(minutes=15))):
        now = begin + step * timedelta(minutes=15)
        current = begin + (now - begin) // period * period
        breaches = missing = 0
        for number in range(alarm["EvaluationPeriods"]):
            first = current - number * period
            points = [value for at, value in values.items() if first <= at <= min(now, first + period)]
            missing += not points
            breaches += bool(points) and breaching(combine(points), alarm["Threshold"])
        if breaches >= alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]):
            new = "ALARM"
        elif missing and alarm["TreatMissingData"] == "ignore":
            new = state
        else:
            new = "OK"
        if new != state:
            yield now, new
        state = new


# The schedule runs from Tuesday to Saturday.
@pytest.mark.parametrize("first_day", range(3, 8))
def test_while_yahoo_refuses_there_is_at_most_one_alarm_a_day(
    laptop: Laptop, alarms: Mapping[str, Any], first_day: int
):
    begin = datetime(2026, 3, first_day, tzinfo=UTC)
    end = begin + timedelta(weeks=3)
    started = list(runs(laptop.app.SCHEDULE, begin, end))
    # Each attempt of each run fails, and requests nothing from B3: that comes after Yahoo.
    errors = {run + pause: 1.0 for run in started for pause in ATTEMPTS}
    # Each run writes the age of the lake, whose first missing session is that of the day before.
    days = [begin.date() + timedelta(days=number - 1) for number in range(22)]
    due = [day for day in days if day.weekday() < 5]
    behind = {run: float(sum(day < run.astimezone(SAO_PAULO).date() for day in due)) for run in started}

    sent = [at.date() for at, state in states(alarms["IngestErrors"], errors, end) if state == "ALARM"]
    old = [at.date() for at, state in states(alarms["DataOld"], behind, end) if state == "ALARM"]

    assert sent == [begin.date()]
    assert len(old) == 1
    assert old[0] > begin.date()


def test_while_b3_refuses_there_is_one_alarm_on_the_second_day(laptop: Laptop, alarms: Mapping[str, Any]):
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    end = begin + timedelta(weeks=3)
    refused = dict.fromkeys(runs(laptop.app.SCHEDULE, begin, end), 1.0)

    assert [at.date() for at, _ in states(alarms["OfficialClosesMissing"], refused, end)] == [date(2026, 3, 4)]


def test_no_event_of_the_schedule_waits_in_the_failure_queue():
    # It would be a second alarm of the same outage, and the next event requests everything again.
    assert [name for name, queued in lambda_settings.ASYNCHRONOUS.items() if not queued] == ["ingest"]


def test_one_failure_of_yahoo_is_no_alarm(alarms: Mapping[str, Any]):
    begin = datetime(2026, 3, 3, 1, 30, tzinfo=UTC)

    assert list(states(alarms["IngestErrors"], {begin: 1.0, begin + ATTEMPTS[1]: 1.0}, begin + timedelta(days=3))) == []


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
