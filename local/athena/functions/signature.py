"""Declaration of functions: signatures with type variables, and how a call is translated to DuckDB's SQL.

A function is declared by one entry for each of its overloads:

    scalar("cardinality(array(E)) -> bigint", "len({0})")
    scalar("concat(varchar...) -> varchar", "({joined})")
    aggregate("sum(decimal(p,s)) -> decimal(38,s)", "sum({distinct}{0}){over}")

In a signature a single capital letter is a type variable; a single small letter is a variable for a precision, a
scale or a length; `function(T,U)` is a lambda from T to U; three points repeat the last parameter. The overload that
takes the arguments as they are is called, or else the first one to whose parameters Trino casts them implicitly.

The translation is a template: {0}, {1} … are the arguments, cast to the types of the parameters; {all} is their list.
A scalar template may use an argument several times: DuckDB computes it once.
In aggregates {distinct} and {order} stand inside the call, {over} (FILTER and OVER) after it, and {nulls} is IGNORE
NULLS of a window function. A template without braces and parentheses is the name of a function of DuckDB, and an empty
one is the name in the signature. A function of a `Call` may return the SQL instead. The result is cast to the declared
type.
`python` declares a scalar function that Python computes; it is null if an argument is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from local.athena import types
from local.athena.functions.patterns import Binding, Pattern, parse, substitute, unify
from local.athena.types import UNKNOWN, Type
from local.athena.values import Lambda, Value, coerce

Kind = Literal["scalar", "aggregate", "window"]
Argument = Value | Lambda


@dataclass(frozen=True, slots=True)
class Call:
    """Call of a function with arguments that have the types of its parameters.

    Attributes:
        args: the arguments. The SQL of a lambda is a lambda of DuckDB.
        returns: type of the result.
        types: value of each variable of the signature.
        distinct: `DISTINCT ` or nothing.
        order: ` ORDER BY …` inside the call of an aggregate, or nothing.
        over: FILTER and OVER after the call of an aggregate or a window function, or nothing.
        nulls: ` IGNORE NULLS` or nothing.
    """

    args: tuple[Value, ...]
    returns: Type
    types: Binding
    distinct: str = ""
    order: str = ""
    over: str = ""
    nulls: str = ""

    def fill(self, template: str) -> str:
        """Return a template of SQL with the arguments of the call."""
        texts = [arg.sql for arg in self.args]
        return self._format(template, texts)

    def once(self, template: str) -> str:
        """Return a template of SQL in which each argument is computed once, however often the template uses it."""
        return self.bind(self.args, template)

    def bind(self, args: Sequence[Value], template: str) -> str:
        """Return a template of SQL with other arguments, which are computed once. Lambdas and NULL stay as they are."""
        names = [arg.sql if _PLAIN.match(arg.sql) else f"z.a{index}" for index, arg in enumerate(args)]
        parts = [f"a{index} := {arg.sql}" for index, arg in enumerate(args) if names[index] != arg.sql]
        text = self._format(template, names)
        return f"list_transform([struct_pack({', '.join(parts)})], lambda z: {text})[1]" if parts else text

    def _format(self, template: str, texts: Sequence[str]) -> str:
        return template.format(
            *texts,
            all=", ".join(texts),
            joined=" || ".join(texts),
            any_null=" OR ".join(f"{text} IS NULL" for text in texts),
            distinct=self.distinct,
            order=self.order,
            over=self.over,
            nulls=self.nulls,
        )


# Expressions that a template may repeat: lambdas, literals, columns and parameters of lambdas.
_PLAIN = re.compile(r"""lambda |(?:NULL|true|false|-?\d+|'[^']*'|\w+(?:\.\w+)*|CAST\([-\w.']+ AS \w+\))$""")

Translation = str | Callable[[Call], str]

PYTHON: dict[str, tuple[Callable[..., Any], list[str], str]] = {}
"""Functions of `python` by their names in DuckDB, with the types of their parameters and of their result."""


@dataclass(frozen=True)
class Function:
    """Overload of a function.

    Attributes:
        signature: name, parameters and result, such as `abs(bigint) -> bigint`.
        kind: scalar, aggregate or window.
        sql: translation to DuckDB's SQL.
        result: function that returns the type of the result, if the signature cannot express it.
        volatile: whether two calls with the same arguments may differ.
        ordered: whether a window function needs ORDER BY; such a function takes no frame either.
    """

    signature: str
    kind: Kind
    sql: Translation = ""
    result: Callable[[Binding], Type] | None = field(default=None, kw_only=True)
    volatile: bool = field(default=False, kw_only=True)
    ordered: bool = field(default=False, kw_only=True)

    @cached_property
    def name(self) -> str:
        return self.signature.partition("(")[0]

    @cached_property
    def variadic(self) -> bool:
        return "..." in self.signature

    @cached_property
    def parameters(self) -> tuple[Pattern, ...]:
        inner = self.signature.partition(" -> ")[0].partition("(")[2][:-1].replace("...", "")
        return parse(inner) if inner else ()

    @cached_property
    def returns(self) -> Pattern:
        return parse(self.signature.rpartition(" -> ")[2])[0]

    def bind(self, arguments: Sequence[Argument], *, exact: bool) -> Call | None:
        """Return a call with these arguments, or None if the function does not take them.

        Args:
            exact: whether the arguments must have the types of the parameters without any cast.
        """
        parameters = self._parameters(len(arguments))
        if parameters is None:
            return None
        binding: Binding = {}
        pairs = list(zip(parameters, arguments, strict=True))
        for pattern, argument in pairs:
            if isinstance(argument, Lambda) is not (pattern.base == "function"):
                return None
            if isinstance(argument, Value) and not unify(pattern, argument.type, binding, exact):
                return None
        args = []
        for pattern, argument in pairs:
            if isinstance(argument, Value):
                args.append(coerce(argument, substitute(pattern, binding)))
                continue
            if argument.arity != len(pattern.of) - 1:
                return None
            body = argument.body([substitute(of, binding) for of in pattern.of[:-1]])
            if not unify(pattern.of[-1], body.type, binding, exact):
                return None
            args.append(body)
        # The type of a result may depend on literals, such as a time zone: their values are variables 0, 1 …
        literals = {str(index): arg.literal for index, arg in enumerate(args)}
        binding |= {name: literal for name, literal in literals.items() if isinstance(literal, str | int)}
        returns = self.result(binding) if self.result else substitute(self.returns, binding)
        return Call(tuple(args), returns, binding)

    def _parameters(self, count: int) -> tuple[Pattern, ...] | None:
        declared = self.parameters
        if self.variadic and count >= len(declared):
            return declared + declared[-1:] * (count - len(declared))
        return declared if count == len(declared) else None

    def translate(self, call: Call) -> str:
        """Return a call in DuckDB's SQL."""
        if not isinstance(self.sql, str):
            text = self.sql(call)
        elif "{" in self.sql or "(" in self.sql:
            text = call.once(self.sql) if self.kind == "scalar" and _repeats(self.sql) else call.fill(self.sql)
        else:
            inner = "{distinct}{all}{nulls}{order}" if self.kind != "scalar" else "{all}"
            text = call.fill(f"{self.sql or self.name}({inner}){'' if self.kind == 'scalar' else '{over}'}")
        if call.returns == UNKNOWN:
            return text
        return f"CAST({text} AS {types.duckdb(call.returns)})"


def _repeats(template: str) -> bool:
    """Return whether a template uses an argument several times or in a lambda."""
    used = re.findall(r"\{(\w+)\}", template)
    return "lambda" in template or "any_null" in used or len(set(used)) < len(used)


def scalar(
    signature: str,
    sql: Translation = "",
    *,
    volatile: bool = False,
    result: Callable[[Binding], Type] | None = None,
) -> Function:
    """Return an overload of a scalar function."""
    return Function(signature, "scalar", sql, volatile=volatile, result=result)


def python(signature: str, function: Callable[..., Any]) -> Function:
    """Return an overload of a scalar function that Python computes.

    Args:
        signature: signature, whose types Python has too: no type variables, and no time zones.
        function: function of the values. It may raise a QueryFailure.
    """
    name = "py_" + re.sub(r"\W+", "_", signature.partition(" -> ")[0]).strip("_")
    declared = Function(signature, "scalar", f"{name}({{all}})")
    parameters = [types.duckdb(substitute(pattern, {})) for pattern in declared.parameters]
    PYTHON[name] = (function, parameters, types.duckdb(substitute(declared.returns, {})))
    return declared


def aggregate(signature: str, sql: Translation = "") -> Function:
    """Return an overload of an aggregate, which may be used with OVER too."""
    return Function(signature, "aggregate", sql)


def window(signature: str, sql: Translation = "", *, ordered: bool = False) -> Function:
    """Return an overload of a window function."""
    return Function(signature, "window", sql, ordered=ordered)


def table(*functions: Function) -> Mapping[str, tuple[Function, ...]]:
    """Return the overloads of each function by its name, in the order of their declaration."""
    result: dict[str, tuple[Function, ...]] = {}
    for function in functions:
        result[function.name] = (*result.get(function.name, ()), function)
    return result
