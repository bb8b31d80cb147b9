"""How near the real history comes to the bounds of its prices: a table of docs/data-quality.md."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.instrument import IBOV, Scale
from chalicelib.refine import scale
from chalicelib.refine.calendar import positions, sessions
from chalicelib.refine.neighbours import nearby_median
from chalicelib.refine.quality import WIDEST
from chalicelib.schema import HIGH, LOW, PRICES
from scripts.blocks import table


def margins(bars: pd.DataFrame, facts: Scale) -> str:
    """Return the bound of each rule and the largest value of the history, as a markdown table."""
    first, last = bars["data"].iloc[0].date(), bars["data"].iloc[-1].date()
    days = sessions(*scale.span(first, last, IBOV))
    at = positions(bars["data"], days)
    low, high = (bound[at] for bound in scale.bounds(days, IBOV))
    prices = bars[list(PRICES)].to_numpy(np.float64)
    factor = (np.maximum(prices, 1 / prices * (low * high)[:, None]) / np.sqrt(low * high)[:, None]).max(axis=1)
    years = bars["data"].dt.year.to_numpy()
    early = np.asarray(bars["data"] < pd.Timestamp(min(facts.year_ends)))
    rows: list[tuple[object, ...]] = [
        (
            "price before the first year-end close, points",
            f"{facts.before[0]:g} to {facts.before[1]:g}",
            f"{prices[early].min():.1f} to {prices[early].max():.1f}",
        )
    ]
    for year in sorted({*facts.factors, 1995, 2020}):
        bound = facts.factors.get(year, facts.factor)
        rows.append((f"factor of the expected level, {year}", bound, f"{factor[(years == year) & ~early].max():.3f}"))
    others = ~early & ~np.isin(years, [*facts.factors, 1995, 2020])
    rows.append(("factor of the expected level, other years", facts.factor, f"{factor[others].max():.3f}"))
    closes = np.full(len(days), np.nan)
    closes[at] = prices[:, 3]
    median, _ = nearby_median(at, prices[:, 3], closes)
    distance = np.abs(np.log(prices / median[:, None])).max()
    rows.append(("\\|ln(price / median of the closes nearby)\\|", WIDEST, f"{distance:.3f}"))
    rows.append(("ln(high / low)", WIDEST, f"{np.log(bars[HIGH] / bars[LOW]).max():.3f}"))
    return table(("measure", "allowed", "largest of the real history"), rows)
