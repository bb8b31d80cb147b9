"""Smoke test of a stage: an ingest, the manifest that the job commits after it, and a query over HTTPS."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from chalicelib.lake.manifest import JOB_TIMEOUT, Contents
from chalicelib.lake.store import Lake
from infra.clients import Aws, one_line
from infra.errors import SmokeFailed
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

_FAILED_STATES = {"FAILED", "TIMEOUT", "ERROR", "STOPPED"}


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

    def run(self) -> str:
        """Run the test and return a summary of the lake.

        Raises:
            SmokeFailed: the ingest, the job or the API failed.
        """
        lake = Lake(self.aws.s3, self.outputs["RawBucket"], self.outputs["RefinedBucket"])
        _, etag = lake.manifest()
        start = datetime.now(UTC)
        self._ingest()
        contents = self._wait_for_manifest(lake, etag, start)
        self._query()
        return f"{contents.rows:,} sessions to {contents.as_of}"

    def _ingest(self) -> None:
        response = self.aws.invoking.invoke(FunctionName=self.target.function("ingest"), Payload=b"{}")
        payload = response["Payload"].read()
        if "FunctionError" in response:
            error: dict[str, Any] = json.loads(payload)
            raise SmokeFailed(
                f"the ingest failed: {error.get('errorType', '')}: {one_line(str(error.get('errorMessage', '')))}; "
                "the schedule tries again, and so does `make deploy`"
            )

    def _wait_for_manifest(self, lake: Lake, before: str | None, start: datetime) -> Contents:
        """Return the contents of the first manifest after the ingest. Prints a dot for each poll."""
        job = self.outputs["Job"]
        deadline = time.monotonic() + REFINE_SECONDS
        ingests, next_ingest = 1, time.monotonic() + EVENT_SECONDS
        while time.monotonic() < deadline:
            manifest, etag = lake.manifest()
            if manifest is not None and manifest.contents is not None and manifest.state == "ready" and etag != before:
                return manifest.contents
            runs = self.aws.glue.get_job_runs(JobName=job, MaxResults=5)["JobRuns"]
            recent = [run for run in runs if run["StartedOn"] >= start]
            for run in recent:
                if run["JobRunState"] in _FAILED_STATES:
                    reason = one_line(run.get("ErrorMessage", "see its log"))
                    raise SmokeFailed(f"the Glue job {job} ended {run['JobRunState']}: {reason}")
            if not recent and ingests < INGESTS and time.monotonic() > next_ingest:
                self._ingest()
                ingests, next_ingest = ingests + 1, time.monotonic() + EVENT_SECONDS
            self._pause()
        raise SmokeFailed(
            f"the Glue job {job} committed no manifest within {REFINE_SECONDS:.0f} s of the ingest: see the logs of "
            "start_refine and of the job"
        )

    def _query(self) -> None:
        url = f"{self.url}/ibov/prices?limit=1"
        deadline = time.monotonic() + API_SECONDS
        while True:
            status, body = self.http_get(url, self.key)
            if status == HTTPStatus.OK:
                return
            if time.monotonic() > deadline:
                raise SmokeFailed(f"{url} answered {status}: {one_line(body)[:300]}")
            self._pause()

    def _pause(self) -> None:
        print(".", end="", flush=True)
        self.sleep(PAUSE)


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
