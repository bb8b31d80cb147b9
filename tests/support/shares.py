"""A table of shares in the local AWS, from generated files of COTAHIST, without Spark."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from chalice.test import Client

from chalicelib import layout, wiring
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import Contents, Manifest, Quality, Run, YearObject, code_version, version_of
from chalicelib.lake.store import Lake
from chalicelib.market.refinery import refine
from chalicelib.refine import parquet
from chalicelib.refine.parquet import arrow_schema
from chalicelib.shares import SHARES, SHARES_TABLE, SHARES_VERSION
from local.laptop import Laptop
from tests.support import market
from tests.support.lake import NOW, RAW, REFINED, SESSION, create_lake

QUALITY = Quality({}, {}, 0, 0, [], degraded=False, degraded_because=[])


def ohlc(sessions: pd.DatetimeIndex, seed: int, level: float = 3000.0) -> pd.DataFrame:
    """Return a random walk as `market.history` takes it: prices in cents."""
    random = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(random.normal(0, 0.02, len(sessions))))
    opened = np.append(level, close[:-1]) * np.exp(random.normal(0, 0.005, len(sessions)))
    high = np.maximum(opened, close) * np.exp(np.abs(random.normal(0, 0.01, len(sessions))))
    low = np.minimum(opened, close) * np.exp(-np.abs(random.normal(0, 0.01, len(sessions))))
    frame = pd.DataFrame({"open": opened, "high": high, "low": low, "close": close}).round().clip(lower=1)
    return frame.assign(date=sessions)


@cache
def refined() -> pd.DataFrame:
    """Return the rows of five tickers of 2023 and 2024, of which two end earlier: a split, dividends, a rename."""
    sessions = market.market_sessions()
    days = sessions[(sessions >= "2023-01-01") & (sessions <= "2024-12-30")]
    petr4 = ohlc(days, 4)
    split = np.arange(len(days)) >= 300
    # A 10-for-1 split: the prices fall to a tenth, and B3's number of distributions rises.
    petr4.loc[split, ["open", "high", "low", "close"]] /= 10
    petr4[["open", "high", "low", "close"]] = petr4[["open", "high", "low", "close"]].round()
    petr4["low"] = petr4[["low", "open", "close"]].min(axis=1)
    petr4["high"] = petr4[["high", "open", "close"]].max(axis=1)
    fund = {
        "NOMRES": "FII CÉU".encode("latin-1"),
        "ESPECI": b"CI",
        "CODISI": b"BRCEUACTF003",
        "CODBDI": b"12",
        "DISMES": 10 + np.arange(len(days)) // 21,
        "VOLTOT": 50_000_000,
    }
    records = [
        market.history(petr4, DISMES=100 + split),
        market.history(ohlc(days, 3), "PETR3", ESPECI=b"ON", CODISI=b"BRPETRACNOR9", VOLTOT=1_000_000_000),
        market.history(
            ohlc(days, 5), "VALE3", NOMRES=b"VALE", ESPECI=b"ON      NM", CODISI=b"BRVALEACNOR0", VOLTOT=2_000_000_000
        ),
        market.history(ohlc(days, 11), "CEUA11", **fund),
        # The last session of this one is more than a year before the last of the others.
        market.history(ohlc(days[:120], 7), "VVAR3", NOMRES=b"VIAVAREJO", ESPECI=b"ON", CODISI=b"BRVVARACNOR1"),
    ]
    return refine(market.bars(*records), sessions).rows


def put(rows: pd.DataFrame, run_id: str = "jr_market", *, synthetic: bool = False) -> Contents:
    """Write rows as the table of shares: objects, partitions and manifest."""
    s3: Any = boto3.client("s3")
    prefix = f"{layout.SHARES_PREFIX}{run_id}/"
    years: dict[str, YearObject] = {}
    for year, of_year in rows.groupby("year"):
        body = encode(of_year)
        key = f"{prefix}year={year:04d}/00000-000.parquet"
        etag = s3.put_object(Bucket=REFINED, Key=key, Body=body)["ETag"]
        years[f"{year}"] = YearObject(etag, len(of_year), hashlib.sha256(body).hexdigest(), prefix)
    catalog = Catalog.of_shares(SESSION, "b3_refined_db", SHARES_TABLE, f"s3://{REFINED}/{layout.SHARES_PREFIX}")
    catalog.register(map(int, years), f"{run_id}/")
    contents = Contents(
        version=version_of(years, SHARES_VERSION),
        as_of=rows["data"].max().date(),
        first_session=rows["data"].min().date(),
        rows=len(rows),
        years=years,
        synthetic=synthetic,
        quality=QUALITY,
        sessions_ahead=[],
        run=Run(run_id, NOW, NOW, len(rows), len(rows), 0),
        schema_version=SHARES_VERSION,
        code_version=code_version(),
        ledger="",
    )
    put_manifest(Manifest("ready", None, contents))
    return contents


def put_manifest(manifest: Manifest) -> None:
    """Replace the manifest of the market."""
    lake = Lake(boto3.client("s3"), RAW, REFINED, layout.SHARES_MANIFEST_KEY)
    lake.put_manifest(manifest, lake.manifest()[1])


def encode(rows: pd.DataFrame) -> bytes:
    """Return rows in order of ticker and date as parquet, with a row group for each ticker."""
    table = pa.Table.from_pandas(rows, arrow_schema(SHARES), preserve_index=False).replace_schema_metadata(None)
    sizes: Mapping[str, int] = rows.groupby("ticker", sort=False).size().to_dict()
    buffer = BytesIO()
    with pq.ParquetWriter(buffer, table.schema, compression=layout.COMPRESSION) as writer:
        start = 0
        for size in sizes.values():
            writer.write_table(table.slice(start, size), row_group_size=size)
            start += size
    return buffer.getvalue()


@contextmanager
def enabled(patch: Any) -> Iterator[None]:
    """Enable the market in this process until the end of the block.

    Args:
        patch: pytest's MonkeyPatch.
    """
    patch.setenv("B3_MARKET", "yes")
    wiring.clear_caches()
    yield
    patch.delenv("B3_MARKET")
    wiring.clear_caches()
