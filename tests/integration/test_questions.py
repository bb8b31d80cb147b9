"""`chalicelib.api.athena` over the local Athena: one execution a question, retries and the deadline."""

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
    wiring.forget()
    return wiring.api_dependencies().athena


def executions(athena: Any) -> list[str]:
    ids: list[str] = athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"]
    return ids


def test_a_question_about_one_version_is_one_execution(client: Athena, athena: Any):
    assert [client.rows(ONE, "v1") for _ in range(3)] == [[{"one": 1}]] * 3
    assert len(executions(athena)) == 1
    client.rows(ONE, "v2")
    client.rows(Query("SELECT 2 AS one"), "v2")
    assert len(executions(athena)) == 3


def test_a_question_about_no_version_is_an_execution_each_time(client: Athena, athena: Any):
    client.rows(ONE)
    client.rows(ONE)

    assert len(executions(athena)) == 2


def test_a_result_that_is_gone_is_made_again(client: Athena, athena: Any, s3: Any):
    client.rows(ONE, "v1")
    for entry in s3.list_objects_v2(Bucket="b3-dataflow-athena")["Contents"]:
        s3.delete_object(Bucket="b3-dataflow-athena", Key=entry["Key"])

    assert client.rows(ONE, "v1") == [{"one": 1}]
    assert len(executions(athena)) == 2


def test_a_long_result_that_is_gone_between_two_calls_is_made_again(client: Athena, athena: Any, s3: Any):
    long = Query("SELECT 1 AS one FROM (VALUES " + ", ".join(["(1)"] * 1200) + ") AS t(x)", max_rows=1200)

    def lose(params: Any, **_: Any) -> None:
        client.s3.meta.events.unregister("provide-client-params.s3.GetObject", lose)
        s3.delete_object(**params)

    client.s3.meta.events.register("provide-client-params.s3.GetObject", lose)

    assert len(client.rows(long, "v1")) == 1200
    assert len(executions(athena)) == 2


def test_an_execution_that_is_gone_is_made_again(client: Athena, athena: Any):
    # As after a workgroup was deleted and made again: the token leads to an execution that went with the old one.
    def lose(params: Any, **_: Any) -> None:
        client.athena.meta.events.unregister("provide-client-params.athena.GetQueryExecution", lose)
        params["QueryExecutionId"] = "0f1e2d3c-0000-0000-0000-000000000000"

    client.athena.meta.events.register("provide-client-params.athena.GetQueryExecution", lose)

    assert client.rows(ONE, "v1") == [{"one": 1}]
    assert len(executions(athena)) == 2


def test_a_question_that_fails_is_asked_again_and_then_given_up(client: Athena, athena: Any):
    with pytest.raises(QueryFailed, match="FAILED: TABLE_NOT_FOUND"):
        client.rows(Query("SELECT * FROM missing"), "v1")

    assert len(executions(athena)) == ATTEMPTS


def test_a_failure_is_not_for_ever(client: Athena, athena: Any, glue: Any):
    from tests.support.bars import raw_object, session_bars
    from tests.support.lake import fill

    fill(raw_object(session_bars("2025-01-02", 3)))
    table = glue.get_table(DatabaseName="b3_refined_db", Name="ibov_refined")["Table"]
    count = Query("SELECT count(*) AS n FROM ibov_refined")
    glue.delete_table(DatabaseName="b3_refined_db", Name="ibov_refined")
    start = client.athena.meta.events

    def mend(**_: Any) -> None:
        if len(executions(athena)) == 1:
            wanted = {key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys")}
            glue.create_table(DatabaseName="b3_refined_db", TableInput=wanted)

    start.register("before-call.athena.StartQueryExecution", mend, "mend")
    try:
        assert client.rows(count, "v1") == [{"n": 0}]
    finally:
        start.unregister("before-call.athena.StartQueryExecution", unique_id="mend")


@pytest.fixture
def slow(laptop: Laptop) -> Iterator[Laptop]:
    laptop.aws.executions._latency = 60.0
    yield laptop
    laptop.aws.executions._latency = 0.0
    laptop.aws.executions.clear()


def test_a_query_past_the_deadline_is_given_up_and_found_again(client: Athena, slow: Laptop, athena: Any):
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
    done: Any = {
        "QueryExecution": {"Status": {"State": "SUCCEEDED"}, "ResultConfiguration": {"OutputLocation": "s3://b/k"}}
    }
    stub.add_response("get_query_execution", running)
    stub.add_response("get_query_execution", done)
    column = {"Name": "one", "Type": "integer"}
    rows = [{"Data": [{"VarCharValue": text}]} for text in ("one", "7")]
    result: Any = {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": [column]}}}
    stub.add_response("get_query_results", result, {"QueryExecutionId": "x", "MaxResults": ANY})

    with stub:
        patient = replace(client, clock=lambda: 0.0, sleep=pauses.append)
        assert patient.rows(ONE) == [{"one": 7}]

    assert pauses == [0.05, 0.1, 0.2, 0.025]


def test_polls_are_close_at_first_and_end_at_the_deadline(client: Athena, slow: Laptop):
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


def test_a_query_that_nobody_can_find_again_is_stopped(client: Athena, slow: Laptop, athena: Any):
    with pytest.raises(QueryTimeout):
        replace(client, clock=iter([0.0, 1.0, 26.0]).__next__).rows(ONE)

    (execution_id,) = executions(athena)
    execution = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
    assert execution["Status"]["State"] == "CANCELLED"


def test_what_failed_three_times_is_asked_anew(client: Athena, athena: Any):
    missing = Query("SELECT 1 AS one FROM missing")
    for _ in range(3):
        with pytest.raises(QueryFailed):
            client.rows(missing, "v1")

    # Two are found again by their token; one is new each time, and would find the cause mended.
    assert len(executions(athena)) == ATTEMPTS - 1 + 3


def busy(operation: str) -> Any:
    return {"service_error_code": "TooManyRequestsException", "service_message": "exceeded", "method": operation}


@pytest.mark.parametrize("operation", ["start_query_execution", "get_query_execution", "get_query_results"])
def test_athena_that_stays_busy_is_told_from_one_that_fails(client: Athena, operation: str):
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        assert seconds <= MAX_BACKOFF
        now += seconds

    stub = Stubber(client.athena)
    if operation != "start_query_execution":
        stub.add_response("start_query_execution", {"QueryExecutionId": "x"})
    if operation == "get_query_results":
        done: Any = {
            "QueryExecution": {"Status": {"State": "SUCCEEDED"}, "ResultConfiguration": {"OutputLocation": "s3://b/k"}}
        }
        stub.add_response("get_query_execution", done)
    for _ in range(100):
        stub.add_client_error(**busy(operation))

    with stub, pytest.raises(QueryRefused, match="exceeded"):
        replace(client, clock=lambda: now, sleep=sleep).rows(ONE, "v1")

    assert now == pytest.approx(DEADLINE)


def test_what_athena_forbids_is_a_fault(client: Athena):
    with Stubber(client.athena) as stub:
        stub.add_client_error("start_query_execution", "AccessDeniedException", "no", 400)
        with pytest.raises(ClientError, match="AccessDenied"):
            client.rows(ONE, "v1")
