"""Random queries over the refined table: right ones with the answer of pandas, and wrong ones with their error."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from tests.support.athena import TABLE

PRICES = ["preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento"]
MEASURES = [*PRICES, "volume_negociado", "variacao_pct", "amplitude"]
KEYS = ["year", "month"]

Condition = tuple[str, Callable[[pd.DataFrame], "pd.Series[bool]"]]
"""Condition in SQL, and the rows of a frame that it selects."""


@dataclass(frozen=True, slots=True)
class Generated:
    """Query and its expected rows in their order."""

    sql: str
    rows: pd.DataFrame


def condition(rng: random.Random, table: pd.DataFrame) -> Condition:
    """Return a random condition of WHERE."""
    if rng.random() < 0.2:
        (a, left), (b, right) = condition(rng, table), condition(rng, table)
        if rng.random() < 0.5:
            return f"({a} AND {b})", lambda frame: left(frame) & right(frame)
        return f"({a} OR {b})", lambda frame: left(frame) | right(frame)
    name = rng.choice([*KEYS, *PRICES, "data"])
    value = table[name].dropna().iloc[rng.randrange(len(table[name].dropna()))]
    literal = f"DATE '{value}'" if name == "data" else f"{float(value)!r}e0" if name in PRICES else str(value)
    match rng.randrange(4):
        case 0:
            operator = rng.choice(["<", "<=", ">", ">=", "="])
            compare = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "=": "eq"}[operator]
            return f"{name} {operator} {literal}", lambda frame: getattr(frame[name], compare)(value)
        case 1:
            return (
                f"{name} NOT BETWEEN {literal} AND {literal}",
                lambda frame: frame[name].notna() & frame[name].ne(value),
            )
        case 2:
            return f"{name} IN ({literal}, NULL)", lambda frame: frame[name].eq(value)
        case _:
            return "vol_zscore IS NULL", lambda frame: frame["vol_zscore"].isna()


def _rows(rng: random.Random, table: pd.DataFrame) -> Generated:
    """Columns and calculations of rows, in an order with a limit."""
    where, mask = condition(rng, table)
    a, b = rng.sample(MEASURES, 2)
    key, direction = rng.choice(["data", a, f"{a} - {b}"]), rng.choice(["", " DESC"])
    limit, offset = rng.randint(1, 50), rng.choice([0, 3])
    frame = table[mask(table)].copy()
    frame["difference"] = frame[a] - frame[b]
    frame["ratio"] = frame[a] / frame[b]
    by = {"data": "data", a: a}.get(key, "difference")
    frame = frame.sort_values([by, "data"], ascending=[not direction, True], na_position="last")
    sql = (
        f"SELECT data, {a} AS x, {a} - {b} AS difference, CAST({a} AS double) / {b} AS ratio FROM {TABLE} "
        f"WHERE {where} ORDER BY {key}{direction}, data OFFSET {offset} LIMIT {limit}"
    )
    return Generated(sql, frame[["data", a, "difference", "ratio"]].iloc[offset : offset + limit])


def _groups(rng: random.Random, table: pd.DataFrame) -> Generated:
    """Aggregates of groups, some of them left out by HAVING."""
    where, mask = condition(rng, table)
    keys, a, least = rng.sample(KEYS, rng.randint(1, 2)), rng.choice(PRICES), rng.randint(1, 15)
    grouped = table[mask(table)].groupby(keys, sort=True)
    frame = grouped.agg(
        n=("data", "size"), least=(a, "min"), most=(a, "max"), mean=(a, "mean"), days=("month", "nunique")
    ).reset_index()
    names = ", ".join(keys)
    grouping = names if rng.random() < 0.5 else ", ".join(str(index + 1) for index in range(len(keys)))
    sql = (
        f"SELECT {names}, count(*), min({a}), max({a}), avg({a}), count(DISTINCT month) FROM {TABLE} WHERE {where} "
        f"GROUP BY {grouping} HAVING count(*) >= {least} ORDER BY {names}"
    )
    return Generated(sql, frame[frame["n"] >= least])


def _windows(rng: random.Random, table: pd.DataFrame) -> Generated:
    """Window functions of a year."""
    year, a, width = int(rng.choice(sorted(table["year"].unique()))), rng.choice(PRICES), rng.randint(1, 9)
    frame = table[table["year"] == year].sort_values("data")
    parts = frame.groupby("month")[a]
    result = pd.DataFrame(
        {
            "data": frame["data"],
            "before": parts.shift(width),
            "total": frame[a].rolling(width + 1, min_periods=1).sum(),
            "rank": parts.rank(method="min", ascending=False),
        }
    )
    sql = (
        f"SELECT data, lag({a}, {width}) OVER (PARTITION BY month ORDER BY data), "
        f"sum({a}) OVER (ORDER BY data ROWS BETWEEN {width} PRECEDING AND CURRENT ROW), "
        f"rank() OVER (PARTITION BY month ORDER BY {a} DESC) FROM {TABLE} WHERE year = {year} ORDER BY data"
    )
    return Generated(sql, result)


def _joins(rng: random.Random, table: pd.DataFrame) -> Generated:
    """Rows joined with the aggregate of their year, by one of the ways to write it."""
    a, share = rng.choice(PRICES), rng.choice([0.9, 0.95, 0.99])
    highest = table.groupby("year")[a].transform("max")
    frame = table[table[a] >= share * highest].assign(highest=highest).sort_values("data")
    inner = f"SELECT year, max({a}) AS highest FROM {TABLE} GROUP BY year"
    scalar = f"(SELECT max(u.{a}) FROM {TABLE} u WHERE u.year = t.year)"
    window = f"(SELECT data, {a}, max({a}) OVER (PARTITION BY year) AS highest FROM {TABLE})"
    above = f"{a} >= {share}e0 *"
    ways = [
        f"SELECT t.data, h.highest FROM {TABLE} t JOIN ({inner}) h ON t.year = h.year WHERE t.{above} h.highest",
        f"WITH h AS ({inner}) SELECT data, highest FROM {TABLE} JOIN h USING (year) WHERE {above} highest",
        f"SELECT data, highest FROM {window} WHERE {above} highest",
        f"SELECT data, {scalar} AS highest FROM {TABLE} t WHERE {above} {scalar}",
    ]
    return Generated(f"{rng.choice(ways)} ORDER BY data", frame[["data", "highest"]])


def right(rng: random.Random, table: pd.DataFrame) -> Generated:
    """Return a random query that Athena answers."""
    return rng.choice([_rows, _groups, _windows, _joins])(rng, table)


def wrong(rng: random.Random, table: pd.DataFrame) -> tuple[str, str]:
    """Return a random query that Athena refuses, and the code of its error, or `syntax`."""
    where, _ = condition(rng, table)
    a, b = rng.sample(PRICES, 2)
    key = rng.choice(KEYS)
    reserved = rng.choice(["end", "table", "order", "group", "natural", "using", "when", "values"])
    return rng.choice(
        [
            (f"SELECT {a}_ FROM {TABLE} WHERE {where}", "COLUMN_NOT_FOUND"),
            (f"SELECT t.{a} FROM {TABLE} u WHERE {where}", "COLUMN_NOT_FOUND"),
            (f"SELECT {a} AS z FROM {TABLE} WHERE {where} AND z > 0", "COLUMN_NOT_FOUND"),
            (f"SELECT {key}, max({a}) AS z FROM {TABLE} WHERE {where} GROUP BY {key} HAVING z > 0", "COLUMN_NOT_FOUND"),
            (f"SELECT {key}, sum({a}) AS {a} FROM {TABLE} GROUP BY {key} ORDER BY sum({a})", "COLUMN_NOT_FOUND"),
            (f"SELECT {a}, count(*) FROM {TABLE} WHERE {where}", "EXPRESSION_NOT_AGGREGATE"),
            (f"SELECT {key}, {a} FROM {TABLE} WHERE {where} GROUP BY {key}", "EXPRESSION_NOT_AGGREGATE"),
            (f"SELECT {key} FROM {TABLE} GROUP BY {key} HAVING {a} > 1", "EXPRESSION_NOT_AGGREGATE"),
            (f"SELECT max(min({a})) FROM {TABLE} WHERE {where}", "NESTED_AGGREGATION"),
            (f"SELECT {key} FROM {TABLE} WHERE {where} AND sum({a}) > 1", "EXPRESSION_NOT_SCALAR"),
            (f"SELECT DISTINCT {key} FROM {TABLE} WHERE {where} ORDER BY {a}", "EXPRESSION_NOT_IN_DISTINCT"),
            (f"SELECT lag({a}) OVER (PARTITION BY {key}) FROM {TABLE} WHERE {where}", "MISSING_ORDER_BY"),
            (f"SELECT {a} FROM {TABLE} t JOIN {TABLE} u ON t.data = u.data WHERE t.{key} = 1", "AMBIGUOUS_NAME"),
            (f"SELECT {a} FROM {TABLE} WHERE {where} AND data > '2020-01-01'", "TYPE_MISMATCH"),
            (f"SELECT {a} || {b} FROM {TABLE} WHERE {where}", "TYPE_MISMATCH"),
            (f"SELECT {a} FROM {TABLE} WHERE {where} UNION SELECT data FROM {TABLE}", "TYPE_MISMATCH"),
            (f"SELECT {a}_({b}) FROM {TABLE} WHERE {where}", "FUNCTION_NOT_FOUND"),
            (f"SELECT {a} FROM {TABLE}_ WHERE {where}", "TABLE_NOT_FOUND"),
            (f"SELECT {a} FROM {TABLE} WHERE {where} ORDER BY 2", "INVALID_COLUMN_REFERENCE"),
            (f"SELECT {key} FROM {TABLE} t ({a}) WHERE true", "MISMATCHED_COLUMN_ALIASES"),
            (f"SELECT {a} AS {reserved} FROM {TABLE} WHERE {where}", "syntax"),
            (f"SELECT {a}, FROM {TABLE} WHERE {where}", "syntax"),
            (f"SELECT {a} {b} {key} FROM {TABLE} WHERE {where}", "syntax"),
        ]
    )
