"""The columns of the refined table that are computed from the bars. Takes and returns DataFrames."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.refine import indicators
from chalicelib.refine.events import chain, nights
from chalicelib.refine.forecasts import forecasts
from chalicelib.refine.volatility import Floats, Positions, Prices, volatility
from chalicelib.schema import PRICES
from chalicelib.shares import CENTS, EVENT, QUOTED_SHARES, nights_column


def add_features(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the bars with every computed column of the refined table except `avisos`.

    Args:
        bars: `ticker`, `data`, the four prices (positive, low ≤ open, close ≤ high) and `volume_negociado`; the bars
            of a ticker are consecutive, in order of date. No window includes bars of two tickers. A frame of shares
            also has `evento` (bool: the night before is left out; False for the first bar of a ticker) and
            `fator_cotacao` (integer: B3 quotes the prices in cents for so many shares).

    Returns:
        A new frame: the columns of `bars`, the features and `year`. `variacao_pct` and `volatilidade_pct` are rounded
        to two decimals, nothing else is; a volume of 0 becomes null. With `evento` it has `noites_<n>` and no
        forecasts, and what needs a level over several sessions is computed from the prices chained over the events:
        moving means and ATR are in the unit of the session's price.
    """
    bars = bars.reset_index(drop=True)
    # Ratios of whole cents are rounded once: after a split they have the same bits as before it.
    unit = float(CENTS) * bars[QUOTED_SHARES].to_numpy(np.float64) if QUOTED_SHARES in bars else 1.0
    prices = prices_of(bars, unit)
    chained = chain(prices, unit)
    amplitude = prices.high - prices.low
    volatility_pct = np.round(amplitude / prices.close * 100, 2)
    zscore = indicators.causal_zscore(np.rint(volatility_pct * 100).astype(np.int64), prices.position)
    peak = pd.array(zscore > indicators.ZSCORE_PEAK).astype("Int32")
    peak[np.isnan(zscore)] = pd.NA
    recent = trailing(volatility_pct, 3, prices.position)
    features = {
        "volume_negociado": bars["volume_negociado"].mask(bars["volume_negociado"] == 0),
        "variacao_diaria": (prices.close - prices.open) / unit,
        "variacao_pct": np.round((prices.close - prices.open) / prices.open * 100, 2),
        "amplitude": amplitude / unit,
        "volatilidade_pct": volatility_pct,
        "media_movel_3d": trailing(chained.prices.close, 3, prices.position).mean(axis=1) * chained.level,
        "vol_mean_3d": recent.mean(axis=1),
        "vol_std_3d": recent.std(axis=1, ddof=1),
        "retorno_log": indicators.log_returns(prices),
        **volatility(prices),
        "vol_ewma": indicators.ewma_volatility(prices),
        "atr_14": indicators.average_true_range(chained.prices) * chained.level,
        "vol_zscore": zscore,
        "volatilidade_pico": peak,
        "drawdown": indicators.drawdown(chained.prices),
        "year": bars["data"].dt.year.astype("Int32"),
        "month": bars["data"].dt.month.astype("Int32"),
    }
    if prices.event is None:
        features |= forecasts(prices, bars["data"])
    else:
        features |= {nights_column(window): _or_null(count) for window, count in nights(prices).items()}
    others = bars.drop(columns=[name for name in features if name in bars])
    return pd.concat([others, pd.DataFrame(features, index=bars.index)], axis=1)


def prices_of(bars: pd.DataFrame, unit: Floats | float = 1.0) -> Prices:
    """Return the prices of a frame of bars as arrays, with the position of each bar within its ticker.

    Args:
        unit: the quotation of a share that costs 1, shape (n,); 1.0 if the prices are the quotations.
    """
    position = bars.groupby("ticker", sort=False).cumcount().to_numpy().astype(np.intp)
    sides = [bars[name].to_numpy(np.float64) for name in PRICES]
    if QUOTED_SHARES in bars:
        sides = [np.rint(side * unit) for side in sides]
    opened, high, low, close = sides
    event = bars[EVENT].to_numpy(np.bool_) if EVENT in bars else None
    return Prices(opened, high, low, close, position, event)


def _or_null(counts: Positions) -> pd.Series[int]:
    """Return counts as nullable integers, null where they are negative."""
    return pd.Series(counts, dtype="Int32").mask(counts < 0)


def trailing(values: Floats, window: int, position: Positions) -> Floats:
    """Return the trailing windows of a series, one row each; NaN while a ticker has fewer bars than the window.

    Args:
        values, position: shape (n,).
        window: length of a window, at least 1.

    Returns:
        Shape (n, window); row t has values t-window+1 to t.
    """
    padded = np.concatenate([np.full(window - 1, np.nan), values])
    if not len(values):
        return np.empty((0, window))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)
    return np.where((position >= window - 1)[:, None], windows, np.nan)
