"""Glue job runs: each runs the job's script in a separate process, with the arguments that Glue passes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from local import job_script, moto_catalog

STARTING, RUNNING, STOPPING, SUCCEEDED, FAILED, TIMEOUT, STOPPED = (
    "STARTING", "RUNNING", "STOPPING", "SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED",
)  # fmt: skip
ACTIVE = {STARTING, RUNNING, STOPPING}

_DEFAULT_TIMEOUT_MINUTES = 480

KEPT_RUNS = 100
"""Maximum number of runs of a job that stay available. AWS keeps them for 90 days."""


class GlueError(Exception):
    """Error of Glue's API.

    Args:
        code: name of Glue's exception.
        message: its message.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class JobRun:
    """Run of a job. Times are seconds since 1970."""

    id: str
    job: Mapping[str, Any]
    arguments: Mapping[str, str]
    timeout_minutes: int
    state: str = STARTING
    error: str | None = None
    output: str = ""
    started: float = field(default_factory=time.time)
    completed: float | None = None
    process: subprocess.Popen[str] | None = None


class GlueJobs:
    """All runs of all jobs.

    Args:
        root: project folder, which contains the scripts (`glue/`) and `chalicelib`, which they import.
        environ: complete environment of the scripts.
        minute: seconds in a minute of a job's timeout; tests set fewer.
    """

    def __init__(self, root: Path, environ: Mapping[str, str], minute: float = 60.0) -> None:
        self._root = root
        self._environ = {**environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
        self._minute = minute
        self._changed = threading.Condition()
        self._runs: dict[str, JobRun] = {}
        self._closing = False
        self.on_end: Callable[[JobRun], None] = lambda _: None
        """Called with each run that has ended, before `wait` returns it; not with those that `close` stops."""

    def actions(self) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        """Return the implemented actions of Glue's API by name."""
        return {
            "BatchStopJobRun": self._batch_stop,
            "GetJobRun": lambda request: {"JobRun": _describe(self._get(request["JobName"], request["RunId"]))},
            "GetJobRuns": lambda request: {"JobRuns": [_describe(run) for run in self.of(request["JobName"])]},
            "StartJobRun": lambda request: {"JobRunId": self.start(request)},
        }

    def start(self, request: Mapping[str, Any]) -> str:
        """Start a run in the background and return its id.

        Args:
            request: members of StartJobRun.

        Raises:
            GlueError: the job does not exist, or MaxConcurrentRuns of it are active.
        """
        job = moto_catalog.job(request["JobName"])
        if job is None:
            raise GlueError(
                "EntityNotFoundException", f"Failed to start job run due to missing metadata: {request['JobName']}"
            )
        arguments = {
            **(job["DefaultArguments"] or {}),
            **(request.get("Arguments") or {}),
            **(job["NonOverridableArguments"] or {}),
        }
        timeout = request.get("Timeout") or job["Timeout"] or _DEFAULT_TIMEOUT_MINUTES
        allowed = (job["ExecutionProperty"] or {}).get("MaxConcurrentRuns", 1)
        with self._changed:
            if sum(run.state in ACTIVE for run in self.of(job["Name"])) >= allowed:
                raise GlueError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}")
            run = JobRun(f"jr_{uuid.uuid4().hex}{uuid.uuid4().hex}", job, arguments, timeout)
            self._runs[run.id] = run
            self._expire(job["Name"])
        threading.Thread(target=self._run, args=[run], name=f"glue-{run.id[:10]}", daemon=True).start()
        return run.id

    def of(self, job: str) -> list[JobRun]:
        """Return the runs of a job, newest first."""
        with self._changed:
            return [run for run in reversed(self._runs.values()) if run.job["Name"] == job]

    def _expire(self, job: str) -> None:
        """Remove the oldest runs that have ended."""
        for old in self.of(job)[KEPT_RUNS:]:
            if old.state not in ACTIVE:
                del self._runs[old.id]

    def wait(self, run_id: str, seconds: float) -> JobRun:
        """Wait until a run has ended and return it.

        Args:
            run_id: id of the run.
            seconds: maximum time to wait.

        Raises:
            TimeoutError: the run is still active after that time.
        """
        run = self._runs[run_id]
        with self._changed:
            if not self._changed.wait_for(lambda: run.state not in ACTIVE, seconds):
                raise TimeoutError(f"job run {run_id} is still {run.state} after {seconds} s")
        return run

    def stop(self, run: JobRun) -> None:
        """Stop a run and wait until its process has ended. Does nothing if the run has ended."""
        with self._changed:
            if run.state in ACTIVE:
                run.state = STOPPING
                if run.process is not None:
                    run.process.kill()
            self._changed.wait_for(lambda: run.state not in ACTIVE)

    def close(self) -> None:
        """Stop all active runs, wait until they have ended, and remove all runs."""
        with self._changed:
            self._closing = True
            while self._runs:
                run_id, run = next(iter(self._runs.items()))
                self.stop(run)
                del self._runs[run_id]
            self._closing = False

    def _batch_stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        stopped = []
        for run_id in request["JobRunIds"]:
            self.stop(self._get(request["JobName"], run_id))
            stopped.append({"JobName": request["JobName"], "JobRunId": run_id})
        return {"SuccessfulSubmissions": stopped, "Errors": []}

    def _get(self, job: str, run_id: str) -> JobRun:
        run = self._runs.get(run_id)
        if run is None or run.job["Name"] != job:
            raise GlueError("EntityNotFoundException", f"Job run {run_id} of {job} not found")
        return run

    def _run(self, run: JobRun) -> None:
        """Run in the run's thread. Sets the final state after the process has ended; nothing else sets it."""
        try:
            state, error = self._execute(run)
        except Exception as launch_error:  # noqa: BLE001
            # For example ScriptError. Without a final state, clients would wait without end.
            state, error = FAILED, f"LAUNCH ERROR | {launch_error}"
        with self._changed:
            if run.state == STOPPING:
                state, error = STOPPED, None
            run.completed, run.error, run.state = time.time(), error, state
            if not self._closing:
                self.on_end(run)
            self._changed.notify_all()

    def _execute(self, run: JobRun) -> tuple[str, str | None]:
        """Run the script and return the final state and the error message of the run."""
        with job_script.local_copy(self._root, run.job["Command"]["ScriptLocation"]) as script:
            return self._run_script(run, script)

    def _run_script(self, run: JobRun, script: Path) -> tuple[str, str | None]:
        command = [sys.executable, str(script), *_flags(run)]
        # Files, because a pipe that is not read fills up and blocks the script.
        with _output_file() as output, _output_file() as errors:
            with self._changed:
                if run.state == STOPPING:
                    return STOPPED, None
                run.process = subprocess.Popen(
                    command, cwd=self._root, env=self._environ, stdout=output, stderr=errors, text=True
                )
                run.state = RUNNING
            try:
                code = run.process.wait(run.timeout_minutes * self._minute)
            except subprocess.TimeoutExpired:
                run.process.kill()
                run.process.wait()
                return TIMEOUT, f"Job run timed out after {run.timeout_minutes} minutes"
            run.output = _text(output)
            if code == 0:
                return SUCCEEDED, None
            lines = [line.strip() for line in _text(errors).splitlines() if line.strip()]
            return FAILED, lines[-1] if lines else f"the script exited with {code} and no error output"


def script_environ(aws: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a script: the variables of AWS and those that Python and Spark need, no others."""
    needed = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME")
    return {name: value for name, value in os.environ.items() if name in needed} | dict(aws)


def _flags(run: JobRun) -> list[str]:
    pairs = {"--JOB_NAME": run.job["Name"], "--JOB_RUN_ID": run.id, **run.arguments}
    return [part for pair in pairs.items() for part in pair]


def _output_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _describe(run: JobRun) -> dict[str, Any]:
    described = {
        "Id": run.id,
        "Attempt": 0,
        "JobName": run.job["Name"],
        "StartedOn": run.started,
        "LastModifiedOn": run.completed or run.started,
        "JobRunState": run.state,
        "Arguments": dict(run.arguments),
        "ExecutionTime": round((run.completed or time.time()) - run.started),
        "Timeout": run.timeout_minutes,
        "GlueVersion": run.job["GlueVersion"] or "",
    }
    if run.completed is not None:
        described["CompletedOn"] = run.completed
    if run.error is not None:
        described["ErrorMessage"] = run.error
    return described
