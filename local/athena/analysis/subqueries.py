"""Subqueries in expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from local.athena import coercion, types
from local.athena.analysis import operators
from local.athena.analysis.scopes import Relation, Scope
from local.athena.errors import QueryFailure
from local.athena.syntax import Node, failure
from local.athena.types import BOOLEAN, Type
from local.athena.values import Value, coerce


class Queries(Protocol):
    """What expressions need of the analysis of queries."""

    def query(self, node: Node, parent: Scope | None) -> Relation:
        """Return the analysed query."""
        ...

    def alias(self) -> str:
        """Return a name of a relation, unique in the statement."""
        ...


def _value(sql: str, type_: Type, relation: Relation, *parts: Value) -> Value:
    """Return an expression with a subquery."""
    columns = relation.outer.union(*(part.columns for part in parts))
    flags = {name: any(getattr(part, name) for part in parts) for name in ("aggregates", "windows", "volatile")}
    return Value(sql, type_, columns, subquery=True, **flags)


def scalar(queries: Queries, node: Node, scope: Scope) -> Value:
    """Return the only value of a query with one column; it is null if the query returns no row."""
    relation = queries.query(node, scope)
    if len(relation.fields) != 1:
        count = len(relation.fields)
        raise failure(
            "NOT_SUPPORTED", node, f"Multiple columns returned by subquery are not yet supported. Found {count}"
        )
    return _value(f"({relation.sql})", relation.types[0], relation)


def exists(queries: Queries, node: Node, scope: Scope) -> Value:
    relation = queries.query(node, scope)
    return _value(f"EXISTS ({relation.sql})", BOOLEAN, relation)


def contains(queries: Queries, left: Value, node: Node, scope: Scope) -> Value:
    """Return `left IN (query)`."""
    relation = queries.query(node, scope)
    if left.type.base == "row" and len(relation.fields) == len(left.type.of):
        fields = [Value(f"struct_extract({left.sql}, 'f{index}')", of) for index, of in enumerate(left.type.elements)]
    elif left.type.base in types.NESTED:
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not look for values of type {left.type} in a query")
    elif len(relation.fields) == 1:
        fields = [left]
    else:
        raise failure("TYPE_MISMATCH", node, f"The subquery has {len(relation.fields)} columns, not one")
    operands, columns = _columns(queries, fields, relation)
    text = f"{operands[0]}" if len(operands) == 1 else f"({', '.join(operands)})"
    return _value(f"({text} IN ({columns}))", BOOLEAN, relation, left)


def _columns(queries: Queries, operands: Sequence[Value], relation: Relation) -> tuple[list[str], str]:
    """Return operands, and a query whose columns have the same types."""
    alias, cast, selected = queries.alias(), [], []
    for index, (operand, type_) in enumerate(zip(operands, relation.types, strict=True)):
        common = coercion.common(operand.type, type_)
        if common is None:
            raise QueryFailure(
                "TYPE_MISMATCH",
                f"value expression and result of subquery must be of the same type: {operand.type} vs {type_}",
            )
        cast.append(coerce(operand, common).sql)
        selected.append(coerce(Value(f"{alias}.c{index}", type_), common).sql)
    return cast, f"SELECT {', '.join(selected)} FROM ({relation.sql}) AS {alias}"


def quantified(queries: Queries, left: Value, comparison: tuple[str, str], node: Node, scope: Scope) -> Value:
    """Return `left operator ANY (query)` or ALL."""
    operator, quantifier = comparison
    relation = queries.query(node, scope)
    if len(relation.fields) != 1:
        raise failure("NOT_SUPPORTED", node, "Multiple columns returned by subquery are not yet supported")
    # Raises if the types cannot be compared.
    operators.compare(operator, left, Value("NULL", relation.types[0]))
    if left.type.base in types.NESTED:
        raise QueryFailure(
            "NOT_SUPPORTED", f"the local Athena does not compare values of type {left.type} with a query"
        )
    operands, column = _columns(queries, [left], relation)
    return _value(f"({operands[0]} {operator} {quantifier.replace('SOME', 'ANY')} ({column}))", BOOLEAN, relation, left)
