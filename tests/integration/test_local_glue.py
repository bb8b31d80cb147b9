"""The local Glue: job runs that really run."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.glue_jobs import GlueJobs, script_environ
from local.laptop import Laptop

SECONDS = 30.0
BUCKET = "b3-dataflow-athena"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the scripts."""
    folder = tmp_path / "glue"
    folder.mkdir()
    return folder


@pytest.fixture
def jobs(laptop: Laptop, tmp_path: Path, folder: Path) -> Iterator[GlueJobs]:
    """A Glue whose scripts lie in a temporary folder, and whose minutes last a second."""
    jobs = GlueJobs(tmp_path, script_environ(laptop.aws.environ()), minute=1.0)
    yield jobs
    jobs.close()


def create(glue: Any, script: str, **more: Any) -> None:
    glue.create_job(
        Name="try",
        Role="arn:aws:iam::123456789012:role/x",
        Command={"Name": "glueetl", "ScriptLocation": script},
        **more,
    )


def stored(s3: Any, script: str) -> str:
    """The location of a script in S3."""
    s3.put_object(Bucket=BUCKET, Key="scripts/a b?#.py", Body=script.encode())
    return f"s3://{BUCKET}/scripts/a b?#.py"


def run(jobs: GlueJobs, **request: Any) -> Any:
    return jobs.wait(jobs.start({"JobName": "try"} | request), SECONDS)


def test_the_script_gets_the_arguments_of_the_job_and_of_the_run(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("import json, os, sys\nprint(json.dumps([sys.argv[1:], sorted(os.environ)]))\n")
    create(
        glue,
        "glue/script.py",
        DefaultArguments={"--A": "default", "--B": "default"},
        NonOverridableArguments={"--C": "fixed"},
    )

    ended = run(jobs, Arguments={"--B": "of the run", "--C": "of the run"})

    assert (ended.state, ended.error) == ("SUCCEEDED", None)
    argv, environ = json.loads(ended.output)
    flags = dict(zip(argv[::2], argv[1::2], strict=True))
    assert flags == {
        "--JOB_NAME": "try",
        "--JOB_RUN_ID": ended.id,
        "--A": "default",
        "--B": "of the run",
        "--C": "fixed",
    }
    assert "AWS_ENDPOINT_URL" in environ
    assert "PYTEST_CURRENT_TEST" not in environ


def test_a_script_that_fails_is_failed_with_its_last_line(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text(
        "import sys\nprint('out')\nprint('first', file=sys.stderr)\nraise ValueError('the reason')\n"
    )
    create(glue, "glue/script.py")

    ended = run(jobs)

    assert (ended.state, ended.error) == ("FAILED", "ValueError: the reason")


def test_a_script_that_fails_without_a_word_is_failed(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("import sys\nsys.exit(3)\n")
    create(glue, "glue/script.py")

    ended = run(jobs)

    assert (ended.state, ended.error) == ("FAILED", "the script exited with 3 and no error output")


def test_a_missing_script_is_failed(glue: Any, jobs: GlueJobs):
    create(glue, "glue/absent.py")

    ended = run(jobs)

    assert ended.state == "FAILED"
    assert "absent.py does not exist" in ended.error


def test_a_script_in_s3_is_run_and_imports_the_project(glue: Any, s3: Any, jobs: GlueJobs, tmp_path: Path):
    (tmp_path / "chalicelib.py").write_text("name = 'ours'\n")
    create(glue, stored(s3, "import chalicelib, sys\nprint(chalicelib.name, __file__)\n"))

    ended = run(jobs)

    assert (ended.state, ended.error) == ("SUCCEEDED", None)
    name, file = ended.output.split()
    assert name == "ours"
    assert not Path(file).exists()


@pytest.mark.parametrize("key", ["absent.py", "", "scripts"])
def test_a_script_that_is_not_in_s3_is_failed(glue: Any, jobs: GlueJobs, key: str):
    create(glue, f"s3://{BUCKET}/{key}")

    ended = run(jobs)

    assert (ended.state, ended.error) == ("FAILED", f"LAUNCH ERROR | File s3://{BUCKET}/{key} does not exist")


@pytest.mark.parametrize(
    "location",
    [
        "{root}/outside.py",
        "{root}/glue/script.py",
        "/proc/self/fd/0",
        "outside.py",
        "glue/../outside.py",
        "glue/x/../../outside.py",
        "../outside.py",
        "./glue/../outside.py",
        "file://{root}/glue/script.py",
        "S3://b3-dataflow-athena/x.py",
        "glued/outside.py",
        "~/outside.py",
        "",
    ],
)
def test_no_other_file_of_the_machine_is_run(glue: Any, jobs: GlueJobs, folder: Path, tmp_path: Path, location: str):
    (tmp_path / "glued").mkdir()
    (folder / "x").mkdir()
    for path in ("outside.py", "glued/outside.py", "glue/script.py"):
        (tmp_path / path).write_text("print('run')\n")
    create(glue, location.format(root=tmp_path))

    ended = run(jobs)

    assert (ended.state, ended.output) == ("FAILED", "")
    assert ended.error.startswith("LAUNCH ERROR | ScriptLocation is ")
    assert ended.error.endswith("; allowed: s3://bucket/key, or a path below glue/")


@pytest.mark.parametrize("target", ["outside.py", "/proc/self/cmdline"])
def test_a_link_out_of_the_folder_is_not_followed(glue: Any, jobs: GlueJobs, folder: Path, tmp_path: Path, target: str):
    (tmp_path / "outside.py").write_text("print('run')\n")
    (folder / "script.py").symlink_to(tmp_path / target)
    create(glue, "glue/script.py")

    ended = run(jobs)

    assert (ended.state, ended.output) == ("FAILED", "")
    assert ended.error == "LAUNCH ERROR | ScriptLocation is 'glue/script.py', a link to a file outside of glue/"


@pytest.mark.parametrize("name", ["--extra-py-files", "--extra-files", "--additional-python-modules", "-c"])
def test_an_argument_reads_and_runs_nothing(glue: Any, jobs: GlueJobs, folder: Path, tmp_path: Path, name: str):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "outside.py").write_text("print('run')\n")
    (folder / "script.py").write_text(
        "import importlib.util, sys\nprint(sys.argv[-2:], importlib.util.find_spec('outside'))\n"
    )
    create(glue, "glue/script.py")

    ended = run(jobs, Arguments={name: str(elsewhere / "outside.py")})

    assert ended.output == f"{[name, str(elsewhere / 'outside.py')]} None\n"


def test_much_output_does_not_stop_a_script(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text(
        "import sys\nfor _ in range(20000):\n    print('x' * 99)\n    print('y' * 99, file=sys.stderr)\n"
    )
    create(glue, "glue/script.py")

    ended = run(jobs)

    assert ended.state == "SUCCEEDED"
    assert len(ended.output) == 2_000_000


# Not for ever: if the tests are killed, nobody is left to stop it.
WAITING = "import threading\nthreading.Event().wait(60)\n"


def waits(folder: Path) -> None:
    (folder / "script.py").write_text(WAITING)


def test_a_run_past_its_time_is_timed_out_and_gone(glue: Any, jobs: GlueJobs, folder: Path):
    waits(folder)
    create(glue, "glue/script.py", Timeout=5)

    ended = run(jobs, Timeout=1)

    assert (ended.state, ended.error) == ("TIMEOUT", "Job run timed out after 1 minutes")
    assert ended.process.returncode not in (None, 0)


@pytest.mark.parametrize("how", ["TIMEOUT", "STOPPED"])
def test_a_run_has_ended_only_when_its_process_is_gone(
    glue: Any, jobs: GlueJobs, folder: Path, monkeypatch: Any, how: str
):
    states = []
    kill = subprocess.Popen.kill

    def watched(process: Any) -> None:
        states.append(current.state)
        kill(process)

    monkeypatch.setattr(subprocess.Popen, "kill", watched)
    waits(folder)
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


def test_a_run_that_is_stopped_before_its_process_begins_never_has_one(glue: Any, jobs: GlueJobs, folder: Path):
    waits(folder)
    create(glue, "glue/script.py")

    with jobs._changed:
        # Its thread waits for the lock that this one holds.
        run_id = jobs.start({"JobName": "try"})
        jobs.stop(jobs._runs[run_id])

    ended = jobs.wait(run_id, SECONDS)
    assert (ended.state, ended.error, ended.process) == ("STOPPED", None, None)


def test_a_run_that_has_ended_is_not_stopped(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("")
    create(glue, "glue/script.py")
    ended = run(jobs)

    jobs.stop(ended)

    assert ended.state == "SUCCEEDED"


def test_a_script_that_cannot_be_started_is_failed(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("")
    create(glue, "glue/script.py")

    ended = run(jobs, Arguments={"--A": "\0"})

    assert (ended.state, ended.error) == ("FAILED", "LAUNCH ERROR | embedded null byte")


def test_what_a_script_says_need_not_be_text(glue: Any, jobs: GlueJobs, folder: Path):
    (folder / "script.py").write_text("import os\nos.write(1, b'\\xff')\n")
    create(glue, "glue/script.py")

    ended = run(jobs)

    assert (ended.state, ended.output) == ("SUCCEEDED", "\N{REPLACEMENT CHARACTER}")


def test_runs_are_listed_while_none_can_begin(glue: Any, jobs: GlueJobs, folder: Path):
    held = []

    def free() -> bool:
        if jobs._changed.acquire(blocking=False):
            jobs._changed.release()
            return True
        return False

    class Watched(dict[str, Any]):
        def values(self) -> Any:
            with ThreadPoolExecutor(1) as another:
                held.append(not another.submit(free).result(SECONDS))
            return super().values()

    jobs._runs = Watched()

    assert jobs.of("try") == []
    assert held == [True]


def test_as_many_runs_as_the_job_allows(glue: Any, jobs: GlueJobs, folder: Path):
    waits(folder)
    create(glue, "glue/script.py", ExecutionProperty={"MaxConcurrentRuns": 2})
    first, second = (jobs.start({"JobName": "try"}) for _ in range(2))

    with pytest.raises(Exception, match="Concurrent runs exceeded for try") as raised:
        jobs.start({"JobName": "try"})
    assert raised.value.code == "ConcurrentRunsExceededException"  # type: ignore[attr-defined]

    jobs.stop(jobs._runs[first])
    third = jobs.start({"JobName": "try"})
    assert len({first, second, third}) == 3


def test_the_api_tells_of_runs_and_stops_them(laptop: Laptop, glue: Any, s3: Any):
    create(glue, stored(s3, WAITING))

    run_id = glue.start_job_run(JobName="try", Arguments={"--A": "1"})["JobRunId"]

    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName="try")
    found = glue.get_job_run(JobName="try", RunId=run_id)["JobRun"]
    assert found["JobRunState"] in ("STARTING", "RUNNING")
    assert found["Arguments"] == {"--A": "1"}
    assert "CompletedOn" not in found
    assert [run["Id"] for run in glue.get_job_runs(JobName="try")["JobRuns"]] == [run_id]

    glue.batch_stop_job_run(JobName="try", JobRunIds=[run_id])
    ended = glue.get_job_run(JobName="try", RunId=run_id)["JobRun"]
    assert ended["JobRunState"] == "STOPPED"
    assert ended["CompletedOn"] >= ended["StartedOn"]


def test_an_unknown_job_or_run_is_refused(laptop: Laptop, glue: Any):
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName="absent")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_job_run(JobName="b3-etl-job", RunId="absent")


def test_when_the_local_aws_stops_no_script_goes_on(laptop: Laptop, glue: Any, s3: Any):
    create(glue, stored(s3, WAITING))
    run_id = glue.start_job_run(JobName="try")["JobRunId"]
    ended = laptop.aws.jobs._runs[run_id]
    deadline = time.monotonic() + SECONDS
    while ended.process is None and time.monotonic() < deadline:
        pass

    laptop.aws.reset()

    assert ended.process is not None
    assert ended.process.poll() is not None
    with pytest.raises(ClientError):
        glue.get_job_run(JobName="try", RunId=run_id)
