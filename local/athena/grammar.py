"""Checks that a query is within the part of Trino's grammar that the local Athena supports."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from local.athena.dialect import LocalTrino
from local.athena.errors import InvalidRequest, QueryFailure

# Arguments that a node of the syntax tree may have, and the types of node. This is an allow list: a query with any
# other node or argument is refused, so that DuckDB runs no construct whose meaning may differ from Trino's.
_QUERY = "with_ order limit offset"
_KNOWN: tuple[tuple[str, tuple[type[exp.Expr], ...]], ...] = (
    (f"expressions distinct from_ joins where group having {_QUERY}", (exp.Select,)),
    (f"this expression distinct {_QUERY}", (exp.Union, exp.Except, exp.Intersect)),
    (f"this alias joins {_QUERY}", (exp.Subquery,)),
    ("this alias", (exp.Alias, exp.CTE)),
    ("this columns", (exp.TableAlias,)),
    ("this db catalog alias joins", (exp.Table,)),
    ("expressions alias", (exp.Values,)),
    ("this side kind on using", (exp.Join,)),
    ("expressions", (exp.With, exp.Group, exp.Order, exp.Distinct, exp.Tuple)),
    ("this desc nulls_first", (exp.Ordered,)),
    ("expression", (exp.Limit, exp.Offset)),
    ("this", (exp.From, exp.Where, exp.Having, exp.Boolean, exp.Var, exp.DataType)),
    ("this", (exp.Paren, exp.Not, exp.Neg, exp.Exists)),
    ("", (exp.Star, exp.Null, exp.CurrentDate)),
    ("this table", (exp.Column,)),
    ("this quoted", (exp.Identifier,)),
    ("this is_string", (exp.Literal,)),
    ("this expression", (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)),
    ("this expression", (exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.Like, exp.Escape)),
    ("this expression typed safe", (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe)),
    ("this low high", (exp.Between,)),
    ("this expressions query", (exp.In,)),
    ("this ifs default", (exp.Case,)),
    ("this true false", (exp.If,)),
    ("this to safe", (exp.Cast, exp.TryCast)),
    ("this unit", (exp.Interval,)),
    ("this expressions", (exp.Anonymous,)),
    ("this expression", (exp.Filter,)),
    ("this partition_by order spec over", (exp.Window,)),
    ("kind start start_side end end_side", (exp.WindowSpec,)),
)
_NODES = {node: set(members.split()) for members, nodes in _KNOWN for node in nodes}

# Further conditions on nodes, where only some values of the arguments are supported.
_CONDITIONS: dict[type[exp.Expr], Callable[[Any], bool]] = {
    exp.Distinct: lambda node: len(node.expressions) < 2,
    exp.Interval: lambda node: isinstance(node.parent, exp.Add | exp.Sub),
    exp.Is: lambda node: isinstance(node.expression, exp.Null),
    exp.Join: lambda node: node.kind in {"", "INNER", "CROSS", "OUTER"},
    exp.Limit: lambda node: node.expression.is_int,
    exp.Offset: lambda node: node.expression.is_int,
    exp.Tuple: lambda node: isinstance(node.parent, exp.Values),
}

_OPERATORS = {*"()?,.;=<>+-*/%", "<>", "!=", "<=", ">=", "||"}
_QUOTED = {TokenType.STRING, TokenType.IDENTIFIER}
_TYPES = {"int", "integer", "bigint", "double", "varchar", "date", "timestamp", "boolean"}
_UNITS = {"year", "month", "day", "hour", "minute", "second"}


def check_tokens(tokens: Sequence[Token]) -> None:
    """Check for tokens that sqlglot accepts and Trino does not, and that the syntax tree does not show.

    Raises:
        InvalidRequest: the message names the first such token with its line and column.
    """
    before = Token(TokenType.SEMICOLON, ";")
    for index, token in enumerate(tokens):
        rest = [later.text.lower() for later in tokens[index + 1 : index + 4]] + [""] * 3
        if not _is_trinos(token, before, tokens[index + 1 : index + 2], rest):
            column = token.col - (token.end - token.start)
            raise InvalidRequest(f"line {token.line}:{column}: mismatched input '{token.text}'")
        before = token


def _is_trinos(token: Token, before: Token, following: Sequence[Token], rest: Sequence[str]) -> bool:
    text, kind = token.text.lower(), token.token_type
    if kind in _QUOTED:
        # Trino does not accept a string as an alias (AS 'x').
        trinos = kind == TokenType.IDENTIFIER or before.token_type != TokenType.ALIAS
    elif kind == TokenType.NUMBER:
        # sqlglot parses 1_000 as 1 with the alias _000.
        alone = not following or following[0].start > token.end + 1 or not following[0].text[:1].isidentifier()
        trinos = alone and bool(re.fullmatch(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text))
    elif text == "interval" and following and following[0].token_type in {TokenType.STRING, TokenType.NUMBER}:
        trinos = following[0].token_type == TokenType.STRING and rest[0].isdecimal() and rest[1] in _UNITS
    elif text == ",":
        trinos = bool(following) and following[0].token_type not in {TokenType.R_PAREN, TokenType.FROM}
    elif text == "limit":
        # Trino requires OFFSET before LIMIT.
        trinos = rest[1] != "offset"
    elif before.token_type == TokenType.ALIAS and rest[0] == ")" and kind in LocalTrino.Parser.TYPE_TOKENS:
        trinos = text in _TYPES
    else:
        word = bool(re.fullmatch(r"\w+(\s+\w+)*", text)) and text not in {"isnull", "notnull"}
        trinos = word or text in _OPERATORS
    return trinos


def check_selects(tokens: Sequence[Token], query: exp.Expr) -> None:
    """Check that every query has SELECT and columns, and that every JOIN has a condition.

    Raises:
        InvalidRequest: a check fails; the message names it.
    """
    written = [token.text.lower() for token in tokens if token.token_type not in _QUOTED]
    selects = list(query.find_all(exp.Select))
    if written.count("select") != len(selects) or _begins_with_from(written):
        raise InvalidRequest("line 1:1: mismatched input: every <query> begins with SELECT, or with WITH and SELECT")
    if not all(select.expressions for select in selects):
        raise InvalidRequest("line 1:1: mismatched input: SELECT without columns")
    whole = [join for join in query.find_all(exp.Join) if join.args.get("on") or join.args.get("using")]
    crossed = [join for join in query.find_all(exp.Join) if join.kind == "CROSS"]
    if written.count("join") != len(whole) + len(crossed):
        raise InvalidRequest("line 1:1: mismatched input: every JOIN but CROSS JOIN has ON or USING")


def _begins_with_from(written: Sequence[str]) -> bool:
    """Return whether FROM precedes SELECT, in the query or in a subquery."""
    selected = [False]
    for before, word in zip(["", *written], written, strict=False):
        if word == "(":
            # In extract(year FROM x), FROM is not a clause.
            selected.append(before == "extract")
        elif word == ")" and len(selected) > 1:
            selected.pop()
        elif word in {"select", "union", "except", "intersect"}:
            selected[-1] = word == "select"
        elif word == "from" and not selected[-1]:
            return True
    return False


def check_nodes(query: exp.Expr) -> None:
    """Check that the query has supported nodes only.

    Raises:
        QueryFailure: the message names the first node that is not supported.
    """
    for node in query.walk():
        allowed = _NODES.get(type(node))
        extra = [name for name, value in node.args.items() if value and name not in (allowed or set())]
        if allowed is None or extra or not _CONDITIONS.get(type(node), lambda _: True)(node):
            part = f"{node.key}" + (f" with {extra[0].rstrip('_')}" if allowed is not None and extra else "")
            raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not support {part}: {node.sql(LocalTrino)}")
