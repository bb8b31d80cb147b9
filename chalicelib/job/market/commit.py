"""Publish a table of shares that the tasks have written: quarantine, partitions, ledger, manifest."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from chalicelib import layout
from chalicelib.errors import LakeChanged
from chalicelib.job.commit import write_ledger
from chalicelib.job.market.expiry import AGE
from chalicelib.job.market.inputs import Inputs
from chalicelib.job.merge import Clock, sessions_ahead
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.lease import Writer
from chalicelib.lake.manifest import (
    GAPS_LISTED,
    Contents,
    Gap,
    Ledger,
    Quality,
    Run,
    YearObject,
    code_version,
    version_of,
)
from chalicelib.market.rules import INVALID_FILE
from chalicelib.refine import parquet
from chalicelib.shares import REFUSED, SHARES_VERSION


@dataclass(frozen=True, slots=True)
class Table:
    """A table of shares whose objects are stored.

    Attributes:
        objects: the rows of `refining.RESULT` of its objects.
        refused: the refused records, in the columns of `REFUSED`.
        bars: the number of bars in all files.
        missing: the sessions on which no ticker has a bar.
        synthetic: whether the prices of any file are generated.
    """

    inputs: Inputs
    objects: Sequence[Mapping[str, Any]]
    refused: pd.DataFrame
    bars: int
    missing: Sequence[date]
    synthetic: bool

    def years(self) -> dict[str, YearObject]:
        """Return the objects of each year as one, by year."""
        by_year: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for each in sorted(self.objects, key=lambda each: str(each["key"])):
            by_year[each["year"]].append(each)
        return {
            str(year): YearObject(
                etag=_digest(f"{each['key']} {each['etag']}" for each in of_year),
                rows=sum(each["rows"] for each in of_year),
                # Without the prefix: another release may write the same rows elsewhere.
                sha256=_digest(f"{each['key'].rpartition('/')[2]} {each['sha256']}" for each in of_year),
                prefix=self.inputs.prefix,
            )
            for year, of_year in sorted(by_year.items())
        }

    def quality(self) -> Quality:
        """Return what is known of the quality of the rows."""
        refused = Counter(self.refused["motivo"]) if len(self.refused) else Counter[str]()
        reasons = []
        if refused[INVALID_FILE]:
            reasons.append(f"files refused whole: {refused[INVALID_FILE]:,}")
        return Quality(
            refused=dict(sorted(refused.items())),
            warnings={},
            revisions=0,
            opens_at_previous_close=0,
            gaps=[Gap(session, None) for session in self.missing][-GAPS_LISTED:],
            degraded=bool(reasons),
            degraded_because=reasons,
            gaps_count=len(self.missing),
        )


def commit(
    writer: Writer, catalog: Catalog, table: Table, *, run_id: str, started_at: datetime, clock: Clock
) -> tuple[Contents, Ledger]:
    """Write the quarantine, move the partitions to the table, and publish it. Return the contents and the ledger."""
    years, quarantine = table.years(), _quarantine(table.refused)
    superseded = _superseded(writer, table.inputs, clock())
    objects = {each["key"]: each["etag"] for each in table.objects}
    objects[layout.SHARES_QUARANTINE_KEY] = writer.put(layout.SHARES_QUARANTINE_KEY, quarantine)
    writer.check_lease()
    catalog.register([int(year) for year in years], table.inputs.folder)
    ledger = Ledger(dict(sorted(table.inputs.files.items())), dict(sorted(objects.items())), superseded)
    as_of = max((each["last"] for each in table.objects), default=None)
    rows = sum(year.rows for year in years.values())
    refused = len(table.refused)
    contents = Contents(
        version=version_of(years, SHARES_VERSION),
        as_of=as_of,
        first_session=min((each["first"] for each in table.objects), default=None),
        rows=rows,
        years=years,
        synthetic=table.synthetic,
        quality=table.quality(),
        sessions_ahead=sessions_ahead(as_of, started_at.date()),
        run=Run(run_id, started_at, clock(), table.bars + refused, rows, refused),
        schema_version=SHARES_VERSION,
        code_version=code_version(),
        ledger=write_ledger(writer, ledger, layout.SHARES_LEDGER_PREFIX),
    )
    writer.commit(contents)
    return contents, ledger


def _superseded(writer: Writer, inputs: Inputs, now: datetime) -> dict[str, datetime]:
    """Return the time at which each earlier table was superseded, by prefix.

    Tables that were superseded `AGE` ago or earlier are left out, so that the ledger does not grow with the runs.
    `expiry` deletes them although no ledger names them.
    """
    manifest, _ = writer.lake.manifest()
    contents = manifest.contents if manifest else None
    if contents is None:
        return {}
    try:
        superseded = writer.lake.ledger(contents.ledger).superseded
    except LakeChanged:
        # The ledger is lost. Its prefixes go a day after they were written.
        superseded = {}
    for year in contents.years.values():
        superseded.setdefault(year.prefix, now)
    superseded.pop(inputs.prefix, None)
    return {prefix: since for prefix, since in superseded.items() if now - since < AGE}


def _quarantine(refused: pd.DataFrame) -> bytes:
    return parquet.encode(
        refused if len(refused) else parquet.to_frame(parquet.arrow_schema(REFUSED).empty_table()), REFUSED
    )


def _digest(lines: Any) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
