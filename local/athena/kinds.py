"""Kinds: simplified SQL types of expressions.

A kind is integer (of any width), decimal, double, varchar, boolean, date, timestamp, interval, or null for the literal
NULL, which is compatible with all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.optimizer.annotate_types import annotate_types as sqlglot_annotate
from sqlglot.schema import MappingSchema

from local.athena.dialect import LocalTrino
from local.athena.errors import QueryFailure
from local.athena.functions import FUNCTIONS

_T = exp.DType
_TYPES = {
    "integer": _T.BIGINT,
    "decimal": _T.DECIMAL,
    "double": _T.DOUBLE,
    "varchar": _T.VARCHAR,
    "boolean": _T.BOOLEAN,
    "date": _T.DATE,
    "timestamp": _T.TIMESTAMP,
    "interval": _T.INTERVAL,
}
KINDS = {type_: kind for kind, type_ in _TYPES.items()} | {_T.INT: "integer", _T.TEXT: "varchar"}

NUMBERS = ("integer", "decimal", "double")
MOMENTS = ("date", "timestamp")
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


def kind(node: exp.Expr) -> str:
    """Return the kind of an expression.

    Raises:
        QueryFailure: the type of the expression is not supported.
    """
    result = kind_or_none(node)
    if result is None:
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not know the type of {node.sql(LocalTrino)}")
    return result


def outputs(query: exp.Query) -> list[str]:
    """Return the kind of each column of a query's result.

    Raises:
        QueryFailure: the type of a column is not supported.
    """
    if isinstance(query, exp.SetOperation):
        sides = zip(outputs(query.left), outputs(query.right), strict=False)
        return [_common(pair) or "null" for pair in sides]
    return [kind(projection) for projection in query.selects]


def annotate(query: exp.Query, schema: MappingSchema) -> exp.Query:
    """Set the type of each expression of a qualified query."""
    return sqlglot_annotate(query, schema=schema, expression_metadata=_METADATA, dialect=LocalTrino)


def kind_or_none(node: exp.Expr) -> str | None:
    """Return the kind of an expression, or None if its type is not supported."""
    if isinstance(node, exp.Null):
        return "null"
    return KINDS.get(node.type.this) if node.type else None


def _common(kinds: Iterable[str | None]) -> str | None:
    """Return the kind to which Trino coerces compatible kinds, or None if one of them is not known."""
    others = [kind for kind in kinds if kind != "null"]
    if None in others:
        return None
    widest = (*NUMBERS, *MOMENTS)
    return max(others, key=lambda kind: widest.index(kind) if kind in widest else 0) if others else "null"


def _annotator(of: Callable[[Any], str | None]) -> dict[str, Any]:
    def set_type(annotator: TypeAnnotator, node: exp.Expr) -> None:
        annotator._set_type(node, _TYPES.get(of(node) or "", _T.UNKNOWN))  # noqa: SLF001

    return {"annotator": set_type}


def _of_literal(literal: exp.Literal) -> str:
    if literal.is_string:
        return "varchar"
    return "double" if "e" in literal.name.lower() else "integer" if literal.name.isdecimal() else "decimal"


def _of_arithmetic(node: exp.Binary) -> str | None:
    kinds = [kind_or_none(node.left), kind_or_none(node.right)]
    moments = [kind for kind in kinds if kind in MOMENTS]
    return moments[0] if moments else _common(kinds)


def _of_call(call: exp.Anonymous) -> str | None:
    function = FUNCTIONS.get(call.name.lower())
    kinds = [kind_or_none(argument) for argument in call.expressions]
    if function is None:
        return None
    if function.returns == "common":
        return _common(kinds)
    if isinstance(function.returns, str):
        return function.returns
    return kinds[function.returns] if function.returns < len(kinds) else None


_METADATA: dict[type[exp.Expr], dict[str, Any]] = {
    **LocalTrino.EXPRESSION_METADATA,
    **dict.fromkeys(ARITHMETIC, _annotator(_of_arithmetic)),
    exp.Anonymous: _annotator(_of_call),
    exp.Case: _annotator(lambda node: _common(map(kind_or_none, branches(node)))),
    exp.If: _annotator(lambda node: _common(map(kind_or_none, branches(node)))),
    exp.Literal: _annotator(_of_literal),
    exp.Neg: _annotator(lambda node: kind_or_none(node.this)),
}


def branches(node: exp.Case | exp.If) -> list[exp.Expr]:
    """Return the possible results of CASE, of one of its branches, or of if()."""
    if isinstance(node, exp.If):
        values = [node.args["true"], node.args.get("false")]
    else:
        values = [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
    return [value for value in values if value is not None]
