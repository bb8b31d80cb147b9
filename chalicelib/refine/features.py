"""The columns of the refined table that are computed from the bars. Takes and returns DataFrames."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.refine import indicators
from chalicelib.refine.forecasts import forecasts
from chalicelib.refine.volatility import Floats, Positions, Prices, volatility
from chalicelib.schema import PRICES


def add_features(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the bars with every computed column of the refined table except `avisos`.

    Args:
        bars: `ticker`, `data`, the four prices (positive, low ≤ open, close ≤ high) and `volume_negociado`; the bars
            of a ticker are consecutive, in order of date. No window includes bars of two tickers.

    Returns:
        A new frame: the columns of `bars`, the features and `year`. `variacao_pct` and `volatilidade_pct` are rounded
        to two decimals, nothing else is; a volume of 0 becomes null.
    """
    bars = bars.reset_index(drop=True)
    prices = prices_of(bars)
    amplitude = prices.high - prices.low
    volatility_pct = np.round(amplitude / prices.close * 100, 2)
    zscore = indicators.causal_zscore(np.rint(volatility_pct * 100).astype(np.int64), prices.position)
    peak = pd.array(zscore > indicators.ZSCORE_PEAK).astype("Int32")
    peak[np.isnan(zscore)] = pd.NA
    recent = trailing(volatility_pct, 3, prices.position)
    features = {
        "volume_negociado": bars["volume_negociado"].mask(bars["volume_negociado"] == 0),
        "variacao_diaria": prices.close - prices.open,
        "variacao_pct": np.round((prices.close - prices.open) / prices.open * 100, 2),
        "amplitude": amplitude,
        "volatilidade_pct": volatility_pct,
        "media_movel_3d": trailing(prices.close, 3, prices.position).mean(axis=1),
        "vol_mean_3d": recent.mean(axis=1),
        "vol_std_3d": recent.std(axis=1, ddof=1),
        "retorno_log": indicators.log_returns(prices),
        **volatility(prices),
        "vol_ewma": indicators.ewma_volatility(prices),
        "atr_14": indicators.average_true_range(prices),
        "vol_zscore": zscore,
        "volatilidade_pico": peak,
        "drawdown": indicators.drawdown(prices),
        **forecasts(prices, bars["data"]),
        "year": bars["data"].dt.year.astype("Int32"),
        "month": bars["data"].dt.month.astype("Int32"),
    }
    others = bars.drop(columns=[name for name in features if name in bars])
    return pd.concat([others, pd.DataFrame(features, index=bars.index)], axis=1)


def prices_of(bars: pd.DataFrame) -> Prices:
    """Return the prices of a frame of bars as arrays, with the position of each bar within its ticker."""
    position = bars.groupby("ticker", sort=False).cumcount().to_numpy().astype(np.intp)
    opened, high, low, close = (bars[name].to_numpy(np.float64) for name in PRICES)
    return Prices(opened, high, low, close, position)


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
