"""What a run writes under its lease: the years that differ, quarantine, revisions, partitions and the ledger."""

from __future__ import annotations

import hashlib

from chalicelib import layout
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.lease import Writer
from chalicelib.lake.manifest import Ledger, Year
from chalicelib.refine import parquet
from chalicelib.refine.refinery import Refined
from chalicelib.schema import QUARANTINE, REFINED, REVISIONS


def write_refined(writer: Writer, catalog: Catalog, refined: Refined) -> dict[str, Year]:
    """Write the years that differ from what is stored, register them, and drop those that no longer are."""
    bars = {int(year): refined.bars[refined.bars["year"] == year] for year in sorted(refined.bars["year"].unique())}
    # All is encoded before the first write: what cannot be encoded leaves the lake as it was.
    bodies = {year: parquet.encode(rows, REFINED) for year, rows in bars.items()}
    refused = parquet.encode(refined.quarantine, QUARANTINE)
    revisions = parquet.encode(refined.revisions, REVISIONS)
    years: dict[str, Year] = {}
    for year, body in bodies.items():
        etag = writer.put(layout.refined_key(year), body)
        years[str(year)] = Year(etag, len(bars[year]), hashlib.sha256(body).hexdigest())
    written = {year.etag for year in years.values()} - set(writer.stored.values())
    print(f"refined: {len(years)} years, {len(written)} written")
    writer.put(layout.QUARANTINE_KEY, refused)
    writer.put(layout.REVISIONS_KEY, revisions)
    writer.about_to_write()
    catalog.register(bars)
    found = {key: layout.refined_year(key) for key in writer.stored if key.startswith(layout.REFINED_PREFIX)}
    for key, stored_year in found.items():
        if stored_year is None:
            print(f"warning: s3://{writer.lake.refined_bucket}/{key} is not of this lake, and Athena may read it")
        elif stored_year not in bars:
            writer.delete(key)
    return years


def write_ledger(writer: Writer, ledger: Ledger) -> str:
    """Write the ledger under a name of its own, so that a manifest and the ledger that it names always agree."""
    body = ledger.encode()
    key = f"{layout.LEDGER_PREFIX}{hashlib.sha256(body).hexdigest()[:16]}.json"
    writer.put(key, body)
    return key
