"""FROM clause: tables, joins and their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena import nested
from local.athena.analysis import derived, operators
from local.athena.analysis.catalog import Column
from local.athena.analysis.scopes import Field, Relation, Scope
from local.athena.errors import QueryFailure
from local.athena.syntax import Node, failure, identifier, kind, name_parts, unsupported

if TYPE_CHECKING:
    from local.athena.analysis.queries import Queries

CATALOG = "awsdatacatalog"


def from_clause(queries: Queries, nodes: Sequence[Node], scope: Scope) -> Relation:
    """Return the relations of a FROM clause; a comma is a cross join."""
    result = _relation(queries, nodes[0], scope)
    for node in nodes[1:]:
        result = _cross(queries, result, node, scope)
    return result


def _relation(queries: Queries, node: Node, scope: Scope) -> Relation:
    if kind(node) == "relationDefault":
        return _sampled(queries, node.sampledRelation(), scope)
    # A loop over the left relations, because a long chain would exceed the limit of Python's stack.
    joins: list[Node] = []
    while kind(node) == "joinRelation":
        joins.append(node)
        node = node.left
    result = _relation(queries, node, scope)
    for join in reversed(joins):
        result = _join(queries, result, join, scope)
    return result


def _sampled(queries: Queries, node: Node, scope: Scope) -> Relation:
    if node.TABLESAMPLE():
        raise unsupported(node, "TABLESAMPLE")
    if node.patternRecognition().MATCH_RECOGNIZE():
        raise unsupported(node, "MATCH_RECOGNIZE")
    aliased = node.patternRecognition().aliasedRelation()
    relation = _primary(queries, aliased.relationPrimary(), scope)
    if not aliased.identifier():
        return relation
    alias = identifier(aliased.identifier())
    fields = [replace(item, qualifier=(alias,)) for item in relation.fields]
    if aliased.columnAliases():
        fields = rename(aliased, alias, fields, aliased.columnAliases())
    return replace(relation, fields=fields)


def rename(node: Node, name: str, fields: Sequence[Field], aliases: Node) -> list[Field]:
    """Return columns with other names.

    Raises:
        QueryFailure: the number of names is not that of the columns.
    """
    names = [identifier(each) for each in aliases.identifier()]
    visible = [item for item in fields if not item.hidden]
    if len(names) != len(visible):
        raise failure(
            "MISMATCHED_COLUMN_ALIASES",
            node,
            f"Column alias list has {len(names)} entries but '{name}' has {len(visible)} columns available",
        )
    return [replace(item, name=name) for item, name in zip(visible, names, strict=True)]


def _primary(queries: Queries, node: Node, scope: Scope) -> Relation:
    match kind(node):
        case "tableName":
            if node.queryPeriod():
                raise unsupported(node, "FOR … AS OF")
            return table(queries, node.qualifiedName(), scope)
        case "subqueryRelation":
            # The query does not see the other relations of the clause.
            return derived.subquery(queries, queries.query(node.query(), _outside(scope)))
        case "lateral":
            return derived.subquery(queries, queries.query(node.query(), scope), "LATERAL ")
        case "unnest":
            return derived.unnest(queries, node, scope)
        case "parenthesizedRelation":
            inner = _relation(queries, node.relation(), scope)
            return replace(inner, sql=f"({inner.sql})") if kind(node.relation()) == "joinRelation" else inner
    raise unsupported(node)


def _outside(scope: Scope) -> Scope:
    parent = scope.parent or Scope()
    return replace(parent, named=scope.named)


def table(queries: Queries, node: Node, scope: Scope) -> Relation:
    """Return a table, a view, or a query of WITH.

    Raises:
        QueryFailure: there is no such table.
    """
    parts = name_parts(node)
    if len(parts) == 1 and parts[0].lower() in scope.named:
        return _named(queries, parts[0], scope)
    if len(parts) > 3:
        raise failure("SYNTAX_ERROR", node, f"Too many dots in table name: {'.'.join(parts)}")
    catalog, database, name = [CATALOG, queries.database or "", *parts][-3:] if len(parts) < 3 else parts
    if len(parts) == 2:
        catalog, (database, name) = CATALOG, parts
    if catalog.lower() != CATALOG:
        raise failure("CATALOG_NOT_FOUND", node, f"Catalog '{catalog}' not found")
    if not database:
        raise failure("MISSING_SCHEMA_NAME", node, "Schema must be specified when session schema is not set")
    database, name = database.lower(), name.lower()
    try:
        source = queries.catalog.source(database, name)
    except QueryFailure as error:
        if error.code != "TABLE_NOT_FOUND":
            raise
        raise failure(error.code, node, error.message) from None
    if source.view is not None:
        relation = derived.subquery(queries, queries.view((database, name), source, node))
        names = (
            [column.name for column in source.columns] if source.columns else [item.name for item in relation.fields]
        )
        pairs = zip(relation.fields, names, strict=True)
        return replace(
            relation, fields=[replace(item, name=each, qualifier=(CATALOG, database, name)) for item, each in pairs]
        )
    read = queries.read(database, name)
    fields = [
        Field(
            column.name, _table_column(read.alias, column), column.type,
            (CATALOG, database, name), derived.number(read.alias), column.name, declared=column.declared,
            hidden=column.hidden, used=read.used,
        )
        for column in source.columns
    ]  # fmt: skip
    queries.keys[derived.number(read.alias)] = {column.name for column in source.columns if column.key}
    return Relation(f"{read.table} AS {read.alias}", fields)


def _table_column(alias: str, column: Column) -> str:
    quoted = column.name.replace('"', '""')
    sql = f'{alias}."{quoted}"'
    return nested.positional(sql, column.type) if column.type else sql


def _named(queries: Queries, name: str, scope: Scope) -> Relation:
    relation = scope.named[name.lower()]
    alias = queries.alias()
    columns = ", ".join(f"c{index}" for index in range(len(relation.fields)))
    fields = [
        replace(item, sql=f"{alias}.c{index}", qualifier=(name,), relation=derived.number(alias), column="", used=None)
        for index, item in enumerate(relation.fields)
    ]
    return Relation(f"{relation.sql} AS {alias}({columns})", fields)


def _join(queries: Queries, left: Relation, node: Node, scope: Scope) -> Relation:
    if node.NATURAL():
        raise unsupported(node, "NATURAL JOIN")
    if node.CROSS():
        return _cross(queries, left, node.right, scope)
    way = node.joinType().getText().upper().removesuffix("OUTER") or "INNER"
    right = _relation(queries, node.rightRelation, replace(scope, fields=left.fields))
    criteria, fields = node.joinCriteria(), [*left.fields, *right.fields]
    if criteria.USING():
        condition, fields = _using(criteria, left, right, way)
    else:
        inner = replace(scope, fields=fields)
        joined = queries.expressions.condition(criteria.booleanExpression(), inner, "JOIN ON")
        if joined.aggregates or joined.windows:
            raise failure(
                "EXPRESSION_NOT_SCALAR", criteria, "JOIN clause cannot contain aggregations or window functions"
            )
        condition = joined.sql
    if "LATERAL" in right.sql[:8] and (way not in {"INNER", "LEFT"} or condition != "true"):
        raise failure(
            "NOT_SUPPORTED", node, "JOIN involving UNNEST or LATERAL is only supported with condition ON TRUE"
        )
    return Relation(
        f"{left.sql} {'INNER' if right.padded else way} JOIN {right.sql} ON {condition}",
        fields,
        left.outer | right.outer,
        left.joined or right.joined or way != "INNER",
    )


def _cross(queries: Queries, left: Relation, node: Node, scope: Scope) -> Relation:
    inner = replace(scope, fields=left.fields)
    right = _sampled(queries, node, inner) if kind(node) == "sampledRelation" else _relation(queries, node, inner)
    fields = [*left.fields, *right.fields]
    return Relation(f"{left.sql} CROSS JOIN {right.sql}", fields, left.outer | right.outer, left.joined or right.joined)


def _using(node: Node, left: Relation, right: Relation, way: str) -> tuple[str, list[Field]]:
    """Return the condition of JOIN … USING, and the columns: those of USING have no qualifier and are first."""
    conditions, common, used = [], [], set()
    for each in node.identifier():
        name = identifier(each)
        pair = [Scope(relation.fields).find([name], each) for relation in (left, right)]
        if pair[0] is None or pair[1] is None:
            side = "left" if pair[0] is None else "right"
            raise failure("COLUMN_NOT_FOUND", each, f"Column '{name}' is missing from {side} side of join")
        cast = operators.unify([pair[0], pair[1]], f"Column '{name}' of JOIN USING")
        conditions.append(operators.compare("=", *cast).sql)
        sql = cast[0].sql if way in {"INNER", "LEFT"} else f"coalesce({cast[0].sql}, {cast[1].sql})"
        common.append(Field(name, sql, cast[0].type))
        used.add(name.lower())
    others = [item for item in (*left.fields, *right.fields) if item.name is None or item.name.lower() not in used]
    return " AND ".join(conditions), [*common, *others]
