"""Functions that a worker process adds to DuckDB: macros in SQL, and functions in Python where SQL does not suffice.

The functions of Athena are translated to them. A query of a client cannot call them by name, because it can call the
functions of `functions/` only. A function in Python may raise a QueryFailure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from local.athena.functions import signature
from local.athena.text import double_text, real_text

# Two whole numbers, the quotient rounded half away from zero, as in Trino's DecimalOperators. A divisor of zero fails.
MACROS = (
    """round_quotient(n, d) AS
        ((2 * abs(n) + abs(d)) // (2 * abs(d))) * CASE WHEN (n < 0) = (d < 0) THEN 1 ELSE -1 END""",
    # The digits of a decimal without its point, for exact division: DuckDB divides decimals as doubles.
    "unscaled(x) AS CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT)",
    """round_timestamp(x, unit) AS make_timestamp(
        CAST(floor((epoch_us(x) + unit // 2) / unit) AS BIGINT) * unit)""",
    "list_has_null(x) AS len(x) > list_count(x)",
)

PYTHON: dict[str, tuple[Callable[..., Any], Sequence[str], str]] = {
    "double_text": (double_text, ["DOUBLE"], "VARCHAR"),
    "real_text": (real_text, ["FLOAT"], "VARCHAR"),
}
"""Python function, types of its parameters and type of its result. Null arguments return null without a call."""


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Add all macros and functions to a database."""
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    for name, (function, parameters, result) in (PYTHON | signature.PYTHON).items():
        connection.create_function(
            name,
            _strict(function, len(parameters)),
            list(parameters),
            result,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _strict(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return a function that returns null if an argument is null. By default DuckDB does not allow a null result."""

    def call(*arguments: Any) -> Any:
        return None if any(argument is None for argument in arguments) else function(*arguments)

    # DuckDB counts the parameters.
    parameters = [Parameter(f"p{index}", Parameter.POSITIONAL_ONLY) for index in range(count)]
    setattr(call, "__signature__", Signature(parameters))  # noqa: B010 - mypy does not know the attribute
    return call
