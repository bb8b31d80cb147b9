"""Prepared statements: queries with a name in a workgroup, and the statements and actions that use them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from local.athena import metadata, sql, syntax
from local.athena.errors import InvalidRequest, QueryFailure, ResourceNotFound
from local.athena.metadata import Action
from local.athena.reader import Reader
from local.athena.session import Outcome, Session, Statement


class PreparedStatements:
    """Prepared statements in the form of GetPreparedStatement, by workgroup and name."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str], dict[str, Any]] = {}

    def clear(self) -> None:
        """Remove all."""
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


def prepare(reader: Reader) -> Statement:
    """Read PREPARE name FROM query."""
    node = syntax.parse(reader.text).statement()
    name, query = syntax.identifier(node.identifier()), syntax.source(node.statement())
    sql.parse(query)

    def run(session: Session) -> Outcome:
        session.prepared.put(session.workgroup, name, query)
        return Outcome()

    return Statement("DDL", "PREPARE", run)


def deallocate(reader: Reader) -> Statement:
    """Read DEALLOCATE PREPARE name."""
    name = syntax.identifier(syntax.parse(reader.text).statement().identifier())

    def run(session: Session) -> Outcome:
        if not session.prepared.delete(session.workgroup, name):
            raise _not_found(name)
        return Outcome()

    return Statement("DDL", "DEALLOCATE", run)


def execute(reader: Reader) -> Statement:
    """Read EXECUTE name [USING value, …]. Without USING, the values are the parameters of the execution."""
    node = syntax.parse(reader.text).statement()
    if syntax.kind(node) != "execute":
        raise InvalidRequest("the local Athena does not run EXECUTE IMMEDIATE")
    values = tuple(syntax.source(each) for each in node.expression())
    return Statement("DML", "EXECUTE", partial(_execute, syntax.identifier(node.identifier()), values), "{}.csv")


def _execute(name: str, values: tuple[str, ...], session: Session) -> Outcome:
    found = session.prepared.get(session.workgroup, name)
    if found is None:
        raise _not_found(name)
    result = session.engine.run(
        found["QueryStatement"],
        values or session.parameters,
        session.database,
        cutoff=session.cutoff,
        cancelled=session.cancelled,
    )
    return Outcome(result.names, result.types, result.body, result.scanned)


def _not_found(name: str) -> QueryFailure:
    return QueryFailure("NOT_FOUND", f"Prepared statement not found: {name}")


def actions(prepared: PreparedStatements) -> dict[str, Action]:
    """Return the actions by name. Each maps the request's members, typed as in AWS's model, to the response's."""

    def place(request: Mapping[str, Any]) -> tuple[str, str]:
        return metadata.workgroup(request["WorkGroup"])["Name"], request["StatementName"]

    def required(request: Mapping[str, Any]) -> dict[str, Any]:
        workgroup, name = place(request)
        found = prepared.get(workgroup, name)
        if found is None:
            raise ResourceNotFound(f"PreparedStatement {name} was not found in workGroup {workgroup}")
        return found

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
        found = prepared.of(metadata.workgroup(request["WorkGroup"])["Name"])
        members = ("StatementName", "LastModifiedTime")
        return metadata.paged(request, "PreparedStatements", [{name: each[name] for name in members} for each in found])

    return {
        "CreatePreparedStatement": create,
        "DeletePreparedStatement": delete,
        "GetPreparedStatement": lambda request: {"PreparedStatement": required(request)},
        "ListPreparedStatements": listing,
        "UpdatePreparedStatement": update,
    }
