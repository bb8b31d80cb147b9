"""The bodies of `/ibov/files` and `/status`, whose views are in `manifest_views`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from chalicelib.api.models import Links
from chalicelib.lake.freshness import Freshness
from chalicelib.lake.manifest import Quality


class YearFile(Struct, frozen=True):
    """The parquet file of one year: its sessions, its ETag in S3, and the address to download it from."""

    year: int
    rows: int
    etag: str
    url: str


class FilesMeta(Struct, frozen=True, kw_only=True):
    """Metadata of the files. `settled` is false while they are being updated: they may be of another version or two."""

    ticker: str
    as_of: date | None
    version: Annotated[str, Meta(description="of the data: the files of one version are the same bytes")]
    synthetic: Annotated[bool, Meta(description="whether the data is generated, not real")]
    settled: bool
    count: Annotated[int, Meta(description="number of files")]
    unit: Annotated[dict[str, str], Meta(description="of each numeric column")]
    expires_at: Annotated[datetime, Meta(description="when the addresses expire")]


class FilesAnswer(Struct, frozen=True):
    """The parquet file of each year, oldest first. Together they are the table; `year` is not in the files."""

    rows: list[YearFile]
    meta: FilesMeta
    links: Links


class Writing(Struct, frozen=True):
    """The run that is updating the data. An expired lease means that the run was killed: the next run takes over."""

    run_id: str
    since: datetime
    lease_expired: bool


class StatusAnswer(Struct, frozen=True, kw_only=True):
    """Freshness and quality of the data. Before the first commit, only the first three fields are not null.

    `writing` is null if no run holds the lease. In state `writing` without a run, the last run failed while it wrote.
    """

    ticker: str
    state: Literal["empty", "writing", "ready"]
    writing: Writing | None = None
    as_of: date | None = None
    first_session: date | None = None
    rows: int | None = None
    version: str | None = None
    synthetic: bool | None = None
    freshness: Freshness | None = None
    quality: Quality | None = None
    official_closes_overdue: Annotated[
        str | None,
        Meta(description="null unless a lake with official closes has had no answer of B3 for three days"),
    ] = None
    updated_at: datetime | None = None
    schema_version: int | None = None
    code_version: str | None = None
