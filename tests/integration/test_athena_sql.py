"""SQL that the local Athena supports, and the messages for SQL that it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from local.athena import process
from local.laptop import Laptop
from tests.support.athena import TABLE, failure, query, refusal
from tests.support.bars import raw_object, session_bars
from tests.support.lake import fill


@pytest.fixture(scope="module")
def filled(running: Laptop) -> Iterator[Laptop]:
    """The lake of all these tests, none of which changes it: 38 sessions of 2024 and 82 of 2025."""
    running.aws.reset()
    running.create_stack()
    fill(raw_object(session_bars("2024-11-01", 120)))
    yield running
    running.aws.reset()


@pytest.fixture
def laptop(filled: Laptop) -> Laptop:
    return filled


def test_parameters_are_bound_in_textual_order(filled: Laptop, athena: Any):
    sql = (
        f"WITH t AS (SELECT * FROM {TABLE} WHERE year = ? AND '?' = ? /* ? */) "
        "SELECT min(data), max(data) FROM t WHERE data BETWEEN ? AND ? -- ?\n AND ticker = ?"
    )
    parameters = ["2025", "'?'", "DATE '2025-01-10'", "DATE '2025-02-10'", "'IBOV'"]

    assert query(athena, sql, ExecutionParameters=parameters) == [["2025-01-10", "2025-02-10"]]


@pytest.mark.parametrize(
    ("sql", "parameters", "reason"),
    [
        ("SELECT 1 WHERE 1 = ?", ["1", "2"], "INVALID_PARAMETER_USAGE: .* expected 1 but found 2"),
        ("SELECT 1 WHERE 1 = ? AND 2 = ?", ["1"], "INVALID_PARAMETER_USAGE: .* expected 2 but found 1"),
        (f"SELECT data FROM {TABLE} LIMIT ?", ["1"], r"SYNTAX_ERROR: line 1:37: '\?' is allowed in WHERE only"),
        ("SELECT ?", ["1"], r"SYNTAX_ERROR: line 1:8: '\?' is allowed in WHERE only"),
        ("SELECT 1 WHERE 1 = ?", ["'1'::integer"], "is not a SQL literal"),
        ("SELECT 1 WHERE 1 = ?", None, "INVALID_PARAMETER_USAGE: .* expected 1 but found 0"),
        ("SELECT 1 WHERE 1 = ?", ["1 OR true"], "execution parameter '1 OR true' is not a SQL literal"),
        ("SELECT 1 WHERE 1 = ?", ["(SELECT 1)"], "is not a SQL literal"),
        ("SELECT 1 WHERE 1 = ?", ["1; DROP TABLE x"], "is not a SQL literal"),
        ("SELECT 1 WHERE 'a' = ?", ["a"], "is not a SQL literal"),
        ("SELECT 1 WHERE 'a' = ?", ["'a' || 'b'"], "is not a SQL literal"),
    ],
)
def test_parameters_that_cannot_be_bound_fail_the_query(
    laptop: Laptop, athena: Any, sql: str, parameters: Any, reason: str
):
    arguments = {} if parameters is None else {"ExecutionParameters": parameters}

    assert re.search(reason, failure(athena, sql, **arguments))


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", r"line 1:7: mismatched input '1'"),
        ("SELECT 1 FROM", r"line 1:13: mismatched input 'FROM'"),
        ("SELECT 1; SELECT 2", r"Only one sql statement is allowed\. Got: SELECT 1; SELECT 2"),
        ("SELEC 1 WHERE 1 = ?", r"line 1:7: mismatched input '1'"),
        ("SELECT 1 WHERE 1 = ? FROM", r"mismatched input 'FROM'"),
        ("-- nothing", r"line 1:1: mismatched input '<EOF>'"),
        ("COPY (SELECT 1) TO '/tmp/x'", r"mismatched input 'COPY'"),
        ("ATTACH '/tmp/x'", r"line 1:\d+: mismatched input"),
        ("SET threads = 1", r"mismatched input 'SET'"),
        ("PRAGMA version", r"mismatched input 'PRAGMA'"),
        ("VALUES (1)", r"mismatched input 'VALUES'"),
        ("SUMMARIZE ibov_refined", r"mismatched input 'SUMMARIZE'"),
    ],
)
def test_a_text_that_is_not_a_query_is_refused(laptop: Laptop, athena: Any, sql: str, message: str):
    arguments = {"ExecutionParameters": ["1"]} if "?" in sql else {}

    assert re.search(message, refusal(athena, sql, **arguments))


T = "(VALUES (1, 'a'), (2, 'b')) AS t (n, s)"


@pytest.mark.parametrize(
    ("sql", "token"),
    [
        (f"FROM {T}", "SELECT"),
        (f"FROM {T} SELECT n", "SELECT"),
        (f"SELECT * FROM (FROM {T}) AS u", "SELECT"),
        ("TABLE ibov_refined", "SELECT"),
        (f"SELECT FROM {T}", "without columns"),
        (f"SELECT n FROM {T} QUALIFY row_number() OVER (ORDER BY n) = 1", "'QUALIFY'"),
        ("SELECT '1'::integer", "'::'"),
        ("SELECT [1, 2]", "'['"),
        ("SELECT {'a': 1}", "'{'"),
        (f"SELECT n -> 1 FROM {T}", "'->'"),
        (f"SELECT n[1] FROM {T}", "'['"),
        ("SELECT 1 == 1", "'=='"),
        ("SELECT 7 // 2", "'/'"),
        ("SELECT 2 ^ 2", "'^'"),
        ("SELECT `a`", "'`'"),
        ("SELECT 1 ISNULL", "'ISNULL'"),
        ("SELECT 1,", "','"),
        (f"SELECT n, FROM {T}", "','"),
        ("SELECT 1 AS 'one'", "'one'"),
        ("SELECT 1_000", "'1'"),
        ("SELECT DATE '2025-01-01' + INTERVAL 7 DAY", "'INTERVAL'"),
        ("SELECT DATE '2025-01-01' + INTERVAL '7 days'", "'INTERVAL'"),
        ("SELECT CAST(1 AS string)", "'string'"),
        (f"SELECT n FROM {T} LIMIT 1 OFFSET 1", "'LIMIT'"),
        (f"SELECT n FROM {T} JOIN (VALUES (1)) AS u (m)", "JOIN"),
        (f"SELECT n FROM {T} NATURAL JOIN (VALUES (1)) AS u (n)", "JOIN"),
        (f"WITH u AS (SELECT 1 AS m) FROM {T} SELECT n", "SELECT"),
        (f"SELECT 1 UNION FROM {T} SELECT n", "SELECT"),
        ("SELECT 1 WHERE 1 = :a", "':'"),
    ],
)
def test_syntax_of_duckdb_or_sqlglot_only_is_refused(laptop: Laptop, athena: Any, sql: str, token: str):
    message = refusal(athena, sql)

    assert "mismatched input" in message
    assert token in message


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT DISTINCT ON (n) n FROM {T}",
        f"SELECT n FROM {T} GROUP BY ALL",
        f"SELECT * EXCLUDE (n) FROM {T}",
        f"SELECT n FROM {T} ASOF JOIN (VALUES (1)) AS u (m) ON n = m",
        f"SELECT n FROM {T} SEMI JOIN (VALUES (1)) AS u (m) ON n = m",
        f"SELECT n FROM {T} UNION ALL BY NAME SELECT 1 AS n",
        f"SELECT n FROM {T} TABLESAMPLE BERNOULLI (10)",
        f"SELECT n FROM {T} WHERE s ILIKE 'A'",
        f"SELECT n FROM {T} WHERE s SIMILAR TO 'a'",
        f"SELECT n FROM {T} WHERE (n = 1) IS TRUE",
        f"SELECT n FROM {T} WHERE n = ANY (SELECT 1)",
        f"SELECT (n, s) FROM {T}",
        f"SELECT n FROM {T} LIMIT ALL",
        f"SELECT count(DISTINCT n, s) FROM {T}",
        f"SELECT max(n ORDER BY s) FROM {T}",
        "SELECT CAST('abc' AS varchar(2))",
        "SELECT CAST(TIMESTAMP '2025-01-01' AS timestamp(6))",
        "SELECT current_timestamp",
        "SELECT INTERVAL '1' DAY",
        "SELECT s.f(1)",
        "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r",
        "SELECT 0x1F",
        # SQL of Trino with other results in DuckDB.
        "SELECT CAST(1e0 AS varchar)",
        "SELECT CAST('1' AS integer)",
        "SELECT TRY_CAST('x' AS integer)",
        f"SELECT CAST(s AS date) FROM {T}",
        "SELECT DATE '2025-1-1'",
        "SELECT CAST(TIMESTAMP '2025-01-01 00:00:00' AS varchar)",
        "SELECT 1.0 / 3",
        "SELECT 2.5",
        "SELECT avg(0.5)",
        "SELECT NULL",
        "SELECT date_format(DATE '2025-01-01', '%X')",
    ],
)
def test_sql_whose_result_may_differ_from_trinos_is_not_supported(laptop: Laptop, athena: Any, sql: str):
    assert failure(athena, sql).startswith("NOT_SUPPORTED: the local Athena")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT 1 / 0", "DIVISION_BY_ZERO"),
        ("SELECT 1 % 0", "DIVISION_BY_ZERO"),
        ("SELECT mod(1, 0)", "DIVISION_BY_ZERO"),
        (f"SELECT 1 / (n - 1) FROM {T}", "DIVISION_BY_ZERO"),
        ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) AS t (x)", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("SELECT CAST(1e300 AS bigint)", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("SELECT DATE '2025-13-40'", "INVALID_CAST_ARGUMENT"),
        (f"SELECT (SELECT n FROM {T})", "SUBQUERY_MULTIPLE_ROWS"),
        (f"SELECT n, count(*) FROM {T}", "SYNTAX_ERROR"),
        (f"SELECT n FROM {T} WHERE count(*) > 1", "SYNTAX_ERROR"),
        ("SELECT row_number()", "SYNTAX_ERROR"),
        ("SELECT 1 UNION SELECT 1, 2", "SYNTAX_ERROR"),
        ("SELECT '1' + 1", "TYPE_MISMATCH"),
        ("SELECT 'a' || 1", "TYPE_MISMATCH"),
        ("SELECT -'1'", "TYPE_MISMATCH"),
        ("SELECT 1 WHERE 1", "TYPE_MISMATCH"),
        (f"SELECT n FROM {T} WHERE NOT n", "TYPE_MISMATCH"),
        (f"SELECT n FROM {T} WHERE n AND true", "TYPE_MISMATCH"),
        (f"SELECT n FROM {T} WHERE n LIKE '1'", "TYPE_MISMATCH"),
        (f"SELECT n FROM {T} WHERE n IN (SELECT 'a')", "TYPE_MISMATCH"),
        (f"SELECT n FROM {T} CROSS JOIN (VALUES ('a')) AS u (m) WHERE n = m", "TYPE_MISMATCH"),
        (f"SELECT a.n FROM {T} JOIN (VALUES (1)) AS a (n) ON a.n", "TYPE_MISMATCH"),
        ("SELECT CASE WHEN true THEN 1 ELSE 'a' END", "TYPE_MISMATCH"),
        ("SELECT CASE 1 WHEN 'a' THEN 1 END", "TYPE_MISMATCH"),
        ("SELECT if(1, 2, 3)", "TYPE_MISMATCH"),
        ("SELECT coalesce(1, 'a')", "TYPE_MISMATCH"),
        ("SELECT 1 UNION SELECT 'a'", "TYPE_MISMATCH"),
        ("SELECT * FROM (VALUES (1), ('a')) AS t (x)", "TYPE_MISMATCH"),
        ("SELECT DATE '2025-01-01' - DATE '2024-01-01'", "TYPE_MISMATCH"),
        ("SELECT DATE '2025-01-01' + 1", "TYPE_MISMATCH"),
        ("SELECT DATE '2025-01-01' + INTERVAL '1' HOUR", "INVALID_FUNCTION_ARGUMENT"),
        ("SELECT date_trunc('hour', DATE '2025-01-01')", "INVALID_FUNCTION_ARGUMENT"),
        ("SELECT year('2025-01-01')", "FUNCTION_NOT_FOUND"),
        ("SELECT lower(1)", "FUNCTION_NOT_FOUND"),
        ("SELECT sum(true)", "FUNCTION_NOT_FOUND"),
        ("SELECT max(1, 2)", "FUNCTION_NOT_FOUND"),
        ("SELECT strpos('a', 'b', 1)", "FUNCTION_NOT_FOUND"),
        ("SELECT approx_percentile(1, -0.5)", "FUNCTION_NOT_FOUND"),
        (f"SELECT lag(n, -1) OVER (ORDER BY n) FROM {T}", "FUNCTION_NOT_FOUND"),
        (f"SELECT n AS m FROM {T} ORDER BY ALL", "COLUMN_NOT_FOUND"),
    ],
)
def test_a_failure_has_trinos_code_and_no_text_of_duckdb(laptop: Laptop, athena: Any, sql: str, code: str):
    reason = failure(athena, sql)

    assert reason.startswith(f"{code}: ")
    assert not re.search(r"(?i)duckdb|exception|line 1: |candidate", reason)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM absent", "TABLE_NOT_FOUND: Table 'awsdatacatalog.b3_refined_db.absent' does not exist"),
        (
            "SELECT * FROM absent.ibov_refined",
            "TABLE_NOT_FOUND: Table 'awsdatacatalog.absent.ibov_refined' does not exist",
        ),
        ("SELECT * FROM hive.b3_refined_db.ibov_refined", "CATALOG_NOT_FOUND: Catalog 'hive' not found"),
        ("SELECT nope FROM ibov_refined", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT data AS d FROM ibov_refined WHERE d > DATE '2025-01-01'", "Column 'd' cannot be resolved"),
        ("SELECT year AS y, count(*) FROM ibov_refined GROUP BY y", "Column 'y' cannot be resolved"),
        (
            "SELECT 1 FROM ibov_refined WHERE data > '2025-01-01'",
            "TYPE_MISMATCH: Cannot apply operator: date > varchar",
        ),
        ("SELECT 1 FROM ibov_refined WHERE year = '2025'", "TYPE_MISMATCH: Cannot apply operator: integer = varchar"),
        ("SELECT 1 FROM ibov_refined WHERE data IN ('2025-01-01')", "TYPE_MISMATCH"),
        ("SELECT 1 FROM ibov_refined WHERE data BETWEEN '2025-01-01' AND '2025-02-01'", "TYPE_MISMATCH"),
    ],
)
def test_an_invalid_query_fails_with_trinos_message(filled: Laptop, athena: Any, sql: str, reason: str):
    assert reason in failure(athena, sql)


@pytest.mark.parametrize(
    "source",
    [
        "read_text('{path}')",
        "read_csv('{path}')",
        "\"read_text\"('{path}')",
        "\"READ_CSV\"('{path}')",
        "(SELECT \"read_text\"('{path}')) AS t",
        "(SELECT \"getenv\"('HOME')) AS t",
        "(SELECT values('{path}')) AS t",
        "(SELECT left('{path}', 3)) AS t",
        "read_parquet('{path}')",
        "glob('/*')",
        "'{path}'",
        '"{path}"',
        "duckdb_settings()",
        "information_schema.character_sets",
        "pg_tables",
        "sqlite_master",
    ],
)
def test_no_file_and_no_table_of_duckdb_is_readable(filled: Laptop, athena: Any, source: str, tmp_path: Path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\nsecret\n")
    sql = f"SELECT * FROM {source.format(path=secret)}"

    try:
        reason = failure(athena, sql)
    except ClientError as error:
        reason = str(error)

    assert "NOT_FOUND" in reason or "NOT_SUPPORTED" in reason or "mismatched input" in reason
    assert "secret\n" not in reason


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{path}')",
        "SELECT * FROM read_csv('{path}')",
        "SELECT * FROM '{path}'",
        "SELECT * FROM glob('{path}')",
        "SELECT getenv('HOME')",
        "ATTACH '{path}.db' AS other",
        "COPY (SELECT 1) TO '{path}'",
        "EXPORT DATABASE '{path}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SELECT * FROM secret",
    ],
)
def test_duckdb_itself_has_no_access_to_files(sql: str, tmp_path: Path):
    # The second line of defence, if the checks of a query have a gap.
    path = tmp_path / "secret.csv"
    path.write_text("a\nsecret\n")
    secret = pa.table({"a": [1]})
    with process.connect() as connection, pytest.raises(duckdb.Error):
        connection.execute(sql.format(path=path)).fetchall()
    assert path.read_text() == "a\nsecret\n"
    assert len(secret) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.csv"]


def test_a_table_of_another_query_is_not_visible(filled: Laptop, athena: Any):
    assert query(athena, f"SELECT count(*) FROM {TABLE}") == [["120"]]
    assert "TABLE_NOT_FOUND" in failure(athena, "SELECT * FROM table_0")


def test_aliases_of_a_query_do_not_collide_with_internal_names(filled: Laptop, athena: Any):
    sql = f"WITH table_0 AS (SELECT 1 AS n) SELECT count(*), max(table_0.n) FROM {TABLE} CROSS JOIN table_0"

    assert query(athena, sql) == [["120", "1"]]
    assert query(athena, f"SELECT count(*) FROM {TABLE} AS table_1 JOIN {TABLE} AS table_0 USING (data)") == [["120"]]
    assert query(athena, f"SELECT count(*) FROM {TABLE} AS _partitions WHERE year = 2024") == [["38"]]


def test_nulls_come_last_in_both_directions(laptop: Laptop, athena: Any):
    rows = "(VALUES (1), (NULL), (2)) AS t (n)"

    assert query(athena, f"SELECT n FROM {rows} ORDER BY n") == [["1"], ["2"], [None]]
    assert query(athena, f"SELECT n FROM {rows} ORDER BY n DESC") == [["2"], ["1"], [None]]
