"""Translation of DuckDB's errors to Trino's error codes and messages."""

from __future__ import annotations

import duckdb

from local.athena.errors import QueryFailure

# Class of the DuckDB error, a substring of its message, Trino's code, Trino's message. The first match counts.
_KNOWN: tuple[tuple[type[duckdb.Error], str, str, str], ...] = (
    (duckdb.InvalidInputException, "Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (
        duckdb.InvalidInputException,
        "More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (
        duckdb.InvalidInputException,
        "",
        "INVALID_FUNCTION_ARGUMENT",
        "a value is not allowed as an argument of the function",
    ),
    (duckdb.OutOfRangeException, "", "NUMERIC_VALUE_OUT_OF_RANGE", "a number is out of range for its type"),
    (
        duckdb.ConversionException,
        "out of range for the destination type",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "a number is out of range for its type",
    ),
    (
        duckdb.OutOfMemoryException,
        "",
        "EXCEEDED_LOCAL_MEMORY_LIMIT",
        "Query exceeded per-node memory limit of 2GB",
    ),
    (duckdb.ConversionException, "", "INVALID_CAST_ARGUMENT", "a value cannot be cast to the target type"),
)

# Their messages concern the text of the query only, so the client receives them.
_QUERY_ERRORS = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)


def failure(error: duckdb.Error) -> QueryFailure:
    """Return the failure of Trino that corresponds to an error of DuckDB."""
    for type_, part, code, message in _KNOWN:
        if isinstance(error, type_) and part in str(error):
            return QueryFailure(code, message)
    if isinstance(error, _QUERY_ERRORS):
        return QueryFailure("SYNTAX_ERROR", str(error).splitlines()[0].partition(": ")[2])
    return QueryFailure("GENERIC_INTERNAL_ERROR", f"the local Athena could not run the query ({type(error).__name__})")
