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


def test_a_word_without_quotes_is_text_as_a_parameter(filled: Laptop, athena: Any):
    sql = "SELECT count(*) FROM (VALUES 'Seattle', 'true', 'B3') t(s) WHERE s = ?"

    assert query(athena, sql, ExecutionParameters=["Seattle"]) == [["1"]]
    assert query(athena, sql, ExecutionParameters=["b3"]) == [["0"]]
    # A literal keeps its type.
    assert query(athena, "SELECT 1 WHERE (1 = 1) = ?", ExecutionParameters=["true"]) == [["1"]]
    assert query(athena, "SELECT 1 WHERE 'a' = ?", ExecutionParameters=["null"]) == []


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
        ("SELECT 1 WHERE 'a' = ?", ["a b"], "is not a SQL literal"),
        ("SELECT 1 WHERE 'a' = ?", ["t.a"], "is not a SQL literal"),
        ("SELECT 1 WHERE 'a' = ?", ["select"], "is not a SQL literal"),
        ("SELECT 1 WHERE DATE '2024-01-01' < ?", ["current_date"], "is not a SQL literal"),
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
        ("SELEC 1", "line 1:1: mismatched input 'SELEC'"),
        ("SELECT 1 FROM", "line 1:14: mismatched input '<EOF>'"),
        ("SELECT 1; SELECT 2", r"Only one sql statement is allowed\. Got: SELECT 1; SELECT 2"),
        ("SELEC 1 WHERE 1 = ?", "line 1:1: mismatched input 'SELEC'"),
        ("SELECT 1 WHERE 1 = ? FROM", "line 1:22: mismatched input 'FROM'"),
        ("-- nothing", "line 1:11: mismatched input '<EOF>'"),
        ("COPY (SELECT 1) TO '/tmp/x'", "line 1:1: mismatched input 'COPY'"),
        ("ATTACH '/tmp/x'", "line 1:1: mismatched input 'ATTACH'"),
        ("SET threads = 1", "line 1:5: mismatched input 'threads'"),
        ("PRAGMA version", "line 1:1: mismatched input 'PRAGMA'"),
        ("SUMMARIZE ibov_refined", "line 1:1: mismatched input 'SUMMARIZE'"),
        ("SELECT 1 WHERE 1 = :a", "line 1:20: mismatched input ':'"),
    ],
)
def test_a_text_that_is_not_a_statement_is_refused(laptop: Laptop, athena: Any, sql: str, message: str):
    arguments = {"ExecutionParameters": ["1"]} if "?" in sql else {}

    assert re.search(message, refusal(athena, sql, **arguments))


# Statements that were once answered wrongly or refused. None: Athena refuses the statement before it starts.
ISSUE: dict[str, list[list[str | None]] | str | None] = {
    "SELECT 1 AS end": None,
    "WITH order AS (SELECT 1 AS x) SELECT x FROM order": None,
    "SELECT 1 AS variação": None,
    f"SELECT DISTINCT year, month FROM {TABLE} ORDER BY volatilidade_pct DESC LIMIT 2": "EXPRESSION_NOT_IN_DISTINCT",
    f"SELECT a.data FROM {TABLE} a JOIN {TABLE} b USING (data) ORDER BY a.data DESC LIMIT 1": "COLUMN_NOT_FOUND",
    f"SELECT year, coalesce(sum(volume_negociado), 0) AS volume_negociado FROM {TABLE} WHERE year > 2023 "
    "GROUP BY year ORDER BY sum(volume_negociado) DESC": "COLUMN_NOT_FOUND",
    f"SELECT year FROM {TABLE} GROUP BY year HAVING count(preco_fechamento) > 50": [["2025"]],
    f"SELECT lag(data) OVER () FROM {TABLE} LIMIT 1": "MISSING_ORDER_BY",
    f"SELECT * FROM (SELECT max(data), min(data) FROM {TABLE})": [["2025-05-02", "2024-11-01"]],
}


@pytest.mark.parametrize("sql", ISSUE)
def test_the_cases_of_the_issue(laptop: Laptop, athena: Any, sql: str):
    expected = ISSUE[sql]
    if expected is None:
        assert "mismatched input" in refusal(athena, sql)
    elif isinstance(expected, str):
        assert failure(athena, sql).startswith(expected)
    else:
        assert query(athena, sql) == expected


def test_order_by_reads_an_alias_also_inside_an_expression(filled: Laptop, athena: Any):
    rows = query(athena, f"SELECT abs(variacao_pct) AS v FROM {TABLE} WHERE year = 2024 AND variacao_pct IS NOT NULL")
    greatest = max(float(value) for (value,) in rows if value)

    sql = (
        f"SELECT data, abs(variacao_pct) AS variacao_pct FROM {TABLE} WHERE year = 2024 ORDER BY -variacao_pct LIMIT 1"
    )

    assert float(query(athena, sql)[0][1] or 0) == greatest


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT * FROM absent",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.b3_refined_db.absent' does not exist",
        ),
        (
            "SELECT * FROM absent.ibov_refined",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.absent.ibov_refined' does not exist",
        ),
        ("SELECT * FROM hive.b3_refined_db.ibov_refined", "CATALOG_NOT_FOUND: line 1:15: Catalog 'hive' not found"),
        ("SELECT nope FROM ibov_refined", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT data AS d FROM ibov_refined WHERE d > DATE '2025-01-01'", "Column 'd' cannot be resolved"),
        ("SELECT year AS y, count(*) FROM ibov_refined GROUP BY y", "Column 'y' cannot be resolved"),
        (
            "SELECT 1 FROM ibov_refined WHERE data > '2025-01-01'",
            "TYPE_MISMATCH: line 1:34: Cannot apply operator: date > varchar(10)",
        ),
        (
            "SELECT 1 FROM ibov_refined WHERE year = '2025'",
            "TYPE_MISMATCH: line 1:34: Cannot apply operator: integer = varchar(4)",
        ),
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
