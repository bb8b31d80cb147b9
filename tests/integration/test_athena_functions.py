"""Every function of the local Athena returns the result of Trino's documentation."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from local.athena.engine import Engine
from local.athena.errors import QueryFailure
from local.athena.functions import FUNCTIONS
from local.athena.text import from_csv
from tests.support.statements import statements

# Athena's text of the value of each expression. ROWS has the columns n integer, x double, s varchar, d date.
ROWS = (
    "(VALUES (1, 1e0, 'a', DATE '2025-01-31'), (2, 2e0, 'b', DATE '2025-03-05'), (4, 8e0, 'a', DATE '2024-12-31')) "
    "AS t (n, x, s, d)"
)

SCALAR = {
    "abs(-3)": "3",
    "ceil(1.2e0)": "2.0",
    "ceil(3)": "3",
    "ceiling(-1.2e0)": "-1.0",
    "coalesce(null, 2)": "2",
    "coalesce(null, 2, 1e0)": "2.0",
    "concat('a', 'b', 'c')": "abc",
    "concat('a', CAST(null AS varchar))": None,
    "date('2025-01-02')": "2025-01-02",
    "date(TIMESTAMP '2025-01-02 03:04:05')": "2025-01-02",
    "date_add('day', 3, DATE '2025-01-30')": "2025-02-02",
    "date_add('day', -1, DATE '2025-01-01')": "2024-12-31",
    "date_add('month', 1, DATE '2025-01-31')": "2025-02-28",
    "date_add('quarter', 1, DATE '2025-01-31')": "2025-04-30",
    "date_add('hour', 2, TIMESTAMP '2025-01-01 23:00:00')": "2025-01-02 01:00:00.000",
    "date_diff('day', DATE '2025-01-01', DATE '2025-03-01')": "59",
    "date_diff('month', DATE '2025-01-31', DATE '2025-02-01')": "0",
    "date_diff('year', DATE '2024-12-31', DATE '2025-01-01')": "0",
    "date_diff('day', DATE '2025-01-02', DATE '2025-01-01')": "-1",
    "date_format(DATE '2025-01-05', '%d/%m/%Y')": "05/01/2025",
    "date_format(DATE '2025-01-05', '%c-%e %W %a %b %M %j %y 100%%')": "1-5 Sunday Sun Jan January 005 25 100%",
    "date_format(TIMESTAMP '2025-01-05 03:04:06', '%H:%i:%s %T %k %p')": "03:04:06 03:04:06 3 AM",
    "date_trunc('month', DATE '2025-03-05')": "2025-03-01",
    "date_trunc('week', DATE '2025-03-09')": "2025-03-03",
    "date_trunc('hour', TIMESTAMP '2025-03-05 01:02:03')": "2025-03-05 01:00:00.000",
    "day(DATE '2025-03-05')": "5",
    "day_of_month(DATE '2025-03-05')": "5",
    "day_of_week(DATE '2025-03-09')": "7",
    "day_of_week(DATE '2025-03-10')": "1",
    "day_of_year(DATE '2025-03-05')": "64",
    "dow(DATE '2025-03-09')": "7",
    "doy(DATE '2025-03-05')": "64",
    "exp(0e0)": "1.0",
    "extract(year FROM DATE '2025-03-05')": "2025",
    "extract(dow FROM DATE '2025-03-09')": "7",
    "extract(day_of_week FROM DATE '2025-03-09')": "7",
    "extract(doy FROM DATE '2025-03-05')": "64",
    "floor(-1.2e0)": "-2.0",
    "floor(-3)": "-3",
    "greatest(1, 3, 2)": "3",
    "greatest(1, null)": None,
    "hour(TIMESTAMP '2025-03-05 01:02:03')": "1",
    "if(1 > 2, 'a', 'b')": "b",
    "if(1 > 2, 'a')": None,
    "is_nan(1e0)": "false",
    "is_nan(0e0 / 0)": "true",
    "last_day_of_month(DATE '2024-02-05')": "2024-02-29",
    "least(1, 3, 2)": "1",
    "least(1, null)": None,
    "length('abç')": "3",
    "ln(1e0)": "0.0",
    "ln(-1e0)": "NaN",
    "ln(0e0)": "-Infinity",
    "log10(1000e0)": "3.0",
    "log2(8e0)": "3.0",
    "lower('AbC')": "abc",
    "ltrim('  a ')": "a ",
    "minute(TIMESTAMP '2025-03-05 01:02:03')": "2",
    "mod(7, 3)": "1",
    "mod(-7, 3)": "-1",
    "mod(7e0, 0)": "NaN",
    "month(DATE '2025-03-05')": "3",
    "nullif(1, 1)": None,
    "pi()": "3.141592653589793",
    "pow(2e0, 3e0)": "8.0",
    "power(2, 3)": "8.0",
    "quarter(DATE '2025-05-05')": "2",
    "round(2.5e0)": "3.0",
    "round(-2.5e0)": "-3.0",
    "round(1.005e0, 2)": "1.0",
    "round(7)": "7",
    "rtrim(' a  ')": " a",
    "second(TIMESTAMP '2025-03-05 01:02:03')": "3",
    "sign(-7)": "-1",
    "sign(0)": "0",
    "sign(2.5e0)": "1.0",
    "sign(0e0 / 0)": "NaN",
    "sqrt(9e0)": "3.0",
    "sqrt(-1e0)": "NaN",
    "starts_with('abc', 'ab')": "true",
    "strpos('abcabc', 'c')": "3",
    "strpos('abc', 'x')": "0",
    "substr('abcdef', 2, 3)": "bcd",
    "substr('abc', -2)": "bc",
    "substr('abc', 0)": "",
    "substr('abc', -5, 4)": "",
    "substr('abc', 2, 0)": "",
    "substr('abc', 2, -1)": "",
    "substr('abc', 9)": "",
    "substr(CAST(null AS varchar), 0)": None,
    "substring('abcdef', 2, 3)": "bcd",
    "trim('  a ')": "a",
    "'<' || trim(' \t\n a \r') || '>'": "<a>",
    "truncate(-1.7e0)": "-1.0",
    "truncate(3)": "3",
    "upper('abc')": "ABC",
    "week(DATE '2024-12-30')": "1",
    "year(DATE '2024-12-30')": "2024",
    # Casts.
    "cast(2.5e0 AS integer)": "3",
    "cast(3.5e0 AS integer)": "4",
    "cast(-2.5e0 AS bigint)": "-3",
    "cast(0.5e0 AS integer)": "1",
    "cast(7 AS double)": "7.0",
    "cast(7 AS varchar)": "7",
    "cast(true AS integer)": "1",
    "cast(DATE '2025-01-02' AS varchar)": "2025-01-02",
    "cast(DATE '2025-01-02' AS timestamp)": "2025-01-02 00:00:00.000",
    "try_cast(1e300 AS bigint)": None,
    # Operators that differ in DuckDB.
    "7 / 2": "3",
    "-7 / 2": "-3",
    "7 / -2": "-3",
    "9223372036854775807 / 3": "3074457345618258602",
    "2 * 7 / 4": "3",
    "7 / 2 * 2": "6",
    "7e0 / 2": "3.5",
    "7 / 2e0": "3.5",
    "-7 % 3": "-1",
    "7 % -3": "1",
    "1e0 / 0e0": "Infinity",
    "-1e0 / 0": "-Infinity",
    "0e0 / 0": "NaN",
    "1e0 % 0": "NaN",
    "2e0 * 1.5": "3.0",
    "'a' || 'b'": "ab",
    "DATE '2025-01-31' + INTERVAL '1' MONTH": "2025-02-28",
    "DATE '2025-01-01' - INTERVAL '1' DAY": "2024-12-31",
    "INTERVAL '1' YEAR + DATE '2024-02-29'": "2025-02-28",
    "TIMESTAMP '2025-01-01 00:00:00' - INTERVAL '1' SECOND": "2024-12-31 23:59:59.000",
    "CASE WHEN 1 = 2 THEN 'x' END": None,
    "CASE 2 WHEN 1 THEN 'x' WHEN 2 THEN 'y' END": "y",
    "CASE WHEN true THEN 1 ELSE 2.5e0 END": "1.0",
    "1 BETWEEN 0 AND 2": "true",
    "'abc' LIKE 'a%'": "true",
    "'ABC' LIKE 'a%'": "false",
    "'a_c' LIKE 'a!_%' ESCAPE '!'": "true",
    "1 IN (1, 2)": "true",
    "1 IN (SELECT 1)": "true",
    "null IS NOT DISTINCT FROM 1": "false",
    "DATE '2025-01-01' < TIMESTAMP '2025-01-01 00:00:01'": "true",
}

# Athena's type of expressions that have another type in DuckDB.
TYPES = {
    "7 / 2": "integer",
    "7 / CAST(2 AS bigint)": "bigint",
    "abs(-3)": "integer",
    "ceil(3)": "integer",
    "floor(CAST(3 AS bigint))": "bigint",
    "floor(3e0)": "double",
    "sign(3)": "integer",
    "sign(3e0)": "double",
    "sum(1)": "bigint",
    "sum(1) / 2": "bigint",
    "count_if(true)": "bigint",
    "avg(1)": "double",
    "approx_percentile(1, 0.5)": "bigint",
    "approx_percentile(1e0, 0.5)": "double",
    "CAST(2.5e0 AS integer)": "integer",
    "year(DATE '2025-01-01')": "bigint",
    "DATE '2025-01-01' + INTERVAL '1' DAY": "date",
    "date_trunc('month', DATE '2025-01-01')": "date",
    "date_add('month', 1, DATE '2025-01-01')": "date",
    "power(2, 3)": "double",
    "length('a')": "bigint",
    "if(false, 1, 2e0)": "double",
}

AGGREGATE = {
    "approx_distinct(s)": "2",
    "any_value(if(n = 4, n))": "4",
    "arbitrary(if(n = 4, n))": "4",
    "approx_percentile(n, 0.5)": "2",
    "approx_percentile(x, 0.9)": "8.0",
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
    "max_by(if(n < 4, s), n)": None,
    "max_by(s, if(n < 4, n))": "b",
    "min(x)": "1.0",
    "min_by(s, -n)": "a",
    "min_by(if(n > 1, s), n)": None,
    "sum(DISTINCT n)": "7",
    "sum(n) FILTER (WHERE n > 1)": "6",
    "corr(n, n) FILTER (WHERE n = 1)": None,
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
    "corr(x, n) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND CURRENT ROW)": [None, None, None],
    "lag(n, 1, 0) OVER (ORDER BY n)": ["0", "1", "2"],
    "rank() OVER (ORDER BY s)": ["1", "3", "1"],
    "row_number() OVER (ORDER BY x DESC)": ["3", "2", "1"],
    "sum(x) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)": ["1.0", "3.0", "10.0"],
    "avg(x) OVER (PARTITION BY s)": ["4.5", "2.0", "4.5"],
}


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


def values(engine: Engine, statement: str) -> list[str | None]:
    return from_csv(engine.run(statement).body).column(0).to_pylist()


@pytest.mark.parametrize("expression", SCALAR)
def test_scalar(engine, expression):
    assert values(engine, f"SELECT {expression}") == [SCALAR[expression]]


@pytest.mark.parametrize("expression", TYPES)
def test_type(engine, expression):
    assert engine.run(f"SELECT {expression}").types == (TYPES[expression],)


@pytest.mark.parametrize("expression", AGGREGATE)
def test_aggregate(engine, expression):
    assert values(engine, f"SELECT {expression} FROM {ROWS}") == [AGGREGATE[expression]]


@pytest.mark.parametrize("expression", WINDOW)
def test_window(engine, expression):
    assert values(engine, f"SELECT {expression} FROM {ROWS} ORDER BY n") == WINDOW[expression]


@pytest.mark.parametrize("expression", ["sum(n)", "max(s)", "avg(x)", "corr(n, x)", "count(n)"])
def test_an_aggregate_of_no_rows_is_null_or_zero(engine, expression):
    result = values(engine, f"SELECT {expression} FROM {ROWS} WHERE n > 9")

    assert result == (["0"] if expression == "count(n)" else [None])


def test_the_current_date_is_that_of_utc(engine):
    before = datetime.now(UTC).date()
    result = values(engine, "SELECT current_date")
    after = datetime.now(UTC).date()

    assert result[0] in {str(before), str(after)}


def test_groups_orders_and_set_operations(engine):
    assert values(engine, f"SELECT s FROM {ROWS} GROUP BY s HAVING count(*) > 1") == ["a"]
    assert values(engine, f"SELECT n AS m FROM {ROWS} ORDER BY m DESC OFFSET 1 LIMIT 1") == ["2"]
    assert values(engine, f"SELECT n FROM {ROWS} UNION ALL SELECT 9e0 ORDER BY 1 DESC") == ["9.0", "4.0", "2.0", "1.0"]
    assert values(engine, f"SELECT s FROM {ROWS} EXCEPT SELECT 'b'") == ["a"]
    assert values(engine, f"SELECT DISTINCT s FROM {ROWS} ORDER BY s") == ["a", "b"]
    assert values(engine, f"SELECT count(*) FROM {ROWS} JOIN (VALUES (1), (4)) AS u (n) USING (n)") == ["2"]


def test_every_function_is_tested():
    expressions = " ".join([*SCALAR, *AGGREGATE, *WINDOW, *(statement.sql for statement in statements())])

    assert [name for name in FUNCTIONS if not re.search(rf"\b{name}\(", expressions)] == []


@pytest.mark.parametrize(
    "name",
    [
        *("read_csv('/etc/hostname')", "getenv('HOME')", "strftime(DATE '2025-01-01', '%Y')", "list_sum(1)"),
    ],
)
def test_an_unsupported_function_is_not_registered(engine, name):
    function = name.partition("(")[0]
    with pytest.raises(QueryFailure, match=rf"FUNCTION_NOT_FOUND: line 1:8: Function '{function}' not registered"):
        values(engine, f"SELECT {name}")
    with pytest.raises(QueryFailure, match=rf"FUNCTION_NOT_FOUND: line 1:8: Function '{function}' not registered"):
        values(engine, f'SELECT "{function}"{name.removeprefix(function)}')
