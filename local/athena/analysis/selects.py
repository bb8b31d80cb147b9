"""SELECT: its columns, WHERE, GROUP BY, HAVING, DISTINCT and ORDER BY."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena import coercion
from local.athena.analysis import groups, relations
from local.athena.analysis.scopes import Field, Relation, Scope
from local.athena.analysis.structures import dotted, row_field
from local.athena.analysis.windows import direction, order_by
from local.athena.errors import QueryFailure
from local.athena.syntax import Node, failure, identifier, kind, source
from local.athena.values import Value

if TYPE_CHECKING:
    from local.athena.analysis.queries import Queries, Tail

Item = tuple[str | None, Value, Node]
"""Name, value and node of an output column."""


def select(queries: Queries, node: Node, parent: Scope, tail: Tail) -> Relation:
    """Return the analysed SELECT with the ORDER BY and the limits after it."""
    scope = Scope((), parent, queries.level(), named=parent.named)
    origin = relations.from_clause(queries, node.relation(), scope) if node.relation() else None
    if origin:
        scope.fields = origin.fields
    scope.windows = {identifier(each.name).lower(): each.windowSpecification() for each in node.windowDefinition()}
    where = _where(queries, node.where, scope, origin) if node.where else []
    grouping = groups.group_by(queries, node.groupBy(), node.selectItem(), scope) if node.groupBy() else None
    if grouping:
        scope.groups = frozenset(grouping.expressions)
    items = _items(queries, node.selectItem(), scope)
    having = queries.expressions.condition(node.having, scope, "HAVING") if node.having else None
    distinct = node.setQuantifier() is not None and node.setQuantifier().DISTINCT() is not None
    order = ordering(queries, tail.order, replace(scope, outputs=_outputs(items)), [item for _, item, _ in items])
    _check(node, scope, items, having, order, grouped=grouping is not None)
    if distinct:
        _check_distinct(node, items, order, tail)
    clauses = [f"SELECT {'DISTINCT ' if distinct else ''}{_columns([item for _, item, _ in items])}"]
    clauses += [f"FROM {origin.sql}"] if origin else []
    clauses += [f"WHERE {' AND '.join(condition.sql for condition in where)}"] if where else []
    clauses += [f"GROUP BY {grouping.sql}"] if grouping else []
    clauses += [f"HAVING {having.sql}"] if having else []
    fields = [Field(name, "", value.type) for name, value, _ in items]
    parts = [*(value for _, value, _ in items), *where, *([having] if having else []), *(key for key, _ in order)]
    outer = frozenset(column for part in parts for column in part.columns if column.level != scope.level)
    if grouping:
        outer |= frozenset(column for column in grouping.columns if column.level != scope.level)
    sql = " ".join(clauses) + tail_sql(order, tail)
    return Relation(sql, fields, outer | (origin.outer if origin else frozenset()))


def all_columns(node: Node, origin: Relation, scope: Scope) -> Relation:
    """Return TABLE name, which is SELECT * FROM name."""
    values = [scope.use(item, node) for item in origin.fields if not item.hidden]
    fields = [Field(item.name, "", item.type) for item in origin.fields if not item.hidden]
    return Relation(f"SELECT {_columns(values)} FROM {origin.sql}", fields)


def _columns(values: Sequence[Value]) -> str:
    return ", ".join(f"{value.sql} AS c{index}" for index, value in enumerate(values))


def _where(queries: Queries, node: Node, scope: Scope, origin: Relation | None) -> list[Value]:
    """Return the conditions joined by AND; those on partition keys only are noted with the table."""
    conditions = []
    for each in _conjuncts(node):
        condition = queries.expressions.condition(each, scope, "WHERE")
        if condition.aggregates or condition.windows:
            raise failure(
                "EXPRESSION_NOT_SCALAR",
                each,
                f"WHERE clause cannot contain aggregations, window functions or grouping operations: {source(each)}",
            )
        conditions.append(condition)
        _note_condition(queries, condition, scope, origin)
    return conditions


def _conjuncts(node: Node) -> list[Node]:
    result: list[Node] = []
    while kind(node) == "and":
        result.append(node.booleanExpression(1))
        node = node.booleanExpression(0)
    return [node, *reversed(result)]


def _note_condition(queries: Queries, condition: Value, scope: Scope, origin: Relation | None) -> None:
    """Add a condition to the table whose partition keys it uses.

    Not below an outer join, because a row that the condition excludes may still be in the result, as nulls.
    """
    tables = {(column.level, column.relation) for column in condition.columns}
    if origin is None or origin.joined or len(tables) != 1 or condition.subquery or condition.volatile:
        return
    ((level, relation),) = tables
    if level == scope.level and {column.column for column in condition.columns} <= queries.keys.get(relation, set()):
        next(read for read in queries.reads if read.alias == f"s{relation}").conditions.append(condition.sql)


def _items(queries: Queries, nodes: Sequence[Node], scope: Scope) -> list[Item]:
    items: list[Item] = []
    for node in nodes:
        if kind(node) == "selectAll":
            items += _all(queries, node, scope)
            continue
        value = queries.expressions.analyse(node.expression(), scope)
        name = identifier(node.identifier()) if node.identifier() else _name(node.expression())
        items.append((name, value, node))
    return items


def _name(node: Node) -> str | None:
    """Return the name of a column or field without an alias; other expressions have none."""
    while kind(node) in {"expression", "predicated", "valueExpressionDefault"} and node.getChildCount() == 1:
        node = node.getChild(0)
    if kind(node) == "columnReference":
        return identifier(node.identifier())
    return identifier(node.fieldName) if kind(node) == "dereference" else None


def _all(queries: Queries, node: Node, scope: Scope) -> list[Item]:
    """Return the columns of `*`, `a.*` or `(row).*`."""
    if node.primaryExpression() is None:
        if not scope.fields:
            raise failure("COLUMN_NOT_FOUND", node, "SELECT * not allowed in queries without FROM clause")
        fields = [item for item in scope.fields if not item.hidden]
        return [(item.name, scope.use(item, node), node) for item in fields]
    names = dotted(node.primaryExpression())
    fields = [item for item in scope.fields if names and item.qualifier and item.belongs_to(names)]
    aliases = [identifier(each) for each in node.columnAliases().identifier()] if node.columnAliases() else None
    if fields:
        columns = [(item.name, scope.use(item, node)) for item in fields if not item.hidden]
    elif names and len(names) == 1 and scope.find(names, node) is None:
        raise failure("TABLE_NOT_FOUND", node, f"Unable to resolve reference {'.'.join(names)}")
    else:
        row = queries.expressions.analyse(node.primaryExpression(), scope)
        if row.type.base != "row":
            raise failure("TYPE_MISMATCH", node, "expected expression of type Row")
        columns = [(name, row_field(row, index)) for index, name in enumerate(row.type.names)]
    if aliases is not None and len(aliases) != len(columns):
        message = f"Column alias list has {len(aliases)} entries but relation has {len(columns)} columns"
        raise failure("MISMATCHED_COLUMN_ALIASES", node, message)
    return [(aliases[index] if aliases else name, value, node) for index, (name, value) in enumerate(columns)]


def _outputs(items: Sequence[Item]) -> list[Field]:
    return [Field(name, "", value.type, value=value) for name, value, _ in items]


def ordering(queries: Queries, nodes: Sequence[Node], scope: Scope, items: Sequence[Value]) -> list[tuple[Value, str]]:
    """Return the keys of ORDER BY, and its items in DuckDB's SQL. A key that is selected is given by its position.

    Raises:
        QueryFailure: a key is wrong.
    """
    result = []
    positions = {item.sql: index + 1 for index, item in reversed(list(enumerate(items)))}
    for node in nodes:
        position = _position(node.expression())
        if position is not None and not 1 <= position <= len(items):
            raise failure("INVALID_COLUMN_REFERENCE", node, f"ORDER BY position {position} is not in select list")
        key = items[position - 1] if position is not None else queries.expressions.analyse(node.expression(), scope)
        shown = replace(key, sql=str(positions[key.sql])) if key.sql in positions else key
        result.append((key, direction(node, shown)))
    return result


def _position(node: Node) -> int | None:
    """Return the number that an item of ORDER BY or GROUP BY is, or None."""
    text = node.getText()
    return int(text) if text.isdecimal() else None


def tail_sql(order: Sequence[tuple[Value, str]], tail: Tail) -> str:
    """Return ORDER BY and the limits in DuckDB's SQL."""
    text = ""
    if tail.ties is not None:
        keys = ", ".join(direction(node, key) for node, (key, _) in zip(tail.order, order, strict=True))
        text += f" QUALIFY rank() OVER (ORDER BY {keys}) <= {tail.ties}"
    return text + order_by(order) + tail.limit


def _check(
    node: Node,
    scope: Scope,
    items: Sequence[Item],
    having: Value | None,
    order: Sequence[tuple[Value, str]],
    *,
    grouped: bool,
) -> None:
    """Check that a query with aggregates or groups uses other columns within aggregates only."""
    if having is not None and having.windows:
        raise failure("NESTED_WINDOW", node.having, "HAVING clause cannot contain window functions")
    values = [value for _, value, _ in items] + ([having] if having else []) + [key for key, _ in order]
    if not (grouped or having is not None or any(value.aggregates for value in values)):
        return
    for value in values:
        alone = [column for column in value.columns if column.level == scope.level]
        if alone:
            first = min(alone, key=lambda column: column.place)
            message = f"'{first.text}' must be an aggregate expression or appear in GROUP BY clause"
            raise QueryFailure("EXPRESSION_NOT_AGGREGATE", f"{first.place}: {message}")


def _check_distinct(node: Node, items: Sequence[Item], order: Sequence[tuple[Value, str]], tail: Tail) -> None:
    for _, value, item in items:
        if not coercion.is_comparable(value.type):
            raise failure(
                "TYPE_MISMATCH", item, f"DISTINCT can only be applied to comparable types (actual: {value.type})"
            )
    selected = {value.sql for _, value, _ in items}
    for (key, _), each in zip(order, tail.order, strict=True):
        if key.sql not in selected:
            raise failure(
                "EXPRESSION_NOT_IN_DISTINCT",
                each,
                "For SELECT DISTINCT, ORDER BY expressions must appear in select list",
            )
    if tail.ties is not None:
        raise failure("NOT_SUPPORTED", node, "the local Athena does not support WITH TIES after SELECT DISTINCT")
