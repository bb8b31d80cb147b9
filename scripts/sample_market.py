"""A generated market as the table of shares of the local AWS, written in this process, without Spark.

For examples, benchmarks and tests: every number is generated, and the manifest says so.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa

from chalicelib import layout
from chalicelib.api.market_routes import EXAMPLE_TICKER
from chalicelib.job.market.objects import encode
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import Contents, Manifest, Quality, Run, YearObject, code_version, version_of
from chalicelib.lake.store import Lake
from chalicelib.market.parse import parse
from chalicelib.market.refinery import refine
from chalicelib.refine.calendar import trading_sessions
from chalicelib.refine.parquet import arrow_schema, to_frame
from chalicelib.settings import Settings
from chalicelib.shares import SHARES, SHARES_TABLE, SHARES_VERSION
from scripts.generate_market import generate

GENERATED_COMPANY = "AAAJ"
"""The first four letters of a generated ticker with the same last digit as the ticker of the examples."""

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
"""The time of every run that writes the table here."""


def generated(records: int, seed: int = 1) -> pd.DataFrame:
    """Return the rows of a generated market with about this number of bars."""
    bars = []
    with tempfile.TemporaryDirectory() as folder:
        for path in generate(Path(folder), records, seed, cash=1.0, text=True):
            with path.open("rb") as file:
                bars.append(parse(file, f"{layout.COTAHIST_PREFIX}{path.name}", NOW).bars)
    return refine(to_frame(pa.concat_tables(bars)), trading_sessions(date(1994, 7, 4), date(2026, 12, 31))).rows


def with_example(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `generated` in which one company has the ticker of the examples. Its prices stay generated."""
    company = EXAMPLE_TICKER[:4]
    texts = {name: rows[name].str.replace(GENERATED_COMPANY, company) for name in ("ticker", "nome", "isin")}
    return rows.assign(**texts).sort_values(["year", "ticker", "data"], ignore_index=True)


def put(rows: pd.DataFrame, run_id: str = "jr_sample", *, synthetic: bool = True) -> Contents:
    """Write rows as the table of shares: the objects of a run, the partitions, and the manifest."""
    settings = Settings()
    s3: Any = boto3.client("s3")
    prefix = f"{layout.SHARES_PREFIX}{run_id}/"
    years: dict[str, YearObject] = {}
    for year, of_year in rows.groupby("year"):
        table = pa.Table.from_pandas(of_year, arrow_schema(SHARES), preserve_index=False)
        body = encode(table.replace_schema_metadata(None))
        key = f"{prefix}year={year:04d}/00000-000.parquet"
        etag = s3.put_object(Bucket=settings.refined_bucket, Key=key, Body=body)["ETag"]
        years[f"{year}"] = YearObject(etag, len(of_year), hashlib.sha256(body).hexdigest(), prefix)
    move(map(int, years), run_id)
    contents = Contents(
        version=version_of(years, SHARES_VERSION),
        as_of=rows["data"].max().date(),
        first_session=rows["data"].min().date(),
        rows=len(rows),
        years=years,
        synthetic=synthetic,
        quality=Quality({}, {}, 0, 0, [], degraded=False, degraded_because=[]),
        sessions_ahead=[],
        run=Run(run_id, NOW, NOW, len(rows), len(rows), 0),
        schema_version=SHARES_VERSION,
        code_version=code_version(),
        ledger="",
    )
    put_manifest(Manifest("ready", None, contents))
    return contents


def move(years: Iterable[int], run_id: str) -> None:
    """Point the partitions of these years to the objects of a run."""
    settings = Settings()
    location = f"s3://{settings.refined_bucket}/{layout.SHARES_PREFIX}"
    Catalog.of_shares(boto3.Session(), settings.database, SHARES_TABLE, location).register(years, f"{run_id}/")


def put_manifest(manifest: Manifest) -> None:
    """Replace the manifest of the market."""
    settings = Settings()
    lake = Lake(boto3.client("s3"), settings.raw_bucket, settings.refined_bucket, layout.SHARES_MANIFEST_KEY)
    lake.put_manifest(manifest, lake.manifest()[1])
