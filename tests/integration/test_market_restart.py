"""Runs of the market's job that fail on the local Glue: as for the index, the event of the end starts the next run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import layout
from chalicelib.shares import SHARES_TABLE
from local.glue_jobs import JobRun
from local.laptop import Laptop
from tests.support import market
from tests.support import spark as support
from tests.support.lake import RAW, REFINED

JOB = "b3-market-job"
SECONDS = 120.0

DIES = """
import os, signal, sys
import boto3
from glue import b3_market_job

calls = []

def die(model, **_):
    if "PutObject" in calls:
        os.kill(os.getpid(), signal.SIGKILL)
    calls.append(model.name)

if "--RAW_DIGEST" not in sys.argv:
    session = boto3.Session
    def watched(*args, **kwargs):
        created = session(*args, **kwargs)
        created.events.register("before-call", die)
        return created
    boto3.Session = watched
b3_market_job.main()
"""
"""The job, whose driver is killed as soon as it has the lease, unless it is a restart.

tests/integration/test_market_job.py kills the driver before each of its writes.
"""


@pytest.fixture
def start(laptop: Laptop, s3: Any, glue: Any) -> Callable[[str], list[JobRun]]:
    """Function that runs the market's job with a script, and returns all runs as `ended` does."""

    def start(script: str) -> list[JobRun]:
        s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=script.encode())
        glue.delete_job(JobName=JOB)
        glue.create_job(
            Name=JOB,
            Role="arn:aws:iam::123456789012:role/x",
            Command={"Name": "glueetl", "ScriptLocation": "s3://b3-dataflow-athena/script.py"},
            DefaultArguments={
                "--RAW_PATH": f"s3://{RAW}/{layout.COTAHIST_PREFIX}",
                "--REFINED_PATH": f"s3://{REFINED}/{layout.SHARES_PREFIX}",
                "--TABLE": SHARES_TABLE,
                "--MASTER": "local[*,4]",
            },
        )
        glue.start_job_run(JobName=JOB)
        return ended(laptop)

    return start


def ended(laptop: Laptop) -> list[JobRun]:
    """Return the runs of the job, oldest first, after the events are delivered and all runs have ended."""
    runs: list[JobRun] = []
    while len(known := laptop.aws.jobs.of(JOB)) > len(runs):
        for run in known:
            laptop.aws.jobs.wait(run.id, SECONDS)
        laptop.aws.events.wait_idle(SECONDS)
        runs = known
    return runs[::-1]


@pytest.mark.usefixtures("java")
def test_the_lake_heals_after_a_run_whose_driver_was_killed(laptop: Laptop, start: Any, capsys: Any):
    key = support.put(market.file(market.record()))

    killed, restarted = start(DIES)

    assert (killed.state, restarted.state) == ("FAILED", "SUCCEEDED")
    # The lease of the run that was killed is taken over before it expires.
    manifest, _ = support.lake().manifest()
    assert manifest is not None
    assert manifest.contents is not None
    assert (manifest.state, manifest.lease, manifest.contents.run.id) == ("ready", None, restarted.id)
    assert support.table(manifest.contents)["ticker"].tolist() == ["PETR4"]
    assert set(support.catalog().folders()) == {2025}
    assert restarted.arguments["--RAW_PATH"] == f"s3://{RAW}/{key}"
    assert restarted.arguments["--REFINED_PATH"] == f"s3://{REFINED}/{layout.SHARES_PREFIX}"
    # An event that arrives late finds nothing to do.
    capsys.readouterr()
    event = {"detail": {"jobName": JOB, "jobRunId": killed.id, "state": "FAILED"}}
    assert laptop.app.restart_refine(event, None) == {"job_run_id": None}
    assert capsys.readouterr().out == "no restart: all raw objects are merged\n"
    assert laptop.started() == []


def test_after_three_restarts_the_last_event_fails_and_a_new_file_is_tried_again(
    laptop: Laptop, start: Any, glue: Any, monkeypatch: Any, capsys: Any
):
    monkeypatch.setattr(laptop.aws.events, "_retry_after", (0.0, 0.0))
    support.put(market.file(market.record()))

    assert [run.state for run in start("raise SystemExit('LakeError: broken')")] == ["FAILED"] * 4

    given_up = f"event given up after 3 attempts: RestartsExhausted: {JOB} was restarted 3 times for the same 1 raw"
    assert capsys.readouterr().err.count(given_up) == 1

    support.put(market.file(market.record(DATA=20250103)))
    glue.start_job_run(JobName=JOB)

    assert [run.state for run in ended(laptop)] == ["FAILED"] * 8
    assert "was restarted 3 times for the same 2 raw objects" in capsys.readouterr().err
    # The job of the index has not been started.
    assert laptop.started() == []


def test_a_file_of_the_market_does_not_restart_the_job_of_the_index(laptop: Laptop):
    support.put(market.file(market.record()))

    assert laptop.app.restart_refine({"detail": {"jobName": "b3-etl-job"}}, None) == {"job_run_id": None}
