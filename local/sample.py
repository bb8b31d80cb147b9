"""Generated bars, for a laptop without network. Whatever they touch says that they are synthetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from chalicelib.errors import SourceEmpty
from chalicelib.ingest.sources import between
from chalicelib.refine.calendar import sessions
from chalicelib.sources import SAMPLE

FIRST = date(2000, 1, 3)

_SEED = 20000103
_START, _DRIFT = 17_000.0, 0.0003
# Volatility wanders around its mean, as that of an index does: log-normal, with a memory of some weeks.
_VOLATILITY, _PERSISTENCE, _SHOCK = 0.014, 0.97, 0.12
# Yahoo's open of the index is the close before, or some points away from it.
_OVERNIGHT = 0.00003
_VOLUME = 60_000.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A random walk with wandering volatility, one bar for each session of B3 up to `last`.

    The same `last` gives the same bars, and a later one the same bars and more.
    """

    last: date

    @property
    def name(self) -> str:
        return SAMPLE.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        bars = between(generate(sessions(FIRST, self.last)), start, end)
        if bars.empty:
            raise SourceEmpty(f"the sample holds bars from {FIRST} to {self.last}, none from {start} to {end}")
        return bars


def generate(dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Bars for these sessions: whole index points, low ≤ open, close ≤ high, volume in hundreds."""
    # One draw of each kind a session, in that order: more sessions leave the earlier ones as they were.
    draws = np.random.default_rng(_SEED).standard_normal((len(dates), 5))
    level = np.zeros(len(dates))
    for t in range(1, len(dates)):
        level[t] = _PERSISTENCE * level[t - 1] + _SHOCK * draws[t, 0]
    sigma = _VOLATILITY * np.exp(level)
    overnight = _OVERNIGHT * draws[:, 1]
    daily = _DRIFT + sigma * draws[:, 2]
    close = _START * np.exp(np.cumsum(overnight + daily))
    opened = close / np.exp(daily)
    high = np.maximum(opened, close) * np.exp(0.5 * sigma * np.abs(draws[:, 3]))
    low = np.minimum(opened, close) / np.exp(0.5 * sigma * np.abs(draws[:, 4]))
    volume = _VOLUME * np.exp(0.3 * draws[:, 3] + 0.2 * draws[:, 4])
    return pd.DataFrame(
        {
            "data": dates,
            "preco_abertura": np.round(opened),
            "preco_maximo": np.round(high),
            "preco_minimo": np.round(low),
            "preco_fechamento": np.round(close),
            "volume_negociado": pd.array((np.round(volume) * 100).astype(np.int64)),
        }
    )
