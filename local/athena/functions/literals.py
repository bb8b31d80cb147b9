"""Arguments that must be literals, because Trino checks them while the query runs and DuckDB does not check them."""

from __future__ import annotations

from local.athena.errors import QueryFailure
from local.athena.functions.signature import Call


def invalid(message: str) -> QueryFailure:
    """Return the failure of a function that does not take the value of an argument."""
    return QueryFailure("INVALID_FUNCTION_ARGUMENT", message)


def unsupported(what: str) -> QueryFailure:
    """Return the failure of a query with something that the local Athena leaves out."""
    return QueryFailure("NOT_SUPPORTED", f"the local Athena does not support {what}")


def text(call: Call, index: int) -> str:
    """Return an argument that must be a text literal."""
    literal = call.args[index].literal
    if not isinstance(literal, str):
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena takes a literal only as argument {index + 1}")
    return literal


def number(call: Call, index: int, least: float, most: float = float("inf")) -> str:
    """Return the SQL of an argument that must be a number literal within limits."""
    literal = call.args[index].literal
    if literal is None or isinstance(literal, str):
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena takes a literal only as argument {index + 1}")
    if not least <= literal <= most:
        limits = f"at least {least:g}" if most == float("inf") else f"between {least:g} and {most:g}"
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"argument {index + 1} must be {limits}, not {literal}")
    return call.args[index].sql


def value(call: Call, index: int) -> float:
    """Return an argument that must be a number literal."""
    number(call, index, float("-inf"))
    literal = call.args[index].literal
    return float(literal or 0)


def quote(value: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
