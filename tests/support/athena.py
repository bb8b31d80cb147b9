"""Functions that run queries in the local Athena through its API."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

DATABASE, TABLE, WORKGROUP = "b3_refined_db", "ibov_refined", "b3-dataflow"
DEADLINE = 30.0
"""The timeout of a query and of `wait_until`, in seconds."""

THE_QUERY = """
SELECT data, preco_abertura, preco_fechamento,
       (preco_fechamento - preco_abertura) AS variacao_diaria,
       ROUND(((preco_fechamento - preco_abertura) / preco_abertura) * 100, 2) AS variacao_pct,
       volume_negociado
FROM "b3_refined_db"."ibov_refined"
WHERE year = 2025 AND month = 10 ORDER BY data DESC LIMIT 10;
"""


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds. `what` describes it in the error."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not after {DEADLINE} s: {what}"


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
    """Return the rows of a query that must succeed, without the header."""
    execution_id = start(athena, sql, **arguments)
    execution = finish(athena, execution_id)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
    rows = [row for page in pages for row in page["ResultSet"]["Rows"]]
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]


def failure(athena: Any, sql: str, **arguments: Any) -> str:
    """Return the reason why an execution fails."""
    execution = finish(athena, start(athena, sql, **arguments))
    assert execution["Status"]["State"] == "FAILED", execution["Status"]
    reason = execution["Status"]["StateChangeReason"]
    assert execution["Status"]["AthenaError"]["ErrorMessage"] == reason
    return str(reason)


def refusal(athena: Any, sql: str, **arguments: Any) -> str:
    """Return the message with which StartQueryExecution refuses a query."""
    with pytest.raises(ClientError) as raised:
        start(athena, sql, **arguments)
    assert raised.value.response["Error"]["Code"] == "InvalidRequestException"
    return raised.value.response["Error"]["Message"]
