"""Type checks of Trino that DuckDB lacks: DuckDB casts implicitly where Trino raises an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlglot import exp

from local.athena.dialect import LocalTrino
from local.athena.errors import QueryFailure
from local.athena.functions import FUNCTIONS, PATTERN, UNITS, Function
from local.athena.kinds import ARITHMETIC, KINDS, MOMENTS, NUMBERS, branches, kind, kind_or_none

MOST_ARGUMENTS = 127
"""Maximum number of arguments of a function call, as in Trino."""

_ACCEPTED = {"number": NUMBERS, "real": ("integer", "double"), "moment": MOMENTS}

# Casts with the same result in DuckDB and Trino, besides those to the same kind and of NULL. A varchar is cast to a
# date or a timestamp only if it is a literal in the format below, because the two accept different other formats.
_CASTS = {
    "integer": {"double", "varchar", "boolean"},
    "decimal": {"double"},
    "double": {"integer", "boolean"},
    "boolean": {"integer", "double", "varchar"},
    "date": {"varchar", "timestamp"},
    "timestamp": {"date"},
}
_LITERALS = {"date": r"\d{4}-\d\d-\d\d", "timestamp": r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d{1,3})?)?)?"}

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_SYMBOLS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}


def check(query: exp.Query) -> None:
    """Check that every function exists and that every value has a kind that Trino accepts in its place.

    Raises:
        QueryFailure: the message names the first function or value that fails the check.
    """
    for call in query.find_all(exp.Anonymous):
        if call.name.lower() not in FUNCTIONS:
            line, column = call.meta["line"], call.meta["col"] - (call.meta["end"] - call.meta["start"])
            raise QueryFailure(
                "FUNCTION_NOT_FOUND",
                f"line {line}:{column}: Function '{call.name.lower()}' not registered "
                "(docs/local-aws.md lists the functions of the local Athena)",
            )
    for node in query.walk():
        for types, rule in _RULES:
            if isinstance(node, types):
                rule(node)


def _alike(kinds: Iterable[str]) -> bool:
    """Return whether Trino coerces these kinds to one type."""
    return len({_group(kind) for kind in kinds if kind != "null"}) < 2


def _group(kind: str) -> str:
    return "number" if kind in NUMBERS else "moment" if kind in MOMENTS else kind


def _mismatch(message: str) -> QueryFailure:
    return QueryFailure("TYPE_MISMATCH", message)


def _require_alike(nodes: Sequence[exp.Expr], where: str) -> None:
    kinds = [kind(node) for node in nodes]
    if not _alike(kinds):
        raise _mismatch(f"{where} must be of one type, not {' and '.join(dict.fromkeys(kinds))}")


def _require(nodes: Iterable[exp.Expr | None], allowed: Sequence[str], where: str) -> None:
    for node in nodes:
        if node is not None and kind(node) not in {*allowed, "null"}:
            raise _mismatch(f"{where} must be {' or '.join(allowed)}, not {kind(node)}: {node.sql(LocalTrino)}")


def _check_comparison(node: exp.Binary) -> None:
    left, right = kind(node.left), kind(node.right)
    if not _alike([left, right]):
        raise _mismatch(f"Cannot apply operator: {left} {_SYMBOLS.get(type(node), 'IS DISTINCT FROM')} {right}")


def _check_in(node: exp.In) -> None:
    query = node.args.get("query")
    _require_alike([node.this, *(query.unnest().selects if query else node.expressions)], "the two sides of IN")


def _check_arithmetic(node: exp.Binary) -> None:
    left, right = kind(node.left), kind(node.right)
    kinds = {left, right} - {"null"}
    if kinds <= set(NUMBERS):
        if "decimal" in kinds and "double" not in kinds:
            raise QueryFailure(
                "NOT_SUPPORTED",
                f"the local Athena does not calculate with decimals: {node.sql(LocalTrino)}; write 2.5e0 for a double",
            )
        return
    later = isinstance(node, exp.Add) and kinds & set(MOMENTS) and "interval" in kinds
    earlier = isinstance(node, exp.Sub) and left in MOMENTS and right == "interval"
    if not (later or earlier):
        raise _mismatch(f"Cannot apply operator: {left} {_SYMBOLS[type(node)]} {right}")
    for interval in node.find_all(exp.Interval):
        if "date" in kinds and interval.text("unit").lower() not in {"day", "month", "year"}:
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date")


def _check_texts(node: exp.Binary) -> None:
    operator = "LIKE" if isinstance(node, exp.Like) else "||"
    _require([node.left, node.right], ["varchar"], f"the operands of {operator}")


def _check_cast(node: exp.Cast) -> None:
    source, target = kind(node.this), KINDS.get(node.to.this)
    text = node.this.name if isinstance(node.this, exp.Literal) else ""
    if source == "varchar" and target in _LITERALS and re.fullmatch(_LITERALS[target], text):
        return
    if target is None or not (source in {target, "null"} or target in _CASTS.get(source, set())):
        raise QueryFailure(
            "NOT_SUPPORTED",
            f"the local Athena does not cast {source} to {node.to.sql(LocalTrino).lower()} as Trino does: "
            f"{node.this.sql(LocalTrino)}",
        )


def _check_case(node: exp.Case | exp.If) -> None:
    _require_alike(branches(node), "the results of CASE")
    if isinstance(node, exp.If):
        # In CASE x WHEN y, y is compared with x.
        compared = node.parent.this if isinstance(node.parent, exp.Case) and node.arg_key == "ifs" else None
        if compared is not None:
            _require_alike([compared, node.this], "CASE and WHEN")
        else:
            _require([node.this], ["boolean"], "a condition")


def _check_set(node: exp.SetOperation) -> None:
    for pair in zip(node.left.selects, node.right.selects, strict=False):
        _require_alike(pair, f"a column of {node.key.upper()}")


def _check_values(node: exp.Values) -> None:
    for column in zip(*(row.expressions for row in node.expressions), strict=False):
        _require_alike(column, "a column of VALUES")


def _check_call(call: exp.Anonymous) -> None:
    name = call.name.lower()
    if len(call.expressions) > MOST_ARGUMENTS:
        raise QueryFailure("TOO_MANY_ARGUMENTS", f"Too many arguments for function call {name}()")
    function = FUNCTIONS[name]
    parameters = _parameters(function, len(call.expressions))
    arguments = [node.expressions[0] if isinstance(node, exp.Distinct) else node for node in call.expressions]
    if parameters is None or not all(
        _accepts(parameter, argument, name) for argument, parameter in zip(arguments, parameters, strict=True)
    ):
        kinds = ", ".join("*" if isinstance(node, exp.Star) else kind(node) for node in arguments)
        pairs = zip(arguments, parameters or (), strict=False)
        if any(parameter == "real" and kind_or_none(node) == "decimal" for node, parameter in pairs):
            raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not calculate with decimals: {name}({kinds})")
        raise QueryFailure(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({kinds}) for function {name}. Expected: {name}({', '.join(function.parameters)})",
        )
    same = [argument for argument, parameter in zip(arguments, parameters, strict=True) if parameter == "same"]
    _require_alike(same, f"the arguments of {name}")
    if function.returns != "common" and len({kind(argument) for argument in same} - {"null"}) > 1:
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena takes arguments of exactly one type in {name}")
    if "unit" in parameters:
        unit, units = arguments[0].name.lower(), UNITS.get(kind(arguments[-1]), ())
        if unit not in units:
            raise QueryFailure(
                "INVALID_FUNCTION_ARGUMENT", f"'{unit}' is not a unit of {name}; allowed: {', '.join(units)}"
            )
    if "pattern" in parameters:
        unknown = next((part for part in re.findall(r"%.?", arguments[-1].name) if part not in PATTERN), None)
        if unknown:
            raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not support {unknown} in {name}")


def _parameters(function: Function, count: int) -> tuple[str, ...] | None:
    """Return the parameters of a call with a number of arguments, or None if the function does not take that many."""
    declared = function.parameters
    if function.repeats and count > len(declared):
        return declared + declared[-1:] * (count - len(declared))
    return declared[:count] if len(declared) - function.optional <= count <= len(declared) else None


def _accepts(parameter: str, argument: exp.Expr, name: str) -> bool:
    if isinstance(argument, exp.Star):
        return name == "count"
    if parameter in {"unit", "pattern"}:
        return argument.is_string
    if parameter in _LITERAL_NUMBERS:
        is_number = isinstance(argument, exp.Literal) and argument.is_number
        return is_number and _LITERAL_NUMBERS[parameter](float(argument.name))
    return parameter in {"any", "same"} or kind(argument) in {"null", *_ACCEPTED.get(parameter, (parameter,))}


# Trino checks these numbers at run time and DuckDB does not check them, so they must be literals.
_LITERAL_NUMBERS: dict[str, Callable[[float], bool]] = {
    "fraction": lambda value: 0 <= value <= 1,
    "offset": float.is_integer,
    "position": lambda value: value.is_integer() and value >= 1,
}

_Rule = Callable[[Any], None]
_RULES: list[tuple[tuple[type[exp.Expr], ...], _Rule]] = [
    (_COMPARISONS, _check_comparison),
    (ARITHMETIC, _check_arithmetic),
    ((exp.Between,), lambda node: _require_alike([node.this, node.args["low"], node.args["high"]], "BETWEEN")),
    ((exp.In,), _check_in),
    ((exp.And, exp.Or), lambda node: _require([node.left, node.right], ["boolean"], "a condition")),
    ((exp.Not, exp.Where, exp.Having), lambda node: _require([node.this], ["boolean"], "a condition")),
    ((exp.Join,), lambda node: _require([node.args.get("on")], ["boolean"], "a condition")),
    ((exp.Like, exp.DPipe), _check_texts),
    ((exp.Neg,), lambda node: _require([node.this], NUMBERS, "the operand of -")),
    ((exp.Cast, exp.TryCast), _check_cast),
    ((exp.Case, exp.If), _check_case),
    ((exp.SetOperation,), _check_set),
    ((exp.Values,), _check_values),
    ((exp.Anonymous,), _check_call),
]
