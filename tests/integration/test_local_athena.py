"""API of the local Athena through boto3, compared with AWS's documentation."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.athena.models import athena_backends

from local import moto_state
from local.athena import tables
from local.athena.errors import Interrupted
from local.laptop import Laptop
from tests.support.athena import DATABASE, DEADLINE, TABLE, WORKGROUP, finish, query, refusal, start, wait_until


def test_a_query_starts_at_once_and_passes_through_queued_and_running(filled: Laptop, athena: Any):
    filled.aws.executions._latency = 0.5
    try:
        execution_id = start(athena, "SELECT 1")
        states = [athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"]["State"]]
        with pytest.raises(ClientError, match=r"Query has not yet finished\. Current state: (QUEUED|RUNNING)"):
            athena.get_query_results(QueryExecutionId=execution_id)
        execution = finish(athena, execution_id)
    finally:
        filled.aws.executions._latency = 0.0

    assert states[0] in ("QUEUED", "RUNNING")
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["Statistics"]["TotalExecutionTimeInMillis"] >= 500
    assert execution["Status"]["CompletionDateTime"] > execution["Status"]["SubmissionDateTime"]
    assert execution["StatementType"] == "DML"
    assert execution["WorkGroup"] == WORKGROUP


def test_thirty_concurrent_queries_of_one_second_take_less_than_five(filled: Laptop):
    athena: Any = boto3.client("athena", config=Config(max_pool_connections=30))
    filled.aws.executions._latency = 1.0
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(30) as pool:
            queries = [
                f"SELECT {number} + count(*) FROM {TABLE} WHERE year = {2024 + number % 2}" for number in range(30)
            ]
            results = list(pool.map(lambda sql: query(athena, sql), queries))
    finally:
        filled.aws.executions._latency = 0.0
    took = time.monotonic() - began

    assert results == [[[str(number + (38, 82)[number % 2])]] for number in range(30)]
    assert 1.0 <= took < 5.0


# A join of more than 10**12 rows, which would run for hours.
ENDLESS = (
    f"SELECT sum(a.amplitude * b.amplitude) FROM {' CROSS JOIN '.join(f'{TABLE} AS {alias}' for alias in 'abcdef')} "
    "WHERE a.month + b.month + c.month + d.month + e.month + f.month > 6"
)


def test_a_stopped_query_is_cancelled_and_frees_its_worker(filled: Laptop, athena: Any):
    execution_id = start(athena, ENDLESS)
    execution = filled.aws.executions.get(execution_id)
    wait_until(lambda: execution.state == "RUNNING", "running")

    athena.stop_query_execution(QueryExecutionId=execution_id)

    assert execution.ended.is_set()
    status = finish(athena, execution_id)["Status"]
    assert status["State"] == "CANCELLED"
    assert status["StateChangeReason"] == "Query cancelled by user"
    with pytest.raises(ClientError, match=r"Query did not finish successfully\. Final query state: CANCELLED"):
        athena.get_query_results(QueryExecutionId=execution_id)


def test_stopped_queries_make_room_for_others(filled: Laptop, athena: Any):
    # The queries are stopped at different moments of their start. None may keep its worker.
    ids = []
    for number in range(8):
        ids.append(start(athena, f"{ENDLESS} + {number}"))
        if number % 2:
            execution = filled.aws.executions.get(ids[-1])
            wait_until(lambda execution=execution: execution.state == "RUNNING", "running")  # type: ignore[misc]
        athena.stop_query_execution(QueryExecutionId=ids[-1])

    assert query(athena, f"SELECT count(*) FROM {TABLE}") == [["120"]]
    executions = [filled.aws.executions.get(execution_id) for execution_id in ids]
    assert all(execution.ended.is_set() for execution in executions if execution.started is not None)


def test_a_query_stopped_before_it_reaches_duckdb_is_not_run(filled: Laptop, athena: Any, monkeypatch: Any):
    loading, go_on = threading.Event(), threading.Event()
    load = tables.load

    def slow(database: str, name: str) -> tables.Table:
        loading.set()
        assert go_on.wait(DEADLINE)
        return load(database, name)

    monkeypatch.setattr(tables, "load", slow)
    execution_id = start(athena, ENDLESS)
    assert loading.wait(DEADLINE)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(athena.stop_query_execution, QueryExecutionId=execution_id)
        wait_until(filled.aws.executions.get(execution_id).cancelled.is_set, "cancelled")
        go_on.set()
        stopping.result(DEADLINE)

    assert finish(athena, execution_id)["Status"]["State"] == "CANCELLED"
    assert filled.aws.executions.get(execution_id).ended.is_set()


def test_a_query_cancelled_before_its_execution_is_not_executed(laptop: Laptop):
    with pytest.raises(Interrupted):
        laptop.aws.engine.run("SELECT 1", cancelled=lambda: True)


def test_stopping_an_ended_query_changes_nothing(laptop: Laptop, athena: Any):
    execution_id = start(athena, "SELECT 1")
    before = finish(athena, execution_id)

    athena.stop_query_execution(QueryExecutionId=execution_id)

    assert finish(athena, execution_id)["Status"] == before["Status"]


def test_a_token_makes_a_request_idempotent_even_after_a_failure(filled: Laptop, athena: Any):
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
    # Without validation, because boto3 itself refuses a short token.
    unchecked: Any = boto3.client("athena", config=Config(parameter_validation=False))

    assert "ClientRequestToken" in refusal(unchecked, "SELECT 1", ClientRequestToken="t" * length)


def test_null_differs_from_an_empty_text(laptop: Laptop, athena: Any, s3: Any):
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

    precisions = {column["Type"]: (column["Precision"], column["Scale"]) for column in info}
    assert precisions == {
        "date": (0, 0),
        "varchar": (2147483647, 0),
        "double": (17, 0),
        "bigint": (19, 0),
        "boolean": (0, 0),
        "integer": (10, 0),
        "timestamp": (3, 0),
    }

    unnamed = start(athena, "SELECT 1, 2 AS Two, 3")
    finish(athena, unnamed)
    rows = athena.get_query_results(QueryExecutionId=unnamed)["ResultSet"]["Rows"]
    assert [cell["VarCharValue"] for cell in rows[0]["Data"]] == ["_col0", "Two", "_col2"]


def test_an_empty_result_has_the_header_only(filled: Laptop, athena: Any):
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


def test_an_earlier_result_is_reused_where_the_request_allows_it(laptop: Laptop, athena: Any, s3: Any):
    query(athena, "SELECT 1")  # Another query.
    finish(athena, start(athena, "CREATE TABLE t AS SELECT 1 AS a"))
    age = {"Enabled": True, "MaxAgeInMinutes": 5}
    reuse: dict[str, Any] = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": age}}
    sql = "SELECT count(*) FROM t"

    first = finish(athena, start(athena, sql, **reuse))
    finish(athena, start(athena, "INSERT INTO t VALUES (2)"))
    second = finish(athena, start(athena, sql, **reuse))

    assert first["ResultReuseConfiguration"] == second["ResultReuseConfiguration"] == reuse["ResultReuseConfiguration"]
    reused = [each["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"] for each in (first, second)]
    assert reused == [False, True]
    assert (first["Statistics"]["DataScannedInBytes"] > 0, second["Statistics"]["DataScannedInBytes"]) == (True, 0)
    # The table has changed: only a reused result is still that of before.
    assert query(athena, sql, **reuse) == [["1"]]
    assert query(athena, sql) == [["2"]]
    elsewhere = {"QueryExecutionContext": {"Database": DATABASE, "Catalog": "AwsDataCatalog"}}
    assert query(athena, sql, **reuse, **elsewhere) == [["2"]]
    none: dict[str, Any] = {
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {**age, "MaxAgeInMinutes": 0}}
    }
    assert query(athena, sql, **none) == [["2"]]


def test_an_unknown_workgroup_is_refused(laptop: Laptop, athena: Any):
    assert refusal(athena, "SELECT 1", WorkGroup="absent") == "WorkGroup absent is not found."


def test_a_disabled_workgroup_is_refused(laptop: Laptop, athena: Any):
    results = {"ResultConfiguration": {"OutputLocation": "s3://b3-dataflow-athena/results/"}}
    athena.create_work_group(Name="closed", Configuration=results)
    # Moto has no UpdateWorkGroup.
    athena_backends[moto_state.ACCOUNT][moto_state.REGION].work_groups["closed"].state = "DISABLED"

    assert refusal(athena, "SELECT 1", WorkGroup="closed") == "WorkGroup closed is disabled."


@pytest.mark.parametrize("catalog", ["AwsDataCatalog", "awsdatacatalog"])
def test_the_catalog_name_is_case_insensitive(filled: Laptop, athena: Any, catalog: str):
    context = {"Database": DATABASE, "Catalog": catalog}

    assert query(athena, f"SELECT count(*) FROM {TABLE}", QueryExecutionContext=context) == [["120"]]


def test_another_catalog_is_refused(laptop: Laptop, athena: Any):
    context = {"Database": DATABASE, "Catalog": "hive"}

    assert "Catalog hive is not found" in refusal(athena, "SELECT 1", QueryExecutionContext=context)


def test_an_execution_describes_how_its_result_was_to_be_written(laptop: Laptop, athena: Any):
    requested = {
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
        "ExpectedBucketOwner": moto_state.ACCOUNT,
        "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
    }
    place = {"OutputLocation": "s3://b3-dataflow-athena/free/"}
    athena.create_work_group(Name="free", Configuration={"EnforceWorkGroupConfiguration": False})
    enforced = finish(athena, start(athena, "SELECT 1", ResultConfiguration={**place, **requested}))
    free = finish(athena, start(athena, "SELECT 1", WorkGroup="free", ResultConfiguration={**place, **requested}))

    # A workgroup that enforces its configuration ignores that of the request.
    assert enforced["ResultConfiguration"].keys() == {"OutputLocation"}
    location = f"s3://b3-dataflow-athena/free/{free['QueryExecutionId']}.csv"
    assert free["ResultConfiguration"] == {"OutputLocation": location, **requested}


def test_a_query_without_an_output_location_is_refused(laptop: Laptop, athena: Any):
    assert "No output location provided" in refusal(athena, "SELECT 1", WorkGroup="primary")
    absent = {"OutputLocation": "s3://absent-bucket/x/"}
    assert "absent-bucket" in refusal(athena, "SELECT 1", WorkGroup="primary", ResultConfiguration=absent)
    nowhere = {"OutputLocation": "/x"}
    assert "not a valid S3 path" in refusal(athena, "SELECT 1", WorkGroup="primary", ResultConfiguration=nowhere)


def test_an_enforced_workgroup_sets_the_output_location(laptop: Laptop, athena: Any):
    elsewhere = {"OutputLocation": "s3://b3-dataflow-raw/elsewhere/"}

    ours = finish(athena, start(athena, "SELECT 1", ResultConfiguration=elsewhere))
    theirs = finish(athena, start(athena, "SELECT 1", WorkGroup="primary", ResultConfiguration=elsewhere))

    assert ours["ResultConfiguration"]["OutputLocation"].startswith("s3://b3-dataflow-athena/results/")
    assert (
        theirs["ResultConfiguration"]["OutputLocation"]
        == f"s3://b3-dataflow-raw/elsewhere/{theirs['QueryExecutionId']}.csv"
    )


def test_an_unknown_execution_is_refused(laptop: Laptop, athena: Any):
    for call in (athena.get_query_execution, athena.get_query_results, athena.stop_query_execution):
        with pytest.raises(ClientError, match="QueryExecution 1234 was not found"):
            call(QueryExecutionId="1234")


def test_a_deleted_result_cannot_be_read(laptop: Laptop, athena: Any, s3: Any):
    execution_id = start(athena, "SELECT 1")
    finish(athena, execution_id)
    s3.delete_object(Bucket="b3-dataflow-athena", Key=f"results/{execution_id}.csv")

    with pytest.raises(ClientError, match="Could not find results"):
        athena.get_query_results(QueryExecutionId=execution_id)


def test_executions_are_listed_newest_first(laptop: Laptop, athena: Any):
    ids = [start(athena, f"SELECT {number}") for number in range(3)]

    assert athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"] == ids[::-1]
    batch = athena.batch_get_query_execution(QueryExecutionIds=[ids[0], "absent"])
    assert [execution["Query"] for execution in batch["QueryExecutions"]] == ["SELECT 0"]
    assert [lost["QueryExecutionId"] for lost in batch["UnprocessedQueryExecutionIds"]] == ["absent"]


@pytest.mark.parametrize(
    ("action", "request_", "message"),
    [
        ("GetQueryResults", {"QueryExecutionId": "{id}", "MaxResults": 0}, "MaxResults is 0, it must be between 1 and"),
        ("GetQueryResults", {"QueryExecutionId": "{id}", "MaxResults": 1001}, "between 1 and 1000"),
        ("GetQueryResults", {"QueryExecutionId": "{id}", "NextToken": "x"}, "Malformed NextToken: x"),
        ("ListQueryExecutions", {"MaxResults": 51}, "between 1 and 50"),
        ("BatchGetQueryExecution", {"QueryExecutionIds": []}, "between 1 and 50"),
    ],
)
def test_a_member_out_of_bounds_is_refused(laptop: Laptop, athena: Any, action: str, request_: Any, message: str):
    execution_id = start(athena, "SELECT 1")
    finish(athena, execution_id)
    body = json.dumps(request_).replace("{id}", execution_id)

    # Without validation, because boto3 itself refuses these.
    response = requests.post(
        laptop.aws.endpoint, body, headers={"X-Amz-Target": f"AmazonAthena.{action}"}, timeout=DEADLINE
    )

    assert response.status_code == 400
    assert response.json()["__type"] == "InvalidRequestException"
    assert message in response.json()["message"]
