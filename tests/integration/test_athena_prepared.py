"""Prepared statements of the local Athena, by SQL and by the actions of its API."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop import Laptop
from tests.support.athena import TABLE, WORKGROUP, failure, finish, query, start

NAME: dict[str, Any] = {"StatementName": "q", "WorkGroup": WORKGROUP}
QUERY = f"SELECT count(*) FROM {TABLE} WHERE year = ? AND ticker = ?"
RESULTS = {"OutputLocation": "s3://b3-dataflow-athena/free/"}
MISSING = "NOT_FOUND: Prepared statement not found:"


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])


def test_a_prepared_statement_is_executed(filled: Laptop, athena: Any):
    assert finish(athena, start(athena, f"PREPARE q FROM {QUERY}"))["Status"]["State"] == "SUCCEEDED"

    assert athena.get_prepared_statement(**NAME)["PreparedStatement"]["QueryStatement"] == QUERY
    assert query(athena, "EXECUTE q USING 2024, 'IBOV'") == [["38"]]
    assert query(athena, "EXECUTE \"q\" USING 2024, 'A, B'") == [["0"]]
    assert query(athena, "EXECUTE q", ExecutionParameters=["2025", "'IBOV'"]) == [["82"]]
    assert "expected 2 but found 1" in failure(athena, "EXECUTE q USING 2024")
    assert failure(athena, "EXECUTE q USING 1, 'a'", WorkGroup="primary", ResultConfiguration=RESULTS).startswith(
        MISSING
    )
    assert finish(athena, start(athena, "DEALLOCATE PREPARE q"))["Status"]["State"] == "SUCCEEDED"
    assert failure(athena, "EXECUTE q") == f"{MISSING} q"
    assert failure(athena, "DEALLOCATE PREPARE q") == f"{MISSING} q"


def test_the_actions_of_prepared_statements(filled: Laptop, athena: Any):
    athena.create_prepared_statement(**NAME, QueryStatement="SELECT 1 AS one", Description="first")

    assert code(athena.create_prepared_statement, **NAME, QueryStatement="SELECT 1") == "InvalidRequestException"
    assert code(athena.update_prepared_statement, **NAME, QueryStatement="SELEC 1") == "InvalidRequestException"
    assert query(athena, "EXECUTE q") == [["1"]]
    athena.update_prepared_statement(**NAME, QueryStatement="SELECT 2 AS two")
    assert query(athena, "EXECUTE q") == [["2"]]
    for number in range(60):
        athena.create_prepared_statement(**NAME | {"StatementName": f"r{number:02}"}, QueryStatement="SELECT 1")
    page = athena.list_prepared_statements(WorkGroup=WORKGROUP)
    assert [each["StatementName"] for each in page["PreparedStatements"]][:2] == ["q", "r00"]
    rest = athena.list_prepared_statements(WorkGroup=WORKGROUP, NextToken=page["NextToken"])
    assert len(page["PreparedStatements"] + rest["PreparedStatements"]) == 61
    athena.delete_prepared_statement(**NAME)
    for action in (athena.get_prepared_statement, athena.delete_prepared_statement):
        assert code(action, **NAME) == "ResourceNotFoundException"
    assert code(athena.update_prepared_statement, **NAME, QueryStatement="SELECT 1") == "ResourceNotFoundException"
    assert code(athena.list_prepared_statements, WorkGroup="absent") == "InvalidRequestException"
    filled.aws.reset()
    filled.create_stack()
    assert athena.list_prepared_statements(WorkGroup=WORKGROUP)["PreparedStatements"] == []
