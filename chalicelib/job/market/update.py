"""Update the table of shares from all files of COTAHIST: list, parse the new ones, refine, commit."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from chalicelib import layout
from chalicelib.errors import LakeChanged
from chalicelib.job.commit import delete_ledgers, warn_of_foreign
from chalicelib.job.market import expiry, slices, spark
from chalicelib.job.market.commit import Table, commit
from chalicelib.job.market.inputs import Inputs, parsed_prefix
from chalicelib.job.market.parsing import INDEX, Index
from chalicelib.job.merge import Clock, until_merged
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.lease import HasEnded, acquire
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake
from chalicelib.logs import log
from chalicelib.market.rules import FIRST_SESSION
from chalicelib.refine.calendar import trading_sessions
from chalicelib.refine.parquet import to_frame

TIMEOUT = timedelta(hours=2)
"""The longest run of the job: the timeout in infra/templates. A lease older than this has expired."""

_WRITTEN = (layout.SHARES_QUARANTINE_KEY, layout.SHARES_LEDGER_PREFIX)

_READERS = 16


def update_shares(
    session: SparkSession,
    lake: Lake,
    catalog: Catalog,
    run_id: str,
    clock: Clock,
    *,
    has_ended: HasEnded = lambda _: False,
    slice_bars: int = slices.BARS,
) -> Contents | None:
    """Merge all files of COTAHIST into the table of shares and commit. Return its contents, None without files.

    A run that finds the table of these files complete writes nothing. Otherwise it parses the files that no run has
    parsed, refines all bars, and writes the table below a prefix of its own; then it moves the partitions there.

    Args:
        lake: with the key of the manifest of shares.
        catalog: of the table of shares.
        has_ended: whether the run that holds the lease has ended, so that this run may take it over.
        slice_bars: the number of bars that a task refines at once.

    Raises:
        RunInProgress: another run holds the lease, or raw or the lake changed during each of several attempts.
        BackendUnavailable: a task failed as often as Spark repeats it.
        LakeError: the catalog refused the table or a partition; the next run repairs the lake.
    """

    def attempt() -> Contents:
        inputs = Inputs(lake.cotahist_objects())
        contents = _complete(lake, catalog, inputs)
        if contents is None:
            return _merge(
                session, lake, catalog, run_id, clock=clock, inputs=inputs, has_ended=has_ended, slice_bars=slice_bars
            )
        log.info("cotahist: %s files, all merged: nothing to write", f"{len(inputs.files):,}")
        expiry.delete_superseded(lake, lake.ledger(contents.ledger), inputs, clock())
        return contents

    return until_merged(lake, lake.cotahist_objects, attempt, run_id)


def _complete(lake: Lake, catalog: Catalog, inputs: Inputs) -> Contents | None:
    """Return the contents of the lake if it is the table of these files, and every object and partition is there."""
    manifest, _ = lake.manifest()
    contents = manifest.contents if manifest and manifest.state == "ready" else None
    if contents is None or {year.prefix for year in contents.years.values()} - {inputs.prefix}:
        return None
    try:
        ledger = lake.ledger(contents.ledger)
    except LakeChanged:
        return None
    stored = lake.refined_objects(inputs.prefix) | lake.refined_objects(layout.SHARES_QUARANTINE_KEY)
    partitions = {int(year): f"{inputs.folder}year={int(year):04d}/" for year in contents.years}
    whole = ledger.merged == inputs.files and ledger.objects.items() <= stored.items()
    if not whole or partitions != catalog.folders():
        return None
    for key in sorted(stored.keys() - ledger.objects.keys()):
        warn_of_foreign(lake, key)
    return contents


def _merge(
    session: SparkSession,
    lake: Lake,
    catalog: Catalog,
    run_id: str,
    *,
    clock: Clock,
    inputs: Inputs,
    has_ended: HasEnded,
    slice_bars: int,
) -> Contents:
    """Acquire the lease, parse, refine, write and commit, once."""
    started_at = clock()
    with acquire(lake, run_id, started_at, has_ended, _WRITTEN, timeout=TIMEOUT) as writer:
        indexes = _parsed(session, lake, inputs)
        keys = [key for index in indexes for key in index.years.values()]
        last = max((index.sessions[-1] for index in indexes if index.sessions), default=FIRST_SESSION)
        calendar = trading_sessions(FIRST_SESSION, last)
        results = []
        began = time.monotonic()
        if keys:
            firsts = slices.firsts([index.tickers for index in indexes], slice_bars)
            results = spark.refine_bars(session, lake, inputs.prefix, keys, firsts=firsts, calendar=calendar)
        seconds = time.monotonic() - began
        log.info("refined: %s objects of bars to %s objects, in %.1f s", f"{len(keys):,}", f"{len(results):,}", seconds)
        table = Table(
            inputs=inputs,
            objects=[result for result in results if result["key"]],
            refused=_refused(lake, indexes, [result["refused"] for result in results if result["refused"]]),
            bars=sum(sum(index.tickers.values()) for index in indexes),
            missing=_missing(calendar, indexes),
            synthetic=any(index.synthetic for index in indexes),
        )
        contents, ledger = commit(writer, catalog, table, run_id=run_id, started_at=started_at, clock=clock)
    log.info("committed: %s rows to %s, version %s", f"{contents.rows:,}", contents.as_of, contents.version[:12])
    delete_ledgers(writer, contents.ledger, layout.SHARES_LEDGER_PREFIX)
    expiry.delete_superseded(lake, ledger, inputs, clock())
    return contents


def _parsed(session: SparkSession, lake: Lake, inputs: Inputs) -> list[Index]:
    """Return the index of each file, in order of key, after parsing those that have none.

    Raises:
        LakeChanged: a file was deleted or replaced while it was parsed.
    """
    stored = lake.refined_objects(layout.PARSED_PREFIX)
    indexes = {key: parsed_prefix(key, etag) + INDEX for key, etag in sorted(inputs.files.items())}
    new = [
        (key, inputs.files[key], file.collected_at)
        for key, index in indexes.items()
        if index not in stored and (file := layout.cotahist_file(key))
    ]
    began = time.monotonic()
    try:
        spark.parse_files(session, lake, new)
    except Exception as error:
        if lake.cotahist_objects().items() >= inputs.files.items():
            raise
        raise LakeChanged("a file of COTAHIST was deleted or replaced while it was parsed") from error
    seconds = time.monotonic() - began
    log.info("cotahist: %s files, %s of them parsed now, in %.1f s", f"{len(indexes):,}", f"{len(new):,}", seconds)
    with ThreadPoolExecutor(_READERS) as pool:
        bodies = pool.map(lake.read_refined, indexes.values())
        return [msgspec.json.decode(body, type=Index) for body in bodies]


def _refused(lake: Lake, indexes: list[Index], conflicts: list[bytes]) -> pd.DataFrame:
    """Return all refused records, files and contradictions, in the same order for every order of tasks."""
    with ThreadPoolExecutor(_READERS) as pool:
        bodies = [*pool.map(lake.read_refined, [index.refused for index in indexes if index.refused]), *conflicts]
    tables = [pq.read_table(pa.BufferReader(body)) for body in bodies]
    if not tables:
        return pd.DataFrame()
    frame = to_frame(pa.concat_tables(tables))
    return frame.sort_values(["chave", "linha", "motivo", "registro"], ignore_index=True)


def _missing(calendar: pd.DatetimeIndex, indexes: list[Index]) -> list[date]:
    """Return the sessions with trading since the first bar on which no ticker has a bar."""
    days = {day for index in indexes for day in index.sessions}
    return [session for session in calendar.date if days and session >= min(days) and session not in days]
