"""Smoke test of a stage: an ingest, the manifest that the job commits after it, and a query over HTTPS.

A source that sends no bars is a warning where the lake has data: the test starts the job itself, and queries the API.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalicelib import errors
from chalicelib.lake.manifest import JOB_TIMEOUT, Contents
from chalicelib.lake.runs import ENDED
from chalicelib.lake.store import Lake
from infra.clients import Aws, one_line
from infra.errors import SmokeFailed, SourceFailed
from infra.stage.names import StageTarget

HttpGet = Callable[[str, str], tuple[int, str]]
"""Sends a GET request to a URL with an API key. Returns the status and the body."""

PAUSE = 5.0
"""Seconds between two polls."""

REFINE_SECONDS = JOB_TIMEOUT.total_seconds() + 120
"""Maximum wait for the job after an ingest: its timeout, and two minutes to start."""

EVENT_SECONDS, INGESTS = 120.0, 4
"""Seconds without a run of the job before the ingest is repeated, and the maximum number of ingests. S3 may
send no events in the first five minutes after a notification is configured."""

API_SECONDS = 120.0
"""Maximum wait for API Gateway to accept a new key."""

_FAILED_STATES = ENDED - {"SUCCEEDED"}

_SOURCE_ERRORS = {errors.SourceError.__name__, *(each.__name__ for each in errors.SourceError.__subclasses__())}

_TIMED_OUT = "Task timed out"
"""In Lambda's message about a function that reached its timeout. An ingest does if its source does not answer."""


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a smoke test that succeeded.

    Attributes:
        summary: The contents of the lake.
        warning: Why the source sent no bars, and what to do; None if it sent some.
    """

    summary: str
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """The smoke test of one stage.

    Attributes:
        outputs: Outputs of the stacks.
        url: URL of the API.
        key: API key.
        http_get: Sends a GET request with an API key.
        sleep: Pauses for some seconds; tests replace it.
    """

    aws: Aws
    target: StageTarget
    outputs: Mapping[str, str]
    url: str
    key: str
    http_get: HttpGet
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> Result:
        """Run the test.

        Raises:
            SmokeFailed: the ingest, the job or the API failed, or the source sent no bars for an empty lake.
        """
        lake = Lake(self.aws.s3, self.outputs["RawBucket"], self.outputs["RefinedBucket"])
        _, etag = lake.manifest()
        # Runs are compared by id: the clock of this machine may differ from that of AWS.
        earlier = {run["Id"] for run in self._runs()}
        try:
            self._ingest()
            contents = self._wait_for_manifest(lake, etag, earlier)
        except SourceFailed as error:
            return self._without_source(lake, error)
        self._query(HTTPStatus.OK)
        return Result(_summary(contents))

    def _ingest(self) -> None:
        response = self.aws.invoking.invoke(FunctionName=self.target.function("ingest"), Payload=b"{}")
        payload = response["Payload"].read()
        if "FunctionError" in response:
            error: dict[str, Any] = json.loads(payload)
            kind, message = str(error.get("errorType", "")), one_line(str(error.get("errorMessage", "")))
            failure = SourceFailed if kind in _SOURCE_ERRORS or _TIMED_OUT in message else SmokeFailed
            raise failure(f"the ingest failed: {kind}: {message}")

    def _wait_for_manifest(self, lake: Lake, before: str | None, earlier: Collection[str]) -> Contents:
        """Return the contents of the first manifest after the ingest. Prints a dot for each poll.

        Args:
            before: ETag of the manifest before the ingest.
            earlier: Ids of the runs of the job before the ingest.
        """
        job = self.outputs["Job"]
        deadline = time.monotonic() + REFINE_SECONDS
        ingests, next_ingest = 1, time.monotonic() + EVENT_SECONDS
        while time.monotonic() < deadline:
            contents, etag = _ready(lake)
            if contents is not None and etag != before:
                return contents
            recent = [run for run in self._runs() if run["Id"] not in earlier]
            for run in recent:
                self._check(run)
            if not recent and ingests < INGESTS and time.monotonic() > next_ingest:
                self._ingest()
                ingests, next_ingest = ingests + 1, time.monotonic() + EVENT_SECONDS
            self._pause()
        raise SmokeFailed(
            f"the Glue job {job} committed no manifest within {REFINE_SECONDS:.0f} s of the ingest: see the logs of "
            "start_refine and of the job"
        )

    def _without_source(self, lake: Lake, error: SourceFailed) -> Result:
        """Run the job and the query although the source sent no bars.

        Raises:
            SmokeFailed: the job or the API failed, or there is no lake that the API could answer from.
        """
        self._run_job()
        contents, _ = _ready(lake)
        if contents is None:
            self._query(HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)
            raise SmokeFailed(f"the lake is empty, and {error}. {self._backfill_help()}")
        self._query(HTTPStatus.OK)
        return Result(_summary(contents), f"{error}. The stage answers without these bars. {self._backfill_help()}")

    def _run_job(self) -> None:
        """Start the job, unless it is running, and wait for its end."""
        name = self.outputs["Job"]
        try:
            run_id = self.aws.glue.start_job_run(JobName=name)["JobRunId"]
        except self.aws.glue.exceptions.ConcurrentRunsExceededException:
            run_id = self._runs()[0]["Id"]
        deadline = time.monotonic() + REFINE_SECONDS
        while time.monotonic() < deadline:
            run = self.aws.glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
            self._check(run)
            if run["JobRunState"] == "SUCCEEDED":
                return
            self._pause()
        raise SmokeFailed(f"the run {run_id} of the Glue job {name} did not end within {REFINE_SECONDS:.0f} s")

    def _runs(self) -> list[dict[str, Any]]:
        """Return the latest runs of the job, newest first."""
        runs: list[dict[str, Any]] = self.aws.glue.get_job_runs(JobName=self.outputs["Job"], MaxResults=5)["JobRuns"]
        return runs

    def _check(self, run: Mapping[str, Any]) -> None:
        """Raise if a run of the job has failed.

        Raises:
            SmokeFailed: it has.
        """
        if run["JobRunState"] in _FAILED_STATES:
            reason = one_line(run.get("ErrorMessage", "see its log"))
            raise SmokeFailed(f"the Glue job {self.outputs['Job']} ended {run['JobRunState']}: {reason}")

    def _backfill_help(self) -> str:
        key = f"s3://{self.outputs['RawBucket']}/backfill/bars.csv"
        payload = {"backfill": {"start": "YYYY-MM-DD", "end": "YYYY-MM-DD", "source": f"csv:{key}"}}
        return f"""The schedule tries again, and so does `make deploy`. To add bars from a file (docs/files.md):
  aws s3 cp bars.csv {key} --region {self.target.region}
  aws lambda invoke --function-name {self.target.function("ingest")} --region {self.target.region} \\
      --cli-binary-format raw-in-base64-out --cli-read-timeout 310 \\
      --payload '{json.dumps(payload)}' answer.json"""

    def _query(self, *allowed: HTTPStatus) -> None:
        url = f"{self.url}/ibov/prices?limit=1"
        deadline = time.monotonic() + API_SECONDS
        while True:
            status, body = self.http_get(url, self.key)
            if status in allowed:
                return
            if time.monotonic() > deadline:
                raise SmokeFailed(f"{url} answered {status}: {one_line(body)[:300]}")
            self._pause()

    def _pause(self) -> None:
        print(".", end="", flush=True)
        self.sleep(PAUSE)


def _ready(lake: Lake) -> tuple[Contents | None, str | None]:
    """Return the contents of a lake that no run is writing, else None, and the ETag of the manifest."""
    manifest, etag = lake.manifest()
    return (manifest.contents if manifest is not None and manifest.state == "ready" else None), etag


def _summary(contents: Contents) -> str:
    return f"{contents.rows:,} sessions to {contents.as_of}"


def http_get(url: str, key: str) -> tuple[int, str]:
    """Send a GET request with an API key. Without a response the status is 0."""
    request = urllib.request.Request(url, headers={"x-api-key": key})  # noqa: S310 - the URL is API Gateway's
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - the same
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)
