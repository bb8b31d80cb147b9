"""What Trino refuses in a query that DuckDB would run."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from local.athena.errors import QueryFailure
from local.athena.functions import FUNCTIONS
from local.athena.sql import tokenize

_KINDS = {
    "number": {*exp.DataType.NUMERIC_TYPES},
    "varchar": {*exp.DataType.TEXT_TYPES},
    "date": {*exp.DataType.TEMPORAL_TYPES},
    "boolean": {exp.DataType.Type.BOOLEAN},
}


def check_functions(sql: str, query: exp.Query) -> None:
    """Refuse what is not among the functions that the local Athena knows.

    Raises:
        QueryFailure: names the first one, and where it stands.
    """
    tokens = tokenize(sql)
    named_columns = {alias.name.lower() for alias in query.find_all(exp.TableAlias) if alias.columns}
    for token, following in zip(tokens, tokens[1:], strict=False):
        called = token.token_type == TokenType.VAR and following.token_type == TokenType.L_PAREN
        if called and token.text.lower() not in FUNCTIONS | named_columns:
            raise QueryFailure(
                "FUNCTION_NOT_FOUND",
                f"line {token.line}:{token.col}: Function '{token.text.lower()}' not registered "
                "(the local Athena knows a part of Trino's: docs/local-aws.md)",
            )


def check_comparisons(query: exp.Query) -> None:
    """Refuse to compare a date with a text, and the like: Trino does, where DuckDB would quietly cast.

    Raises:
        QueryFailure: names the two types.
    """
    for node in query.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In):
        if isinstance(node, exp.Between):
            others = [node.args["low"], node.args["high"]]
        elif isinstance(node, exp.In):
            others = node.expressions
        else:
            others = [node.expression]
        left = _kind(node.this)
        for other in others:
            right = _kind(other)
            if left and right and left != right:
                raise QueryFailure("TYPE_MISMATCH", f"Cannot apply operator: {left} {node.key} {right}")


def _kind(node: exp.Expression) -> str | None:
    type_ = node.type.this if node.type else None
    return next((kind for kind, types in _KINDS.items() if type_ in types), None)
