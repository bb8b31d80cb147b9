"""From a resolved query of Trino to DuckDB's SQL, and to what it asks of the partitions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp


def to_duckdb(query: exp.Query) -> str:
    """The query in DuckDB's SQL, where sqlglot alone would change what it means."""
    return query.transform(_as_trino_means).sql("duckdb")


def _as_trino_means(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.DateDiff):
        # Trino counts whole units that have passed, DuckDB's date_diff the boundaries that were crossed.
        unit = exp.Literal.string(node.text("unit").lower())
        return exp.Anonymous(this="date_sub", expressions=[unit, node.expression, node.this])
    if isinstance(node, exp.DateTrunc | exp.DateAdd) and node.this.is_type(exp.DType.DATE):
        # DuckDB makes a timestamp of a date here.
        return exp.Cast(this=node, to=exp.DataType.build("date"))
    return node


def partition_conditions(table: exp.Table, keys: Sequence[str]) -> list[exp.Expr]:
    """What WHERE asks of nothing but a table's partition keys, with the columns unqualified.

    Only of a table that stands in FROM or is joined to it inside: below an outer join, a row that the condition
    would drop may still have to appear as nulls.
    """
    select = table.find_ancestor(exp.Select)
    where = select.args.get("where") if select else None
    joined = table.find_ancestor(exp.Join, exp.Select)
    outer = any(join.side for join in select.args.get("joins") or []) if select else True
    if where is None or outer or (isinstance(joined, exp.Join) and joined.side):
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
