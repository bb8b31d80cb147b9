"""The stack of the market: its job, its schedule, its role and its alarms, and what the other stacks give it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.app import Cron

from chalicelib import layout
from chalicelib.ingest import cotahist
from chalicelib.lake import metrics
from infra.packaging.job import INSTALLER_OPTIONS, MARKET_SCRIPT
from local.laptop import Laptop
from local.moto_state import ACCOUNT, REGION
from tests.support.cron import runs
from tests.support.rights import allowed
from tests.support.template import Stack, market_stack, stacks

TABLE = "acoes_refined"
GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"


@pytest.fixture(scope="module")
def dev() -> dict[str, Stack]:
    return stacks("dev", Market="yes")


@pytest.fixture(scope="module")
def market(dev: dict[str, Stack]) -> Stack:
    return dev["market"]


def one(stack: Stack, type_: str) -> Any:
    (properties,) = stack.of(type_).values()
    return properties


def test_there_is_no_market_by_default():
    created = stacks("dev")

    assert set(created) == {"bootstrap", "data", "main"}
    assert created["main"].outputs["Market"] == "no"
    names = {str(right) for right in allowed("ApiRole", created["main"]) if "acoes" in str(right)}
    assert names == set()


def test_names_contain_the_stage_except_in_prod(market: Stack):
    assert market.outputs["MarketJob"] == "b3-market-job-dev"
    assert stacks("prod", Market="yes")["market"].outputs["MarketJob"] == "b3-market-job"


def test_the_job_runs_the_script_of_the_market_with_the_packages_of_the_other(dev: dict[str, Stack], market: Stack):
    job = one(market, "AWS::Glue::Job")
    index = one(dev["main"], "AWS::Glue::Job")
    artifacts = f"s3://{dev['bootstrap'].outputs['ArtifactBucket']}/job/"
    arguments = job["DefaultArguments"]

    assert job["Command"]["ScriptLocation"] == f"{artifacts}1/{MARKET_SCRIPT.name}"
    assert arguments["--extra-py-files"] == index["DefaultArguments"]["--extra-py-files"]
    assert arguments["--additional-python-modules"].startswith(artifacts)
    assert arguments["--python-modules-installer-option"] == INSTALLER_OPTIONS
    assert arguments["--RAW_PATH"] == f"s3://{dev['data'].outputs['RawBucket']}/{layout.COTAHIST_PREFIX}"
    assert arguments["--REFINED_PATH"] == f"s3://{dev['data'].outputs['RefinedBucket']}/acoes/"
    assert (arguments["--DATABASE"], arguments["--TABLE"]) == (dev["main"].outputs["Database"], TABLE)
    # One run at a time, and Glue repeats none: restart_refine does.
    assert (job["GlueVersion"], job["MaxRetries"], job["ExecutionProperty"]) == ("6.0", 0, {"MaxConcurrentRuns": 1})
    groups = {f"{arguments['--custom-logGroup-prefix']}/{name}" for name in ("output", "error")}
    assert groups <= {group["LogGroupName"] for group in dev["main"].of("AWS::Logs::LogGroup").values()}


def test_a_lease_holds_as_long_as_a_run_may_take(market: Stack):
    # `make check` works without Spark.
    pytest.importorskip("pyspark")
    from chalicelib.job.market.update import TIMEOUT

    assert timedelta(minutes=one(market, "AWS::Glue::Job")["Timeout"]) == TIMEOUT


def test_the_job_starts_after_the_ingest_of_each_morning(laptop: Laptop, market: Stack):
    trigger = one(market, "AWS::Glue::Trigger")
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    week = (begin, begin + timedelta(weeks=1))
    # cron(0 12 ? * TUE-SAT *), in the form of the app's schedule.
    minute, hour, *others = trigger["Schedule"].removeprefix("cron(").removesuffix(")").split()
    started = list(runs(Cron(int(minute), hour, *others), *week))
    mornings = [run for run in runs(laptop.app.SCHEDULE, *week) if run.hour > 6]

    assert (trigger["Type"], trigger["StartOnCreation"]) == ("SCHEDULED", True)
    assert trigger["Actions"] == [{"JobName": market.outputs["MarketJob"]}]
    # Three attempts of at most 300 s, with pauses of one and two minutes, end within 18 minutes.
    assert [run - morning for run, morning in zip(started, mornings, strict=True)] == [timedelta(minutes=30)] * 5


def test_the_role_reads_cotahist_and_writes_the_table_of_shares_only(dev: dict[str, Stack], market: Stack):
    rights = allowed("MarketRole", market)
    raw, refined = (f"arn:aws:s3:::{dev['data'].outputs[name]}" for name in ("RawBucket", "RefinedBucket"))
    ledgers, table, bars = f"{refined}/manifests/acoes/ledger/*", f"{refined}/acoes/*", f"{refined}/cotahist-bars/*"
    objects = [ledgers, table, bars, f"{refined}/manifests/acoes.json", f"{refined}/quarantine/acoes.parquet"]

    assert {right for right in rights if right[1].startswith(raw)} == {
        ("s3:GetObject", f"{raw}/{layout.COTAHIST_PREFIX}*"),
        ("s3:ListBucket", raw),
    }
    assert {right for right in rights if right[1].startswith(refined)} == {
        ("s3:ListBucket", refined),
        *((action, each) for action in ("s3:GetObject", "s3:PutObject") for each in objects),
        *(("s3:DeleteObject", each) for each in (ledgers, table, bars)),
    }
    database = dev["main"].outputs["Database"]
    on_tables = {resource for action, resource in rights if action.startswith("glue:") and "Job" not in action}
    assert on_tables == {f"{GLUE}:catalog", f"{GLUE}:database/{database}", f"{GLUE}:table/{database}/{TABLE}"}
    assert {right for right in rights if "JobRun" in right[0]} == {("glue:GetJobRun", f"{GLUE}:job/b3-market-job-dev")}
    assert not any("*" in action or resource == "*" for action, resource in rights)


def test_the_role_is_of_glue_in_this_account_and_has_the_boundary_of_the_stage(dev: dict[str, Stack]):
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/bound"
    bound, free = (
        one(market_stack("dev", dev, PermissionsBoundary=policy), "AWS::IAM::Role") for policy in (boundary, "")
    )
    (statement,) = free["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "glue.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert bound["PermissionsBoundary"] == boundary
    assert "PermissionsBoundary" not in free


def test_the_api_reads_the_manifest_and_the_table_of_shares(dev: dict[str, Stack]):
    refined = f"arn:aws:s3:::{dev['data'].outputs['RefinedBucket']}"
    added = set(allowed("ApiRole", dev["main"])) - set(allowed("ApiRole", stacks("dev")["main"]))

    table = f"{GLUE}:table/{dev['main'].outputs['Database']}/{TABLE}"
    assert {resource for _, resource in added} == {f"{refined}/acoes/*", f"{refined}/manifests/acoes.json", table}
    assert {action for action, _ in added} == {
        *("s3:GetObject", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition")
    }


def test_only_with_a_market_restart_refine_starts_its_job_as_it_starts_the_other(dev: dict[str, Stack], market: Stack):
    added = set(allowed("RestartRefineRole", dev["main"])) - set(allowed("RestartRefineRole", stacks("dev")["main"]))

    job = f"{GLUE}:job/{market.outputs['MarketJob']}"
    assert added == {(f"glue:{action}", job) for action in ("StartJobRun", "GetJobRun", "GetJobRuns")}
    for stage in ("dev", "prod"):
        created = stacks(stage, Market="yes")
        assert created["main"].outputs["MarketJobName"] == created["market"].outputs["MarketJob"]


def test_a_failed_run_and_missing_files_are_reported(dev: dict[str, Stack], market: Stack):
    topic = dev["main"].outputs["AlarmTopicArn"]
    rule, alarm = one(market, "AWS::Events::Rule"), one(market, "AWS::CloudWatch::Alarm")

    assert rule["EventPattern"]["detail"] == {"jobName": ["b3-market-job-dev"], "state": ["FAILED", "TIMEOUT"]}
    assert [target["Arn"] for target in rule["Targets"]] == [topic]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]
    assert (alarm["Namespace"], alarm["MetricName"]) == (metrics.NAMESPACE, cotahist.METRIC)
    refined = dev["data"].outputs["RefinedBucket"]
    assert alarm["Dimensions"] == [{"Name": metrics.DIMENSION, "Value": refined}]
    # Each request of two days in a row failed.
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Minimum", 86_400, 2)


def test_superseded_tables_do_not_stay_for_a_month(dev: dict[str, Stack]):
    refined = dev["data"].resources["RefinedBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    days = {rule.get("Prefix"): rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in refined[:2]}
    assert days == {None: 30, "acoes/": 1}
