"""Runs of the job that die on the local Glue: the lake heals without an event, and gives up after three restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.lake.store import Lake
from local import glue_events, moto_catalog, moto_state
from local.glue_jobs import JobRun
from local.laptop import Laptop
from tests.support.bars import known_bars, raw_object
from tests.support.job import THREE, WRITES, YEARS, put, registered, stored
from tests.support.lake import RAW, fill

JOB = "b3-etl-job"
SECONDS = 60.0

DIES = f"""
import itertools, os, signal, sys
import boto3
from glue import b3_etl_job

count, arguments = itertools.count(), dict(zip(sys.argv[1::2], sys.argv[2::2]))

def die(model, **_):
    if model.name in {WRITES!r} and next(count) == int(arguments["--KILL"]):
        os.kill(os.getpid(), signal.SIGKILL)

if "--RAW_DIGEST" not in arguments:
    session = boto3.Session
    def watched(*args, **kwargs):
        created = session(*args, **kwargs)
        created.events.register("before-call", die)
        return created
    boto3.Session = watched
b3_etl_job.main()
"""
"""The job, which is killed before its write number --KILL unless it is a restart."""


@pytest.fixture
def script(laptop: Laptop, s3: Any, glue: Any) -> Callable[..., None]:
    """Function that replaces the script of the job, and adds arguments."""
    original = moto_catalog.job(JOB)
    assert original is not None

    def replace(text: str, **more: str) -> None:
        s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=text.encode())
        glue.delete_job(JobName=JOB)
        glue.create_job(
            Name=JOB,
            Role=original["Role"],
            Command={**original["Command"], "ScriptLocation": "s3://b3-dataflow-athena/script.py"},
            DefaultArguments={**original["DefaultArguments"], **more},
            Timeout=original["Timeout"],
            ExecutionProperty=original["ExecutionProperty"],
        )

    return replace


def event(key: str) -> dict[str, Any]:
    """Return S3's notification of a raw object."""
    etags = {entry.key: entry.etag for entry in moto_state.objects(RAW, "")}
    return {"Records": [{"s3": {"bucket": {"name": RAW}, "object": {"key": key, "eTag": etags[key]}}}]}


def states(laptop: Laptop) -> list[str]:
    """Return the states of all runs, oldest first, after the last has ended."""
    return [run.state for run in reversed(laptop.refined())]


@pytest.mark.slow
def test_the_lake_heals_without_an_event_after_a_run_is_killed_before_each_kind_of_write(
    laptop: Laptop, lake: Lake, rebuilt: Any, script: Any, s3: Any, glue: Any
):
    # The lease, one of three years, quarantine, revisions, a partition, the ledger, the commit, the old ledger.
    # tests/integration/test_job_failures.py kills the job, in this process, before all of its writes.
    for number in (0, 2, 4, 5, 6, 7, 8, 9):
        laptop.aws.reset()
        laptop.create_stack()
        fill(THREE[0])
        s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
        put(lake, *THREE[1:])
        script(DIES, **{"--KILL": str(number)})

        assert laptop.app.start_refine(event(THREE[1][0]), None)["job_run_id"]

        # The event of the run that died starts the next, which takes over the lease before it expires. The last write
        # is after the commit, so that there is nothing left to do.
        healed = ["FAILED"] if number == 9 else ["FAILED", "SUCCEEDED"]
        assert states(laptop) == healed, f"killed before write {number}"
        assert stored() == rebuilt[0]
        assert registered(glue) == YEARS
        manifest, _ = lake.manifest()
        assert manifest is not None
        assert (manifest.state, manifest.lease) == ("ready", None)


def test_after_three_restarts_the_last_event_fails_and_a_new_raw_object_is_tried_again(
    laptop: Laptop, lake: Lake, script: Any, monkeypatch: Any, capsys: Any
):
    monkeypatch.setattr(laptop.aws.events, "_retry_after", (0.0, 0.0))
    script("raise SystemExit('LakeError: broken')")
    put(lake, THREE[0])

    laptop.app.start_refine(event(THREE[0][0]), None)

    assert states(laptop) == ["FAILED"] * 4
    given_up = f"event given up after 3 attempts: RestartsExhausted: {JOB} was restarted 3 times for the same 1 raw"
    assert capsys.readouterr().err.count(given_up) == 1

    put(lake, THREE[1])
    laptop.app.start_refine(event(THREE[1][0]), None)

    assert states(laptop) == ["FAILED"] * 8
    assert "was restarted 3 times for the same 2 raw objects" in capsys.readouterr().err


def test_a_run_that_is_stopped_is_restarted(laptop: Laptop, lake: Lake, script: Any, glue: Any):
    script("import sys, threading\nif '--RAW_DIGEST' not in sys.argv: threading.Event().wait(60)\n")
    put(lake, raw_object(known_bars()))
    run_id = glue.start_job_run(JobName=JOB)["JobRunId"]

    glue.batch_stop_job_run(JobName=JOB, JobRunIds=[run_id])

    assert states(laptop) == ["STOPPED", "SUCCEEDED"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [("FAILED", 2), ("TIMEOUT", 2), ("STOPPED", 2), ("ERROR", 2), ("SUCCEEDED", 0)],
)
def test_the_rule_selects_runs_of_both_jobs_that_did_not_succeed(
    laptop: Laptop, monkeypatch: Any, state: str, expected: int
):
    invoked: list[Any] = []
    for arn in laptop.aws.functions:
        monkeypatch.setitem(laptop.aws.functions, arn, invoked.append)
    for job in (JOB, "b3-market-job", "another"):
        glue_events.deliver(JobRun("jr_1", {"Name": job}, {}, 10, state), laptop.app.app, laptop.aws.events)

    laptop.aws.events.wait_idle(SECONDS)

    assert [each["detail"]["jobName"] for each in invoked] == [JOB, "b3-market-job"][:expected]
