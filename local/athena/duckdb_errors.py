"""Translation of DuckDB's errors to Trino's error codes and messages."""

from __future__ import annotations

import re

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
    (duckdb.ConversionException, "INT64", "INVALID_CAST_ARGUMENT", "Unable to cast the value to bigint"),
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

# DuckDB does not take the SQL of the analysis, for example because of a kind of correlated subquery.
_UNABLE = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.NotImplementedException)

# Failures of `values.fail`, and those that a function in Python raises.
_RAISED = re.compile(r"(?:string '|QueryFailure: )([A-Z][A-Z_]{3,}): (.*?)(?:' to INT32)?$", re.MULTILINE)


def failure(error: duckdb.Error) -> QueryFailure:
    """Return the failure of Trino that corresponds to an error of DuckDB."""
    raised = _RAISED.search(str(error))
    if raised:
        return QueryFailure(raised[1], raised[2])
    for type_, part, code, message in _KNOWN:
        if isinstance(error, type_) and part in str(error):
            return QueryFailure(code, message)
    if isinstance(error, _UNABLE):
        return QueryFailure("NOT_SUPPORTED", f"the local Athena cannot run this query ({type(error).__name__})")
    return QueryFailure("GENERIC_INTERNAL_ERROR", f"the local Athena could not run the query ({type(error).__name__})")
