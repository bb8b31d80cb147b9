"""Names of columns and fields, and the constructors and parts of rows and arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis import operators, predicates
from local.athena.analysis.scopes import Scope
from local.athena.syntax import Node, failure, identifier, kind, located, source
from local.athena.types import UNKNOWN
from local.athena.values import Value, value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions


def _column_reference(_: Expressions, node: Node, scope: Scope) -> Value:
    name = identifier(node.identifier())
    column = scope.find([name], node)
    if column is None:
        raise failure("COLUMN_NOT_FOUND", node, f"Column '{name}' cannot be resolved")
    return column


def _dereference(expressions: Expressions, node: Node, scope: Scope) -> Value:
    names = dotted(node)
    if names is not None:
        column = scope.find(names, node)
        if column is not None:
            return column
        base = dotted(node.base)
        if base is not None and len(base) == 1 and scope.find(base, node) is None:
            raise failure("COLUMN_NOT_FOUND", node, f"Column '{'.'.join(names)}' cannot be resolved")
    row = expressions.analyse(node.base, scope)
    if row.type.base != "row":
        raise failure("TYPE_MISMATCH", node, f"Expression {source(node.base)} is not of type ROW")
    name = identifier(node.fieldName)
    matching = [index for index, each in enumerate(row.type.names) if each and each.lower() == name.lower()]
    if len(matching) != 1:
        code = "AMBIGUOUS_NAME" if matching else "COLUMN_NOT_FOUND"
        raise failure(code, node, f"Column '{source(node)}' {'is ambiguous' if matching else 'cannot be resolved'}")
    return row_field(row, matching[0])


def _row_constructor(expressions: Expressions, node: Node, scope: Scope) -> Value:
    return row_of([expressions.analyse(each, scope) for each in node.expression()])


def _array_constructor(expressions: Expressions, node: Node, scope: Scope) -> Value:
    parts = [expressions.analyse(each, scope) for each in node.expression()]
    cast = located(node, lambda: operators.unify(parts, "All ARRAY elements"))
    type_ = types.array(cast[0].type if cast else UNKNOWN)
    return value(f"CAST([{', '.join(part.sql for part in cast)}] AS {types.duckdb(type_)})", type_, *cast)


def _subscript(expressions: Expressions, node: Node, scope: Scope) -> Value:
    base, index = expressions.analyse(node.value, scope), expressions.analyse(node.index, scope)
    if base.type.base == "row":
        position = index.literal
        if not isinstance(position, int) or not 1 <= position <= len(base.type.of):
            raise failure("INVALID_FUNCTION_ARGUMENT", node, "Subscript expression on ROW requires a valid index")
        return row_field(base, position - 1)
    return located(node, lambda: predicates.subscript(base, index))


def row_of(parts: Sequence[Value], names: Sequence[str | None] = ()) -> Value:
    """Return a row of values."""
    type_ = types.row(tuple(part.type for part in parts), tuple(names))
    fields = ", ".join(f"f{index} := {part.sql}" for index, part in enumerate(parts))
    return value(f"CAST(struct_pack({fields}) AS {types.duckdb(type_)})", type_, *parts)


def row_field(row: Value, index: int) -> Value:
    """Return a field of a row by its position from 0."""
    return value(f"struct_extract({row.sql}, 'f{index}')", row.type.elements[index], row)


def dotted(node: Node) -> list[str] | None:
    """Return the names of a.b.c, or None if the node is another expression."""
    if kind(node) == "columnReference":
        return [identifier(node.identifier())]
    if kind(node) == "dereference":
        base = dotted(node.base)
        return None if base is None else [*base, identifier(node.fieldName)]
    return None


HANDLERS: dict[str, Callable[[Expressions, Node, Scope], Value]] = {
    "columnReference": _column_reference,
    "dereference": _dereference,
    "rowConstructor": _row_constructor,
    "arrayConstructor": _array_constructor,
    "subscript": _subscript,
}
