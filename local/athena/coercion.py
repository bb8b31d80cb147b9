"""Implicit coercions of Trino: the common type of values.

The rules are those of Trino's `TypeCoercion`.
"""

from __future__ import annotations

from collections.abc import Iterable

from local.athena.types import (
    FLOATS,
    INTEGERS,
    MAX_PRECISION,
    NESTED,
    UNKNOWN,
    ZONED,
    Type,
    decimal,
)

DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
"""Digits of the largest value of each integer type."""

_NUMBERS = (*INTEGERS, "decimal", *FLOATS)
_MOMENTS = ("date", "timestamp", "timestamp with time zone")


def is_number(type_: Type) -> bool:
    return type_.base in _NUMBERS


def is_moment(type_: Type) -> bool:
    return type_.base in _MOMENTS


def as_decimal(type_: Type) -> Type:
    """Return an integer type as a decimal; a decimal is returned as it is."""
    return decimal(DIGITS[type_.base], 0) if type_.base in DIGITS else type_


def common_of(types: Iterable[Type]) -> Type | None:
    """Return the type to which Trino coerces all of the types, or None if there is none."""
    result: Type | None = UNKNOWN
    for type_ in types:
        result = None if result is None else common(result, type_)
    return result


def common(left: Type, right: Type) -> Type | None:
    """Return the type to which Trino coerces both types, or None if there is none."""
    if left == right:
        # Values of an expression have one zone, see `Type`.
        return left if left.zone == right.zone else None
    if UNKNOWN in (left, right):
        return right if left == UNKNOWN else left
    if left.base == right.base:
        return _same_base(left, right)
    for ladder in (_NUMBERS, _MOMENTS):
        if left.base in ladder and right.base in ladder:
            lower, upper = sorted((left, right), key=lambda type_: ladder.index(type_.base))
            return _decimals(as_decimal(lower), upper) if upper.base == "decimal" else _raise_precision(lower, upper)
    return None


def _same_base(left: Type, right: Type) -> Type | None:
    if left.base == "decimal":
        return _decimals(left, right)
    if left.base in {"varchar", "char"}:
        bounded = bool(left.of and right.of)
        return Type(left.base, (max(left.numbers[0], right.numbers[0]),)) if bounded else Type("varchar")
    if left.base in {"timestamp", "time", *ZONED}:
        return _raise_precision(left, right) if left.zone == right.zone else None
    if left.base in NESTED and len(left.of) == len(right.of):
        elements = [common(*pair) for pair in zip(left.elements, right.elements, strict=True)]
        if None not in elements:
            names = tuple(a if a == b else None for a, b in zip(left.names, right.names, strict=True))
            return Type(left.base, tuple(type_ for type_ in elements if type_ is not None), names)
    return None


def _raise_precision(lower: Type, upper: Type) -> Type:
    if not (lower.base in _MOMENTS and upper.of):
        return upper
    precision = max(lower.numbers[0] if lower.of else 0, upper.numbers[0])
    return Type(upper.base, (precision,), zone=upper.zone)


def _decimals(left: Type, right: Type) -> Type:
    (p1, s1), (p2, s2) = left.numbers, right.numbers
    scale = max(s1, s2)
    return decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + scale), scale)


def coerces(source: Type, target: Type) -> bool:
    """Return whether Trino casts the source implicitly where the target is expected."""
    if target.base == "varchar" and not target.of:
        return source.base in {"varchar", "unknown"}
    return common(source, target) == target


def is_comparable(type_: Type) -> bool:
    """Return whether values can be compared with = and grouped."""
    return type_.base != "json" and all(is_comparable(of) for of in type_.of if isinstance(of, Type))


def is_orderable(type_: Type) -> bool:
    """Return whether values can be compared with < and sorted."""
    return type_.base not in {"json", "map"} and all(is_orderable(of) for of in type_.of if isinstance(of, Type))
