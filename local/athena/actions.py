"""Actions of Athena's API that the local Athena implements, as JSON requests and responses."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from local import moto_state
from local.athena import metadata, prepared, text
from local.athena.errors import InvalidRequest
from local.athena.execution import FAILED, FINAL, SUCCEEDED, Execution
from local.athena.executions import Executions
from local.athena.locations import bucket_and_key
from local.athena.metadata import Action
from local.athena.session import Outcome

PAGE = 1000
"""Maximum number of rows on a page of results."""

MOTO = ("CreateNamedQuery", "CreateWorkGroup", "DeleteWorkGroup", "ListNamedQueries")
"""Actions that moto implements. The others, as those of Spark sessions, are refused."""

_ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


def actions(executions: Executions) -> dict[str, Action]:
    """Return the actions by name. Each maps the request's members, typed as in AWS's model, to the response's."""

    def start(request: Mapping[str, Any]) -> dict[str, Any]:
        return {"QueryExecutionId": executions.start(request)}

    def get(request: Mapping[str, Any]) -> dict[str, Any]:
        return {"QueryExecution": _describe(executions.get(request["QueryExecutionId"]))}

    def batch_get(request: Mapping[str, Any]) -> dict[str, Any]:
        if not 1 <= len(request["QueryExecutionIds"]) <= metadata.PAGE:
            raise InvalidRequest(f"QueryExecutionIds must have between 1 and {metadata.PAGE} members")
        described, missing = [], []
        for execution_id in request["QueryExecutionIds"]:
            try:
                described.append(_describe(executions.get(execution_id)))
            except InvalidRequest as error:
                missing.append({"QueryExecutionId": execution_id, "ErrorMessage": str(error)})
        return {"QueryExecutions": described, "UnprocessedQueryExecutionIds": missing}

    def listing(request: Mapping[str, Any]) -> dict[str, Any]:
        name = request.get("WorkGroup") or "primary"
        metadata.workgroup(name)
        return metadata.paged(request, "QueryExecutionIds", executions.ids(name))

    def results(request: Mapping[str, Any]) -> dict[str, Any]:
        return _results(executions.get(request["QueryExecutionId"]), *metadata.page(request, PAGE))

    def stop(request: Mapping[str, Any]) -> dict[str, Any]:
        executions.stop(request["QueryExecutionId"])
        return {}

    return {
        **metadata.actions(),
        **prepared.actions(executions.prepared),
        "BatchGetQueryExecution": batch_get,
        "GetQueryExecution": get,
        "GetQueryResults": results,
        "ListQueryExecutions": listing,
        "StartQueryExecution": start,
        "StopQueryExecution": stop,
    }


def _describe(execution: Execution) -> dict[str, Any]:
    request = execution.request
    end = execution.completed
    status: dict[str, Any] = {"State": execution.state, "SubmissionDateTime": execution.submitted}
    if end is not None:
        status["CompletionDateTime"] = end
    if execution.reason is not None:
        status["StateChangeReason"] = execution.reason
        if execution.state == FAILED:
            status["AthenaError"] = {
                "ErrorCategory": 2,
                "ErrorType": 1006,
                "Retryable": False,
                "ErrorMessage": execution.reason,
            }
    described: dict[str, Any] = {
        "QueryExecutionId": execution.id,
        "Query": request["QueryString"],
        "StatementType": execution.statement.type,
        "SubstatementType": execution.statement.name,
        "ResultConfiguration": _result_configuration(execution),
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": execution.reuse},
        "QueryExecutionContext": request.get("QueryExecutionContext") or {},
        "Status": status,
        "Statistics": _statistics(execution),
        "WorkGroup": execution.workgroup,
        "EngineVersion": _ENGINE,
    }
    if request.get("ExecutionParameters"):
        described["ExecutionParameters"] = request["ExecutionParameters"]
    return described


def _result_configuration(execution: Execution) -> dict[str, Any]:
    requested = {} if execution.enforced else execution.request.get("ResultConfiguration") or {}
    return {**requested, "OutputLocation": execution.output_location}


def _statistics(execution: Execution) -> dict[str, Any]:
    def millis(start: float | None, end: float | None) -> int:
        return 0 if start is None or end is None else math.ceil((end - start) * 1000)

    has_manifest = execution.outcome is not None and execution.outcome.manifest is not None
    return {
        **({"DataManifestLocation": execution.manifest_location} if has_manifest else {}),
        "DataScannedInBytes": 0 if execution.outcome is None else execution.outcome.scanned,
        "EngineExecutionTimeInMillis": millis(execution.started, execution.completed),
        "QueryQueueTimeInMillis": millis(execution.submitted, execution.started),
        "TotalExecutionTimeInMillis": millis(execution.submitted, execution.completed),
        "ResultReuseInformation": {"ReusedPreviousResult": execution.reused},
    }


def _results(execution: Execution, start: int, size: int) -> dict[str, Any]:
    if execution.state not in FINAL:
        raise InvalidRequest(f"Query has not yet finished. Current state: {execution.state}")
    if execution.state != SUCCEEDED:
        raise InvalidRequest(f"Query did not finish successfully. Final query state: {execution.state}")
    outcome = execution.outcome or Outcome()
    body = moto_state.read(*bucket_and_key(execution.output_location)) if outcome.manifest is None else b""
    if body is None:
        raise InvalidRequest("Could not find results")
    if execution.statement.result.endswith(".csv"):
        # Row 0 is the header; it counts as a row of the first page.
        table = text.from_csv(body)
        header = [table.column_names] if start == 0 else []
        data = table.slice(max(start - 1, 0), size - len(header))
        rows = header + [list(row) for row in zip(*(column.to_pylist() for column in data.columns), strict=True)]
        count = len(table) + 1
    else:
        # Each line is one value, also if the result has several columns.
        lines = body.decode().split("\n") if body else []
        rows, count = [[line] for line in lines[start : start + size]], len(lines)
    result: dict[str, Any] = {
        "UpdateCount": outcome.count,
        "ResultSet": {
            "Rows": [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows],
            "ResultSetMetadata": {
                "ColumnInfo": [_column(name, type_) for name, type_ in zip(outcome.names, outcome.types, strict=True)]
            },
        },
    }
    return result | ({"NextToken": str(start + size)} if start + size < count else {})


def _column(name: str, type_: str) -> dict[str, Any]:
    """Return the description of a column of a result, from its SQL type or `string`, the type of SHOW and DESCRIBE."""
    # Such as decimal(10,1), timestamp(3) with time zone, and row(a integer).
    parts = _TYPE.fullmatch(type_)
    base = f"{parts[1]}{parts[4]}" if parts else type_.partition("(")[0]
    base = "float" if base == "real" else base
    # A timestamp has three digits in Athena's results, whatever its type.
    own = parts and parts[2] and not base.startswith("timestamp")
    precision = int(parts[2]) if parts and own else _PRECISION.get(base, 0)
    scale = int(parts[3]) if parts and parts[3] else 0
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": base,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": base == "varchar",
    }


_TYPE = re.compile(r"([a-z ]+)(?:\((\d+)(?:, ?(\d+))?\))?((?: with time zone)?)")
_PRECISION = {
    "bigint": 19, "double": 17, "float": 17, "integer": 10, "smallint": 5, "tinyint": 3,
    "timestamp": 3, "timestamp with time zone": 3, "varbinary": 1073741824, "varchar": 2147483647,
}  # fmt: skip
"""Precision of a column by the name of its type. That of a type with parameters is the first of these."""
