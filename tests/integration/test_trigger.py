"""start_refine starts the job for an S3 event of a raw object that is not merged, and for no other.

restart_refine starts it again after a run that failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import msgspec
import pytest

from chalicelib.errors import RestartsExhausted, RunInProgress
from chalicelib.ingest import trigger
from chalicelib.job import merge
from chalicelib.lake.manifest import JOB_TIMEOUT, Lease, Manifest
from chalicelib.lake.runs import JobRuns
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings
from local import moto_state
from local.laptop import Laptop
from tests.support.bars import known_bars, raw_object
from tests.support.job import THREE, put
from tests.support.lake import NOW, RAW, REFINED

KEYS = [key for key, _ in THREE]
SETTINGS = Settings(job="try")

SECONDS = 30.0

Start = Callable[..., str | None]


@pytest.fixture
def start(lake: Lake, glue: Any, s3: Any) -> Start:
    """Function that calls start_refine with an event of some keys. The job that it starts does nothing."""
    s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=b"")
    command = {"Name": "glueetl", "ScriptLocation": "s3://b3-dataflow-athena/script.py"}
    glue.create_job(Name="try", Role="arn:aws:iam::123456789012:role/x", Command=command)

    def start(*keys: str) -> str | None:
        return trigger.start_refine(event(*keys), SETTINGS, lake, JobRuns(glue, "try"), NOW)

    return start


@pytest.fixture
def restart(laptop: Laptop, lake: Lake, glue: Any, start: Start) -> Callable[[], str | None]:
    """Function that calls restart_refine and waits until the run that it starts has ended."""

    def restart() -> str | None:
        run_id = trigger.restart_refine(SETTINGS, lake, JobRuns(glue, "try"), NOW)
        return run_id and laptop.aws.jobs.wait(run_id, SECONDS).id

    return restart


def event(*keys: str) -> dict[str, Any]:
    """Return S3's notification of raw objects, with the keys encoded as by S3."""
    etags = {entry.key: entry.etag for entry in moto_state.objects(RAW, "")}
    return {
        "Records": [
            {
                "s3": {
                    "bucket": {"name": RAW},
                    "object": {"key": quote_plus(key, safe="/"), "eTag": etags.get(key, "0" * 32)},
                }
            }
            for key in keys
        ]
    }


def arguments(glue: Any, run_id: str | None) -> dict[str, str]:
    result: dict[str, str] = glue.get_job_run(JobName="try", RunId=run_id)["JobRun"]["Arguments"]
    return result


def started(glue: Any) -> int:
    return len(glue.get_job_runs(JobName="try")["JobRuns"])


def test_an_object_that_is_merged_starts_nothing(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    run()

    assert start(KEYS[0]) is None
    assert started(glue) == 0


def test_an_object_before_the_first_commit_starts_the_job(lake: Lake, glue: Any, start: Start):
    put(lake, THREE[0])

    assert arguments(glue, start(KEYS[0])) == {
        "--RAW_PATH": f"s3://{RAW}/{KEYS[0]}",
        "--REFINED_PATH": f"s3://{REFINED}/refined/",
    }


def test_one_of_several_objects_that_is_not_merged_starts_the_job(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, *THREE[:2])
    run()
    put(lake, THREE[2])

    assert start(KEYS[0], KEYS[1]) is None
    assert arguments(glue, start(KEYS[0], KEYS[2], KEYS[1]))["--RAW_PATH"] == f"s3://{RAW}/{KEYS[2]}"


def test_keys_are_decoded(lake: Lake, run: Any, glue: Any, start: Start):
    _, body = raw_object(known_bars())
    merged, new = "raw/year=2025/de mim+2 ção.parquet", "raw/year=2025/de mim+3 ção.parquet"
    put(lake, (merged, body))
    run()
    put(lake, (new, body))
    assert event(merged)["Records"][0]["s3"]["object"]["key"] == "raw/year%3D2025/de+mim%2B2+%C3%A7%C3%A3o.parquet"

    assert start(merged) is None
    assert arguments(glue, start(new))["--RAW_PATH"] == f"s3://{RAW}/{new}"


@pytest.mark.parametrize("key", ["raw/readme.txt", "raw.parquet", "other/a.parquet", "raw/a.parquet/"])
def test_an_object_outside_raw_starts_nothing(lake: Lake, glue: Any, start: Start, key: str):
    # A run is active, but this event does not have to wait for it.
    lake.put_manifest(Manifest("writing", Lease("jr_other", NOW), None), None)

    assert start(key) is None
    assert started(glue) == 0


def test_an_event_during_a_run_is_retried(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    contents = run()
    _, etag = lake.manifest()
    etag = lake.put_manifest(Manifest("writing", Lease("jr_other", NOW), contents), etag)
    put(lake, THREE[1])

    with pytest.raises(
        RunInProgress, match=f"try is running; {KEYS[1]} waits for the next attempt: run jr_other holds the lease"
    ):
        start(KEYS[1])
    # The same for a merged object, because the run may be of another release, which would merge it again.
    with pytest.raises(RunInProgress, match="run jr_other holds the lease"):
        start(KEYS[0])
    assert started(glue) == 0

    lake.put_manifest(Manifest("writing", Lease("jr_other", NOW - JOB_TIMEOUT), contents), etag)
    assert start(KEYS[1]) is not None


def test_after_a_run_that_failed_while_it_wrote_any_event_starts_the_job(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    contents = run()
    _, etag = lake.manifest()
    lake.put_manifest(Manifest("writing", None, contents), etag)

    assert start(KEYS[0]) is not None


def test_an_object_that_arrives_during_a_run_is_merged_when_its_event_is_retried(
    lake: Lake, run: Any, glue: Any, start: Start, monkeypatch: Any
):
    put(lake, THREE[0])
    refine, pending, refused = merge.refine, [THREE[1]], []

    def refine_while_raw_grows(*args: Any) -> Any:
        if pending:
            put(lake, pending.pop())
            with pytest.raises(RunInProgress) as raised:
                start(KEYS[1])
            refused.append(raised.value)
        return refine(*args)

    monkeypatch.setattr(merge, "refine", refine_while_raw_grows)
    run()

    assert len(refused) == 1
    assert start(KEYS[1]) is None
    assert started(glue) == 0


def test_a_missing_ledger_starts_the_job(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    lake.s3.delete_object(Bucket=REFINED, Key=run().ledger)

    assert start(KEYS[0]) is not None


def test_the_same_key_with_another_content_is_another_object(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    run()
    moto_state.write(RAW, KEYS[0], THREE[1][1])

    assert start(KEYS[0]) is not None


def test_an_event_while_glue_starts_a_run_is_retried(lake: Lake, s3: Any, glue: Any, start: Start):
    s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=b"import threading\nthreading.Event().wait(60)")
    put(lake, THREE[0])
    start(KEYS[0])

    with pytest.raises(RunInProgress, match=f"try is running; {KEYS[0]} waits for the next attempt$"):
        start(KEYS[0])


def test_a_manifest_that_cannot_be_read_is_an_error(lake: Lake, start: Start):
    lake.s3.put_object(Bucket=REFINED, Key="manifests/ibov.json", Body=b"{}")

    with pytest.raises(msgspec.ValidationError):
        start(KEYS[0])


def test_an_event_does_not_wait_for_the_lease_of_a_run_that_has_ended(
    laptop: Laptop, lake: Lake, glue: Any, start: Start
):
    put(lake, THREE[0])
    killed = start(KEYS[0])
    assert killed is not None
    laptop.aws.jobs.wait(killed, SECONDS)
    lake.put_manifest(Manifest("writing", Lease(killed, NOW), None), None)

    assert start(KEYS[0]) not in (None, killed)


def test_a_run_has_ended_only_if_glue_says_so(laptop: Laptop, s3: Any, glue: Any, start: Start):
    s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=b"import threading\nthreading.Event().wait(60)")
    runs = JobRuns(glue, "try")
    run_id = runs.start(SETTINGS, KEYS[0])

    assert not runs.has_ended(run_id)
    assert not runs.has_ended("by-hand-1")
    assert not JobRuns(glue, "another").has_ended(run_id)

    glue.batch_stop_job_run(JobName="try", JobRunIds=[run_id])
    assert runs.has_ended(run_id)


@pytest.mark.parametrize(
    "payload",
    [{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": RAW}, {}, {"detail-type": "Object Created"}, None],
)
def test_another_event_is_ignored_by_the_function(laptop: Laptop, capsys: Any, payload: Any):
    assert laptop.app.start_refine(payload, None) == {"job_run_id": None}

    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("ignored: ")


def test_an_object_whose_etag_the_event_lacks_starts_the_job(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    run()
    without = event(KEYS[0])
    del without["Records"][0]["s3"]["object"]["eTag"]

    assert trigger.start_refine(without, SETTINGS, lake, JobRuns(glue, "try"), NOW) is not None


def fail(s3: Any) -> None:
    """Let the job fail from now on."""
    s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=b"raise SystemExit('broken')")


def test_a_run_that_failed_is_restarted_three_times_for_the_same_raw_objects(
    lake: Lake, run: Any, s3: Any, glue: Any, restart: Any, capsys: Any
):
    fail(s3)
    put(lake, THREE[0])
    runs = [restart() for _ in range(3)]
    assert "restart 3 of 3 for these raw objects: run jr_" in capsys.readouterr().out

    for _ in range(2):
        with pytest.raises(
            RestartsExhausted, match=r"try was restarted 3 times for the same 1 raw objects.*allowed: 3"
        ):
            restart()
    assert started(glue) == len(set(runs)) == 3
    assert None not in runs

    put(lake, THREE[1])
    assert restart() is not None
    assert arguments(glue, runs[0])["--RAW_PATH"] == f"s3://{RAW}/{KEYS[0]}"


def test_a_run_that_succeeded_resets_the_number_of_restarts(lake: Lake, s3: Any, restart: Any):
    fail(s3)
    put(lake, THREE[0])
    assert None not in [restart() for _ in range(3)]
    with pytest.raises(RestartsExhausted):
        restart()

    # Succeeds without a commit, as the run of another lake would.
    s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=b"")
    put(lake, THREE[1])
    assert restart() is not None
    lake.s3.delete_object(Bucket=RAW, Key=KEYS[1])

    assert restart() is not None


def test_a_lake_with_all_raw_objects_is_not_refined_again(lake: Lake, run: Any, glue: Any, restart: Any, capsys: Any):
    assert restart() is None
    put(lake, THREE[0])
    run()
    capsys.readouterr()

    assert restart() is None
    assert capsys.readouterr().out == "no restart: all raw objects are merged\n"
    assert started(glue) == 0


def test_a_restart_waits_for_a_run_that_glue_does_not_know(lake: Lake, glue: Any, restart: Any):
    put(lake, THREE[0])
    lake.put_manifest(Manifest("writing", Lease("by-hand-1", NOW), None), None)

    with pytest.raises(RunInProgress, match="run by-hand-1 holds the lease"):
        restart()
    assert started(glue) == 0
