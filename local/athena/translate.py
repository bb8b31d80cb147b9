"""From a resolved query of Trino to DuckDB's SQL, and to what it asks of the partitions."""

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
    """The expression or query in DuckDB's SQL, meaning what it means to Trino."""
    return query.sql(_DuckDB)


def _call(generator: DuckDBGenerator, call: exp.Anonymous) -> str:
    name = call.name.lower()
    function = FUNCTIONS[name]
    arguments = [generator.sql(argument) for argument in call.expressions]
    if "pattern" in function.parameters:
        pattern = re.sub("%.", lambda found: PATTERN[found[0]], call.expressions[1].name)
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
    """What a function has around it comes after its FILTER and its OVER."""
    if isinstance(node.parent, exp.Filter | exp.Window) and node.arg_key == "this":
        return text
    call = node.find(exp.Anonymous)
    return FUNCTIONS[call.name.lower()].outer.format(text) if call else text


def _arithmetic(generator: DuckDBGenerator, node: exp.Binary) -> str:
    kinds, sides = [kind(node.left), kind(node.right)], (generator.sql(node.left), generator.sql(node.right))
    operator = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}[type(node)]
    if operator == "/" and "double" not in kinds:
        # Whole numbers divide to whole numbers, cut off towards zero.
        operator = "//"
    text = f"({sides[0]} {operator} {sides[1]})"
    # DuckDB makes a timestamp of a date here.
    return f"CAST({text} AS DATE)" if "date" in kinds else text


def _cast(generator: DuckDBGenerator, node: exp.Cast) -> str:
    if kind(node) == "integer" and kind(node.this) == "double":
        # Trino rounds a half away from zero, DuckDB's cast to the even one.
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
        # Athena's day is that of UTC, wherever the laptop is.
        exp.CurrentDate: lambda _, __: f"DATE '{datetime.now(UTC).date()}'",
        exp.Filter: lambda self, node: _outer(node, self.filter_sql(node)),
        exp.Window: lambda self, node: _outer(node, self.window_sql(node)),
    }


class _DuckDB(DuckDB):
    Generator = _Generator


def partition_conditions(table: exp.Table, keys: Sequence[str]) -> list[exp.Expr]:
    """What WHERE asks of nothing but a table's partition keys, with the columns unqualified.

    None where the query joins outer: below an outer join, a row that the condition would drop may still have to
    appear as nulls.
    """
    select = table.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    if select is None or where is None or any(join.side for join in select.find_all(exp.Join)):
        return []
    found = []
    for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        columns = list(condition.find_all(exp.Column))
        ours = columns and all(column.table == table.alias_or_name and column.name in keys for column in columns)
        if ours and not condition.find(exp.Query):
            bare = condition.copy()
            for column in list(bare.find_all(exp.Column)):
                column.set("table", None)
            found.append(bare)
    return found
