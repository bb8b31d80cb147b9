"""The manifest: a small object with the state and the contents of the lake. Readers read it first."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from chalicelib.forecast_score import ForecastScore
from chalicelib.schema import SCHEMA_VERSION

JOB_TIMEOUT = timedelta(minutes=10)
"""The longest run of the job. A lease older than this has expired, and another run may acquire it."""

GAPS_LISTED, HELD_BACK_LISTED = 100, 100
"""The maximum numbers of gaps and of raw objects held back in the manifest, which stays small. It has the latest."""


class Lease(msgspec.Struct, frozen=True, omit_defaults=True):
    """The run that is writing, the time at which it acquired the lease, and after which time the lease expires."""

    run_id: str
    at: datetime
    timeout: timedelta = JOB_TIMEOUT

    def has_expired(self, now: datetime) -> bool:
        """Return whether the lease has expired. Until then its run may be writing.

        The clocks of two runs may differ. A lease dated more than the timeout after `now` has expired too, so that a
        clock that is hours ahead does not hold the lake for hours.
        """
        return not -self.timeout <= now - self.at < self.timeout


class YearObject(msgspec.Struct, frozen=True, omit_defaults=True):
    """The parquet object of one year; of the market, the objects of one year.

    Attributes:
        etag: the ETag of the object; of several, a hash of their keys and ETags.
        sha256: of the object; of several, a hash of theirs.
        prefix: where the objects of the year are in the refined bucket; empty for the index, whose keys are constant.
    """

    etag: str
    rows: int
    sha256: str
    prefix: str = ""


class Run(msgspec.Struct, frozen=True):
    """The run that committed.

    Attributes:
        rows_in: the number of rows in raw; an object that cannot be read counts as one row.
        rows_out: the number of sessions in refined.
        rows_refused: the number of rows in quarantine.
        correlation_id: the key of the raw object for which the run was started; None for a run by hand, and in
            manifests written by earlier versions.
    """

    id: str
    started_at: datetime
    finished_at: datetime
    rows_in: int
    rows_out: int
    rows_refused: int
    correlation_id: str | None = None


class Gap(msgspec.Struct, frozen=True):
    """A session of the calendar without a bar, and the reason where it is known."""

    session: date
    reason: str | None


class HeldBack(msgspec.Struct, frozen=True):
    """A raw object that contradicts the lake, and waits for a person to accept it."""

    key: str
    because: str


class OfficialCloses(msgspec.Struct, frozen=True):
    """What B3's own closes say of the bars.

    Attributes:
        confirmed: the number of bars whose close is the official one, or within the tolerance of it.
        corrected: the number of bars whose close is replaced by the official one.
        unconfirmed: the number of the other bars.
        last_session: the last session with an official close.
        collected_at: when official closes were last requested from B3.
    """

    confirmed: int
    corrected: int
    unconfirmed: int
    last_session: date | None
    collected_at: datetime | None


class Quality(msgspec.Struct, frozen=True):
    """The quality of the bars.

    Attributes:
        refused: the number of bars refused for each reason; for `objeto_corrompido` and `objeto_estranho`, the number
            of objects.
        warnings: the number of bars with each warning.
        revisions: the number of times that the bar of a session changed.
        opens_at_previous_close: the number of bars whose open equals the previous close.
        gaps: the sessions without a bar; the latest `GAPS_LISTED` of them.
        degraded: whether the recent sessions have a problem.
        degraded_because: each problem, in a sentence.
        gaps_count: the number of sessions without a bar; None in manifests written by earlier versions.
        official_closes: None in a manifest that a release without official closes wrote.
    """

    refused: dict[str, int]
    warnings: dict[str, int]
    revisions: int
    opens_at_previous_close: int
    gaps: list[Gap]
    degraded: bool
    degraded_because: list[str]
    gaps_count: int | None = None
    official_closes: OfficialCloses | None = None


class Contents(msgspec.Struct, frozen=True):
    """The contents of a committed lake.

    Attributes:
        sessions_ahead: the calendar's sessions after `as_of`, up to 400 days after the run, so that a reader can
            compute the age of the data without a calendar library.
        ledger: the key of the list of merged raw objects.
        held_back: the raw objects held back since the last download that agreed with the lake, at most
            `HELD_BACK_LISTED`. They are not in `quality`, because clients need no keys.
        forecasts: the scores of the forecasts in refined.
    """

    version: str
    as_of: date | None
    first_session: date | None
    rows: int
    years: dict[str, YearObject]
    synthetic: bool
    quality: Quality
    sessions_ahead: list[date]
    run: Run
    schema_version: int
    code_version: str
    ledger: str
    held_back: list[HeldBack] = []
    forecasts: list[ForecastScore] = []

    def sessions_by_year(self) -> dict[int, int]:
        """Return the number of rows of each year."""
        return {int(year): stored.rows for year, stored in self.years.items()}


class Manifest(msgspec.Struct, frozen=True, rename={"lease": "claim"}):
    """The state of the lake.

    Attributes:
        state: `writing` while a run holds the lease, and after a run that failed and may have written.
        lease: the run that is writing; None while no run is. In JSON it is `claim`, the key in manifests written by
            earlier versions.
        contents: the contents of the last commit, None before the first.
    """

    state: Literal["writing", "ready"]
    lease: Lease | None
    contents: Contents | None

    def encode(self) -> bytes:
        """Return the manifest as JSON, with indentation."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @staticmethod
    def decode(body: bytes) -> Manifest:
        """Return the manifest in a JSON text.

        Raises:
            msgspec.DecodeError: the text is not a manifest.
        """
        return msgspec.json.decode(body, type=Manifest)


class Ledger(msgspec.Struct, frozen=True, omit_defaults=True):
    """The raw objects that a commit merged, and of the market also what it wrote.

    Attributes:
        merged: the ETag of each raw object, by key.
        objects: the ETag of each object of the table, by key. Empty for the index: its manifest has them.
        superseded: when another run took the place of each prefix that is still stored.
    """

    merged: dict[str, str]
    objects: dict[str, str] = {}
    superseded: dict[str, datetime] = {}

    def encode(self) -> bytes:
        """Return the ledger as JSON. Equal ledgers give equal bytes."""
        return msgspec.json.encode(self, order="deterministic")

    @staticmethod
    def decode(body: bytes) -> Ledger:
        """Return the ledger in a JSON text.

        Raises:
            msgspec.DecodeError: the text is not a ledger.
        """
        return msgspec.json.decode(body, type=Ledger)


def version_of(years: Mapping[str, YearObject], schema_version: int | None = None) -> str:
    """Return the version of a lake: a hash of the year objects and the schema version, by default the index's."""
    schema = SCHEMA_VERSION if schema_version is None else schema_version
    digest = hashlib.sha256(f"schema {schema}\n".encode())
    for name in sorted(years):
        digest.update(f"{name} {years[name].sha256}\n".encode())
    return digest.hexdigest()


@cache
def code_version(*packages: str) -> str:
    """Return a digest of this library's source, to see which release wrote the data.

    Args:
        packages: only these packages, and the modules at the top of the library.
    """
    digest = hashlib.sha256()
    for source in sorted(_sources(files("chalicelib"), packages), key=str):
        digest.update(source.name.encode() + b"\n" + source.read_bytes())
    return digest.hexdigest()[:16]


def _sources(folder: Traversable, packages: Collection[str] = ()) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if not packages or entry.name in packages:
                yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry
