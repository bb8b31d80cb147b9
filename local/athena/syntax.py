"""Syntax of statements, by Trino's own grammar (the package trino-query-parser, which ANTLR generates from it)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from antlr4 import CommonTokenStream, InputStream, ParserRuleContext, PredictionMode, Token
from antlr4.error.ErrorListener import ErrorListener
from trino_query_parser.SqlBaseLexer import SqlBaseLexer
from trino_query_parser.SqlBaseParser import SqlBaseParser

from local.athena.errors import InvalidRequest, QueryFailure

T = TypeVar("T")

Node: TypeAlias = Any
"""Node of a syntax tree, without types in the package. Its class and its members are those of a rule of the grammar."""

_LONG = 5000
"""Number of characters from which the tree of a statement, which takes a thousand times its bytes, is not cached."""

DEEPEST = 100
"""Maximum depth of parentheses and CASE."""

# The tables of a generated parser are common to all its instances, and it changes them while it parses.
_LOCK = threading.Lock()


class _Text(InputStream):  # type: ignore[misc]
    """Text whose letters are compared as capitals, as the grammar has its keywords."""

    def _loadString(self) -> None:  # noqa: N802 - a method of ANTLR's class
        super()._loadString()
        self.data = [ord(upper) if len(upper := letter.upper()) == 1 else ord(letter) for letter in self.strdata]


class _Errors(ErrorListener):  # type: ignore[misc]
    def syntaxError(self, _: Any, symbol: Token | None, line: int, column: int, *__: Any) -> None:  # noqa: N802
        text = "" if symbol is None else "<EOF>" if symbol.type == Token.EOF else symbol.text
        raise InvalidRequest(f"line {line}:{column + 1}: mismatched input '{text}'")


def parse(sql: str, rule: str = "singleStatement") -> Node:
    """Return the syntax tree of a text.

    Args:
        sql: the text.
        rule: name of the rule of the grammar, which ends with the end of the text.

    Raises:
        InvalidRequest: the text does not match the rule; the message has the line and column of the first error.
    """
    return _cached(sql, rule) if len(sql) < _LONG else _parse(sql, rule)


def _parse(sql: str, rule: str) -> Node:
    with _LOCK:
        try:
            return _read(_parser(sql), rule)
        except RecursionError:
            raise InvalidRequest("line 1:1: statement is too large (stack overflow while parsing)") from None


_cached = lru_cache(maxsize=256)(_parse)


def _parser(sql: str) -> SqlBaseParser:
    lexer = SqlBaseLexer(_Text(sql))
    lexer.removeErrorListeners()
    stream = CommonTokenStream(lexer)
    stream.fill()
    visible = [token for token in stream.tokens if token.channel == Token.DEFAULT_CHANNEL]
    ends = [token for token in visible if token.text == ";"]
    if ends:
        if len(visible) > visible.index(ends[0]) + len(ends) + 1:
            raise InvalidRequest(f"Only one sql statement is allowed. Got: {sql}")
        return _parser(sql[: ends[0].start])
    _check_depth(visible)
    parser = SqlBaseParser(stream)
    parser.removeErrorListeners()
    parser.addErrorListener(_Errors())
    return parser


def _check_depth(tokens: Sequence[Token]) -> None:
    """Check the depth of parentheses and CASE: the time to parse them grows with its square."""
    depth = 0
    for token in tokens:
        depth += (token.text.lower() in {"(", "[", "case"}) - (token.text.lower() in {")", "]", "end"})
        if depth > DEEPEST:
            raise RecursionError


def _read(parser: SqlBaseParser, rule: str) -> Node:
    # The simple mode is fast and rejects some valid texts, so that the complete mode decides, as in Trino.
    parser._interp.predictionMode = PredictionMode.SLL  # noqa: SLF001
    try:
        tree = getattr(parser, rule)()
    except InvalidRequest:
        parser._interp.predictionMode = PredictionMode.LL  # noqa: SLF001
        parser.getTokenStream().seek(0)
        parser.reset()
        tree = getattr(parser, rule)()
    _check_identifiers(parser.getTokenStream().tokens)
    return tree


def _check_identifiers(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.type == SqlBaseLexer.BACKQUOTED_IDENTIFIER:
            message = "backquoted identifiers are not supported; use double quotes to quote identifiers"
        elif token.type == SqlBaseLexer.DIGIT_IDENTIFIER:
            message = "identifiers must not start with a digit; surround the identifier with double quotes"
        elif token.text == '""':
            message = "Zero-length delimited identifier not allowed"
        else:
            continue
        raise InvalidRequest(f"line {token.line}:{token.column + 1}: {message}")


def place(node: Node | Token) -> str:
    """Return the place of a node in the text, such as `line 1:8`."""
    token = node.start if isinstance(node, ParserRuleContext) else node
    return f"line {token.line}:{token.column + 1}"


def source(node: Node) -> str:
    """Return the text of a node as it is written."""
    return str(node.start.getInputStream().getText(node.start.start, node.stop.stop))


def kind(node: Node) -> str:
    """Return the name of the rule of a node, or of its labelled alternative, such as `arithmeticBinary`."""
    name = type(node).__name__.removesuffix("Context")
    return name[:1].lower() + name[1:]


def failure(code: str, node: Node | Token, message: str) -> QueryFailure:
    """Return a failure of a query at a node of its text."""
    return QueryFailure(code, f"{place(node)}: {message}")


def located(node: Node, operation: Callable[[], T]) -> T:
    """Return the result of an operation; if it fails, its message has the place of a node."""
    try:
        return operation()
    except QueryFailure as error:
        if error.message.startswith("line "):
            raise
        raise failure(error.code, node, error.message) from None


def unsupported(node: Node, what: str = "") -> QueryFailure:
    """Return the failure of a query with a construct that the local Athena leaves out."""
    return QueryFailure("NOT_SUPPORTED", f"{place(node)}: the local Athena does not support {what or kind(node)}")


def identifier(node: Node) -> str:
    """Return the name of an identifier as it is written, without quotes. Names are compared in lower case."""
    text = str(node.getText())
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def name_parts(qualified: Node) -> list[str]:
    """Return the parts of a qualified name."""
    return [identifier(part) for part in qualified.identifier()]


def string(node: Node) -> str:
    """Return the value of a string literal.

    Raises:
        InvalidRequest: an escape of a Unicode string is not valid.
    """
    text = str(node.getChild(0).getText())
    if kind(node) == "basicStringLiteral":
        return text[1:-1].replace("''", "'")
    escape = str(node.STRING().getText())[1:-1] if node.STRING() else "\\"
    body, mark = text[3:-1].replace("''", "'"), re.escape(escape)
    pattern = rf"{mark}(?:({mark})|([0-9a-fA-F]{{4}})|\+([0-9a-fA-F]{{6}}))"
    if re.sub(pattern, "", body).count(escape):
        raise InvalidRequest(f"{place(node)}: Incomplete escape sequence: {text}")
    return re.sub(pattern, lambda match: match[1] or chr(int(match[2] or match[3], 16)), body)


def parameters(tree: Node) -> Iterator[Node]:
    """Yield the parameters (`?`) of a statement in textual order."""
    for child in tree.children or ():
        if isinstance(child, ParserRuleContext):
            if (
                isinstance(child, SqlBaseParser.ParameterContext | SqlBaseParser.RowCountContext)
                and child.QUESTION_MARK()
            ):
                yield child
            yield from parameters(child)


def is_in_where(node: Node) -> bool:
    """Return whether a node is in the WHERE clause of a query."""
    while node.parentCtx is not None:
        parent = node.parentCtx
        if isinstance(parent, SqlBaseParser.QuerySpecificationContext) and parent.where is node:
            return True
        node = parent
    return False
