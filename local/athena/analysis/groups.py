"""GROUP BY: expressions, positions, ROLLUP, CUBE and GROUPING SETS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.athena import coercion
from local.athena.analysis.scopes import Scope
from local.athena.syntax import Node, failure, kind, source, unsupported
from local.athena.values import Reference, Value

if TYPE_CHECKING:
    from local.athena.analysis.queries import Queries


@dataclass(slots=True)
class Grouping:
    """GROUP BY clause: its SQL, its expressions in DuckDB's SQL, and the columns that they use."""

    sql: str = ""
    expressions: set[str] = field(default_factory=set)
    columns: set[Reference] = field(default_factory=set)

    def add(self, value: Value) -> str:
        self.expressions.add(value.sql)
        self.columns |= value.columns
        return value.sql


def group_by(queries: Queries, node: Node, items: Sequence[Node], scope: Scope) -> Grouping:
    """Return an analysed GROUP BY clause.

    Args:
        items: items of SELECT, to which positions refer.
    """
    if node.setQuantifier() and node.setQuantifier().DISTINCT():
        raise unsupported(node, "GROUP BY DISTINCT")
    result = Grouping()
    result.sql = ", ".join(_element(queries, each, items, scope, result) for each in node.groupingElement())
    return result


def _element(queries: Queries, node: Node, items: Sequence[Node], scope: Scope, result: Grouping) -> str:
    single = kind(node) == "singleGroupingSet"
    sets = []
    for each in [node.groupingSet()] if single else node.groupingSet():
        keys = [_key(queries, key, items, scope) for key in each.expression()]
        if not single:
            for key, value in zip(each.expression(), keys, strict=True):
                if len(value.columns) != 1 or "(" in value.sql:
                    raise failure(
                        "INVALID_COLUMN_REFERENCE",
                        key,
                        f"GROUP BY expression must be a column reference: {source(key)}",
                    )
        texts = [result.add(value) for value in keys]
        sets.append(texts[0] if len(texts) == 1 else f"({', '.join(texts)})")
    if single:
        return sets[0]
    name = {"rollup": "ROLLUP", "cube": "CUBE"}.get(kind(node), "GROUPING SETS")
    return f"{name} ({', '.join(sets)})"


def _key(queries: Queries, node: Node, items: Sequence[Node], scope: Scope) -> Value:
    text = node.getText()
    if text.isdecimal():
        flat = _expressions(node, items, int(text))
        value = queries.expressions.analyse(flat, scope)
    else:
        value = queries.expressions.analyse(node, scope)
    if value.aggregates or value.windows:
        raise failure(
            "EXPRESSION_NOT_SCALAR",
            node,
            f"GROUP BY clause cannot contain aggregations, window functions or grouping operations: {source(node)}",
        )
    if not coercion.is_comparable(value.type):
        raise failure(
            "TYPE_MISMATCH", node, f"{value.type} is not comparable, and therefore cannot be used in GROUP BY"
        )
    return value


def _expressions(node: Node, items: Sequence[Node], position: int) -> Node:
    """Return the expression of SELECT at a position."""
    if any(kind(item) == "selectAll" for item in items[:position]):
        raise unsupported(node, "a position in GROUP BY after *")
    if not 1 <= position <= len(items):
        raise failure("INVALID_COLUMN_REFERENCE", node, f"GROUP BY position {position} is not in select list")
    expression: Node = items[position - 1].expression()
    return expression
