"""Conditional functions. `if`, `nullif` and `try` are forms of the grammar: `expressions.py` translates them."""

from __future__ import annotations

from local.athena.functions.literals import unsupported
from local.athena.functions.signature import Call, scalar, table

# In Trino the result is null if any argument is; DuckDB ignores nulls.
_GREATEST = "CASE WHEN {any_null} THEN NULL ELSE greatest({all}) END"
_LEAST = "CASE WHEN {any_null} THEN NULL ELSE least({all}) END"


def _coalesce(call: Call) -> str:
    if call.returns.base == "row":
        # Versions of Trino differ in whether they skip a row whose fields are all null.
        raise unsupported("rows in coalesce")
    return call.fill("coalesce({all})")


FUNCTIONS = table(
    scalar("coalesce(T, T...) -> T", _coalesce),
    scalar("greatest(T...) -> T", _GREATEST),
    scalar("least(T...) -> T", _LEAST),
)
