"""Statements of SQL: queries, which DuckDB runs, and those that change or describe the catalog."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from local.athena import alter, ddl, insert, prepare, show, sql, views, write
from local.athena.errors import InvalidRequest
from local.athena.reader import Reader
from local.athena.session import Outcome, Session, Statement

_READERS: dict[tuple[str, ...], Callable[[Reader], Statement]] = {
    ("CREATE", "DATABASE"): ddl.create_database,
    ("CREATE", "SCHEMA"): ddl.create_database,
    ("CREATE", "EXTERNAL", "TABLE"): ddl.create_table,
    ("CREATE", "TABLE"): write.create_table_as,
    ("CREATE", "OR", "REPLACE", "VIEW"): partial(views.create_view, replace=True),
    ("CREATE", "VIEW"): partial(views.create_view, replace=False),
    ("DROP", "DATABASE"): ddl.drop_database,
    ("DROP", "SCHEMA"): ddl.drop_database,
    ("DROP", "TABLE"): ddl.drop_table,
    ("DROP", "VIEW"): views.drop_view,
    ("ALTER", "TABLE"): alter.alter_table,
    ("MSCK", "REPAIR", "TABLE"): alter.repair_table,
    ("INSERT", "INTO"): insert.insert,
    ("UNLOAD",): write.unload,
    ("PREPARE",): prepare.prepare,
    ("EXECUTE",): prepare.execute,
    ("DEALLOCATE",): prepare.deallocate,
    ("SHOW",): show.show,
    ("DESCRIBE",): show.describe,
    ("DESC",): show.describe,
}

_REFUSED = (
    "ALTER", "CALL", "CREATE", "DELETE", "DROP", "EXPLAIN", "GRANT", "INSERT", "MERGE", "MSCK",
    "OPTIMIZE", "REVOKE", "TRUNCATE", "UPDATE", "USE", "VACUUM",
)  # fmt: skip
"""First words of statements that Athena has and the local Athena does not."""


def parse(text: str) -> Statement:
    """Return the statement of a text.

    Raises:
        InvalidRequest: the text is not one statement, or one that the local Athena does not have.
    """
    reader = Reader(text)
    for words, read in _READERS.items():
        if reader.take(*words):
            return read(reader)
    word = reader.token.text.upper()
    if word in _REFUSED:
        first_two = " ".join(text[reader.token.start :].split()[:2])
        raise InvalidRequest(
            f"the local Athena does not run {first_two} (docs/local-aws.md lists the statements that it runs)"
        )
    sql.parse(text)
    return Statement("DML", "SELECT", partial(_query, text), "{}.csv")


def _query(text: str, session: Session) -> Outcome:
    return session.run(text)
