"""What the refined table derives from the bars. Frames in, frames out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def trailing(values: Floats, window: int) -> Floats:
    """The trailing windows of a series, one row each, NaN before the first full one.

    Args:
        values: shape (n,).
        window: how many values a window holds, at least 1.

    Returns:
        Shape (n, window); row t holds values t-window+1 to t, or NaN while there are fewer.
    """
    if not len(values):
        return np.empty((0, window))
    padded = np.concatenate([np.full(window - 1, np.nan), values])
    return np.lib.stride_tricks.sliding_window_view(padded, window)


def add_daily_features(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars with every column of the refined table that is computed from them.

    Args:
        bars: one row a session in order of date, with `data`, the four prices (positive, in index points) and
            `volume_negociado`.

    Returns:
        A new frame: the columns of `bars` and the features, percentages rounded to two decimals.
    """
    bars = bars.reset_index(drop=True)
    opened, high, low, close = (
        bars[name].to_numpy(np.float64)
        for name in ("preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento")
    )
    amplitude = high - low
    volatility = np.round(amplitude / close * 100, 2)
    # Each window is summed by itself: a moving sum leaves residue, and equal values would not give exactly 0.
    recent = trailing(volatility, 3)
    return bars.assign(
        volume_negociado=bars["volume_negociado"].mask(bars["volume_negociado"] == 0),
        variacao_diaria=close - opened,
        variacao_pct=np.round((close - opened) / opened * 100, 2),
        amplitude=amplitude,
        volatilidade_pct=volatility,
        media_movel_3d=trailing(close, 3).mean(axis=1),
        vol_mean_3d=recent.mean(axis=1),
        vol_std_3d=recent.std(axis=1, ddof=1),
        year=bars["data"].dt.year.astype("Int32"),
        month=bars["data"].dt.month.astype("Int32"),
    )
