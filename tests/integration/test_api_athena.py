"""`chalicelib.api.athena` with the local Athena: reuse of executions, retries and the deadline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from chalicelib import wiring
from chalicelib.api.athena import ATTEMPTS, DEADLINE, MAX_BACKOFF, Athena
from chalicelib.api.queries import Query
from chalicelib.errors import QueryFailed, QueryRefused, QueryTimeout
from local.laptop import Laptop

ONE = Query("SELECT 1 AS one")


@pytest.fixture
def client(laptop: Laptop) -> Athena:
    wiring.clear_caches()
    return wiring.api_dependencies().athena


def executions(athena: Any) -> list[str]:
    ids: list[str] = athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"]
    return ids


def test_a_query_of_one_version_runs_once(client: Athena, athena: Any):
    assert [client.rows(ONE, "v1") for _ in range(3)] == [[{"one": 1}]] * 3
    assert len(executions(athena)) == 1
    client.rows(ONE, "v2")
    client.rows(Query("SELECT 2 AS one"), "v2")
    assert len(executions(athena)) == 3


def test_a_query_without_a_version_runs_each_time(client: Athena, athena: Any):
    client.rows(ONE)
    client.rows(ONE)

    assert len(executions(athena)) == 2


def test_a_deleted_result_is_computed_again(client: Athena, athena: Any, s3: Any):
    client.rows(ONE, "v1")
    for entry in s3.list_objects_v2(Bucket="b3-dataflow-athena")["Contents"]:
        s3.delete_object(Bucket="b3-dataflow-athena", Key=entry["Key"])

    assert client.rows(ONE, "v1") == [{"one": 1}]
    assert len(executions(athena)) == 2


def test_a_long_result_deleted_between_two_calls_is_computed_again(client: Athena, athena: Any, s3: Any):
    long = Query("SELECT 1 AS one FROM (VALUES " + ", ".join(["(1)"] * 1200) + ") AS t(x)", max_rows=1200)

    def delete_result(params: Any, **_: Any) -> None:
        client.s3.meta.events.unregister("provide-client-params.s3.GetObject", delete_result)
        s3.delete_object(**params)

    client.s3.meta.events.register("provide-client-params.s3.GetObject", delete_result)

    assert len(client.rows(long, "v1")) == 1200
    assert len(executions(athena)) == 2


def test_a_missing_execution_is_replaced(client: Athena, athena: Any):
    # As after a workgroup is deleted and created again: the execution of the token was deleted with it.
    def set_missing_id(params: Any, **_: Any) -> None:
        client.athena.meta.events.unregister("provide-client-params.athena.GetQueryExecution", set_missing_id)
        params["QueryExecutionId"] = "0f1e2d3c-0000-0000-0000-000000000000"

    client.athena.meta.events.register("provide-client-params.athena.GetQueryExecution", set_missing_id)

    assert client.rows(ONE, "v1") == [{"one": 1}]
    assert len(executions(athena)) == 2


def test_a_failed_query_is_retried_until_the_last_attempt(client: Athena, athena: Any):
    with pytest.raises(QueryFailed, match="FAILED: TABLE_NOT_FOUND"):
        client.rows(Query("SELECT * FROM missing"), "v1")

    assert len(executions(athena)) == ATTEMPTS


def test_a_query_can_succeed_after_a_failure(client: Athena, athena: Any, glue: Any):
    from tests.support.bars import raw_object, session_bars
    from tests.support.lake import fill

    fill(raw_object(session_bars("2025-01-02", 3)))
    table = glue.get_table(DatabaseName="b3_refined_db", Name="ibov_refined")["Table"]
    count = Query("SELECT count(*) AS n FROM ibov_refined")
    glue.delete_table(DatabaseName="b3_refined_db", Name="ibov_refined")
    start = client.athena.meta.events

    def create_table(**_: Any) -> None:
        if len(executions(athena)) == 1:
            definition = {key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys")}
            glue.create_table(DatabaseName="b3_refined_db", TableInput=definition)

    start.register("before-call.athena.StartQueryExecution", create_table, "create_table")
    try:
        assert client.rows(count, "v1") == [{"n": 0}]
    finally:
        start.unregister("before-call.athena.StartQueryExecution", unique_id="create_table")


@pytest.fixture
def slow(laptop: Laptop) -> Iterator[Laptop]:
    laptop.aws.executions._latency = 60.0
    yield laptop
    laptop.aws.executions._latency = 0.0
    laptop.aws.executions.clear()


def test_a_query_past_the_deadline_times_out_and_is_reused(client: Athena, slow: Laptop, athena: Any):
    for _ in range(2):
        impatient = replace(client, clock=iter([0.0, 1.0, 26.0]).__next__, sleep=lambda seconds: None)
        with pytest.raises(QueryTimeout, match=r"still (QUEUED|RUNNING) at the deadline, after 25\.0 s"):
            impatient.rows(ONE, "v1")

    assert len(executions(athena)) == 1


def throttled(stub: Stubber, operation: str) -> None:
    stub.add_client_error(operation, "ThrottlingException", "Rate exceeded", 400)


def test_polling_backs_off_while_athena_is_busy(client: Athena):
    pauses: list[float] = []
    stub = Stubber(client.athena)
    stub.add_response("start_query_execution", {"QueryExecutionId": "x"})
    for _ in range(3):
        throttled(stub, "get_query_execution")
    running: Any = {"QueryExecution": {"Status": {"State": "RUNNING"}}}
    execution: Any = {
        "QueryExecution": {"Status": {"State": "SUCCEEDED"}, "ResultConfiguration": {"OutputLocation": "s3://b/k"}}
    }
    stub.add_response("get_query_execution", running)
    stub.add_response("get_query_execution", execution)
    column = {"Name": "one", "Type": "integer"}
    rows = [{"Data": [{"VarCharValue": text}]} for text in ("one", "7")]
    result: Any = {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": [column]}}}
    stub.add_response("get_query_results", result, {"QueryExecutionId": "x", "MaxResults": ANY})

    with stub:
        patient = replace(client, clock=lambda: 0.0, sleep=pauses.append)
        assert patient.rows(ONE) == [{"one": 7}]

    assert pauses == [0.05, 0.1, 0.2, 0.025]


def test_polling_starts_fast_and_ends_at_the_deadline(client: Athena, slow: Laptop):
    now = 0.0
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        pauses.append(round(seconds, 6))

    with pytest.raises(QueryTimeout):
        replace(client, clock=lambda: now, sleep=sleep).rows(ONE, "v1")

    assert pauses[:10] == [0.025] * 10
    assert set(pauses[11:60]) == {0.05}
    assert set(pauses[70:-2]) == {0.25}
    assert sum(pauses) == pytest.approx(DEADLINE)


def test_a_query_without_a_token_is_stopped_at_the_deadline(client: Athena, slow: Laptop, athena: Any):
    with pytest.raises(QueryTimeout):
        replace(client, clock=iter([0.0, 1.0, 26.0]).__next__).rows(ONE)

    (execution_id,) = executions(athena)
    execution = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
    assert execution["Status"]["State"] == "CANCELLED"


def test_a_query_that_failed_three_times_runs_again(client: Athena, athena: Any):
    missing = Query("SELECT 1 AS one FROM missing")
    for _ in range(3):
        with pytest.raises(QueryFailed):
            client.rows(missing, "v1")

    # The tokens of two attempts return the failed executions. The last attempt runs anew, so it succeeds once the
    # cause is removed.
    assert len(executions(athena)) == ATTEMPTS - 1 + 3


def busy(operation: str) -> Any:
    return {"service_error_code": "TooManyRequestsException", "service_message": "exceeded", "method": operation}


@pytest.mark.parametrize("operation", ["start_query_execution", "get_query_execution", "get_query_results"])
def test_an_athena_that_stays_busy_is_a_refusal(client: Athena, operation: str):
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        assert seconds <= MAX_BACKOFF
        now += seconds

    stub = Stubber(client.athena)
    if operation != "start_query_execution":
        stub.add_response("start_query_execution", {"QueryExecutionId": "x"})
    if operation == "get_query_results":
        execution: Any = {
            "QueryExecution": {"Status": {"State": "SUCCEEDED"}, "ResultConfiguration": {"OutputLocation": "s3://b/k"}}
        }
        stub.add_response("get_query_execution", execution)
    for _ in range(100):
        stub.add_client_error(**busy(operation))

    with stub, pytest.raises(QueryRefused, match="exceeded"):
        replace(client, clock=lambda: now, sleep=sleep).rows(ONE, "v1")

    assert now == pytest.approx(DEADLINE)


def test_access_denied_is_raised_unchanged(client: Athena):
    with Stubber(client.athena) as stub:
        stub.add_client_error("start_query_execution", "AccessDeniedException", "no", 400)
        with pytest.raises(ClientError, match="AccessDenied"):
            client.rows(ONE, "v1")
