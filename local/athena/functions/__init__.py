"""Functions of the local Athena: those of Trino that DuckDB computes with the same results.

`signature.py` explains how a function is declared. Each of the other modules has a table of functions of one kind.
The local Athena refuses all other functions, so that a query that works on the laptop works on AWS too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.athena.errors import QueryFailure
from local.athena.functions import (
    aggregates,
    arrays,
    binary,
    conditional,
    date_texts,
    dates,
    formats,
    json,
    json_casts,
    json_paths,
    maps,
    mathematics,
    regular_expressions,
    sequences,
    strings,
    windows,
)
from local.athena.functions.signature import Argument, Call, Function
from local.athena.values import Value

TABLES = (
    aggregates, arrays, binary, conditional, date_texts, dates, formats, json, json_casts, json_paths, maps,
    mathematics, regular_expressions, sequences, strings, windows,
)  # fmt: skip


def _merge() -> Mapping[str, tuple[Function, ...]]:
    merged: dict[str, tuple[Function, ...]] = {}
    for module in TABLES:
        for name, overloads in module.FUNCTIONS.items():
            merged[name] = (*merged.get(name, ()), *overloads)
    return merged


FUNCTIONS = _merge()

MOST_ARGUMENTS = 127
"""Maximum number of arguments of a call, as in Trino."""


def overloads(name: str, place: str) -> tuple[Function, ...]:
    """Return the overloads of a function.

    Raises:
        QueryFailure: the local Athena does not have the function.
    """
    try:
        return FUNCTIONS[name]
    except KeyError:
        raise QueryFailure(
            "FUNCTION_NOT_FOUND",
            f"{place}: Function '{name}' not registered (docs/athena-functions.md lists those of the local Athena)",
        ) from None


def resolve(name: str, arguments: Sequence[Argument], place: str) -> tuple[Function, Call]:
    """Return the overload that takes the arguments, and its call.

    Raises:
        QueryFailure: there is no such function, or none of its overloads takes the arguments.
    """
    if len(arguments) > MOST_ARGUMENTS:
        raise QueryFailure("TOO_MANY_ARGUMENTS", f"{place}: Too many arguments for function call {name}()")
    declared = overloads(name, place)
    for exact in (True, False):
        for function in declared:
            call = function.bind(arguments, exact=exact)
            if call is not None:
                return function, call
    actual = ", ".join(str(argument.type) if isinstance(argument, Value) else "function" for argument in arguments)
    expected = ", ".join(function.signature.partition(" -> ")[0] for function in declared)
    raise QueryFailure(
        "FUNCTION_NOT_FOUND", f"{place}: Unexpected parameters ({actual}) for function {name}. Expected: {expected}"
    )
