"""Job runs of the local Glue."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.glue_jobs import GlueJobs
from local.laptop import Laptop
from tests.support.glue_jobs import SECONDS, create, run, stored


def test_the_script_gets_the_arguments_of_the_job_and_of_the_run(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("import json, os, sys\nprint(json.dumps([sys.argv[1:], sorted(os.environ)]))\n")
    create(
        glue,
        "glue/script.py",
        DefaultArguments={"--A": "default", "--B": "default"},
        NonOverridableArguments={"--C": "fixed"},
    )

    result = run(jobs, Arguments={"--B": "of the run", "--C": "of the run"})

    assert (result.state, result.error) == ("SUCCEEDED", None)
    argv, environ = json.loads(result.output)
    flags = dict(zip(argv[::2], argv[1::2], strict=True))
    assert flags == {
        "--JOB_NAME": "try",
        "--JOB_RUN_ID": result.id,
        "--A": "default",
        "--B": "of the run",
        "--C": "fixed",
    }
    assert "AWS_ENDPOINT_URL" in environ
    assert "PYTEST_CURRENT_TEST" not in environ


def test_a_failed_run_has_the_last_line_of_the_error_output(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text(
        "import sys\nprint('out')\nprint('first', file=sys.stderr)\nraise ValueError('the reason')\n"
    )
    create(glue, "glue/script.py")

    result = run(jobs)

    assert (result.state, result.error) == ("FAILED", "ValueError: the reason")


def test_a_failed_run_without_error_output_has_the_exit_code(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("import sys\nsys.exit(3)\n")
    create(glue, "glue/script.py")

    result = run(jobs)

    assert (result.state, result.error) == ("FAILED", "the script exited with 3 and no error output")


def test_long_output_does_not_block_a_script(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text(
        "import sys\nfor _ in range(20000):\n    print('x' * 99)\n    print('y' * 99, file=sys.stderr)\n"
    )
    create(glue, "glue/script.py")

    result = run(jobs)

    assert result.state == "SUCCEEDED"
    assert len(result.output) == 2_000_000


# With a timeout, in case the tests are killed.
WAITING = "import threading\nthreading.Event().wait(60)\n"


def write_waiting_script(folder: Path) -> None:
    (folder / "script.py").write_text(WAITING)


def test_a_run_past_its_timeout_is_killed(glue: Any, jobs: GlueJobs, folder: Path):
    write_waiting_script(folder)
    create(glue, "glue/script.py", Timeout=5)

    result = run(jobs, Timeout=1)

    assert (result.state, result.error) == ("TIMEOUT", "Job run timed out after 1 minutes")
    assert result.process.returncode not in (None, 0)


@pytest.mark.parametrize("how", ["TIMEOUT", "STOPPED"])
def test_a_run_has_ended_only_when_its_process_has_ended(
    glue: Any, jobs: GlueJobs, folder: Path, monkeypatch: Any, how: str
):
    states = []
    kill = subprocess.Popen.kill

    def watched(process: Any) -> None:
        states.append(current.state)
        kill(process)

    monkeypatch.setattr(subprocess.Popen, "kill", watched)
    write_waiting_script(folder)
    create(glue, "glue/script.py")
    current = jobs._runs[jobs.start({"JobName": "try", "Timeout": 1 if how == "TIMEOUT" else 60})]
    deadline = time.monotonic() + SECONDS
    while current.process is None and time.monotonic() < deadline:
        pass

    if how == "STOPPED":
        jobs.stop(current)
    jobs.wait(current.id, SECONDS)

    assert (current.state, current.process.returncode) == (how, -signal.SIGKILL)  # type: ignore[union-attr]
    assert states == ["STOPPING" if how == "STOPPED" else "RUNNING"]


def test_a_run_stopped_before_its_process_starts_has_no_process(glue: Any, jobs: GlueJobs, folder: Path):
    write_waiting_script(folder)
    create(glue, "glue/script.py")

    with jobs._changed:
        # The run's thread cannot start the process while this thread holds the lock.
        run_id = jobs.start({"JobName": "try"})
        jobs.stop(jobs._runs[run_id])

    result = jobs.wait(run_id, SECONDS)
    assert (result.state, result.error, result.process) == ("STOPPED", None, None)


def test_a_run_that_has_ended_is_not_stopped(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("")
    create(glue, "glue/script.py")
    result = run(jobs)

    jobs.stop(result)

    assert result.state == "SUCCEEDED"


def test_a_run_of_a_script_that_cannot_start_fails(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("")
    create(glue, "glue/script.py")

    result = run(jobs, Arguments={"--A": "\0"})

    assert (result.state, result.error) == ("FAILED", "LAUNCH ERROR | embedded null byte")


def test_output_that_is_not_utf8_is_accepted(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("import os\nos.write(1, b'\\xff')\n")
    create(glue, "glue/script.py")

    result = run(jobs)

    assert (result.state, result.output) == ("SUCCEEDED", "\N{REPLACEMENT CHARACTER}")


def test_no_run_starts_while_runs_are_listed(glue: Any, jobs: GlueJobs, folder: Path):
    blocked = []

    def free() -> bool:
        if jobs._changed.acquire(blocking=False):
            jobs._changed.release()
            return True
        return False

    class Watched(dict[str, Any]):
        def values(self) -> Any:
            with ThreadPoolExecutor(1) as another:
                blocked.append(not another.submit(free).result(SECONDS))
            return super().values()

    jobs._runs = Watched()

    assert jobs.of("try") == []
    assert blocked == [True]


def test_the_oldest_runs_that_have_ended_are_removed(glue: Any, jobs: GlueJobs, folder: Path, monkeypatch: Any):
    monkeypatch.setattr("local.glue_jobs.KEPT_RUNS", 3)
    write_waiting_script(folder)
    create(glue, "glue/script.py", ExecutionProperty={"MaxConcurrentRuns": 2})
    active = jobs.start({"JobName": "try"})

    # A null byte in an argument: the script does not start.
    ended = [run(jobs, Arguments={"--A": "\0"}).id for _ in range(5)]

    assert [each.id for each in jobs.of("try")] == [*reversed(ended[-3:]), active]


def test_a_job_has_at_most_its_maximum_of_concurrent_runs(glue: Any, jobs: GlueJobs, folder: Path):
    write_waiting_script(folder)
    create(glue, "glue/script.py", ExecutionProperty={"MaxConcurrentRuns": 2})
    first, second = (jobs.start({"JobName": "try"}) for _ in range(2))

    with pytest.raises(Exception, match="Concurrent runs exceeded for try") as raised:
        jobs.start({"JobName": "try"})
    assert raised.value.code == "ConcurrentRunsExceededException"  # type: ignore[attr-defined]

    jobs.stop(jobs._runs[first])
    third = jobs.start({"JobName": "try"})
    assert len({first, second, third}) == 3


def test_the_api_describes_and_stops_runs(laptop: Laptop, glue: Any, s3: Any):
    create(glue, stored(s3, WAITING))

    run_id = glue.start_job_run(JobName="try", Arguments={"--A": "1"})["JobRunId"]

    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName="try")
    current = glue.get_job_run(JobName="try", RunId=run_id)["JobRun"]
    assert current["JobRunState"] in ("STARTING", "RUNNING")
    assert current["Arguments"] == {"--A": "1"}
    assert "CompletedOn" not in current
    assert [run["Id"] for run in glue.get_job_runs(JobName="try")["JobRuns"]] == [run_id]

    glue.batch_stop_job_run(JobName="try", JobRunIds=[run_id])
    result = glue.get_job_run(JobName="try", RunId=run_id)["JobRun"]
    assert result["JobRunState"] == "STOPPED"
    assert result["CompletedOn"] >= result["StartedOn"]


def test_an_unknown_job_or_run_is_refused(laptop: Laptop, glue: Any):
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName="absent")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_job_run(JobName="b3-etl-job", RunId="absent")


def test_a_reset_of_the_local_aws_stops_its_scripts(laptop: Laptop, glue: Any, s3: Any):
    create(glue, stored(s3, WAITING))
    run_id = glue.start_job_run(JobName="try")["JobRunId"]
    result = laptop.aws.jobs._runs[run_id]
    deadline = time.monotonic() + SECONDS
    while result.process is None and time.monotonic() < deadline:
        pass

    laptop.aws.reset()

    assert result.process is not None
    assert result.process.poll() is not None
    with pytest.raises(ClientError):
        glue.get_job_run(JobName="try", RunId=run_id)
