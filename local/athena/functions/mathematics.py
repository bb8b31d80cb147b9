"""Mathematical functions."""

from __future__ import annotations

from local.athena import decimals
from local.athena.functions.patterns import Binding
from local.athena.functions.signature import Function, scalar, table
from local.athena.types import FLOATS, INTEGERS, MAX_PRECISION, Type, decimal

_TO_DOUBLE = ("exp", "ln", "log10", "log2", "sqrt")


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


FUNCTIONS = table(
    *(scalar(f"abs({type_}) -> {type_}") for type_ in (*INTEGERS, "decimal(p,s)", *FLOATS)),
    *_whole_number("ceil", "ceil({0})"),
    *_whole_number("ceiling", "ceil({0})"),
    *_whole_number("floor", "floor({0})"),
    *(scalar(f"{name}(double) -> double") for name in _TO_DOUBLE),
    scalar("is_nan(double) -> boolean", "isnan"),
    *(scalar(f"mod({type_}, {type_}) -> {type_}", "({0} % {1})") for type_ in INTEGERS),
    Function("mod(decimal(p,s), decimal(q,t)) -> decimal(p,s)", "scalar", "({0} % {1})", result=_remainder),
    *(scalar(f"mod({type_}, {type_}) -> {type_}", "({0} % {1})") for type_ in FLOATS),
    scalar("pi() -> double"),
    scalar("pow(double, double) -> double"),
    scalar("power(double, double) -> double"),
    *_whole_number("round", "round({0})"),
    *(scalar(f"round({type_}, integer) -> {type_}", "round({0}, {1})") for type_ in (*INTEGERS, *FLOATS)),
    Function("round(decimal(p,s), integer) -> decimal(p,s)", "scalar", "round({0}, {1})", result=_wider),
    *(scalar(f"sign({type_}) -> {type_}", "sign({0})") for type_ in INTEGERS),
    scalar("sign(decimal(p,s)) -> decimal(1,0)", "sign({0})"),
    *(scalar(f"sign({type_}) -> {type_}", "CASE WHEN isnan({0}) THEN {0} ELSE sign({0}) END") for type_ in FLOATS),
    scalar("truncate(double) -> double", "trunc"),
)
