"""Statements with Athena's answers, and statements that Athena refuses: the tables of `tests/statements`."""

from __future__ import annotations

import re

import pytest

from local.athena.engine import Engine
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.text import from_csv
from tests.support.statements import Statement, row, statements

ALL = statements()


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


def answer(engine: Engine, statement: Statement) -> Statement:
    """Return what the local Athena answers."""
    try:
        result = engine.run(statement.sql)
    except InvalidRequest:
        return Statement(statement.table, statement.sql, statement.columns, error="syntax")
    except QueryFailure as error:
        of_duckdb = re.search(r"(?i)duckdb|exception|candidate", error.message)
        code = f"{error.code}, with DuckDB's message" if of_duckdb else error.code
        return Statement(statement.table, statement.sql, statement.columns, error=code)
    columns = ", ".join(f"{name} {type_}" for name, type_ in zip(result.names, result.types, strict=True))
    table = from_csv(result.body)
    rows = [row(values) for values in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    return Statement(statement.table, statement.sql, columns if statement.columns is not None else None, rows)


@pytest.mark.parametrize("statement", ALL, ids=lambda statement: f"{statement.table}: {statement.sql.strip()[:80]}")
def test_the_answer_is_that_of_athena(engine: Engine, statement: Statement):
    assert answer(engine, statement) == statement


def test_the_tables_have_enough_statements():
    assert len(ALL) >= 300
    assert sum(bool(statement.error) for statement in ALL) >= 100
