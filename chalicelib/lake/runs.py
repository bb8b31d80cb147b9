"""The runs of a Glue job: start one, and look up whether one has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib import layout
from chalicelib.errors import RunInProgress
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

ENDED = {"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"}
"""The states of a run whose process has ended. Source: JobRunState in the Glue developer guide."""

RAW_DIGEST = "--RAW_DIGEST"
"""The argument of a run that was started after another one failed: the digest of the raw objects at that time."""

_RECENT = 200
"""The number of runs that Glue lists at most in one response."""


@dataclass(frozen=True, slots=True)
class JobRuns:
    """The runs of one job.

    Attributes:
        job: its name.
        table_prefix: the prefix of its table in the refined bucket.
    """

    glue: GlueClient
    job: str
    table_prefix: str = layout.REFINED_PREFIX

    def has_ended(self, run_id: str) -> bool:
        """Return whether Glue knows a run and reports that it has ended. A run started outside Glue is unknown."""
        try:
            run = self.glue.get_job_run(JobName=self.job, RunId=run_id)["JobRun"]
        except self.glue.exceptions.EntityNotFoundException:
            return False
        return run["JobRunState"] in ENDED

    def restarts(self, digest: str) -> int:
        """Return the number of runs with this `RAW_DIGEST` since the last run that succeeded."""
        count = 0
        # Glue lists the newest run first.
        for run in self.glue.get_job_runs(JobName=self.job, MaxResults=_RECENT)["JobRuns"]:
            if run["JobRunState"] == "SUCCEEDED":
                break
            count += run.get("Arguments", {}).get(RAW_DIGEST) == digest
        return count

    def start(self, settings: Settings, key: str, arguments: Mapping[str, str] | None = None) -> str:
        """Start a run and return its id.

        Args:
            key: a raw object that is not merged yet, which the run shows in Glue's console.
            arguments: further arguments of the run.

        Raises:
            RunInProgress: a run of the job is active.
        """
        paths = {
            "--RAW_PATH": f"s3://{settings.raw_bucket}/{key}",
            "--REFINED_PATH": f"s3://{settings.refined_bucket}/{self.table_prefix}",
        }
        try:
            return self.glue.start_job_run(JobName=self.job, Arguments={**paths, **(arguments or {})})["JobRunId"]
        except self.glue.exceptions.ConcurrentRunsExceededException as error:
            raise RunInProgress(f"{self.job} is running; {key} waits for the next attempt") from error
