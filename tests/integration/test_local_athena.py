"""The local Athena's API, as AWS documents it, over the network with boto3."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.schema import ESTIMATORS, volatility_column
from chalicelib.sources.csv_file import CsvFile
from local import moto_state
from local.laptop import Laptop
from tests.bars import COLLECTED, raw_object, session_bars
from tests.lake import fill
from tests.unit.test_volatility import by_definition

DATABASE, TABLE, WORKGROUP = "b3_refined_db", "ibov_refined", "b3-dataflow"
DEADLINE = 30.0


@pytest.fixture
def filled(laptop: Laptop, s3: Any) -> Laptop:
    """A lake with 38 sessions of 2024 and 82 of 2025."""
    fill(raw_object(session_bars("2024-11-01", 120)))
    return laptop


def start(athena: Any, sql: str, **arguments: Any) -> str:
    arguments = {"WorkGroup": WORKGROUP, "QueryExecutionContext": {"Database": DATABASE}} | arguments
    return str(athena.start_query_execution(QueryString=sql, **arguments)["QueryExecutionId"])


def finish(athena: Any, execution_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
        if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return execution
    raise AssertionError(f"still {execution['Status']} after {DEADLINE} s")


def query(athena: Any, sql: str, **arguments: Any) -> list[list[str | None]]:
    """The rows of a query that must succeed, without the names."""
    execution_id = start(athena, sql, **arguments)
    execution = finish(athena, execution_id)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
    rows = [row for page in pages for row in page["ResultSet"]["Rows"]]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


def failure(athena: Any, sql: str, **arguments: Any) -> str:
    """Why a query that is accepted fails."""
    execution = finish(athena, start(athena, sql, **arguments))
    assert execution["Status"]["State"] == "FAILED", execution["Status"]
    reason = execution["Status"]["StateChangeReason"]
    assert execution["Status"]["AthenaError"]["ErrorMessage"] == reason
    return str(reason)


def refusal(athena: Any, sql: str, **arguments: Any) -> str:
    """Why a query is refused at once."""
    with pytest.raises(ClientError) as raised:
        start(athena, sql, **arguments)
    assert raised.value.response["Error"]["Code"] == "InvalidRequestException"
    return raised.value.response["Error"]["Message"]


THE_QUERY = """
SELECT data, preco_abertura, preco_fechamento,
       (preco_fechamento - preco_abertura) AS variacao_diaria,
       ROUND(((preco_fechamento - preco_abertura) / preco_abertura) * 100, 2) AS variacao_pct,
       volume_negociado
FROM "b3_refined_db"."ibov_refined"
WHERE year = 2025 AND month = 10 ORDER BY data DESC LIMIT 10;
"""


class TestRealHistory:
    """One lake of the real history for all of these."""

    @pytest.fixture(scope="class")
    @classmethod
    def real(cls, running: Laptop, real_csv: Path) -> Iterator[Any]:
        running.aws.reset()
        running.create_stack()
        running.ingest(CsvFile(str(real_csv)))
        assert [run.state for run in running.refined()] == ["SUCCEEDED"]
        yield boto3.client("athena")
        running.aws.reset()

    def test_the_query_of_the_contract_runs_verbatim(self, real: Any, real_csv: Path):
        rows = query(real, THE_QUERY)

        history = pd.read_csv(real_csv).set_index("date").loc["2025-10-01":"2025-10-31"].iloc[::-1]
        assert [row[0] for row in rows] == history.index.tolist()
        assert [float(row[2] or 0) for row in rows] == history["close"].tolist()
        change = history["close"] - history["open"]
        assert [float(row[3] or 0) for row in rows] == change.tolist()
        assert [float(row[4] or 0) for row in rows] == np.round(change / history["open"] * 100, 2).tolist()
        assert [int(row[5] or 0) for row in rows] == history["volume"].astype(int).tolist()

    def test_round_is_that_of_the_table_on_every_real_row(self, real: Any):
        wrong = query(
            real,
            f"SELECT count_if(round(amplitude / preco_fechamento * 100, 2) <> volatilidade_pct), count(*) FROM {TABLE}",
        )

        assert wrong == [["0", "8037"]]

    def test_the_volatility_columns_are_in_the_table_and_by_the_papers(self, real: Any, real_csv: Path):
        names = [volatility_column(estimator, 21) for estimator in ESTIMATORS]
        rows = query(real, f"SELECT {', '.join(names)} FROM {TABLE} ORDER BY data")

        history = pd.read_csv(real_csv).query("is_session").reset_index(drop=True)
        for index, estimator in enumerate(ESTIMATORS):
            found = [np.nan if row[index] is None else float(row[index] or 0) for row in rows]
            np.testing.assert_allclose(found, by_definition(history, estimator, 21), rtol=1e-9)

    def test_long_results_come_in_pages_with_the_names_on_the_first_only(self, real: Any, real_csv: Path):
        execution_id = start(real, f"SELECT data, preco_fechamento FROM {TABLE} ORDER BY data")
        finish(real, execution_id)

        pages = [real.get_query_results(QueryExecutionId=execution_id)]
        while "NextToken" in pages[-1]:
            pages.append(real.get_query_results(QueryExecutionId=execution_id, NextToken=pages[-1]["NextToken"]))

        sizes = [len(page["ResultSet"]["Rows"]) for page in pages]
        assert sizes == [1000] * 8 + [38]
        rows = [[cell["VarCharValue"] for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
        assert rows[0] == ["data", "preco_fechamento"]
        history = pd.read_csv(real_csv).query("is_session")
        assert [row[0] for row in rows[1:]] == history["date"].tolist()
        assert [float(row[1]) for row in rows[1:]] == history["close"].tolist()

    def test_bytes_scanned_are_those_of_the_partitions_left(self, real: Any):
        sizes = {entry.key: entry.size for entry in moto_state.objects("b3-dataflow-refined", "refined/")}

        def scanned(where: str) -> int:
            execution = finish(real, start(real, f"SELECT count(*) FROM {TABLE} WHERE {where}"))
            return int(execution["Statistics"]["DataScannedInBytes"])

        def size(*years: int) -> int:
            return sum(sizes[f"refined/year={year}/ibov.parquet"] for year in years)

        assert scanned("true") == sum(sizes.values())
        assert scanned("year = 2025 AND month = 3") == size(2025)
        assert scanned("year BETWEEN 2023 AND 2024") == size(2023, 2024)
        assert scanned("(year = 2020 OR year = 2025) AND preco_fechamento > 0") == size(2020, 2025)
        assert scanned("year = 2020 OR month = 3") == sum(sizes.values())
        assert scanned("year > 2100") == 0
        assert scanned("data >= DATE '2025-01-01'") == sum(sizes.values())


def test_pruning_never_changes_an_answer(filled: Laptop, athena: Any):
    left = f"FROM (SELECT DISTINCT year FROM {TABLE}) a LEFT JOIN {TABLE} b ON a.year = b.year + 1"

    assert query(athena, f"SELECT DISTINCT a.year {left} WHERE b.year IS NULL") == [["2024"]]
    assert query(athena, f"SELECT count(*) FROM {TABLE} a JOIN {TABLE} b ON a.data = b.data WHERE b.year = 2024") == [
        ["38"]
    ]
    assert query(athena, f"WITH t AS (SELECT * FROM {TABLE} WHERE year = 2025) SELECT min(data) FROM t") == [
        ["2025-01-02"]
    ]
    assert query(athena, f"SELECT count(*) FROM {TABLE} WHERE NOT year = 2024 OR month = 11") == [["101"]]


def test_a_query_starts_at_once_and_passes_through_queued_and_running(filled: Laptop, athena: Any):
    filled.aws.executions._latency = 0.5
    try:
        execution_id = start(athena, "SELECT 1")
        seen = [athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"]["State"]]
        with pytest.raises(ClientError, match=r"Query has not yet finished\. Current state: (QUEUED|RUNNING)"):
            athena.get_query_results(QueryExecutionId=execution_id)
        execution = finish(athena, execution_id)
    finally:
        filled.aws.executions._latency = 0.0

    assert seen[0] in ("QUEUED", "RUNNING")
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["Statistics"]["TotalExecutionTimeInMillis"] >= 500
    assert execution["Status"]["CompletionDateTime"] > execution["Status"]["SubmissionDateTime"]
    assert execution["StatementType"] == "DML"
    assert execution["WorkGroup"] == WORKGROUP


def test_thirty_queries_of_one_second_at_once_are_right_and_take_less_than_five(filled: Laptop):
    athena: Any = boto3.client("athena", config=Config(max_pool_connections=30))
    filled.aws.executions._latency = 1.0
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(30) as pool:
            asked = [
                f"SELECT {number} + count(*) FROM {TABLE} WHERE year = {2024 + number % 2}" for number in range(30)
            ]
            answers = list(pool.map(lambda sql: query(athena, sql), asked))
    finally:
        filled.aws.executions._latency = 0.0
    took = time.monotonic() - began

    assert answers == [[[str(number + (38, 82)[number % 2])]] for number in range(30)]
    assert 1.0 <= took < 5.0


def test_a_stopped_query_is_cancelled(filled: Laptop, athena: Any):
    # Ten thousand million rows: hours, were it not stopped.
    endless = (
        f"SELECT sum(a.n * b.n) FROM {' CROSS JOIN '.join(f'UNNEST(sequence(1, 100000)) AS {x} (n)' for x in 'ab')}"
    )
    execution_id = start(athena, endless)
    deadline = time.monotonic() + DEADLINE
    while filled.aws.executions.get(execution_id).state == "QUEUED" and time.monotonic() < deadline:
        pass

    athena.stop_query_execution(QueryExecutionId=execution_id)

    execution = finish(athena, execution_id)
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Query cancelled by user"
    with pytest.raises(ClientError, match=r"Query did not finish successfully\. Final query state: CANCELLED"):
        athena.get_query_results(QueryExecutionId=execution_id)
    assert query(athena, "SELECT 1") == [["1"]]


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
    assert re.search(reason, failure(athena, sql, ExecutionParameters=parameters))


def test_a_token_makes_a_request_happen_once_also_after_it_failed(filled: Laptop, athena: Any):
    token, other = "t" * 32, "u" * 128
    first = start(athena, "SELECT 1", ClientRequestToken=token)
    assert start(athena, "SELECT 1", ClientRequestToken=token) == first
    finish(athena, first)
    assert start(athena, "SELECT 1", ClientRequestToken=token) == first
    assert start(athena, "SELECT 1", ClientRequestToken=other) != first
    assert start(athena, "SELECT 1") != first

    failed = start(athena, "SELECT nope", ClientRequestToken="f" * 32)
    assert finish(athena, failed)["Status"]["State"] == "FAILED"
    assert start(athena, "SELECT nope", ClientRequestToken="f" * 32) == failed

    assert refusal(athena, "SELECT 2", ClientRequestToken=token) == "Idempotent parameters do not match"
    assert (
        refusal(athena, "SELECT 1 WHERE 1 = ?", ExecutionParameters=["2"], ClientRequestToken=token)
        == "Idempotent parameters do not match"
    )


@pytest.mark.parametrize("length", [31, 129])
def test_a_token_has_32_to_128_characters(laptop: Laptop, length: int):
    # boto3 itself would refuse a short one: this asks the server.
    unchecked: Any = boto3.client("athena", config=Config(parameter_validation=False))

    assert "ClientRequestToken" in refusal(unchecked, "SELECT 1", ClientRequestToken="t" * length)


def test_null_is_not_empty(laptop: Laptop, athena: Any, s3: Any):
    execution_id = start(
        athena, "SELECT 'a\"b' AS x, '' AS empty, CAST(NULL AS varchar) AS nothing, CAST(NULL AS double) AS n"
    )
    execution = finish(athena, execution_id)

    data = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"][1]["Data"]
    assert data == [{"VarCharValue": 'a"b'}, {"VarCharValue": ""}, {}, {}]

    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://b3-dataflow-athena/results/{execution_id}.csv"
    body = s3.get_object(Bucket="b3-dataflow-athena", Key=f"results/{execution_id}.csv")["Body"].read()
    assert body == b'"x","empty","nothing","n"\n"a""b","",,\n'


def test_columns_have_athenas_types_and_names(filled: Laptop, athena: Any):
    execution_id = start(athena, f"SELECT *, 1, 2.5e0, data > DATE '2025-01-01' AS Later FROM {TABLE} LIMIT 1")
    finish(athena, execution_id)

    info = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    types = {column["Name"]: column["Type"] for column in info}
    assert types["data"] == "date"
    assert types["preco_fechamento"] == "double"
    assert types["volume_negociado"] == "bigint"
    assert types["month"] == types["year"] == "integer"
    assert types["coletado_em"] == "timestamp"
    assert types["avisos"] == "varchar"
    assert list(types)[-1].lower() == "later"
    assert list(types.values())[-1] == "boolean"

    unnamed = start(athena, "SELECT 1, 2 AS Two, 3")
    finish(athena, unnamed)
    rows = athena.get_query_results(QueryExecutionId=unnamed)["ResultSet"]["Rows"]
    assert [cell["VarCharValue"] for cell in rows[0]["Data"]] == ["_col0", "Two", "_col2"]


def test_results_of_an_empty_answer_are_the_names_alone(filled: Laptop, athena: Any):
    assert query(athena, f"SELECT data, avisos FROM {TABLE} WHERE year = 1900") == []


def test_max_results_and_next_token(filled: Laptop, athena: Any):
    execution_id = start(athena, f"SELECT data FROM {TABLE} ORDER BY data LIMIT 4")
    finish(athena, execution_id)

    first = athena.get_query_results(QueryExecutionId=execution_id, MaxResults=2)
    second = athena.get_query_results(QueryExecutionId=execution_id, MaxResults=2, NextToken=first["NextToken"])
    last = athena.get_query_results(QueryExecutionId=execution_id, MaxResults=2, NextToken=second["NextToken"])

    def cells(page: Any) -> list[str]:
        return [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]]

    assert [cells(page) for page in (first, second, last)] == [
        ["data", "2024-11-01"],
        ["2024-11-04", "2024-11-05"],
        ["2024-11-06"],
    ]
    assert "NextToken" not in last


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", r"line 1:7: mismatched input '1'"),
        ("SELECT 1 FROM", r"line 1:13: mismatched input 'FROM'"),
        ("SELECT 1; SELECT 2", r"Only one sql statement is allowed\. Got: SELECT 1; SELECT 2"),
        ("-- nothing", r"line 1:1: mismatched input '<EOF>'"),
        ("DROP TABLE x", r"mismatched input 'DROP'"),
        ("CREATE TABLE x AS SELECT 1", r"ctas_approach=False"),
        ("INSERT INTO x VALUES (1)", r"mismatched input 'INSERT'"),
        ("COPY (SELECT 1) TO '/tmp/x'", r"mismatched input 'COPY'"),
        ("ATTACH '/tmp/x'", r"line 1:\d+: mismatched input"),
        ("SET threads = 1", r"mismatched input 'SET'"),
        ("PRAGMA version", r"mismatched input 'PRAGMA'"),
    ],
)
def test_what_is_no_query_is_refused_at_once(laptop: Laptop, athena: Any, sql: str, message: str):
    assert re.search(message, refusal(athena, sql))


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM absent", "TABLE_NOT_FOUND: Table 'awsdatacatalog.b3_refined_db.absent' does not exist"),
        (
            "SELECT * FROM absent.ibov_refined",
            "TABLE_NOT_FOUND: Table 'awsdatacatalog.absent.ibov_refined' does not exist",
        ),
        ("SELECT * FROM hive.b3_refined_db.ibov_refined", "CATALOG_NOT_FOUND: Catalog 'hive' not found"),
        ("SELECT nope FROM ibov_refined", "COLUMN_NOT_FOUND: line 1:11: Column 'nope' cannot be resolved"),
        ("SELECT data AS d FROM ibov_refined WHERE d > DATE '2025-01-01'", "Column 'd' cannot be resolved"),
        ("SELECT year AS y, count(*) FROM ibov_refined GROUP BY y", "Column 'y' cannot be resolved"),
        (
            "SELECT 1 FROM ibov_refined WHERE data > '2025-01-01'",
            "TYPE_MISMATCH: Cannot apply operator: date gt varchar",
        ),
        ("SELECT 1 FROM ibov_refined WHERE year = '2025'", "TYPE_MISMATCH: Cannot apply operator: number eq varchar"),
        ("SELECT 1 FROM ibov_refined WHERE data IN ('2025-01-01')", "TYPE_MISMATCH"),
        ("SELECT 1 FROM ibov_refined WHERE data BETWEEN '2025-01-01' AND '2025-02-01'", "TYPE_MISMATCH"),
        ("SELECT 1 / 0", "GENERIC_INTERNAL_ERROR"),
        ("SELECT CAST('x' AS integer)", "GENERIC_INTERNAL_ERROR"),
    ],
)
def test_what_athena_finds_wrong_fails_the_query(filled: Laptop, athena: Any, sql: str, reason: str):
    assert reason in failure(athena, sql)


@pytest.mark.parametrize(
    "source",
    [
        "read_text('{path}')",
        "read_csv('{path}')",
        "read_parquet('{path}')",
        "glob('/*')",
        "'{path}'",
        '"{path}"',
        "duckdb_settings()",
        "information_schema.tables",
        "pg_tables",
        "sqlite_master",
    ],
)
def test_no_file_of_the_host_and_nothing_of_duckdb_is_readable(
    filled: Laptop, athena: Any, source: str, tmp_path: Path
):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\nsecret\n")
    sql = f"SELECT * FROM {source.format(path=secret)}"

    try:
        reason = failure(athena, sql)
    except ClientError as error:
        reason = str(error)

    assert "NOT_FOUND" in reason or "mismatched input" in reason
    assert "secret\n" not in reason


def test_a_table_of_another_query_is_not_visible(filled: Laptop, athena: Any):
    assert query(athena, f"SELECT count(*) FROM {TABLE}") == [["120"]]
    assert "TABLE_NOT_FOUND" in failure(athena, "SELECT * FROM table_0")


def test_an_unknown_or_disabled_workgroup_is_refused(laptop: Laptop, athena: Any):
    assert refusal(athena, "SELECT 1", WorkGroup="absent") == "WorkGroup absent is not found."


def test_a_query_without_a_place_for_its_result_is_refused(laptop: Laptop, athena: Any):
    assert "No output location provided" in refusal(athena, "SELECT 1", WorkGroup="primary")
    absent = {"OutputLocation": "s3://absent-bucket/x/"}
    assert "absent-bucket" in refusal(athena, "SELECT 1", WorkGroup="primary", ResultConfiguration=absent)
    nowhere = {"OutputLocation": "/x"}
    assert "not a valid S3 path" in refusal(athena, "SELECT 1", WorkGroup="primary", ResultConfiguration=nowhere)


def test_an_enforced_workgroup_decides_where_the_result_goes(laptop: Laptop, athena: Any):
    elsewhere = {"OutputLocation": "s3://b3-dataflow-raw/elsewhere/"}

    ours = finish(athena, start(athena, "SELECT 1", ResultConfiguration=elsewhere))
    theirs = finish(athena, start(athena, "SELECT 1", WorkGroup="primary", ResultConfiguration=elsewhere))

    assert ours["ResultConfiguration"]["OutputLocation"].startswith("s3://b3-dataflow-athena/results/")
    assert (
        theirs["ResultConfiguration"]["OutputLocation"]
        == f"s3://b3-dataflow-raw/elsewhere/{theirs['QueryExecutionId']}.csv"
    )


def test_the_workgroups_cut_off_cancels_a_query(filled: Laptop, athena: Any):
    athena.create_work_group(
        Name="small",
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://b3-dataflow-athena/results/"},
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    moto_state.workgroup("small")["Configuration"]["BytesScannedCutoffPerQuery"] = 100  # type: ignore[index]

    execution = finish(athena, start(athena, f"SELECT * FROM {TABLE}", WorkGroup="small"))

    assert execution["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in execution["Status"]["StateChangeReason"]


def test_an_unknown_execution_is_refused(laptop: Laptop, athena: Any):
    for call in (athena.get_query_execution, athena.get_query_results, athena.stop_query_execution):
        with pytest.raises(ClientError, match="QueryExecution 1234 was not found"):
            call(QueryExecutionId="1234")


def test_a_vanished_result_cannot_be_read(laptop: Laptop, athena: Any, s3: Any):
    execution_id = start(athena, "SELECT 1")
    finish(athena, execution_id)
    s3.delete_object(Bucket="b3-dataflow-athena", Key=f"results/{execution_id}.csv")

    with pytest.raises(ClientError, match="Could not find results"):
        athena.get_query_results(QueryExecutionId=execution_id)


def test_executions_are_listed_newest_first(laptop: Laptop, athena: Any):
    ids = [start(athena, f"SELECT {number}") for number in range(3)]

    assert athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"] == ids[::-1]
    batch = athena.batch_get_query_execution(QueryExecutionIds=[ids[0], "absent"])
    assert [found["Query"] for found in batch["QueryExecutions"]] == ["SELECT 0"]
    assert [lost["QueryExecutionId"] for lost in batch["UnprocessedQueryExecutionIds"]] == ["absent"]


def test_an_unregistered_partition_is_invisible(filled: Laptop, athena: Any, glue: Any):
    glue.batch_delete_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionsToDelete=[{"Values": ["2024"]}])

    assert query(athena, f"SELECT DISTINCT year FROM {TABLE}") == [["2025"]]


def update_partition(glue: Any, columns: Any) -> None:
    """Register 2025 with other columns."""
    partition = glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025"])["Partition"]
    storage = partition["StorageDescriptor"]
    storage["Columns"] = columns(storage["Columns"])
    glue.update_partition(
        DatabaseName=DATABASE,
        TableName=TABLE,
        PartitionValueList=["2025"],
        PartitionInput={"Values": ["2025"], "StorageDescriptor": storage},
    )


def test_a_column_that_a_partition_does_not_declare_is_null_there(filled: Laptop, athena: Any, glue: Any):
    update_partition(glue, lambda columns: [column for column in columns if column["Name"] != "amplitude"])

    assert query(athena, f"SELECT year, count(amplitude) FROM {TABLE} GROUP BY year ORDER BY year") == [
        ["2024", "38"],
        ["2025", "0"],
    ]


def test_a_partition_that_declares_another_type_fails_the_query(filled: Laptop, athena: Any, glue: Any):
    update_partition(
        glue,
        lambda columns: [column | ({"Type": "bigint"} if column["Name"] == "amplitude" else {}) for column in columns],
    )

    assert "HIVE_PARTITION_SCHEMA_MISMATCH" in failure(athena, f"SELECT amplitude FROM {TABLE}")


def test_a_file_whose_type_does_not_fit_the_table_fails_the_query(filled: Laptop, athena: Any, s3: Any):
    key = "refined/year=2025/ibov.parquet"
    table = pq.read_table(pa.BufferReader(moto_state.read("b3-dataflow-refined", key) or b""))
    index = table.schema.get_field_index("month")
    wide = table.set_column(index, "month", table["month"].cast(pa.int64()))
    buffer = pa.BufferOutputStream()
    pq.write_table(wide, buffer)
    s3.put_object(Bucket="b3-dataflow-refined", Key=key, Body=buffer.getvalue().to_pybytes())

    reason = failure(athena, f"SELECT month FROM {TABLE}")
    assert "HIVE_BAD_DATA: Field month's type int64 in parquet file" in reason
    assert "incompatible with type int" in reason

    s3.put_object(Bucket="b3-dataflow-refined", Key=key, Body=b"not parquet")
    assert "HIVE_BAD_DATA: Not valid Parquet file" in failure(athena, f"SELECT month FROM {TABLE}")


def test_a_replaced_object_is_read_anew(filled: Laptop, athena: Any):
    assert query(athena, f"SELECT max(data) FROM {TABLE}") == [["2025-05-02"]]

    fill(raw_object(session_bars("2024-11-01", 121), collected_at=COLLECTED + timedelta(days=1)))

    assert query(athena, f"SELECT max(data) FROM {TABLE}") == [["2025-05-05"]]


def test_nulls_come_last_in_both_directions(laptop: Laptop, athena: Any):
    rows = "(VALUES (1), (NULL), (2)) AS t (n)"

    assert query(athena, f"SELECT n FROM {rows} ORDER BY n") == [["1"], ["2"], [None]]
    assert query(athena, f"SELECT n FROM {rows} ORDER BY n DESC") == [["2"], ["1"], [None]]
