"""The sections of `status` about one lake, the index's or the market's: its job, its age and its quality."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib import layout
from chalicelib.lake.freshness import closes_overdue, freshness
from chalicelib.lake.manifest import Manifest
from chalicelib.lake.store import Lake
from chalicelib.logs import pluralize
from infra import clients
from infra.clients import Aws
from infra.stage.outputs import StageOutputs

_RUNS = 3
"""The number of runs of the job that are shown."""

_PAGE = 200
"""The maximum number of runs that Glue lists in one response."""

_MINIMUM_SECONDS = 60
"""The shortest duration that AWS charges for a run."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The properties in which the two lakes of a stage differ.

    Attributes:
        job: the output of the stacks that has the name of the job.
        manifest_key: key of the manifest.
        row: what a row of the table is called.
        object: what an object of raw is called.
        list_raw: returns the keys of the objects in raw.
    """

    job: str
    manifest_key: str
    row: str
    object: str
    list_raw: Callable[[Lake], Collection[str]]


INDEX = Kind("Job", layout.MANIFEST_KEY, "session", "object", Lake.raw_objects)
MARKET = Kind("MarketJob", layout.SHARES_MANIFEST_KEY, "row", "file", Lake.cotahist_listing)


@dataclass(frozen=True, slots=True)
class LakeStatus:
    """The state of one lake, as lines of text by section.

    Attributes:
        outputs: the outputs of the stacks.
        now: the time of AWS.
        kind: the lake.
    """

    aws: Aws
    outputs: StageOutputs
    now: datetime
    kind: Kind

    def sections(self) -> Mapping[str, Callable[[], list[str]]]:
        """Return the sections in their order, by name."""
        return {
            "job": self.runs,
            "data": self.data,
            "raw": self.raw,
            "quality": self.quality,
            "quarantine": self.quarantine,
        }

    def runs(self) -> list[str]:
        """Return the last runs of the job, and the capacity that those of the month used."""
        pages = self.aws.glue.get_paginator("get_job_runs").paginate(
            JobName=self.outputs[self.kind.job], PaginationConfig={"PageSize": _PAGE}
        )
        month = self.now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        runs: list[Mapping[str, Any]] = []
        # Glue lists the newest run first.
        for run in (run for page in pages for run in page["JobRuns"]):
            if len(runs) >= _RUNS and run["StartedOn"] < month:
                break
            runs.append(run)
        if not runs:
            return ["no run yet"]
        hours = sum(_dpu_hours(run) for run in runs if run["StartedOn"] >= month)
        return [*map(_run, runs[:_RUNS]), f"{hours:.2f} DPU-hours since {month:%Y-%m-%d}"]

    def data(self) -> list[str]:
        """Return the last session of the lake, and the sessions that are missing after it."""
        manifest = self._manifest()
        contents = manifest.contents if manifest else None
        if manifest is None or contents is None:
            return ["none: no run of the job has finished yet"]
        age = freshness(contents, self.now)
        behind = f"{pluralize(age.sessions_behind, 'session')} behind {age.expected}"
        late = behind if age.sessions_behind else "up to date"
        lines = [f"{pluralize(contents.rows, self.kind.row)} to {contents.as_of}, {late}"]
        if manifest.lease:
            lines.append(f"the run {manifest.lease.run_id} has been writing since {at(manifest.lease.at)}")
        elif manifest.state != "ready":
            lines.append("the last run failed while it wrote; the next one repairs the lake")
        return lines

    def raw(self) -> list[str]:
        """Return the number of objects in raw, and of those that no run has merged."""
        manifest = self._manifest()
        contents = manifest.contents if manifest else None
        merged = self._lake.ledger(contents.ledger).merged if contents else {}
        listed = self.kind.list_raw(self._lake)
        waiting = len(set(listed) - merged.keys())
        state = f"{waiting:,} of them not merged yet" if waiting else "all merged"
        return [f"{pluralize(len(listed), self.kind.object)}, {state}"]

    def quality(self) -> list[str]:
        """Return whether the data have a problem, and each problem."""
        manifest = self._manifest()
        contents = manifest.contents if manifest else None
        if contents is None:
            return ["unknown"]
        problems = list(contents.quality.degraded_because)
        problems += filter(None, [closes_overdue(contents, self.now)])
        problems += [f"held back: {each.key}: {each.because}" for each in contents.held_back]
        gaps = contents.quality.gaps_count
        missing = [f"{pluralize(gaps, 'session')} since {contents.first_session} without a bar"] if gaps else []
        return [*(["degraded", *problems] if problems else ["good"]), *missing]

    def quarantine(self) -> list[str]:
        """Return the number of rows that the last run refused, by reason, the most frequent first."""
        manifest = self._manifest()
        contents = manifest.contents if manifest else None
        if contents is None:
            return ["unknown"]
        reasons = sorted(contents.quality.refused.items(), key=lambda item: (-item[1], item[0]))
        return [f"{count:,} {reason}" for reason, count in reasons if count] or ["empty"]

    def _manifest(self) -> Manifest | None:
        return self._lake.manifest()[0]

    @property
    def _lake(self) -> Lake:
        return Lake(self.aws.s3, self.outputs["RawBucket"], self.outputs["RefinedBucket"], self.kind.manifest_key)


def at(time: datetime) -> str:
    """Return a time as text."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _run(run: Mapping[str, Any]) -> str:
    duration = f", {run['ExecutionTime']} s" if run.get("ExecutionTime") else ""
    message = f": {clients.one_line(run['ErrorMessage'])}" if run.get("ErrorMessage") else ""
    return f"{run['Id'][:12]}: {run['JobRunState']}, {at(run['StartedOn'])}{duration}{message}"


def _dpu_hours(run: Mapping[str, Any]) -> float:
    """Return the DPU-hours that AWS charges for a run. They are 0 until the run executes."""
    seconds = run.get("ExecutionTime", 0)
    charged = max(seconds, _MINIMUM_SECONDS) if seconds else 0
    return float(charged * run.get("MaxCapacity", 0) / 3600)
