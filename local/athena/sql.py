"""Steps from the text of a query to a typed syntax tree: bind parameters, parse, resolve against the catalog."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, TokenError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema
from sqlglot.tokenizer_core import Token, TokenType

from local.athena import kinds
from local.athena.dialect import LocalTrino
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.grammar import check_selects, check_tokens

# sqlglot logs a warning for each statement that it does not support; `parse` refuses these with a message.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

CATALOG = "awsdatacatalog"

Schema = Mapping[str, Mapping[str, Mapping[str, str]]]
"""The Glue type of each column, by database and table."""


def parse(sql: str) -> exp.Query:
    """Parse a text that contains one query.

    Raises:
        InvalidRequest: the text is not SQL, contains several statements, or its statement is not a query.
    """
    statements = _statements(sql)
    if len(statements) > 1:
        raise InvalidRequest(f"Only one sql statement is allowed. Got: {sql}")
    if not statements:
        raise InvalidRequest("line 1:1: mismatched input '<EOF>'. Expecting: <query>")
    (statement,) = statements
    if isinstance(statement, exp.Create):
        raise InvalidRequest("the local Athena runs queries only, no CREATE (awswrangler: pass ctas_approach=False)")
    if not isinstance(statement, exp.Query):
        raise InvalidRequest(
            f"line 1:1: mismatched input '{sql.split(maxsplit=1)[0]}'. The local Athena takes SELECT and WITH only"
        )
    check_selects(tokenize(sql), statement)
    return statement


def bind(sql: str, parameters: Sequence[str]) -> str:
    """Return the text with each `?` replaced by its parameter, in textual order.

    Raises:
        QueryFailure: the number of parameters is wrong, a parameter is not a literal, or a `?` is outside WHERE.
    """
    marks = [token for token in tokenize(sql) if token.token_type == TokenType.PLACEHOLDER]
    if len(marks) != len(parameters):
        raise QueryFailure(
            "INVALID_PARAMETER_USAGE",
            f"line 1:1: Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}",
        )
    named = _replace(sql, marks, [f":p{index}" for index in range(len(marks))])
    for placeholder in _trees(named)[0].find_all(exp.Placeholder):
        if not placeholder.find_ancestor(exp.Where):
            mark = marks[int(placeholder.name.removeprefix("p"))]
            raise QueryFailure("SYNTAX_ERROR", f"line {mark.line}:{mark.col}: '?' is allowed in WHERE only")
    return _replace(sql, marks, [_literal(value) for value in parameters])


def tables(query: exp.Query, database: str | None) -> list[exp.Table]:
    """Return the catalog tables of a query, and set the database of each.

    Raises:
        QueryFailure: a table is in another catalog, or has no database and there is no default.
    """
    result: list[exp.Table] = []
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and not any(source is table for table in result):
                result.append(source)
    for table in result:
        if not isinstance(table.this, exp.Identifier):
            raise QueryFailure("FUNCTION_NOT_FOUND", f"Table function '{table.this.sql(LocalTrino)}' not registered")
        if table.catalog and table.catalog.lower() != CATALOG:
            raise QueryFailure("CATALOG_NOT_FOUND", f"Catalog '{table.catalog}' not found")
        if not table.db and not database:
            raise QueryFailure("MISSING_SCHEMA_NAME", "Schema must be specified when session schema is not set")
        table.set("catalog", None)
        table.set("db", exp.to_identifier((table.db or database or "").lower(), quoted=True))
        table.set("this", exp.to_identifier(table.name.lower(), quoted=True))
    return result


def resolve(query: exp.Query, schema: Schema) -> exp.Query:
    """Return the query with every column qualified and typed.

    Raises:
        QueryFailure: a column does not exist. In WHERE and GROUP BY, an alias is not a column.
    """
    # One mapping for both steps, because building it takes time for every column of the tables.
    mapping = MappingSchema(
        {db: {name: dict(types) for name, types in tables.items()} for db, tables in schema.items()}, dialect=LocalTrino
    )
    try:
        qualified = qualify(query, schema=mapping, dialect=LocalTrino, expand_alias_refs=False)
    except OptimizeError as error:
        raise QueryFailure("COLUMN_NOT_FOUND", _column_message(error)) from error
    return kinds.annotate(qualified, mapping)


def output_names(query: exp.Query, resolved: exp.Query) -> list[str]:
    """Return the names of the result's columns. As in Trino, a third column without a name is `_col2`."""
    if any(isinstance(projection, exp.Star) or projection.is_star for projection in query.selects):
        return [projection.alias_or_name for projection in resolved.selects]
    return [
        projection.alias_or_name if isinstance(projection, exp.Alias | exp.Column) else f"_col{index}"
        for index, projection in enumerate(query.selects)
    ]


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of a text with their positions."""
    tokens: list[Token] = LocalTrino().tokenize(sql)
    return tokens


def _trees(sql: str) -> list[exp.Expr]:
    try:
        return [tree for tree in sqlglot.parse(sql, read=LocalTrino) if tree and not isinstance(tree, exp.Semicolon)]
    except (ParseError, TokenError) as error:
        raise InvalidRequest(_syntax_message(error)) from error
    except RecursionError:
        raise InvalidRequest("line 1:1: statement is too large (stack overflow while parsing)") from None


def _statements(sql: str) -> list[exp.Expr]:
    """Return the statements of a text whose tokens are all valid in Trino."""
    trees = _trees(sql)
    check_tokens(tokenize(sql))
    return trees


def _replace(sql: str, tokens: Sequence[Token], texts: Sequence[str]) -> str:
    for token, text in reversed(list(zip(tokens, texts, strict=True))):
        sql = sql[: token.start] + text + sql[token.end + 1 :]
    return sql


def _literal(value: str) -> str:
    """Return the SQL of an execution parameter.

    Raises:
        QueryFailure: the parameter is not a single literal.
    """
    try:
        trees = _statements(value)
    except InvalidRequest:
        trees = []
    tree = trees[0] if len(trees) == 1 else None
    inner = tree.this if isinstance(tree, exp.Cast | exp.Neg) else tree
    if tree is None or not isinstance(inner, exp.Literal | exp.Boolean | exp.Null):
        raise QueryFailure("INVALID_PARAMETER_USAGE", f"execution parameter {value!r} is not a SQL literal")
    return tree.sql(LocalTrino)


def _syntax_message(error: ParseError | TokenError) -> str:
    details = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    line, column = details.get("line") or 1, details.get("col") or 1
    return f"line {line}:{column}: mismatched input '{details.get('highlight') or '<EOF>'}'"


def _column_message(error: OptimizeError) -> str:
    text = str(error)
    name = re.search(r"'([^']*)'", text)
    place = re.search(r"Line: (\d+), Col: (\d+)", text)
    line, end = place.groups() if place else ("1", "1")
    missing = name[1] if name else text
    return f"line {line}:{max(int(end) - len(missing) + 1, 1)}: Column '{missing}' cannot be resolved"
