"""The scheduled ingest: the bars of Yahoo, once a day the official closes of B3, and its files of the market."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from chalicelib import layout
from chalicelib.ingest import cotahist
from chalicelib.ingest.ingest import add, collect
from chalicelib.ingest.official_closes import ingest_closes, online, write_report, years_due
from chalicelib.ingest.sources import Source
from chalicelib.lake import metrics
from chalicelib.lake.freshness import counts
from chalicelib.lake.store import Lake
from chalicelib.logs import correlate, log, pluralize
from chalicelib.refine import parquet
from chalicelib.schema import RAW
from chalicelib.settings import Settings


def run(source: Source, settings: Settings, lake: Lake, now: datetime) -> dict[str, Any]:
    """Add the bars of a source to raw, and then the official closes and the files of the market.

    A failure of the last two is a line in the log.

    Returns:
        `added`, the raw object of bars; `official_closes`, None if they are not due; and `market`, None if the setting
        is no or no file is due.

    Raises:
        SourceError, MixedLake: as `ingest.ingest`.
    """
    # The key that the object of the bars will have, unless another ingest began in the same second.
    correlate(layout.raw_key(now))
    manifest, _ = lake.manifest()
    contents = manifest.contents if manifest else None
    if contents:
        # The age of the data for CloudWatch, before the request to the source, which may fail.
        metrics.emit(counts(contents, now), lake.refined_bucket)
    b3 = online(settings, now)
    # Before the bars are added: their raw object would be the one of today.
    years = years_due(b3, lake, contents, now) if settings.official_closes == "yes" else []
    body = collect(source, lake, now)
    added = add(body, lake, now)
    correlate(added.key)
    log.info("added %s: %s, %s to %s", added.key, pluralize(added.bars, "bar"), added.first, added.last)
    closes = ingest_closes(b3, years, parquet.decode(body, RAW), lake, now) if years else None
    if closes:
        write_report(closes, lake.refined_bucket)
    market = _market(settings, lake, now) if settings.market == "yes" else None
    result = {"added": added, "official_closes": closes, "market": market}
    return {name: msgspec.to_builtins(value) for name, value in result.items()}


def _market(settings: Settings, lake: Lake, now: datetime) -> cotahist.MarketFiles | None:
    days = cotahist.days_due(lake, now)
    if not days:
        return None
    files = cotahist.ingest_days(days, settings, lake, now)
    cotahist.write_report(files, lake.refined_bucket)
    return files
