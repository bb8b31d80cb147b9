"""Views of the manifest alone: the state of the lake, and its files."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.api.cache import Snapshot
from chalicelib.api.columns import units
from chalicelib.api.manifest_models import FilesAnswer, FilesMeta, StatusAnswer, Writing, YearFile
from chalicelib.api.models import Links
from chalicelib.instrument import IBOV
from chalicelib.lake.freshness import closes_overdue, freshness
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake

FILES_EXPIRE = timedelta(minutes=15)
"""How long the addresses of `/ibov/files` are valid, unless the credentials of the function expire earlier."""


def files(contents: Contents, lake: Lake, link: str, now: datetime, *, settled: bool) -> FilesAnswer:
    """Return the parquet file of each year, with an address that expires `FILES_EXPIRE` after now.

    Args:
        link: the link of the answer to itself.
        settled: whether the files are those of the contents.
    """
    rows = [
        YearFile(int(year), stored.rows, stored.etag, lake.refined_url(int(year), FILES_EXPIRE))
        for year, stored in sorted(contents.years.items())
    ]
    meta = FilesMeta(
        ticker=IBOV.ticker,
        as_of=contents.as_of,
        version=contents.version,
        synthetic=contents.synthetic,
        settled=settled,
        count=len(rows),
        unit=units(YearFile.__struct_fields__),
        expires_at=now + FILES_EXPIRE,
    )
    return FilesAnswer(rows, meta, Links(link, None))


def status(snapshot: Snapshot, now: datetime) -> StatusAnswer:
    """Return the state of the lake and the freshness of its data at a moment."""
    manifest, contents = snapshot.manifest, snapshot.contents
    lease = manifest.lease if manifest else None
    writing = Writing(lease.run_id, lease.at, lease.has_expired(now)) if lease else None
    if manifest is None or contents is None:
        return StatusAnswer(ticker=IBOV.ticker, state=manifest.state if manifest else "empty", writing=writing)
    return StatusAnswer(
        ticker=IBOV.ticker,
        state=manifest.state,
        writing=writing,
        as_of=contents.as_of,
        first_session=contents.first_session,
        rows=contents.rows,
        version=contents.version,
        synthetic=contents.synthetic,
        freshness=freshness(contents, now),
        quality=contents.quality,
        official_closes_overdue=closes_overdue(contents, now),
        updated_at=contents.run.finished_at,
        schema_version=contents.schema_version,
        code_version=contents.code_version,
    )
