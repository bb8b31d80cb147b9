"""The manifest: what the lake holds, in one small object that readers may trust."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from chalicelib.schema import SCHEMA_VERSION

JOB_TIMEOUT = timedelta(minutes=10)
"""How long a run of the job may take. A claim older than this is dead and may be taken over."""


class Claim(msgspec.Struct, frozen=True):
    """Which run is writing, and since when."""

    run_id: str
    at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether the run may still be alive."""
        return now - self.at < JOB_TIMEOUT


class Year(msgspec.Struct, frozen=True):
    """One year's object in refined, as the run left it."""

    etag: str
    rows: int
    sha256: str


class Run(msgspec.Struct, frozen=True):
    """The run that committed: when, and how many bars it read, kept and refused."""

    id: str
    started_at: datetime
    finished_at: datetime
    rows_in: int
    rows_out: int
    rows_refused: int


class Gap(msgspec.Struct, frozen=True):
    """A session of the calendar without a bar, and why, where that is known."""

    session: date
    reason: str | None


class Quality(msgspec.Struct, frozen=True):
    """What is known against the bars.

    Attributes:
        refused: how many bars were refused for each reason.
        warnings: how many bars have each warning.
        revisions: how often the bar of a session changed.
        opens_at_previous_close: how many bars open at the close before, to the cent; on a quarter of all days.
        gaps: the sessions without a bar.
        degraded: whether something is wrong lately.
        degraded_because: what, one sentence each.
    """

    refused: dict[str, int]
    warnings: dict[str, int]
    revisions: int
    opens_at_previous_close: int
    gaps: list[Gap]
    degraded: bool
    degraded_because: list[str]


class Contents(msgspec.Struct, frozen=True):
    """What a committed lake holds.

    `sessions_ahead` are the calendar's sessions after `as_of`, 400 days past the run, so that a reader can tell
    how old the data is without a calendar library. `ledger` is the key of the list of merged raw objects.
    """

    version: str
    as_of: date | None
    first_session: date | None
    rows: int
    years: dict[str, Year]
    synthetic: bool
    quality: Quality
    sessions_ahead: list[date]
    run: Run
    schema_version: int
    code_version: str
    ledger: str


class Manifest(msgspec.Struct, frozen=True):
    """The state of the lake.

    Attributes:
        state: `writing` from a run's claim to its commit, and after a run that failed on the way.
        claim: the run that is writing; None in a lake that is ready, or whose last run failed and gave up its claim.
        contents: what the last commit left, None before the first.
    """

    state: Literal["writing", "ready"]
    claim: Claim | None
    contents: Contents | None

    def encode(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @staticmethod
    def decode(body: bytes) -> Manifest:
        return msgspec.json.decode(body, type=Manifest)


class Ledger(msgspec.Struct, frozen=True):
    """The raw objects that a commit merged: the ETag of each key."""

    merged: dict[str, str]

    def encode(self) -> bytes:
        return msgspec.json.encode(self, order="deterministic")

    @staticmethod
    def decode(body: bytes) -> Ledger:
        return msgspec.json.decode(body, type=Ledger)


def version_of(years: Mapping[str, Year]) -> str:
    """The version of a lake: equal for equal bytes under an equal schema, and different otherwise."""
    digest = hashlib.sha256(f"schema {SCHEMA_VERSION}\n".encode())
    for name in sorted(years):
        digest.update(f"{name} {years[name].sha256}\n".encode())
    return digest.hexdigest()


@cache
def code_version() -> str:
    """A digest of this library's source, so that what one release computed is told from what another did."""
    digest = hashlib.sha256()
    for source in sorted(_sources(files("chalicelib")), key=str):
        digest.update(source.name.encode() + b"\n" + source.read_bytes())
    return digest.hexdigest()[:16]


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry
