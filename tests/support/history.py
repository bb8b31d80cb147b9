"""The refined table computed a second time in plain pandas, and functions that compare the API's rows with it.

Does not import the library: the expected values depend on the CSV only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.support import forecasts

Row = dict[str, Any]

ESTIMATORS = [
    "close_to_close",
    "parkinson",
    "garman_klass",
    "garman_klass_yang_zhang",
    "rogers_satchell",
    "yang_zhang",
]
WINDOWS = [5, 10, 21, 42, 63, 126, 252]

# Columns of raw, and results of one operation on them, are equal to the last bit; others within 1e-9.
EXACT = {
    "ticker",
    "preco_abertura",
    "preco_maximo",
    "preco_minimo",
    "preco_fechamento",
    "volume_negociado",
    "fechamento_oficial",
    "fonte_fechamento",
    "variacao_diaria",
    "variacao_pct",
    "amplitude",
    "volatilidade_pct",
    "volatilidade_pico",
    "fonte",
    "coletado_em",
    "month",
}
RELATIVE = 1e-9

# Differences of numbers near one: results near zero have fewer correct digits, so they need an absolute tolerance.
DIFFERENCES = {"retorno_log", "vol_zscore", "escore", "drawdown"}
ABSOLUTE = 1e-12


def refined(path: Path) -> pd.DataFrame:
    """Return the expected refined table: one row for each session, indexed by its ISO date, without `avisos`."""
    bars = pd.read_csv(path, float_precision="round_trip")
    bars = bars[bars["is_session"]].set_index("date").rename_axis("data")
    opened, high, low, close = (bars[name] for name in ("open", "high", "low", "close"))
    before = close.shift()
    within = log(high / close) * log(high / opened) + log(low / close) * log(low / opened)
    ewma_volatility = ewma(log(close / before))
    spread = (high - low) / close * 100
    true_range = pd.concat([high, before], axis=1).max(axis=1) - pd.concat([low, before], axis=1).min(axis=1)
    table = pd.DataFrame(
        {
            "ticker": "IBOV",
            "preco_abertura": opened,
            "preco_maximo": high,
            "preco_minimo": low,
            "preco_fechamento": close,
            "volume_negociado": bars["volume"].where(bars["volume"] > 0),
            "fechamento_oficial": None,
            "fonte_fechamento": "csv",
            "variacao_diaria": close - opened,
            "variacao_pct": ((close - opened) / opened * 100).round(2),
            "amplitude": high - low,
            "volatilidade_pct": spread.round(2),
            "media_movel_3d": close.rolling(3).mean(),
            "vol_mean_3d": spread.round(2).rolling(3).mean(),
            # Not `rolling`: its moving variance keeps a residue of the values that have left the window.
            "vol_std_3d": pd.concat([spread.round(2).shift(lag) for lag in range(3)], axis=1).std(axis=1, skipna=False),
            "retorno_log": log(close / before),
            **volatilities(opened, high, low, close),
            "vol_ewma": ewma_volatility,
            "atr_14": smoothed(true_range, 13 / 14, 14),
            "vol_zscore": zscore(spread.round(2)),
            "drawdown": close / close.cummax() - 1,
            **forecasts.columns(log(opened / before), log(close / before), within, ewma_volatility),
            "fonte": "csv",
            "coletado_em": "2025-10-14T01:30:00.000Z",
            "month": pd.to_datetime(bars.index).month,
        },
        index=bars.index,
    )
    table["volatilidade_pico"] = (table["vol_zscore"] > 1.5).astype(float).where(table["vol_zscore"].notna())
    return table


def log(ratio: pd.Series) -> pd.Series:
    return pd.Series(np.log(ratio.to_numpy()), ratio.index)


def volatilities(opened: pd.Series, high: pd.Series, low: pd.Series, close: pd.Series) -> dict[str, pd.Series]:
    """Return the annualised volatility of each estimator over each window."""
    before = close.shift()
    night, day, whole = log(opened / before), log(close / opened), log(close / before)
    ranges = log(high / low) ** 2
    garman_klass = ranges / 2 - (2 * math.log(2) - 1) * day**2
    rogers_satchell = log(high / close) * log(high / opened) + log(low / close) * log(low / opened)
    result: dict[str, pd.Series] = {}
    for n in WINDOWS:
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        daily = {
            "close_to_close": whole.rolling(n).var(),
            "parkinson": ranges.rolling(n).mean() / (4 * math.log(2)),
            "garman_klass": garman_klass.rolling(n).mean(),
            "garman_klass_yang_zhang": (night**2 + garman_klass).rolling(n).mean(),
            "rogers_satchell": rogers_satchell.rolling(n).mean(),
            "yang_zhang": night.rolling(n).var()
            + k * day.rolling(n).var()
            + (1 - k) * rogers_satchell.rolling(n).mean(),
        }
        result |= {f"vol_{name}_{n}d": np.sqrt(252 * variance) for name, variance in daily.items()}
    return result


def zscore(values: pd.Series) -> pd.Series:
    """Return the z-score of each value relative to the previous 252 values, or all if fewer, but at least 21."""
    earlier = values.shift().rolling(252, min_periods=21)
    return (values - earlier.mean()) / earlier.std()


def smoothed(values: pd.Series, decay: float, seed: int) -> pd.Series:
    """Return the exponential smoothing of values; it starts with the mean of the first `seed` values after the null."""
    known = values.iloc[1:]
    level = known.iloc[:seed].mean()
    result = {known.index[seed - 1]: level}
    for day, value in known.iloc[seed:].items():
        level = decay * level + (1 - decay) * value
        result[day] = level
    return pd.Series(result).reindex(values.index)


def ewma(returns: pd.Series) -> pd.Series:
    return (252 * smoothed(returns**2, 0.94, 21)) ** 0.5


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def ask(api: Any, path: str) -> dict[str, Any]:
    response = api.get(path)
    assert response.status_code == 200, response.body
    return json.loads(response.body, parse_constant=refuse)


def pages(api: Any, path: str) -> list[list[Row]]:
    """Return the rows of each page of a request, following the links to the end."""
    rows = []
    following: str | None = path
    while following:
        body = ask(api, following)
        rows.append(body["rows"])
        assert body["meta"]["count"] == len(body["rows"])
        following = body["links"]["next"]
    return rows


def every(api: Any, path: str) -> list[Row]:
    return [row for page in pages(api, path) for row in page]


def days(rows: Sequence[Row]) -> list[str]:
    return [row["data"] for row in rows]


def assert_rows(rows: Sequence[Row], expected: pd.DataFrame) -> None:
    """Assert that the rows have the sessions of the expected frame, in its order, and the values of its columns."""
    assert days(rows) == expected.index.tolist()
    for name in rows[0]:
        if name in expected:
            assert_values(name, [row[name] for row in rows], expected[name].tolist())


def assert_values(name: str, actual: Sequence[Any], expected: Sequence[Any]) -> None:
    assert len(actual) == len(expected)
    if name in EXACT:
        assert actual == [None if pd.isna(value) else value for value in expected]
    else:
        numbers = np.array([math.nan if value is None else value for value in actual])
        absolute = ABSOLUTE if name in DIFFERENCES else 0
        np.testing.assert_allclose(numbers, np.array(expected), rtol=RELATIVE, atol=absolute, err_msg=name)


def ordered(table: pd.DataFrame, sort: str) -> pd.DataFrame:
    """Return the table in the order of the contract: nulls last, ties by date."""
    column = sort.removeprefix("-")
    return table.sort_values(
        [column, "data"] if column != "data" else "data",
        ascending=[not sort.startswith("-"), True] if column != "data" else not sort.startswith("-"),
        na_position="last",
    )
