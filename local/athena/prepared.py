"""Prepared statements: queries with a name in a workgroup, and the actions on them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from local.athena import metadata, sql
from local.athena.errors import InvalidRequest, ResourceNotFound
from local.athena.metadata import Action


class PreparedStatements:
    """Prepared statements in the form of GetPreparedStatement, by workgroup and name."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str], dict[str, Any]] = {}

    def clear(self) -> None:
        """Remove all prepared statements."""
        self._by_name.clear()

    def put(self, workgroup: str, name: str, query: str, description: str = "") -> None:
        """Store a query; another of this name is replaced."""
        self._by_name[workgroup, name] = {
            "StatementName": name,
            "WorkGroupName": workgroup,
            "QueryStatement": query,
            "Description": description,
            "LastModifiedTime": time.time(),
        }

    def get(self, workgroup: str, name: str) -> dict[str, Any] | None:
        """Return a prepared statement, None if it does not exist."""
        return self._by_name.get((workgroup, name))

    def delete(self, workgroup: str, name: str) -> bool:
        """Remove a prepared statement, and return whether it existed."""
        return self._by_name.pop((workgroup, name), None) is not None

    def of(self, workgroup: str) -> list[dict[str, Any]]:
        """Return the prepared statements of a workgroup, sorted by name."""
        return [each for (group, _), each in sorted(self._by_name.items()) if group == workgroup]


def actions(prepared: PreparedStatements) -> dict[str, Action]:
    """Return the actions by name. Each maps the request's members, typed as in AWS's model, to the response's."""

    def place(request: Mapping[str, Any]) -> tuple[str, str]:
        return metadata.workgroup(request["WorkGroup"])["Name"], request["StatementName"]

    def required(request: Mapping[str, Any]) -> dict[str, Any]:
        workgroup, name = place(request)
        statement = prepared.get(workgroup, name)
        if statement is None:
            raise ResourceNotFound(f"PreparedStatement {name} was not found in workGroup {workgroup}")
        return statement

    def put(request: Mapping[str, Any]) -> dict[str, Any]:
        sql.parse(request["QueryStatement"])
        prepared.put(*place(request), request["QueryStatement"], request.get("Description") or "")
        return {}

    def create(request: Mapping[str, Any]) -> dict[str, Any]:
        workgroup, name = place(request)
        if prepared.get(workgroup, name) is not None:
            raise InvalidRequest(f"PreparedStatement {name} already exists in workGroup {workgroup}")
        return put(request)

    def update(request: Mapping[str, Any]) -> dict[str, Any]:
        required(request)
        return put(request)

    def delete(request: Mapping[str, Any]) -> dict[str, Any]:
        prepared.delete(required(request)["WorkGroupName"], request["StatementName"])
        return {}

    def listing(request: Mapping[str, Any]) -> dict[str, Any]:
        statements = prepared.of(metadata.workgroup(request["WorkGroup"])["Name"])
        members = ("StatementName", "LastModifiedTime")
        summaries = [{name: each[name] for name in members} for each in statements]
        return metadata.paged(request, "PreparedStatements", summaries)

    return {
        "CreatePreparedStatement": create,
        "DeletePreparedStatement": delete,
        "GetPreparedStatement": lambda request: {"PreparedStatement": required(request)},
        "ListPreparedStatements": listing,
        "UpdatePreparedStatement": update,
    }
