"""Conditional functions. `if`, `nullif` and `try` are forms of the grammar: `expressions.py` translates them."""

from __future__ import annotations

from local.athena.functions.signature import scalar, table

# In Trino the result is null if any argument is; DuckDB ignores nulls.
_GREATEST = "CASE WHEN {any_null} THEN NULL ELSE greatest({all}) END"
_LEAST = "CASE WHEN {any_null} THEN NULL ELSE least({all}) END"

FUNCTIONS = table(
    scalar("coalesce(T, T...) -> T"),
    scalar("greatest(T...) -> T", _GREATEST),
    scalar("least(T...) -> T", _LEAST),
)
