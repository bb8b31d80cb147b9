"""Glue's job runs, really run: the job's script in a process of its own, with the arguments that Glue passes."""

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

from local import moto_state

STARTING, RUNNING, SUCCEEDED, FAILED, TIMEOUT, STOPPED = (
    "STARTING", "RUNNING", "SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED",
)  # fmt: skip
ACTIVE = {STARTING, RUNNING}

_DEFAULT_TIMEOUT_MINUTES = 480


class GlueError(Exception):
    """What Glue refuses: the name of its exception, and what it says."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class JobRun:
    """One run of a job. Times are seconds since 1970."""

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
        root: the folder that a job's script location is relative to, and from which `chalicelib` is imported.
        environ: the whole environment of the scripts.
        minute: seconds in a minute of the job's timeout; shorter in tests.
    """

    def __init__(self, root: Path, environ: Mapping[str, str], minute: float = 60.0) -> None:
        self._root = root
        self._environ = {**environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
        self._minute = minute
        self._changed = threading.Condition()
        self._runs: dict[str, JobRun] = {}

    def actions(self) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        """The actions of Glue's API that are answered here, by name."""
        return {
            "BatchStopJobRun": self._batch_stop,
            "GetJobRun": lambda request: {"JobRun": _describe(self._get(request["JobName"], request["RunId"]))},
            "GetJobRuns": lambda request: {"JobRuns": [_describe(run) for run in self.of(request["JobName"])]},
            "StartJobRun": lambda request: {"JobRunId": self.start(request)},
        }

    def start(self, request: Mapping[str, Any]) -> str:
        """Accept a StartJobRun and run the script in the background. Returns the run's id.

        Raises:
            GlueError: there is no such job, or as many runs of it as it allows are going on.
        """
        job = moto_state.job(request["JobName"])
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
        threading.Thread(target=self._run, args=[run], name=f"glue-{run.id[:10]}", daemon=True).start()
        return run.id

    def of(self, job: str) -> list[JobRun]:
        """The runs of a job, newest first."""
        return [run for run in reversed(self._runs.values()) if run.job["Name"] == job]

    def wait(self, run_id: str, seconds: float) -> JobRun:
        """Wait until a run has ended, and give it.

        Raises:
            TimeoutError: it is still going on after that many seconds.
        """
        run = self._runs[run_id]
        with self._changed:
            if not self._changed.wait_for(lambda: run.state not in ACTIVE, seconds):
                raise TimeoutError(f"job run {run_id} is still {run.state} after {seconds} s")
        return run

    def stop(self, run: JobRun) -> None:
        """End a run before its time."""
        self._end(run, STOPPED, None)
        if run.process is not None:
            run.process.kill()

    def close(self) -> None:
        """Stop every run that is still going on, wait until none is, and forget them all."""
        for run in list(self._runs.values()):
            if run.state in ACTIVE:
                self.stop(run)
            if run.process is not None:
                run.process.wait()
        self._runs.clear()

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
        script = self._root / run.job["Command"]["ScriptLocation"]
        if not script.is_file():
            self._end(run, FAILED, f"LAUNCH ERROR | File {run.job['Command']['ScriptLocation']} does not exist")
            return
        command = [sys.executable, str(script), *_flags(run)]
        # A pipe that nobody reads fills up and stops the script; a file does not.
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as output,
            tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        ):
            with self._changed:
                if run.state not in ACTIVE:
                    return
                run.process = subprocess.Popen(
                    command, cwd=self._root, env=self._environ, stdout=output, stderr=errors, text=True
                )
                run.state = RUNNING
            try:
                code = run.process.wait(run.timeout_minutes * self._minute)
            except subprocess.TimeoutExpired:
                self._end(run, TIMEOUT, f"Job run timed out after {run.timeout_minutes} minutes")
                run.process.kill()
                run.process.wait()
                return
            run.output = _text(output)
            if code == 0:
                self._end(run, SUCCEEDED, None)
            else:
                lines = [line.strip() for line in _text(errors).splitlines() if line.strip()]
                self._end(run, FAILED, lines[-1] if lines else f"the script exited with {code} and said nothing")

    def _end(self, run: JobRun, state: str, error: str | None) -> None:
        with self._changed:
            if run.state in ACTIVE:
                run.completed, run.error, run.state = time.time(), error, state
            self._changed.notify_all()


def script_environ(aws: Mapping[str, str]) -> dict[str, str]:
    """The environment of a script: how to reach AWS, and what Python needs to start, but nothing else of ours."""
    needed = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: value for name, value in os.environ.items() if name in needed} | dict(aws)


def _flags(run: JobRun) -> list[str]:
    pairs = {"--JOB_NAME": run.job["Name"], "--JOB_RUN_ID": run.id, **run.arguments}
    return [part for pair in pairs.items() for part in pair]


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
