"""The cone, the summary and the anomalies of the real history, compared with pandas and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.history import (
    WINDOWS,
    ask,
    assert_rows,
    assert_values,
    days,
    every,
)

RANGES = [
    ("", "1993-01-01", "2025-12-31"),
    ("year=2020", "2020-01-01", "2020-12-31"),
    ("start=2015-01-01&end=2024-12-30", "2015-01-01", "2024-12-30"),
    ("end=1993-06-30", "1993-01-01", "1993-06-30"),
    ("start=2008-10-13&end=2008-10-13", "2008-10-13", "2008-10-13"),
    ("start=2024-02&end=2024-02", "2024-02-01", "2024-02-29"),
    ("last=300", "2024-08-02", "2025-10-13"),
]


@pytest.mark.parametrize("estimator", ["yang_zhang", "close_to_close"])
@pytest.mark.parametrize(("query", "first", "last"), RANGES)
def test_cone(api: Any, table: pd.DataFrame, query: str, first: str, last: str, estimator: str):
    rows = ask(api, f"/ibov/volatility/cone?{query}&estimator={estimator}".replace("?&", "?"))["rows"]

    assert [row["window"] for row in rows] == WINDOWS
    for row in rows:
        values = table.loc[first:last, f"vol_{estimator}_{row['window']}d"].dropna()
        assert row["count"] == len(values)
        if values.empty:
            assert set(row.items()) == {("window", row["window"]), ("count", 0)} | {
                (name, None) for name in row if name not in ("window", "count")
            }
            continue
        quantiles = np.percentile(values, [0, 25, 50, 75, 100])
        current = values.iloc[-1]
        actual = [row[name] for name in ("min", "p25", "median", "p75", "max", "current", "percentile")]
        assert_values("cone", actual, [*quantiles, current, (values <= current).mean()])
        n, h = len(values), row["window"]
        assert_values("std", [row["std"]], [values.std() if n > 1 else np.nan])
        corrected = values.var(ddof=0) / (1 - h / n + (h**2 - 1) / (3 * n**2)) if n > h else np.nan
        assert_values("std_corrected", [row["std_corrected"]], [corrected**0.5])
        assert row["data"] == values.index[-1]
        assert row["rank"] == (values > current).sum() + 1


def test_a_cone_of_no_sessions(api: Any):
    rows = ask(api, "/ibov/volatility/cone?year=1950")["rows"]

    assert [row["count"] for row in rows] == [0] * 7
    assert all(row["current"] is row["rank"] is row["data"] is None for row in rows)


@pytest.mark.parametrize(("query", "first", "last"), RANGES)
@pytest.mark.parametrize(("estimator", "window"), [("yang_zhang", 21), ("parkinson", 63), ("ewma", None)])
def test_summary(api: Any, table: pd.DataFrame, query: str, first: str, last: str, estimator: str, window: int | None):
    parameters = f"{query}&estimator={estimator}&window={window}".removeprefix("&").removesuffix("&window=None")
    body = ask(api, f"/ibov/summary?{parameters}")
    part = table.assign(vol_anualizada=table[f"vol_{estimator}_{window}d" if window else "vol_ewma"])[first:last]

    assert (body["meta"]["count"], body["meta"]["sessions"]) == (4, len(part))
    assert [row["column"] for row in body["rows"]] == [
        "preco_fechamento",
        "amplitude",
        "volatilidade_pct",
        "vol_anualizada",
    ]
    for row in body["rows"]:
        values = part[row["column"]].dropna()
        assert row["count"] == len(values)
        actual = [row[name] for name in ("mean", "sd", "min", "max")]
        assert_values("summary", actual, [values.mean(), values.std(), values.min(), values.max()])

    returns = part["retorno_log"].dropna()
    for name, day in (("best_day", returns.idxmax()), ("worst_day", returns.idxmin())):
        assert body[name]["data"] == day
        closes = table.loc[:day, "preco_fechamento"]
        percent = (closes.iloc[-1] / closes.iloc[-2] - 1) * 100
        assert_values(name, [body[name]["retorno_log"], body[name]["retorno_pct"]], [returns[day], percent])

    worst = body["worst_drawdown"]
    assert worst["data"] == part["drawdown"].idxmin()
    assert_values("drawdown", [worst["drawdown"]], [part["drawdown"].min()])

    closes = part["preco_fechamento"]
    fall = closes / closes.cummax() - 1
    deepest = body["deepest_fall"]
    assert deepest["trough"] == fall.idxmin()
    assert deepest["peak"] == closes[: fall.idxmin()].idxmax()
    assert_values("drawdown", [deepest["drawdown"]], [fall.min()])


def test_the_deepest_fall_is_within_the_range_and_the_drawdown_includes_earlier_closes(api: Any):
    # In 2020 the highest close was in January and the lowest in March, both before this range.
    body = ask(api, "/ibov/summary?start=2020-04-01&end=2020-04-30")

    assert body["worst_drawdown"]["drawdown"] < body["deepest_fall"]["drawdown"] < 0
    assert body["deepest_fall"]["peak"] >= "2020-04-01"


def test_a_summary_of_no_sessions(api: Any):
    body = ask(api, "/ibov/summary?year=1950")

    assert [row["count"] for row in body["rows"]] == [0] * 4
    assert {row[name] for row in body["rows"] for name in ("mean", "sd", "min", "max")} == {None}
    assert body["best_day"] is body["worst_day"] is body["worst_drawdown"] is body["deepest_fall"] is None


class TestAnomalies:
    @pytest.mark.parametrize(("query", "threshold"), [("", 1.5), ("threshold=3", 3.0), ("threshold=0", 0.0)])
    def test_zscore_compares_with_previous_sessions(self, api: Any, table: pd.DataFrame, query: str, threshold: float):
        rows = every(api, f"/ibov/anomalies?limit=5000&sort=data&{query}".rstrip("&"))

        assert len(rows) > 100
        assert_rows(rows, table[table["vol_zscore"] > threshold].assign(escore=table["vol_zscore"]))
        assert days(rows)[0] > table.index[20]

    @pytest.mark.parametrize(
        ("query", "first", "last"), [*RANGES[:3], ("start=2008-09-01&end=2008-12-31", "2008-09-01", "2008-12-31")]
    )
    def test_zscore_range_compares_with_the_range(
        self, api: Any, table: pd.DataFrame, query: str, first: str, last: str
    ):
        part = table[first:last]
        values = part["volatilidade_pct"]
        score = (values - values.mean()) / values.std()

        rows = every(api, f"/ibov/anomalies?method=zscore_range&limit=5000&sort=data&{query}".rstrip("&"))

        assert rows
        assert_rows(rows, part.assign(escore=score)[score > 1.5])

    def test_a_range_of_one_session_has_no_score(self, api: Any):
        assert ask(api, "/ibov/anomalies?method=zscore_range&threshold=0&start=2008-10-13&end=2008-10-13")["rows"] == []
