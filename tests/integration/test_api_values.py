"""Every route over the real history, its values against the formulas written down once more, in plain pandas.

What is asked for is taken from the HTTP interface alone, what is expected from the CSV alone.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chalicelib.sources.csv_file import CsvFile
from local.laptop import Laptop
from tests.bars import raw_object
from tests.conftest import ROOT
from tests.lake import served

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

# Passed through, or one operation on what is: equal to the last bit. All else within 1e-9.
EXACT = {
    "ticker",
    "preco_abertura",
    "preco_maximo",
    "preco_minimo",
    "preco_fechamento",
    "volume_negociado",
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

# Differences of numbers of the size of one: near zero, what is left of them has fewer digits.
DIFFERENCES = {"retorno_log", "vol_zscore", "escore", "drawdown"}
ABSOLUTE = 1e-12


@pytest.fixture(scope="module")
def api(running: Laptop, real_csv: Path) -> Iterator[Any]:
    """Chalice's test client for the API, over a lake of the real history."""
    with served(running, raw_object(CsvFile(str(real_csv)).fetch(None, None), "csv")) as http:
        yield http


@pytest.fixture(scope="module")
def table(real_csv: Path) -> pd.DataFrame:
    """The refined table as it should be, but for most of `avisos`: a row a session, by the date as ISO writes it."""
    bars = pd.read_csv(real_csv, float_precision="round_trip")
    bars = bars[bars["is_session"]].set_index("date").rename_axis("data")
    opened, high, low, close = (bars[name] for name in ("open", "high", "low", "close"))
    before = close.shift()
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
            "vol_ewma": ewma(log(close / before)),
            "atr_14": smoothed(true_range, 13 / 14, 14),
            "vol_zscore": zscore(spread.round(2)),
            "drawdown": close / close.cummax() - 1,
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
    """Each estimator over each window, annualised."""
    before = close.shift()
    night, day, whole = log(opened / before), log(close / opened), log(close / before)
    ranges = log(high / low) ** 2
    garman_klass = ranges / 2 - (2 * math.log(2) - 1) * day**2
    rogers_satchell = log(high / close) * log(high / opened) + log(low / close) * log(low / opened)
    found: dict[str, pd.Series] = {}
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
        found |= {f"vol_{name}_{n}d": np.sqrt(252 * variance) for name, variance in daily.items()}
    return found


def zscore(values: pd.Series) -> pd.Series:
    """Each value against the 252 before it, or as many as there are, 21 at least."""
    earlier = values.shift().rolling(252, min_periods=21)
    return (values - earlier.mean()) / earlier.std()


def smoothed(values: pd.Series, decay: float, seed: int) -> pd.Series:
    """From the mean of the first `seed` values that are not null, each value takes the place of 1 - decay."""
    known = values.iloc[1:]
    level = known.iloc[:seed].mean()
    found = {known.index[seed - 1]: level}
    for day, value in known.iloc[seed:].items():
        level = decay * level + (1 - decay) * value
        found[day] = level
    return pd.Series(found).reindex(values.index)


def ewma(returns: pd.Series) -> pd.Series:
    return (252 * smoothed(returns**2, 0.94, 21)) ** 0.5


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def ask(api: Any, path: str) -> dict[str, Any]:
    response = api.get(path)
    assert response.status_code == 200, response.body
    return json.loads(response.body, parse_constant=refuse)


def pages(api: Any, path: str) -> list[list[Row]]:
    """The rows of a question, page by page until there is no next."""
    found = []
    following: str | None = path
    while following:
        body = ask(api, following)
        found.append(body["rows"])
        assert body["meta"]["count"] == len(body["rows"])
        following = body["links"]["next"]
    return found


def every(api: Any, path: str) -> list[Row]:
    return [row for page in pages(api, path) for row in page]


def days(rows: Sequence[Row]) -> list[str]:
    return [row["data"] for row in rows]


def assert_rows(rows: Sequence[Row], expected: pd.DataFrame) -> None:
    """The sessions are these, in this order, and have the values of all that the expected frame knows of."""
    assert days(rows) == expected.index.tolist()
    for name in rows[0]:
        if name in expected:
            assert_values(name, [row[name] for row in rows], expected[name].tolist())


def assert_values(name: str, found: Sequence[Any], expected: Sequence[Any]) -> None:
    assert len(found) == len(expected)
    if name in EXACT:
        assert found == [None if pd.isna(value) else value for value in expected]
    else:
        numbers = np.array([math.nan if value is None else value for value in found])
        absolute = ABSOLUTE if name in DIFFERENCES else 0
        np.testing.assert_allclose(numbers, np.array(expected), rtol=RELATIVE, atol=absolute, err_msg=name)


def ordered(table: pd.DataFrame, sort: str) -> pd.DataFrame:
    """As the contract orders: nulls last, ties by date."""
    column = sort.removeprefix("-")
    return table.sort_values(
        [column, "data"] if column != "data" else "data",
        ascending=[not sort.startswith("-"), True] if column != "data" else not sort.startswith("-"),
        na_position="last",
    )


def test_the_history_is_what_the_tests_take_it_for(table: pd.DataFrame):
    assert len(table) == 8037
    assert not set(table.index) & {"1997-02-11", "2017-12-29"}
    assert table["volume_negociado"].isna().sum() > 2000
    assert table["volatilidade_pct"].duplicated().any()


class TestPrices:
    def test_of_every_session(self, api: Any, table: pd.DataFrame):
        first, second = pages(api, "/ibov/prices?limit=5000")

        assert len(first) == 5000
        assert_rows(first + second, ordered(table, "-data"))
        assert list(first[0]) == [
            "data",
            "preco_abertura",
            "preco_maximo",
            "preco_minimo",
            "preco_fechamento",
            "volume_negociado",
            "retorno_log",
            "drawdown",
            "avisos",
            "fonte",
        ]
        assert second[-1]["retorno_log"] is None

    def test_warnings_that_the_bars_alone_tell(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/ibov/prices?limit=5000&sort=data&fields=data,avisos")
        prices = table.loc[:, "preco_abertura":"preco_fechamento"]
        said = {
            "copia_do_dia_anterior": (prices == prices.shift()).all(axis=1),
            "volume_zero": table["volume_negociado"].isna() & (table.index >= "2007"),
        }

        for warning, flagged in said.items():
            assert flagged.sum() > 1
            assert [row["data"] for row in rows if warning in row["avisos"].split(",")] == table.index[flagged].tolist()

    def test_every_column_of_the_contract(self, api: Any, table: pd.DataFrame):
        contract = ask(api, "/openapi.json")
        names = contract["components"]["schemas"]["Column"]["enum"]
        expected = table.assign(volatilidade=table["vol_yang_zhang_21d"])

        rows = ask(api, f"/ibov/prices?year=1994&sort=data&fields={','.join(names)}")["rows"]

        assert set(names) - set(expected) == {"data", "avisos"}
        assert list(rows[0]) == names
        assert_rows(rows, expected[expected.index.str.startswith("1994")])

    def test_fields_come_in_the_order_asked_for(self, api: Any):
        rows = ask(api, "/ibov/prices?limit=2&fields=amplitude,data,preco_maximo")["rows"]

        assert [list(row) for row in rows] == [["amplitude", "data", "preco_maximo"]] * 2


class TestVolatility:
    def test_features_of_every_session(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/ibov/volatility?limit=5000&sort=data")

        assert_rows(rows, table.assign(volatilidade=table["vol_yang_zhang_21d"]))
        assert set(rows[0]) - {"volatilidade", "data"} <= set(table)

    @pytest.mark.parametrize(
        ("estimator", "window"),
        [(estimator, 21) for estimator in ESTIMATORS] + [("yang_zhang", window) for window in WINDOWS if window != 21],
    )
    def test_by_the_estimator_and_window_asked_for(self, api: Any, table: pd.DataFrame, estimator: str, window: int):
        question = f"/ibov/volatility?estimator={estimator}&window={window}&fields=data,volatilidade"
        column = f"vol_{estimator}_{window}d"

        rows = every(api, f"{question}&limit=5000&sort=data")

        assert_rows(rows, table[[column]].rename(columns={column: "volatilidade"}))
        assert ask(api, f"{question}&limit=1")["meta"]["volatilidade"] == column

    def test_averages_and_the_true_range(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/ibov/volatility?fields=data,vol_ewma,atr_14&limit=5000&sort=data")

        assert_rows(rows, table)
        assert days([row for row in rows if row["atr_14"] is None]) == table.index[:14].tolist()
        assert days([row for row in rows if row["vol_ewma"] is None]) == table.index[:21].tolist()

    def test_the_ten_most_volatile_days_of_2025_in_one_call(self, api: Any, table: pd.DataFrame):
        year = table[table.index.str.startswith("2025")]

        rows = ask(api, "/ibov/volatility?year=2025&sort=-volatilidade_pct&limit=10")["rows"]

        assert_rows(rows, ordered(year, "-volatilidade_pct").head(10))
        assert rows[0]["data"] == "2025-04-09"
        assert rows[0]["volatilidade_pct"] == 4.51

    def test_the_estimator_asked_for_is_what_is_sorted_by(self, api: Any, table: pd.DataFrame):
        expected = table.assign(volatilidade=table["vol_parkinson_5d"])
        question = "/ibov/volatility?estimator=parkinson&window=5&limit=30&sort="

        for sort in ("volatilidade", "-volatilidade"):
            assert_rows(ask(api, question + sort)["rows"], ordered(expected, sort).head(30))


@pytest.mark.parametrize("path", ["/ibov/prices", "/ibov/volatility", "/ibov/volatility/compare"])
@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("year=2024", "2024-01-01", "2024-12-31"),
        ("start=2008-09-15&end=2008-09-15", "2008-09-15", "2008-09-15"),
        ("start=2012-12-28&end=2013-01-02", "2012-12-28", "2013-01-02"),
        ("start=2025-09-30", "2025-09-30", "2025-12-31"),
        ("end=1993-05-10", "1993-01-01", "1993-05-10"),
        ("year=1900", "1900-01-01", "1900-12-31"),
        ("start=2017-12-29&end=2017-12-31", "2017-12-29", "2017-12-31"),
    ],
)
def test_a_range_is_the_sessions_from_its_first_to_its_last_day(
    api: Any, table: pd.DataFrame, path: str, query: str, first: str, last: str
):
    body = ask(api, f"{path}?{query}&limit=300")

    assert days(body["rows"]) == [day for day in reversed(table.index) if first <= day <= last]
    assert body["meta"]["count"] == len(body["rows"])


SORTS = [
    f"{sign}{column}"
    for column in ("data", "volatilidade_pct", "volatilidade", "volume_negociado")
    for sign in ("", "-")
]


class TestPages:
    @pytest.mark.parametrize("sort", SORTS)
    def test_follow_each_other_without_gap_or_repeat(self, api: Any, table: pd.DataFrame, sort: str):
        question = f"/ibov/volatility?start=1993-01-01&end=2010-12-31&sort={sort}"
        expected = ordered(table.assign(volatilidade=table["vol_yang_zhang_21d"])[:"2010-12-31"], sort)

        paged = pages(api, f"{question}&limit=900")

        assert [len(page) for page in paged] == [900] * (len(expected) // 900) + [len(expected) % 900]
        assert [row for page in paged for row in page] == ask(api, f"{question}&limit=5000")["rows"]
        assert days([row for page in paged for row in page]) == expected.index.tolist()

    @pytest.mark.parametrize("sort", SORTS)
    def test_end_within_ties_and_nulls(self, api: Any, table: pd.DataFrame, sort: str):
        # The sort's column is not among the fields: the position is known all the same.
        expected = ordered(table.assign(volatilidade=table["vol_yang_zhang_21d"])[:"1994-06-30"], sort)

        paged = pages(api, f"/ibov/prices?end=1994-06-30&sort={sort}&fields=data&limit=41")

        assert [row for page in paged for row in page] == [{"data": day} for day in expected.index]

    def test_a_last_page_that_is_full_has_no_next(self, api: Any, table: pd.DataFrame):
        sessions = int(table.index.str.startswith("2020").sum())

        assert [len(page) for page in pages(api, f"/ibov/prices?year=2020&limit={sessions}")] == [sessions]
        assert [len(page) for page in pages(api, f"/ibov/prices?year=2020&limit={sessions // 2}")] == [
            sessions // 2
        ] * 2

    def test_of_flagged_days(self, api: Any):
        for method, sort in (("zscore", "-volatilidade_pct"), ("zscore_range", "volume_negociado"), ("zscore", "data")):
            question = f"/ibov/anomalies?method={method}&threshold=2&sort={sort}"
            paged = pages(api, f"{question}&limit=90")
            assert len(paged) > 3
            assert [row for page in paged for row in page] == ask(api, f"{question}&limit=5000")["rows"]


@pytest.mark.parametrize("window", WINDOWS)
def test_compare_has_every_estimator(api: Any, table: pd.DataFrame, window: int):
    rows = every(api, f"/ibov/volatility/compare?window={window}&limit=5000&sort=data")

    assert list(rows[0]) == ["data", *(f"vol_{estimator}_{window}d" for estimator in ESTIMATORS)]
    assert_rows(rows, table)


RANGES = [
    ("", "1993-01-01", "2025-12-31"),
    ("year=2020", "2020-01-01", "2020-12-31"),
    ("start=2015-01-01&end=2024-12-30", "2015-01-01", "2024-12-30"),
    ("end=1993-06-30", "1993-01-01", "1993-06-30"),
    ("start=2008-10-13&end=2008-10-13", "2008-10-13", "2008-10-13"),
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
        found = [row[name] for name in ("min", "p25", "median", "p75", "max", "current", "percentile")]
        assert_values("cone", found, [*quantiles, current, (values <= current).mean()])
        assert row["data"] == values.index[-1]
        assert row["rank"] == (values > current).sum() + 1


def test_a_cone_of_no_sessions(api: Any):
    rows = ask(api, "/ibov/volatility/cone?year=1950")["rows"]

    assert [row["count"] for row in rows] == [0] * 7
    assert all(row["current"] is row["rank"] is row["data"] is None for row in rows)


@pytest.mark.parametrize(("query", "first", "last"), RANGES)
@pytest.mark.parametrize(("estimator", "window"), [("yang_zhang", 21), ("parkinson", 63)])
def test_summary(api: Any, table: pd.DataFrame, query: str, first: str, last: str, estimator: str, window: int):
    asked = f"{query}&estimator={estimator}&window={window}".removeprefix("&")
    body = ask(api, f"/ibov/summary?{asked}")
    part = table.assign(volatilidade=table[f"vol_{estimator}_{window}d"])[first:last]

    assert body["meta"]["count"] == len(part)
    assert [row["column"] for row in body["rows"]] == [
        "preco_fechamento",
        "amplitude",
        "volatilidade_pct",
        "volatilidade",
    ]
    for row in body["rows"]:
        values = part[row["column"]].dropna()
        assert row["count"] == len(values)
        found = [row[name] for name in ("mean", "sd", "min", "max")]
        assert_values("summary", found, [values.mean(), values.std(), values.min(), values.max()])

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


def test_a_fall_is_of_the_range_and_a_drawdown_of_all_that_came_before(api: Any):
    # The record was of January, and the low of March: in April both are the past.
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
    def test_against_the_sessions_before(self, api: Any, table: pd.DataFrame, query: str, threshold: float):
        rows = every(api, f"/ibov/anomalies?limit=5000&sort=data&{query}".rstrip("&"))

        assert len(rows) > 100
        assert_rows(rows, table[table["vol_zscore"] > threshold].assign(escore=table["vol_zscore"]))
        assert days(rows)[0] > table.index[20]

    @pytest.mark.parametrize(
        ("query", "first", "last"), [*RANGES[:3], ("start=2008-09-01&end=2008-12-31", "2008-09-01", "2008-12-31")]
    )
    def test_against_each_other(self, api: Any, table: pd.DataFrame, query: str, first: str, last: str):
        part = table[first:last]
        values = part["volatilidade_pct"]
        score = (values - values.mean()) / values.std()

        rows = every(api, f"/ibov/anomalies?method=zscore_range&limit=5000&sort=data&{query}".rstrip("&"))

        assert rows
        assert_rows(rows, part.assign(escore=score)[score > 1.5])

    def test_a_session_alone_has_no_score(self, api: Any):
        assert ask(api, "/ibov/anomalies?method=zscore_range&threshold=0&start=2008-10-13&end=2008-10-13")["rows"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/ibov/prices?end=1994-01-31",
        "/ibov/prices?year=2022",
        "/ibov/prices?limit=3000&sort=volume_negociado",
        "/ibov/volatility?year=1993",
        "/ibov/volatility?end=1993-04-30&fields=volatilidade_pico,vol_zscore,coletado_em,month",
        "/ibov/volatility/compare?window=252",
        "/ibov/volatility/cone?end=1993-06-30",
        "/ibov/summary?year=2020",
        "/ibov/summary?year=1950",
        "/ibov/anomalies?threshold=5",
    ],
)
def test_csv_has_the_values_of_json(api: Any, path: str):
    rows = ask(api, path)["rows"]
    response = api.get(f"{path}&format=csv")

    names, *lines = csv.reader(io.StringIO(response.body.decode(), newline=""))

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/csv")
    assert names == list(rows[0])
    assert [[said(value) for value in row.values()] for row in rows] == [
        [read(text, value) for text, value in zip(line, row.values(), strict=True)]
        for line, row in zip(lines, rows, strict=True)
    ]


def said(value: Any) -> Any:
    """A value of JSON as CSV can say it: null is nothing."""
    return "" if value is None else value


def read(text: str, beside: Any) -> Any:
    """A cell of CSV as the type of the value that JSON has in its place."""
    return type(beside)(text) if isinstance(beside, int | float) else text


def test_csv_pages_are_those_of_json(api: Any):
    path: str | None = "/ibov/prices?year=2024&sort=-volume_negociado&limit=100&fields=data,volume_negociado"
    expected = [[row["data"], said(row["volume_negociado"])] for row in every(api, str(path))]

    found = []
    path = f"{path}&format=csv"
    while path:
        response = api.get(path)
        found += list(csv.reader(io.StringIO(response.body.decode(), newline="")))[1:]
        link = response.headers.get("Link", "")
        path = link.removeprefix("<").removesuffix('>; rel="next"') or None

    assert found == [[day, str(volume)] for day, volume in expected]


def test_status_counts_what_the_csv_holds(api: Any, table: pd.DataFrame):
    body = ask(api, "/status")
    quality = body["quality"]

    assert body["state"] == "ready"
    assert body["synthetic"] is False
    assert (body["first_session"], body["as_of"], body["rows"]) == ("1993-04-27", "2025-10-13", len(table))
    assert {reason: count for reason, count in quality["refused"].items() if count} == {"sem_pregao": 4}
    assert quality["opens_at_previous_close"] == (table["preco_abertura"] == table["preco_fechamento"].shift()).sum()
    prices = table.loc[:, "preco_abertura":"preco_fechamento"]
    assert quality["warnings"]["copia_do_dia_anterior"] == (prices == prices.shift()).all(axis=1).sum()
    assert quality["warnings"]["volume_zero"] == table.loc["2007":, "volume_negociado"].isna().sum()
    assert quality["revisions"] == 0
    assert len(quality["gaps"]) == 18
    assert not {gap["session"] for gap in quality["gaps"]} & set(table.index)
    assert body["freshness"]["expected"] >= body["as_of"]


EXAMPLES: dict[str, Any] = json.loads((ROOT / "chalicelib" / "examples.json").read_text(encoding="utf-8"))

# Of the data, of the code, of the clock.
CHANGES = {"version", "code_version", "updated_at", "freshness"}


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.startswith(("/ibov/", "/status"))] + ["/"])
def test_the_examples_of_the_contract_are_what_is_answered(api: Any, path: str):
    item = ask(api, "/openapi.json")["paths"][path]
    example = item["get"]["responses"]["200"]["content"]["application/json"]["example"]
    query = "&".join(
        f"{each['name']}={each['example']}" for each in item["parameters"] if f"{each['name']}=" in link(example)
    )

    body = ask(api, f"{path}?{query}".rstrip("?"))

    if path.startswith("/ibov/"):
        assert 0 < len(example["rows"]) <= len(body["rows"])
        body["rows"] = body["rows"][: len(example["rows"])]
    elif path == "/status":
        gaps = example["quality"]["gaps"]
        body["quality"]["gaps"] = [gap for gap in body["quality"]["gaps"] if gap in gaps]
    assert fixed(body) == fixed(example)


def link(example: dict[str, Any]) -> str:
    """Where an example is from: it tells which of the parameters were given."""
    return example["links"].get("self", "")


def fixed(answer: Any) -> Any:
    """What stays the same while the history does; floats to 12 digits."""
    if isinstance(answer, dict):
        return {name: fixed(value) for name, value in answer.items() if name not in CHANGES}
    if isinstance(answer, list):
        return [fixed(value) for value in answer]
    return float(f"{answer:.11e}") if isinstance(answer, float) else answer


def test_the_examples_of_errors_are_what_is_answered(api: Any):
    responses = ask(api, "/openapi.json")["paths"]["/ibov/prices"]["get"]["responses"]
    example = responses["400"]["content"]["application/problem+json"]["example"]

    response = api.get("/ibov/prices?limit=0")

    assert response.status_code == 400
    assert response.json_body == example


def test_every_link_of_the_index_answers(api: Any):
    links = ask(api, "/")["links"]

    assert set(links) == set(EXAMPLES) - {"problems"}
    assert {path: api.get(path).status_code for path in links.values()} == dict.fromkeys(links.values(), 200)
    assert api.get("/docs").body.decode().startswith("<!DOCTYPE html>")
