"""What start_refine makes of an S3 event: it starts the job for what is not merged, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import msgspec
import pytest

from chalicelib.errors import RunInProgress
from chalicelib.ingest import trigger
from chalicelib.job import merge
from chalicelib.lake.manifest import JOB_TIMEOUT, Lease, Manifest
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings
from local import moto_state
from tests.support.bars import known_bars, raw_object
from tests.support.job import THREE, put
from tests.support.lake import NOW, RAW, REFINED

KEYS = [key for key, _ in THREE]
SETTINGS = Settings(job="try")

Start = Callable[..., str | None]


@pytest.fixture
def start(lake: Lake, glue: Any, s3: Any) -> Start:
    """start_refine with an event of these keys; the job it starts does nothing."""
    s3.put_object(Bucket="b3-dataflow-athena", Key="script.py", Body=b"")
    command = {"Name": "glueetl", "ScriptLocation": "s3://b3-dataflow-athena/script.py"}
    glue.create_job(Name="try", Role="arn:aws:iam::123456789012:role/x", Command=command)

    def start(*keys: str) -> str | None:
        return trigger.start_refine(event(*keys), SETTINGS, lake, glue, NOW)

    return start


def event(*keys: str) -> dict[str, Any]:
    """S3's notification of these raw objects, the keys encoded as S3 does."""
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
    given: dict[str, str] = glue.get_job_run(JobName="try", RunId=run_id)["JobRun"]["Arguments"]
    return given


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


def test_of_several_objects_one_that_is_not_merged_is_enough(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, *THREE[:2])
    run()
    put(lake, THREE[2])

    assert start(KEYS[0], KEYS[1]) is None
    assert arguments(glue, start(KEYS[0], KEYS[2], KEYS[1]))["--RAW_PATH"] == f"s3://{RAW}/{KEYS[2]}"


def test_keys_are_read_as_s3_encodes_them(lake: Lake, run: Any, glue: Any, start: Start):
    _, body = raw_object(known_bars())
    merged, new = "raw/year=2025/de mim+2 ção.parquet", "raw/year=2025/de mim+3 ção.parquet"
    put(lake, (merged, body))
    run()
    put(lake, (new, body))
    assert event(merged)["Records"][0]["s3"]["object"]["key"] == "raw/year%3D2025/de+mim%2B2+%C3%A7%C3%A3o.parquet"

    assert start(merged) is None
    assert arguments(glue, start(new))["--RAW_PATH"] == f"s3://{RAW}/{new}"


@pytest.mark.parametrize("key", ["raw/readme.txt", "raw.parquet", "other/a.parquet", "raw/a.parquet/"])
def test_what_is_no_raw_object_starts_nothing(lake: Lake, glue: Any, start: Start, key: str):
    # A run is going on, and even so there is nothing to wait for.
    lake.put_manifest(Manifest("writing", Lease("jr_other", NOW), None), None)

    assert start(key) is None
    assert started(glue) == 0


def test_while_a_run_may_be_writing_the_event_has_to_come_again(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    contents = run()
    _, etag = lake.manifest()
    etag = lake.put_manifest(Manifest("writing", Lease("jr_other", NOW), contents), etag)
    put(lake, THREE[1])

    with pytest.raises(
        RunInProgress, match=f"try is running; {KEYS[1]} waits for the next attempt: run jr_other holds the lease"
    ):
        start(KEYS[1])
    # Not even what the last commit merged is sure: the run may be of another release.
    with pytest.raises(RunInProgress, match="run jr_other holds the lease"):
        start(KEYS[0])
    assert started(glue) == 0

    lake.put_manifest(Manifest("writing", Lease("jr_other", NOW - JOB_TIMEOUT), contents), etag)
    assert start(KEYS[1]) is not None


def test_after_a_run_that_failed_on_the_way_any_event_starts_the_next(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    contents = run()
    _, etag = lake.manifest()
    lake.put_manifest(Manifest("writing", None, contents), etag)

    assert start(KEYS[0]) is not None


def test_an_object_that_arrives_while_a_run_works_is_merged_when_its_event_comes_again(
    lake: Lake, run: Any, glue: Any, start: Start, monkeypatch: Any
):
    put(lake, THREE[0])
    refine, left, refused = merge.refine, [THREE[1]], []

    def refine_while_raw_grows(*given: Any) -> Any:
        if left:
            put(lake, left.pop())
            with pytest.raises(RunInProgress) as raised:
                start(KEYS[1])
            refused.append(raised.value)
        return refine(*given)

    monkeypatch.setattr(merge, "refine", refine_while_raw_grows)
    run()

    assert len(refused) == 1
    assert start(KEYS[1]) is None
    assert started(glue) == 0


def test_a_ledger_that_is_missing_starts_the_job(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    lake.s3.delete_object(Bucket=REFINED, Key=run().ledger)

    assert start(KEYS[0]) is not None


def test_the_same_key_with_another_content_is_another_object(lake: Lake, run: Any, glue: Any, start: Start):
    put(lake, THREE[0])
    run()
    put(lake, (KEYS[0], THREE[1][1]))

    assert start(KEYS[0]) is not None


def test_a_run_that_glue_is_still_starting_is_waited_for_too(lake: Lake, glue: Any, start: Start, tmp_path: Path):
    (tmp_path / "script.py").write_text("import threading\nthreading.Event().wait()\n")
    put(lake, THREE[0])
    start(KEYS[0])

    with pytest.raises(RunInProgress, match=f"try is running; {KEYS[0]} waits for the next attempt$"):
        start(KEYS[0])


def test_a_manifest_that_cannot_be_read_is_an_error(lake: Lake, start: Start):
    lake.s3.put_object(Bucket=REFINED, Key="manifests/ibov.json", Body=b"{}")

    with pytest.raises(msgspec.ValidationError):
        start(KEYS[0])
