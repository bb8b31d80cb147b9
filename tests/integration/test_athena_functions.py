"""Every function that the local Athena knows, with the answer that Trino's documentation gives."""

from __future__ import annotations

import pytest

from local.athena.engine import Engine
from local.athena.errors import QueryFailure
from local.athena.functions import FUNCTIONS

# Expression, and Athena's text of its value. Columns of ROWS: n integer, x double, s varchar, d date.
ROWS = (
    "(VALUES (1, 1e0, 'a', DATE '2025-01-31'), (2, 2e0, 'b', DATE '2025-03-05'), (4, 8e0, 'a', DATE '2024-12-31')) "
    "AS t (n, x, s, d)"
)

SCALAR = {
    "abs(-3)": "3",
    "cardinality(array[1, 2, 3])": "3",
    "cast('12' AS integer) + 1": "13",
    "cast(3.7e0 AS integer)": "4",
    "cast(DATE '2025-01-02' AS varchar)": "2025-01-02",
    "ceil(1.2e0)": "2.0",
    "ceiling(1.2e0)": "2.0",
    "coalesce(null, 2)": "2",
    "concat('a', 'b', 'c')": "abc",
    "contains(array[1, 2], 2)": "true",
    "date('2025-01-02')": "2025-01-02",
    "date_add('day', 3, DATE '2025-01-30')": "2025-02-02",
    "date_add('month', 1, DATE '2025-01-31')": "2025-02-28",
    "date_diff('day', DATE '2025-01-01', DATE '2025-03-01')": "59",
    "date_diff('month', DATE '2025-01-31', DATE '2025-02-01')": "0",
    "date_diff('year', DATE '2024-12-31', DATE '2025-01-01')": "0",
    "date_trunc('month', DATE '2025-03-05')": "2025-03-01",
    "day(DATE '2025-03-05')": "5",
    "day_of_month(DATE '2025-03-05')": "5",
    "day_of_week(DATE '2025-03-09')": "7",
    "day_of_year(DATE '2025-03-05')": "64",
    "dow(DATE '2025-03-03')": "1",
    "doy(DATE '2025-03-05')": "64",
    "element_at(array['a', 'b'], 2)": "b",
    "exp(0e0)": "1.0",
    "extract(year FROM DATE '2025-03-05')": "2025",
    "floor(-1.2e0)": "-2.0",
    "from_unixtime(0)": "1970-01-01 00:00:00.000",
    "greatest(1, 3, 2)": "3",
    "if(1 > 2, 'a', 'b')": "b",
    "is_nan(1e0)": "false",
    "last_day_of_month(DATE '2024-02-05')": "2024-02-29",
    "least(1, 3, 2)": "1",
    "length('abc')": "3",
    "ln(1e0)": "0.0",
    "log10(1000e0)": "3.0",
    "log2(8e0)": "3.0",
    "lower('AbC')": "abc",
    "lpad('7', 3, '0')": "007",
    "ltrim('  a ')": "a ",
    "mod(7, 3)": "1",
    "month(DATE '2025-03-05')": "3",
    "nullif(1, 1)": None,
    "pi()": "3.141592653589793",
    "pow(2e0, 3e0)": "8.0",
    "power(2e0, 3e0)": "8.0",
    "quarter(DATE '2025-05-05')": "2",
    "replace('abcb', 'b', 'x')": "axcx",
    "reverse('abc')": "cba",
    "round(2.5e0)": "3.0",
    "round(1.005e0, 2)": "1.0",
    "rpad('7', 3, '0')": "700",
    "rtrim(' a  ')": " a",
    "sequence(1, 4)": "[1, 2, 3, 4]",
    "split('a,b', ',')": "[a, b]",
    "split_part('a,b,c', ',', 2)": "b",
    "sqrt(9e0)": "3.0",
    "starts_with('abc', 'ab')": "true",
    "strpos('abcabc', 'c')": "3",
    "substr('abcdef', 2, 3)": "bcd",
    "substring('abcdef', 2, 3)": "bcd",
    "trim('  a ')": "a",
    "truncate(-1.7e0)": "-1.0",
    "try_cast('x' AS integer)": None,
    "upper('abc')": "ABC",
    "week(DATE '2025-01-01')": "1",
    "year(DATE '2025-03-05')": "2025",
    # Operators, where DuckDB has ways of its own.
    "7 / 2": "3",
    "-7 / 2": "-3",
    "7e0 / 2": "3.5",
    "-7 % 3": "-1",
    "1e0 / 0e0": "Infinity",
    "'a' || 'b'": "ab",
    "CASE WHEN 1 = 2 THEN 'x' END": None,
    "1 BETWEEN 0 AND 2": "true",
    "'abc' LIKE 'a%'": "true",
    "1 IN (1, 2)": "true",
}

AGGREGATE = {
    "any_value(1)": "1",
    "approx_distinct(s)": "2",
    "arbitrary(1)": "1",
    "array_agg(n ORDER BY n)": "[1, 2, 4]",
    "avg(n)": "2.3333333333333335",
    "bool_and(n > 1)": "false",
    "bool_or(n > 1)": "true",
    "corr(x, x)": "1.0",
    "count(*)": "3",
    "count(DISTINCT s)": "2",
    "count_if(n > 1)": "2",
    "round(covar_pop(x, x), 6)": "9.555556",
    "round(covar_samp(x, x), 6)": "14.333333",
    "max(d)": "2025-03-05",
    "max_by(s, n)": "a",
    "min(x)": "1.0",
    "min_by(s, -n)": "a",
    "regr_intercept(x, x)": "0.0",
    "regr_slope(x, x)": "1.0",
    "round(stddev(x), 6)": "3.785939",
    "round(stddev_pop(x), 6)": "3.091206",
    "round(stddev_samp(x), 6)": "3.785939",
    "sum(n)": "7",
    "sum(x)": "11.0",
    "round(var_pop(x), 6)": "9.555556",
    "round(var_samp(x), 6)": "14.333333",
    "round(variance(x), 6)": "14.333333",
}

# In order of n: 1, 2, 4.
WINDOW = {
    "cume_dist() OVER (ORDER BY s)": ["0.6666666666666666", "1.0", "0.6666666666666666"],
    "dense_rank() OVER (ORDER BY s)": ["1", "2", "1"],
    "first_value(n) OVER (ORDER BY n)": ["1", "1", "1"],
    "lag(n) OVER (ORDER BY n)": [None, "1", "2"],
    "last_value(n) OVER (ORDER BY n)": ["1", "2", "4"],
    "lead(n) OVER (ORDER BY n)": ["2", "4", None],
    "nth_value(n, 2) OVER (ORDER BY n)": [None, "2", "2"],
    "ntile(2) OVER (ORDER BY n)": ["1", "1", "2"],
    "percent_rank() OVER (ORDER BY n)": ["0.0", "0.5", "1.0"],
    "rank() OVER (ORDER BY s)": ["1", "3", "1"],
    "row_number() OVER (ORDER BY x DESC)": ["3", "2", "1"],
    "sum(x) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)": ["1.0", "3.0", "10.0"],
    "avg(x) OVER (PARTITION BY s)": ["4.5", "2.0", "4.5"],
}

OTHER = {"current_date", "now", "unnest"}


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


def values(engine: Engine, statement: str) -> list[str | None]:
    connection = engine.connect()
    try:
        return engine.run(connection, statement).columns[0].to_pylist()
    finally:
        connection.close()


@pytest.mark.parametrize("expression", SCALAR)
def test_scalar(engine, expression):
    assert values(engine, f"SELECT {expression}") == [SCALAR[expression]]


@pytest.mark.parametrize("expression", AGGREGATE)
def test_aggregate(engine, expression):
    assert values(engine, f"SELECT {expression} FROM {ROWS}") == [AGGREGATE[expression]]


@pytest.mark.parametrize("expression", WINDOW)
def test_window(engine, expression):
    assert values(engine, f"SELECT {expression} FROM {ROWS} ORDER BY n") == WINDOW[expression]


def test_those_without_a_fixed_answer(engine):
    assert values(engine, "SELECT current_date > DATE '2025-01-01'") == ["true"]
    assert values(engine, "SELECT now() > TIMESTAMP '2025-01-01 00:00:00'") == ["true"]
    assert values(engine, "SELECT n FROM UNNEST(array[1, 2]) AS t (n) ORDER BY n DESC") == ["2", "1"]


def test_every_function_is_tried():
    tried = {expression.partition("(")[0] for expression in SCALAR | AGGREGATE | WINDOW}
    inner = {"covar_pop", "covar_samp", "stddev", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "variance"}

    assert FUNCTIONS - tried - inner - OTHER == set()


@pytest.mark.parametrize(
    "name", ["read_csv('/etc/hostname')", "getenv('HOME')", "strftime(now(), '%Y')", "list_sum([1])"]
)
def test_what_is_not_trinos_is_not_registered(engine, name):
    with pytest.raises(QueryFailure, match=r"FUNCTION_NOT_FOUND: line 1:\d+: Function '\w+' not registered"):
        values(engine, f"SELECT {name}")
