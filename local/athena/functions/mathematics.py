"""Mathematical functions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from local.athena import decimals
from local.athena.functions import literals
from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.patterns import Binding
from local.athena.functions.signature import Call, Function, python, scalar, table
from local.athena.types import FLOATS, INTEGERS, MAX_PRECISION, Type, decimal

_TO_DOUBLE = (
    "acos", "asin", "atan", "cos", "cosh", "degrees", "exp", "ln", "log10", "log2", "radians", "sin", "sinh",
    "sqrt", "tan", "tanh",
)  # fmt: skip
_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _numbers(binding: Binding, *names: str) -> list[int]:
    return [number for name in names if isinstance(number := binding[name], int)]


def _whole(binding: Binding) -> Type:
    """Type of a decimal without its fraction, with a digit for the carry."""
    precision, scale = _numbers(binding, "p", "s")
    return decimal(min(MAX_PRECISION, precision - scale + min(scale, 1)), 0)


def _wider(binding: Binding) -> Type:
    precision, scale = _numbers(binding, "p", "s")
    return decimal(min(MAX_PRECISION, precision + 1), scale)


def _remainder(binding: Binding) -> Type:
    p, s, q, t = _numbers(binding, "p", "s", "q", "t")
    return decimals.arithmetic("%", decimal(p, s), decimal(q, t))


def _whole_number(name: str, sql: str) -> list[Function]:
    """Overloads of ceil, floor and round, which leave integers as they are."""
    return [
        *(scalar(f"{name}({type_}) -> {type_}", "{0}") for type_ in INTEGERS),
        Function(f"{name}(decimal(p,s)) -> decimal(p,s)", "scalar", sql, result=_whole),
        *(scalar(f"{name}({type_}) -> {type_}", sql) for type_ in FLOATS),
    ]


def _truncated(binding: Binding) -> Type:
    precision, scale = _numbers(binding, "p", "s")
    return decimal(max(precision - scale, 1), 0)


def _signed(number: int, bits: int) -> int:
    """Return the value of the last bits of a number in two's complement."""
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number


def _shift(bits: int, direction: str) -> Callable[[int, int], int]:
    """Return a shift; a logical one fills with zeros on the left, an arithmetic one with the sign."""

    def shift(number: int, by: int) -> int:
        if by < 0:
            raise unsupported("a negative shift")
        if direction == "left":
            return _signed(number << by, bits) if by < bits else 0
        if direction == "right":
            return _signed((number & ((1 << bits) - 1)) >> by, bits)
        return number >> by

    return shift


def _bit_count(number: int, bits: int) -> int:
    if not 2 <= bits <= 64:
        raise invalid("Bits specified in bit_count must be between 2 and 64, got " + str(bits))
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise invalid(f"Number must be representable with the bits specified. {number} can not be represented")
    return (number & ((1 << bits) - 1)).bit_count()


def _radix(radix: int) -> int:
    if not 2 <= radix <= 36:
        raise invalid("Radix must be between 2 and 36")
    return radix


def _to_base(number: int, radix: int) -> str:
    rest, digits = abs(number), ""
    while rest or not digits:
        rest, digit = divmod(rest, _radix(radix))
        digits = _DIGITS[digit] + digits
    return f"-{digits}" if number < 0 else digits


def _from_base(text: str, radix: int) -> int:
    digits = _DIGITS[: _radix(radix)]
    if not re.fullmatch(f"(?i)[+-]?[{digits}]+", text) or not text.isascii():
        raise invalid(f"Not a valid base-{radix} number: {text}")
    number = int(text, radix)
    if not -(2**63) <= number < 2**63:
        raise invalid(f"Not a valid base-{radix} number: {text}")
    return number


def _cube_root(number: float) -> float:
    """Return a root with more digits than a double has: that of 27 is 3.0000000000000004 in some C libraries."""
    if number == 0 or not math.isfinite(number):
        return number
    return math.copysign(float(Decimal(abs(number)) ** (Decimal(1) / 3)), number)


def _width_bucket(operand: float, low: float, high: float, count: int) -> int:
    if count <= 0:
        raise invalid("bucketCount must be greater than 0")
    if math.isnan(operand) or not (math.isfinite(low) and math.isfinite(high)):
        raise invalid("operand must not be NaN, and bounds must be finite")
    if low == high:
        raise invalid("bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    bucket = count + 1
    if operand < upper:
        bucket = 0 if operand < lower else int(count * (operand - lower) / (upper - lower) + 1)
    return count - bucket + 1 if low > high else bucket


def _bucket_of(operand: float, bins: list[float | None]) -> int:
    edges = [edge for edge in bins if edge is not None and math.isfinite(edge)]
    if not bins or len(edges) < len(bins):
        raise invalid("Bins cannot be an empty array, and bin values must be finite")
    if math.isnan(operand) or any(a > b for a, b in pairwise(edges)):
        raise invalid("Operand cannot be NaN, and bin values must be in ascending order")
    return sum(edge <= operand for edge in edges)


def _cosine(left: dict[str, float | None], right: dict[str, float | None]) -> float | None:
    if None in left.values() or None in right.values():
        return None
    norms = [math.sqrt(sum(x * x for x in vector.values() if x is not None)) for vector in (left, right)]
    product = sum((x or 0.0) * (right[key] or 0.0) for key, x in left.items() if key in right)
    return product / (norms[0] * norms[1]) if all(norms) else None


def _format_number(number: float) -> str:
    if not -(2**63) <= number < 2**63:
        raise unsupported(f"{number} in format_number")
    value, unit = float(int(number)), ""
    for symbol in "KMBTQ":
        if abs(value) < 1000:
            break
        value, unit = value / 1000, symbol
    digits = 2 if value < 10 else 1 if value < 100 else 0
    text = f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + unit


def _data_size(text: str) -> Decimal:
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kMGTPEZY]?B)\s*", text)
    if match is None:
        raise invalid(f"Invalid data size: '{text}'")
    unit = "BkMGTPEZY".index(match[2][0])
    return Decimal(int(Decimal(match[1]) * 1024**unit))


def _random(call: Call) -> str:
    low = call.fill("{0}") if len(call.args) == 2 else "0"
    literals.number(call, len(call.args) - 1, 1 if len(call.args) == 1 else literals.value(call, 0) + 1)
    return f"floor(random() * (CAST({call.args[-1].sql} AS DOUBLE) - {low})) + {low}"


FUNCTIONS = table(
    *(scalar(f"abs({type_}) -> {type_}") for type_ in (*INTEGERS, "decimal(p,s)", *FLOATS)),
    scalar("atan2(double, double) -> double"),
    python("bit_count(bigint, bigint) -> bigint", _bit_count),
    scalar("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})"),
    scalar("bitwise_not(bigint) -> bigint", "(~{0})"),
    scalar("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})"),
    scalar("bitwise_xor(bigint, bigint) -> bigint", "xor"),
    *(python(f"bitwise_{name}_shift{suffix}({type_}, bigint) -> {type_}", _shift(bits, f"{name}{suffix}"))
      for name, suffix in (("left", ""), ("right", ""), ("right", "_arithmetic")) for type_, bits in _BITS.items()),
    python("cbrt(double) -> double", _cube_root),
    *_whole_number("ceil", "ceil({0})"),
    *_whole_number("ceiling", "ceil({0})"),
    python("cosine_similarity(map(varchar, double), map(varchar, double)) -> double", _cosine),
    scalar("e() -> double", "exp(1)"),
    *_whole_number("floor", "floor({0})"),
    *(scalar(f"{name}(double) -> double") for name in _TO_DOUBLE),
    *(python(f"format_number({type_}) -> varchar", _format_number) for type_ in ("bigint", "double")),
    python("from_base(varchar, bigint) -> bigint", _from_base),
    scalar("infinity() -> double", "CAST('Infinity' AS DOUBLE)"),
    scalar("is_finite(double) -> boolean", "isfinite"),
    scalar("is_infinite(double) -> boolean", "isinf"),
    scalar("is_nan(double) -> boolean", "isnan"),
    scalar("log(double, double) -> double", "(ln({1}) / ln({0}))"),
    *(scalar(f"mod({type_}, {type_}) -> {type_}", "({0} % {1})") for type_ in INTEGERS),
    Function("mod(decimal(p,s), decimal(q,t)) -> decimal(p,s)", "scalar", "({0} % {1})", result=_remainder),
    *(scalar(f"mod({type_}, {type_}) -> {type_}", "({0} % {1})") for type_ in FLOATS),
    scalar("nan() -> double", "CAST('NaN' AS DOUBLE)"),
    python("parse_data_size(varchar) -> decimal(38,0)", _data_size),
    scalar("pi() -> double"),
    scalar("pow(double, double) -> double"),
    scalar("power(double, double) -> double"),
    *(scalar(f"{name}() -> double", "random()", volatile=True) for name in ("rand", "random")),
    *(scalar(f"{name}({parameters}) -> {type_}", _random, volatile=True)
      for name in ("rand", "random") for type_ in ("integer", "bigint") for parameters in (type_, f"{type_}, {type_}")),
    *_whole_number("round", "round({0})"),
    *(scalar(f"round({type_}, integer) -> {type_}", "round({0}, {1})") for type_ in (*INTEGERS, *FLOATS)),
    Function("round(decimal(p,s), integer) -> decimal(p,s)", "scalar", "round({0}, {1})", result=_wider),
    *(scalar(f"sign({type_}) -> {type_}", "sign({0})") for type_ in INTEGERS),
    scalar("sign(decimal(p,s)) -> decimal(1,0)", "sign({0})"),
    *(
        scalar(f"sign({type_}) -> {type_}", "CASE WHEN isnan({0}) OR {0} = 0 THEN {0} ELSE sign({0}) END")
        for type_ in FLOATS
    ),
    python("to_base(bigint, bigint) -> varchar", _to_base),
    scalar("truncate(decimal(p,s)) -> decimal(p,0)", "trunc({0})", result=_truncated),
    scalar("truncate(decimal(p,s), bigint) -> decimal(p,s)", "trunc({0}, CAST({1} AS INTEGER))"),
    *(scalar(f"truncate({type_}) -> {type_}", "trunc({0})") for type_ in ("double", "real")),
    python("width_bucket(double, double, double, bigint) -> bigint", _width_bucket),
    python("width_bucket(double, array(double)) -> bigint", _bucket_of),
)  # fmt: skip
