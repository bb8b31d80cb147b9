"""Write a run's results under its lease: years, quarantine, revisions, partitions and the ledger."""

from __future__ import annotations

import hashlib

from chalicelib import layout
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.lease import Writer
from chalicelib.lake.manifest import Ledger, YearObject
from chalicelib.lake.store import Lake
from chalicelib.logs import log, pluralize
from chalicelib.refine import parquet
from chalicelib.refine.refinery import Refined
from chalicelib.schema import QUARANTINE, REFINED, REVISIONS


def write_refined(writer: Writer, catalog: Catalog, refined: Refined) -> dict[str, YearObject]:
    """Write the objects that differ from the stored ones, delete the years without bars, and register all years.

    Returns:
        The object of each year, by year.
    """
    bars = {int(year): refined.bars[refined.bars["year"] == year] for year in sorted(refined.bars["year"].unique())}
    # Encode everything before the first write, so that an encoding error leaves the lake unchanged.
    bodies = {year: parquet.encode(rows, REFINED) for year, rows in bars.items()}
    refused = parquet.encode(refined.quarantine, QUARANTINE)
    revisions = parquet.encode(refined.revisions, REVISIONS)
    years: dict[str, YearObject] = {}
    for year, body in bodies.items():
        etag = writer.put(layout.refined_key(year), body)
        years[str(year)] = YearObject(etag, len(bars[year]), hashlib.sha256(body).hexdigest())
    written = {year.etag for year in years.values()} - set(writer.stored.values())
    log.info("refined: %s, %d written", pluralize(len(years), "year"), len(written))
    writer.put(layout.QUARANTINE_KEY, refused)
    writer.put(layout.REVISIONS_KEY, revisions)
    stored_years = {key: layout.refined_year(key) for key in writer.stored if key.startswith(layout.REFINED_PREFIX)}
    for key, stored_year in stored_years.items():
        if stored_year is None:
            warn_of_foreign(writer.lake, key)
        elif stored_year not in bars:
            writer.delete(key)
    # After the objects: readers compare those with the manifest to detect that a run has changed the table.
    writer.check_lease()
    catalog.register(bars)
    return years


def warn_of_foreign(lake: Lake, key: str) -> None:
    """Warn of an object below a table's prefix that no run of the job has written. The job does not delete it."""
    log.warning("s3://%s/%s is not part of this lake, and Athena may read it", lake.refined_bucket, key)


def write_ledger(writer: Writer, ledger: Ledger, prefix: str = layout.LEDGER_PREFIX) -> str:
    """Write the ledger under a key with its digest, so that a manifest always names the ledger of its own commit."""
    body = ledger.encode()
    key = f"{prefix}{hashlib.sha256(body).hexdigest()[:16]}.json"
    writer.put(key, body)
    return key


def delete_ledgers(writer: Writer, ledger: str, prefix: str = layout.LEDGER_PREFIX) -> None:
    """Delete the ledgers of earlier commits, after a commit that names this one.

    The lease is released, and the next run may have written its ledger: only ledgers from before this run go.
    """
    for key, etag in writer.stored.items():
        if key.startswith(prefix) and key != ledger:
            writer.lake.delete_refined(key, etag)
