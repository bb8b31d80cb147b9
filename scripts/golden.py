"""Write tests/golden from R's TTR, and compare our values with TTR's on the real history: `make golden`.

Needs R with TTR (Debian: r-base-core, r-cran-ttr). The tests compare with the files and need no R.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from chalicelib.estimators import ESTIMATORS
from chalicelib.refine import indicators
from chalicelib.refine.volatility import Prices, volatility
from chalicelib.schema import PRICES, WINDOWS, volatility_column
from common.paths import ROOT
from scripts.real_data import HISTORY, history

GOLDEN = ROOT / "tests" / "golden"
PROGRAM, BARS, VALUES = GOLDEN / "ttr.R", GOLDEN / "bars.csv", GOLDEN / "ttr.csv"

COLUMNS = [volatility_column(estimator, window) for estimator in ESTIMATORS for window in WINDOWS] + ["atr_14"]

ROWS = 420


def bars() -> pd.DataFrame:
    """Return bars with difficult cases: nights, calm spells, a tenfold price, flat bars, closes at extremes."""
    rng = np.random.default_rng(1980)
    night, day, up, down = rng.standard_normal((4, ROWS))
    sigma = np.where(np.arange(ROWS) % 100 < 50, 0.02, 0.002)
    steps = sigma * day
    nights = 0.4 * sigma * night
    nights[[150, 320]] = [np.log(10), -np.log(10)]
    close = 1000 * np.exp(np.cumsum(steps + nights))
    opened = close / np.exp(steps)
    high = np.maximum(opened, close) * np.exp(0.5 * sigma * np.abs(up))
    low = np.minimum(opened, close) / np.exp(0.5 * sigma * np.abs(down))
    high[40:45] = np.maximum(opened, close)[40:45]
    low[60:65] = np.minimum(opened, close)[60:65]
    for row in (80, 200, 201):
        opened[row] = high[row] = low[row] = close[row]
    prices = {"open": opened, "high": high, "low": low, "close": close}
    # Rounding keeps the order of values: high and low still enclose the others.
    return pd.DataFrame({name: np.round(values, 2) for name, values in prices.items()})


def ours(prices: pd.DataFrame) -> pd.DataFrame:
    """Return our values, in the columns of TTR's file."""
    opened, high, low, close = (prices[name].to_numpy(np.float64) for name in ("open", "high", "low", "close"))
    arrays = Prices(opened, high, low, close, np.arange(len(prices)))
    return pd.DataFrame({**volatility(arrays), "atr_14": indicators.average_true_range(arrays)})[COLUMNS]


def ttr(prices: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Run TTR, which writes its values to a file, and return them."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "bars.csv"
        prices.to_csv(source, index=False)
        subprocess.run(["Rscript", str(PROGRAM), str(source), str(path)], check=True)  # noqa: S607 - R may be anywhere in PATH
    return pd.read_csv(path)


def compare(name: str, actual: pd.DataFrame, expected: pd.DataFrame) -> str:
    """Return the largest relative difference and the number of nulls that differ, as a sentence."""
    nulls = int((actual.isna() != expected.isna()).to_numpy().sum())
    difference = ((actual - expected).abs() / expected.abs()).max().max()
    return (
        f"{name}: {len(actual):,} rows, {len(COLUMNS)} columns; "
        f"largest relative difference {difference:.1e}, {nulls} nulls differ"
    )


def main() -> None:
    if shutil.which("Rscript") is None:
        sys.exit("make golden needs R with TTR (Debian: r-base-core, r-cran-ttr); the tests do not")
    generated = bars()
    generated.to_csv(BARS, index=False)
    print(compare("golden", ours(generated), ttr(generated, VALUES)))
    if HISTORY.exists():
        recent = history().bars.query("year >= 2000")[list(PRICES)].set_axis(["open", "high", "low", "close"], axis=1)
        recent = recent.reset_index(drop=True)
        with tempfile.TemporaryDirectory() as folder:
            print(compare("real history from 2000", ours(recent), ttr(recent, Path(folder) / "ttr.csv")))


if __name__ == "__main__":
    main()
