"""Arithmetic of decimals by the rules of Trino's `DecimalOperators`."""

from __future__ import annotations

from local.athena import types
from local.athena.errors import QueryFailure
from local.athena.types import MAX_PRECISION, Type, decimal


def arithmetic(operator: str, left: Type, right: Type) -> Type:
    """Return the type of `left operator right` for two decimals.

    Raises:
        QueryFailure: its scale exceeds the maximum.
    """
    (p1, s1), (p2, s2) = left.numbers, right.numbers
    scale = max(s1, s2)
    if operator == "*":
        precision, scale = p1 + p2, s1 + s2
    elif operator == "/":
        precision = p1 + s2 + max(0, s2 - s1)
    elif operator == "%":
        precision = min(p1 - s1, p2 - s2) + scale
    else:
        precision = max(p1 - s1, p2 - s2) + scale + 1
    if scale > MAX_PRECISION:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"DECIMAL scale must be in range [0, precision]: {scale}")
    return decimal(min(MAX_PRECISION, max(precision, 1)), scale)


def apply(operator: str, left: str, right: str, operands: tuple[Type, Type]) -> str:
    """Return the SQL of `left operator right` for the SQL of two decimals of these types."""
    if operator != "/":
        return f"({left} {operator} {right})"
    result = arithmetic("/", *operands)
    (_, s1), (_, s2) = operands[0].numbers, operands[1].numbers
    factor = 10 ** (result.numbers[1] - s1 + s2)
    return quotient(f"unscaled({left}) * CAST({factor} AS HUGEINT)", f"unscaled({right})", result)


def quotient(dividend: str, divisor: str, result: Type) -> str:
    """Return the SQL of a quotient of two whole numbers, as the digits of a decimal of this type.

    It is rounded half away from zero.
    """
    scale = result.numbers[1]
    digits = f"CAST(round_quotient({dividend}, {divisor}) AS DECIMAL(38, 0))"
    return f"CAST({digits} * CAST('{10**-scale:.{scale}f}' AS DECIMAL(38, {scale})) AS {types.duckdb(result)})"
