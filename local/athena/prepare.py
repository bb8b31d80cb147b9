"""The statements PREPARE, EXECUTE and DEALLOCATE PREPARE."""

from __future__ import annotations

from functools import partial

from local.athena import sql, syntax
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.reader import Reader
from local.athena.session import Outcome, Session, Statement


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
    statement = session.prepared.get(session.workgroup, name)
    if statement is None:
        raise _not_found(name)
    return session.run(statement["QueryStatement"], values)


def _not_found(name: str) -> QueryFailure:
    return QueryFailure("NOT_FOUND", f"Prepared statement not found: {name}")
