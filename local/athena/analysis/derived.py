"""Relations that are not tables: subqueries, UNNEST and VALUES."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena.analysis import operators
from local.athena.analysis.scopes import Field, Relation, Scope
from local.athena.analysis.structures import row_field
from local.athena.syntax import Node, failure, kind
from local.athena.types import BIGINT, Type
from local.athena.values import Reference, Value

if TYPE_CHECKING:
    from local.athena.analysis.queries import Queries


def subquery(queries: Queries, relation: Relation, prefix: str = "") -> Relation:
    """Return a query as an item of FROM."""
    alias = queries.alias()
    columns = ", ".join(f"c{index}" for index in range(len(relation.fields)))
    fields = [
        Field(item.name, f"{alias}.c{index}", item.type, relation=number(alias), declared=item.declared)
        for index, item in enumerate(relation.fields)
    ]
    return Relation(f"{prefix}({relation.sql}) AS {alias}({columns})", fields, relation.outer)


def number(alias: str) -> int:
    """Return the number of a relation with an alias of `Queries.alias`."""
    return int(alias[1:])


def unnest(queries: Queries, node: Node, scope: Scope) -> Relation:
    """Return UNNEST(arrays and maps): rows as long as the longest, which is padded with nulls."""
    outer: set[Reference] = set()
    lists: list[str] = []
    columns: list[tuple[str | None, str, Type]] = []
    rows = queries.alias()
    for each in node.expression():
        nested = queries.expressions.analyse(each, scope)
        outer |= nested.columns
        if nested.type.base == "array":
            element = f"{rows}.e{len(lists)}"
            lists.append(nested.sql)
            columns += _elements(element, nested.type.elements[0])
        elif nested.type.base == "map":
            for function, type_ in zip(("map_keys", "map_values"), nested.type.elements, strict=True):
                columns.append((None, f"{rows}.e{len(lists)}", type_))
                lists.append(f"{function}({nested.sql})")
        else:
            raise failure("TYPE_MISMATCH", each, f"Cannot unnest type: {nested.type}")
    longest = f"greatest({', '.join(f'coalesce(len({text}), 0)' for text in lists)})"
    if node.ORDINALITY():
        columns.append((None, f"{rows}.e{len(lists)}", BIGINT))
        lists.append(f"generate_series(CAST(1 AS BIGINT), CAST({longest} AS BIGINT))")
    padded = _is_left_joined(node)
    if padded:
        # DuckDB's LEFT JOIN would return the elements in another order.
        lists = [f"CASE WHEN {longest} = 0 THEN [NULL] ELSE {text} END" for text in lists]
    selected = [f"unnest({text}) AS e{index}" for index, text in enumerate(lists)]
    parts = ", ".join(f"{sql} AS c{index}" for index, (_, sql, _) in enumerate(columns))
    text = f"SELECT {parts} FROM (SELECT {', '.join(selected)}) AS {rows}"
    fields = [Field(name, "", type_) for name, _, type_ in columns]
    relation = subquery(queries, Relation(text, fields), "LATERAL ")
    outer = {column for column in outer if column.level != scope.level}
    return replace(relation, outer=frozenset(outer), padded=padded)


def _is_left_joined(node: Node) -> bool:
    child, above = node, node.parentCtx
    while kind(above) in {"aliasedRelation", "patternRecognition", "sampledRelation", "relationDefault"}:
        child, above = above, above.parentCtx
    joins = kind(above) == "joinRelation" and above.rightRelation is child and above.joinType()
    return bool(joins and above.joinType().LEFT())


def _elements(sql: str, type_: Type) -> list[tuple[str | None, str, Type]]:
    if type_.base != "row":
        return [(None, sql, type_)]
    return [
        (name, f"struct_extract({sql}, 'f{index}')", of)
        for index, (name, of) in enumerate(zip(type_.names, type_.elements, strict=True))
    ]


def values(queries: Queries, node: Node, scope: Scope) -> Relation:
    """Return VALUES as a query."""
    rows: list[list[Value]] = []
    for each in node.expression():
        item = queries.expressions.analyse(each, scope)
        if item.type.base == "row":
            rows.append([row_field(item, index) for index in range(len(item.type.of))])
        else:
            rows.append([item])
        if len(rows[-1]) != len(rows[0]):
            raise failure("TYPE_MISMATCH", each, "Values rows have mismatched sizes")
    columns = [operators.unify(column, "All VALUES rows") for column in zip(*rows, strict=True)]
    texts = ", ".join(f"({', '.join(item.sql for item in row)})" for row in zip(*columns, strict=True))
    alias = queries.alias()
    names = ", ".join(f"c{index}" for index in range(len(columns)))
    outer = frozenset(column for row in rows for item in row for column in item.columns)
    fields = [Field(None, "", column[0].type) for column in columns]
    return Relation(f"SELECT * FROM (VALUES {texts}) AS {alias}({names})", fields, outer)
