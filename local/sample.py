"""Generated bars, for a laptop without network. Their source is `sample`, which marks the lake as synthetic."""

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
# Log volatility is an AR(1) process around its mean, as an index has it, with a half-life of about a month.
_VOLATILITY, _PERSISTENCE, _SHOCK = 0.014, 0.97, 0.12
# In Yahoo's bars of the index, the open is the previous close or a few points from it.
_OVERNIGHT = 0.00003
_VOLUME = 60_000.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A source of random bars with stochastic volatility, one for each session of B3 up to `last`.

    A session has the same bar for every `last`.
    """

    last: date

    @property
    def name(self) -> str:
        return SAMPLE.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        bars = between(generate(sessions(FIRST, self.last)), start, end)
        if bars.empty:
            raise SourceEmpty(f"the sample has bars from {FIRST} to {self.last}, none from {start} to {end}")
        return bars


def generate(dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a bar for each session: whole index points, low ≤ open, close ≤ high, volume a multiple of 100."""
    # One row of draws per session, so that more sessions do not change the earlier ones.
    draws = np.random.default_rng(_SEED).standard_normal((len(dates), 5))
    level = np.zeros(len(dates))
    for t in range(1, len(dates)):
        level[t] = _PERSISTENCE * level[t - 1] + _SHOCK * draws[t, 0]
    sigma = _VOLATILITY * np.exp(level)
    overnight = _OVERNIGHT * draws[:, 1]
    daily = _DRIFT + sigma * draws[:, 2]
    close = _START * np.exp(np.cumsum(overnight + daily))
    opening = close / np.exp(daily)
    high = np.maximum(opening, close) * np.exp(0.5 * sigma * np.abs(draws[:, 3]))
    low = np.minimum(opening, close) / np.exp(0.5 * sigma * np.abs(draws[:, 4]))
    volume = _VOLUME * np.exp(0.3 * draws[:, 3] + 0.2 * draws[:, 4])
    return pd.DataFrame(
        {
            "data": dates,
            "preco_abertura": np.round(opening),
            "preco_maximo": np.round(high),
            "preco_minimo": np.round(low),
            "preco_fechamento": np.round(close),
            "volume_negociado": pd.array((np.round(volume) * 100).astype(np.int64)),
        }
    )
