"""A table of shares in the local AWS, from generated files of COTAHIST, without Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chalice.test import Client

from chalicelib import wiring
from chalicelib.market.refinery import refine
from local.laptop import Laptop
from scripts.sample_market import put
from tests.support import market
from tests.support.bars import raw_object, session_bars
from tests.support.lake import create_lake


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
    days = sessions[(sessions.year >= 2023) & (sessions.year <= 2024)]
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
    vale = {
        "NOMRES": b"VALE",
        "ESPECI": b"ON      NM",
        "CODISI": b"BRVALEACNOR0",
        "VOLTOT": 2_000_000_000 + np.arange(len(days)) * 7919 % 1000,
    }
    records = [
        market.history(petr4, DISMES=100 + split),
        market.history(ohlc(days, 3), "PETR3", ESPECI=b"ON", CODISI=b"BRPETRACNOR9", VOLTOT=1_000_000_000),
        market.history(ohlc(days, 5), "VALE3", **vale),
        market.history(ohlc(days, 11), "CEUA11", **fund),
        # The last session of this one is more than a year before the last of the others.
        market.history(ohlc(days[:120], 7), "VVAR3", NOMRES=b"VIAVAREJO", ESPECI=b"ON", CODISI=b"BRVVARACNOR1"),
    ]
    return refine(market.bars(*records), sessions).rows


@contextmanager
def enabled() -> Iterator[None]:
    """Enable the market in this process until the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("B3_MARKET", "yes")
        wiring.clear_caches()
        yield
    wiring.clear_caches()


@contextmanager
def served(running: Laptop) -> Iterator[Any]:
    """Yield Chalice's test client for the API over a lake of the index and of `refined`. For fixtures of a module."""
    create_lake(running, raw_object(session_bars("2024-06-03", 300)))
    put(refined(), synthetic=False)
    with enabled():
        yield Client(running.app.app).http
    running.aws.reset()
