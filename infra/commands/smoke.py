"""Whether what was deployed works: one ingest, the manifest that the job commits after it, one question over HTTPS."""

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
from infra.stage.names import Place

Ask = Callable[[str, str], tuple[int, str]]
"""Asks a URL with a key; gives the status and the body."""

PAUSE = 5.0
"""Seconds between two looks."""

REFINE_SECONDS = JOB_TIMEOUT.total_seconds() + 120
"""How long the job may take after an ingest: its own time and that of its start."""

EVENT_SECONDS, INGESTS = 120.0, 4
"""After how long without a run of the job the ingest is done again, and how often at most. S3 may take five minutes
until it tells of objects in a bucket that was just made to, and what came before that it never tells of."""

ANSWER_SECONDS = 120.0
"""How long API Gateway may take until it knows a new key."""

_ENDED_BADLY = {"FAILED", "TIMEOUT", "ERROR", "STOPPED"}


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """The test of one stage.

    Attributes:
        outputs: those of the stacks.
        url: where the API answers.
        key: its key.
        ask: asks a URL with a key.
        sleep: how to pause; replaced in tests.
    """

    aws: Aws
    place: Place
    outputs: Mapping[str, str]
    url: str
    key: str
    ask: Ask
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> str:
        """Do it all.

        Returns:
            What the lake holds now, in words.

        Raises:
            SmokeFailed: something did not work; says what.
        """
        lake = Lake(self.aws.s3, self.outputs["RawBucket"], self.outputs["RefinedBucket"])
        _, before = lake.manifest()
        began = datetime.now(UTC)
        self._ingest()
        contents = self._refined(lake, before, began)
        self._question()
        return f"{contents.rows:,} sessions to {contents.as_of}"

    def _ingest(self) -> None:
        answer = self.aws.invoking.invoke(FunctionName=self.place.function("ingest"), Payload=b"{}")
        said = answer["Payload"].read()
        if "FunctionError" in answer:
            error: dict[str, Any] = json.loads(said)
            raise SmokeFailed(
                f"the ingest failed: {error.get('errorType', '')}: {one_line(str(error.get('errorMessage', '')))}; "
                "the schedule tries again, and so does `make deploy`"
            )

    def _refined(self, lake: Lake, before: str | None, began: datetime) -> Contents:
        """Wait for the manifest that is committed after an ingest. A dot is printed at each look."""
        job = self.outputs["Job"]
        deadline = time.monotonic() + REFINE_SECONDS
        ingests, again = 1, time.monotonic() + EVENT_SECONDS
        while time.monotonic() < deadline:
            manifest, tag = lake.manifest()
            if manifest is not None and manifest.contents is not None and manifest.state == "ready" and tag != before:
                return manifest.contents
            runs = self.aws.glue.get_job_runs(JobName=job, MaxResults=5)["JobRuns"]
            started = [run for run in runs if run["StartedOn"] >= began]
            for run in started:
                if run["JobRunState"] in _ENDED_BADLY:
                    said = one_line(run.get("ErrorMessage", "see its log"))
                    raise SmokeFailed(f"the Glue job {job} ended {run['JobRunState']}: {said}")
            if not started and ingests < INGESTS and time.monotonic() > again:
                self._ingest()
                ingests, again = ingests + 1, time.monotonic() + EVENT_SECONDS
            self._wait()
        raise SmokeFailed(
            f"the Glue job {job} committed no manifest within {REFINE_SECONDS:.0f} s of the ingest: see the logs of "
            "start_refine and of the job"
        )

    def _question(self) -> None:
        question = f"{self.url}/ibov/prices?limit=1"
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            status, body = self.ask(question, self.key)
            if status == HTTPStatus.OK:
                return
            if time.monotonic() > deadline:
                raise SmokeFailed(f"{question} answered {status}: {one_line(body)[:300]}")
            self._wait()

    def _wait(self) -> None:
        print(".", end="", flush=True)
        self.sleep(PAUSE)


def ask(url: str, key: str) -> tuple[int, str]:
    """Ask over HTTPS. What does not answer at all is status 0."""
    request = urllib.request.Request(url, headers={"x-api-key": key})  # noqa: S310 - the URL is API Gateway's
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)
