"""Handlers that test the environment of a function. They run there, without the other modules of the tests."""

from __future__ import annotations

import importlib
import io
import sys
import time
from typing import Any

LIBRARIES = ("numpy", "pandas", "pyarrow", "pyarrow.parquet", "exchange_calendars", "yfinance")


def imports(event: Any, context: Any) -> dict[str, float]:
    """Return the import seconds of each library, imported in order."""
    seconds = {}
    for name in LIBRARIES:
        began = time.perf_counter()
        importlib.import_module(name)
        seconds[name] = time.perf_counter() - began
    return seconds


def origins(event: Any, context: Any) -> dict[str, str | None]:
    """Return the file of each module that the libraries import."""
    imports(event, context)
    importlib.import_module("app")
    importlib.import_module("boto3")  # the app imports it for its first client
    return {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}


def parquet(event: Any, context: Any) -> dict[str, bool]:
    """Return whether a table is equal after a round trip through parquet, by codec and by chalicelib's own writer."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from chalicelib.refine import parquet as ours
    from chalicelib.schema import PRICES, RAW

    table = pa.table({"data": [1, 2, None], "texto": ["a", None, "c"], "valor": [0.1, None, 3.0]})
    same = {}
    for codec in ("zstd", "snappy", "gzip", "none"):
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression=codec)
        same[codec] = pq.read_table(io.BytesIO(buffer.getvalue())).equals(table)
    bars = pd.DataFrame({
        "data": pd.to_datetime(["2025-09-16", "2025-09-17"]),
        **{price: [144059.0, None] for price in PRICES},
        "volume_negociado": pd.array([8_000_000, None], dtype="Int64"),
        "ticker": "IBOV",
        "fonte": "yahoo",
        "coletado_em": pd.Timestamp("2025-09-18T01:30:00Z"),
    })  # fmt: skip
    body = ours.encode(bars, RAW)
    same["chalicelib"] = ours.encode(ours.decode(body, RAW), RAW) == body
    return same


def tls(event: Any, context: Any) -> list[str]:
    """Return the results of two TLS requests by yfinance's HTTP library, with the test's authority and without."""
    from curl_cffi import requests

    results = []
    for authority in (event["authority"], True):
        try:
            results.append(requests.get(event["url"], verify=authority, timeout=10).text)
        except requests.exceptions.RequestException as error:
            results.append(type(error).__name__)
    return results
