"""Translates a resolved query of Trino to DuckDB's SQL, and extracts its conditions on partition keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from local.athena.functions import FUNCTIONS, PATTERN, Function
from local.athena.kinds import kind


def to_duckdb(query: exp.Expr) -> str:
    """Return an expression or query in DuckDB's SQL with the semantics of Trino."""
    return query.sql(_DuckDB)


def _call(generator: DuckDBGenerator, call: exp.Anonymous) -> str:
    name = call.name.lower()
    function = FUNCTIONS[name]
    arguments = [generator.sql(argument) for argument in call.expressions]
    if "pattern" in function.parameters:
        pattern = re.sub("%.", lambda match: PATTERN[match[0]], call.expressions[1].name)
        arguments[1] = generator.sql(exp.Literal.string(pattern))
    if function.missing and len(arguments) < len(function.parameters):
        arguments.append(function.missing.format(*arguments))
    text = (_template(function, call) or f"{name}({{all}})").format(
        *arguments,
        all=", ".join(arguments),
        joined=" || ".join(f"({argument})" for argument in arguments),
        any_null=" OR ".join(f"({argument}) IS NULL" for argument in arguments),
    )
    return _outer(call, text)


def _template(function: Function, call: exp.Anonymous) -> str:
    if isinstance(function.duckdb, str) or isinstance(function.returns, str):
        return str(function.duckdb)
    return function.duckdb.get(kind(call.expressions[function.returns]), function.duckdb["other"])


def _outer(node: exp.Expr, text: str) -> str:
    """Wrap a call in its function's `outer` expression, outside its FILTER and OVER."""
    if isinstance(node.parent, exp.Filter | exp.Window) and node.arg_key == "this":
        return text
    call = node.find(exp.Anonymous)
    return FUNCTIONS[call.name.lower()].outer.format(text) if call else text


def _arithmetic(generator: DuckDBGenerator, node: exp.Binary) -> str:
    kinds, sides = [kind(node.left), kind(node.right)], (generator.sql(node.left), generator.sql(node.right))
    operator = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}[type(node)]
    if operator == "/" and "double" not in kinds:
        # In Trino the quotient of integers is an integer, truncated towards zero.
        operator = "//"
    text = f"({sides[0]} {operator} {sides[1]})"
    # In DuckDB, date arithmetic returns a timestamp.
    return f"CAST({text} AS DATE)" if "date" in kinds else text


def _cast(generator: DuckDBGenerator, node: exp.Cast) -> str:
    if kind(node) == "integer" and kind(node.this) == "double":
        # Trino's cast rounds half away from zero, DuckDB's rounds half to even.
        node = node.copy()
        node.set("this", exp.func("round", node.this))
    name = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
    return f"{name}({generator.sql(node, 'this')} AS {generator.sql(node, 'to')})"


class _Generator(DuckDBGenerator):
    TRANSFORMS = {  # noqa: RUF012
        **DuckDBGenerator.TRANSFORMS,
        **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _arithmetic),
        **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
        exp.Anonymous: _call,
        # In Athena the current date is that of UTC.
        exp.CurrentDate: lambda _, __: f"DATE '{datetime.now(UTC).date()}'",
        exp.Filter: lambda self, node: _outer(node, self.filter_sql(node)),
        exp.Window: lambda self, node: _outer(node, self.window_sql(node)),
    }


class _DuckDB(DuckDB):
    Generator = _Generator


def equalities(table: exp.Table) -> tuple[tuple[str, str], ...]:
    """Return the columns of a table that WHERE requires to equal a text, each with the text.

    There are none in a query with an outer join: see `partition_conditions`.
    """
    return tuple(
        (condition.this.name, condition.expression.name)
        for condition in _conjuncts(table)
        if isinstance(condition, exp.EQ)
        and isinstance(condition.this, exp.Column)
        and condition.this.table == table.alias_or_name
        and condition.expression.is_string
    )


def partition_conditions(table: exp.Table, keys: Sequence[str]) -> list[exp.Expr]:
    """Return the conditions of WHERE that use only a table's partition keys, with unqualified columns.

    The list is empty for a query with an outer join, because a row that the condition excludes may still appear in the
    result as nulls.
    """
    conditions = []
    for condition in _conjuncts(table):
        columns = list(condition.find_all(exp.Column))
        keys_only = columns and all(column.table == table.alias_or_name and column.name in keys for column in columns)
        if keys_only and not condition.find(exp.Query):
            unqualified = condition.copy()
            for column in list(unqualified.find_all(exp.Column)):
                column.set("table", None)
            conditions.append(unqualified)
    return conditions


def _conjuncts(table: exp.Table) -> list[exp.Expr]:
    """The conditions that WHERE joins by AND in the SELECT of a table; none if that has an outer join."""
    select = table.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if select is None or where is None or any(join.side for join in select.find_all(exp.Join)):
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
