"""Bars for tests: known ones of 2025, generated ones, and functions that make raw objects of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from chalicelib import layout
from chalicelib.instrument import IBOV
from chalicelib.refine import parquet, raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import CLOSE, OFFICIAL_CLOSES, PRICES, RAW
from local.sample import generate

# Six sessions of September 2025 from Yahoo, and their features. The last two columns were computed over the whole
# history: in a lake of these six rows only, the first two values of each are null.
KNOWN = pd.DataFrame(
    [
        ("2025-09-10", 141612.0, 143182.0, 141612.0, 142349.0, 1570.0, 1.10, 0.940000, 0.404475),
        ("2025-09-11", 142349.0, 144013.0, 142349.0, 143151.0, 1664.0, 1.16, 0.913333, 0.376475),
        ("2025-09-12", 143151.0, 143202.0, 142241.0, 142272.0, 961.0, 0.68, 0.980000, 0.261534),
        ("2025-09-15", 142292.0, 144194.0, 142292.0, 143547.0, 1902.0, 1.33, 1.056667, 0.337095),
        ("2025-09-16", 143547.0, 144584.0, 143547.0, 144062.0, 1037.0, 0.72, 0.910000, 0.364280),
        ("2025-09-17", 144059.0, 146331.0, 143910.0, 145594.0, 2421.0, 1.66, 1.236667, 0.476900),
    ],
    columns=[
        "data",
        "preco_abertura",
        "preco_maximo",
        "preco_minimo",
        "preco_fechamento",
        "amplitude",
        "volatilidade_pct",
        "vol_mean_3d",
        "vol_std_3d",
    ],
).astype({"data": "datetime64[ns]"})

COLLECTED = datetime(2025, 10, 14, 1, 30, tzinfo=UTC)


def known_bars() -> pd.DataFrame:
    """Return the six known sessions as a source returns them."""
    volume = pd.array([8_000_000 + day for day in range(len(KNOWN))], dtype="Int64")
    return KNOWN.iloc[:, :5].assign(volume_negociado=volume)


def session_bars(start: str, number: int) -> pd.DataFrame:
    """Return generated bars for a number of sessions from a day on, as a source returns them.

    Two calls return equal bars of a session.
    """
    bars = _history()
    return bars[bars["data"] >= start].head(number).reset_index(drop=True)


@cache
def _history() -> pd.DataFrame:
    """Return generated bars from 1993 to 2026, at the year-end closes of the index.

    From the last of them on their level is constant, apart from the generated changes.
    """
    days = sessions(date(1993, 1, 4), date(2026, 12, 30))
    bars = generate(days)
    assert IBOV.scale is not None
    ends = days.get_indexer(pd.DatetimeIndex(list(IBOV.scale.year_ends)))
    known = np.log(np.array(list(IBOV.scale.year_ends.values())) / bars[CLOSE].iloc[ends])
    factor = np.exp(np.interp(np.arange(len(bars)), ends, known))
    prices = bars[list(PRICES)].to_numpy() * factor[:, None]
    # A session opens near the previous close.
    prices[1:, 0] *= factor[:-1] / factor[1:]
    prices[:, 1], prices[:, 2] = prices.max(axis=1), prices.min(axis=1)
    bars[list(PRICES)] = np.round(prices)
    return bars


def scaled(bars: pd.DataFrame, factor: float, rows: Sequence[int], names: Sequence[str] = PRICES) -> pd.DataFrame:
    """Return bars with some prices of some rows times a factor, in whole points; high and low enclose the others."""
    prices = bars[list(PRICES)].to_numpy(np.float64)
    columns = [PRICES.index(name) for name in names]
    prices[np.ix_(list(rows), columns)] = np.round(prices[np.ix_(list(rows), columns)] * factor)
    prices[rows, 1], prices[rows, 2] = prices[rows].max(axis=1), prices[rows].min(axis=1)
    return bars.assign(**{name: prices[:, column] for column, name in enumerate(PRICES)})


def raw_rows(bars: pd.DataFrame, source: str = "yahoo", collected_at: datetime = COLLECTED) -> pd.DataFrame:
    """Return bars with the columns of raw."""
    return bars.assign(ticker=IBOV.ticker, fonte=source, coletado_em=collected_at)


def raw_object(bars: pd.DataFrame, source: str = "yahoo", collected_at: datetime = COLLECTED) -> tuple[str, bytes]:
    """Return the key and the bytes of a raw object."""
    return layout.raw_key(collected_at), parquet.encode(raw_rows(bars, source, collected_at), RAW)


def closes_object(
    closes: Mapping[str, float | None], *, complete: bool = False, collected_at: datetime = COLLECTED
) -> tuple[str, bytes]:
    """Return the key and the bytes of a raw object of official closes, by ISO date."""
    rows = pd.DataFrame({"data": pd.to_datetime(list(closes)), CLOSE: list(closes.values())})
    rows = rows.assign(completo=complete, ticker=IBOV.ticker, fonte="b3", coletado_em=collected_at)
    # A run that adds bars and closes puts the closes in the next second.
    return layout.raw_key(collected_at, 1), parquet.encode(rows, OFFICIAL_CLOSES)


def read_raw(*objects: tuple[str, bytes]) -> raw.RawRows:
    """Return the rows of some raw objects."""
    return raw.combine(raw.read(body, key, IBOV) for key, body in objects)


def refined(*objects: tuple[str, bytes]) -> Refined:
    """Refine some raw objects."""
    return refine(read_raw(*objects), sessions, IBOV)


def csv_text(bars: pd.DataFrame) -> str:
    """Return bars as a CSV for the source `csv:`."""
    names = ("date", "open", "high", "low", "close", "volume")
    columns = ("data", "preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento", "volume_negociado")
    return str(bars[list(columns)].rename(columns=dict(zip(columns, names, strict=True))).to_csv(index=False))


def by_date(rows: Sequence[dict[str, Any]]) -> dict[date, dict[str, Any]]:
    """Return the rows of a response by session."""
    return {date.fromisoformat(row["data"]): row for row in rows}
