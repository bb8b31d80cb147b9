"""Types in the signatures of functions: their variables, and the types that they take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from local.athena import coercion, types
from local.athena.types import UNKNOWN, Type

Binding = dict[str, "Type | int | str | None"]
"""Value of each variable of a signature; `zone` is a time zone. The length of a varchar without a limit is None."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Type in a signature: a variable, or a base with parameters."""

    base: str
    of: tuple[Pattern, ...] = ()

    @property
    def is_variable(self) -> bool:
        """Whether this is a variable: a capital letter for a type, a small letter for a number."""
        return len(self.base) == 1 and self.base.isalpha()


_TOKEN = re.compile(r"\s*([(),]|[^(),]*[^(),\s])")


def parse(text: str) -> tuple[Pattern, ...]:
    """Return the patterns of a list of types separated by commas."""
    tokens = _TOKEN.findall(text)
    result: list[Pattern] = []
    while tokens:
        result.append(_parse(tokens))
        del tokens[:1]
    return tuple(result)


def _parse(tokens: list[str]) -> Pattern:
    base, of = tokens.pop(0), []
    if tokens[:1] == ["("]:
        while tokens.pop(0) != ")":
            of.append(_parse(tokens))
    if tokens and tokens[0].startswith("with "):
        base = f"{base} {tokens.pop(0)}"
    return Pattern(base, tuple(of))


def substitute(pattern: Pattern, binding: Binding) -> Type:
    """Return the type of a pattern with the values of its variables; a variable without a value is unknown."""
    if pattern.is_variable:
        return cast("Type", binding.get(pattern.base, UNKNOWN))
    if pattern.base in types.NESTED:
        inner = tuple(substitute(of, binding) for of in pattern.of)
        return types.row(inner) if pattern.base == "row" else Type(pattern.base, inner)
    values = [int(of.base) if of.base.isdecimal() else binding.get(of.base) for of in pattern.of]
    built = types.build(pattern.base, tuple(value for value in values if isinstance(value, int)))
    return built.at(str(binding.get("zone", "UTC"))) if pattern.base in types.ZONED else built


def unify(pattern: Pattern, type_: Type, binding: Binding, exact: bool) -> bool:
    """Set the variables of a pattern so that it takes a type, and return whether that is possible.

    Args:
        exact: whether the pattern must take the type without a cast.
    """
    if pattern.is_variable:
        return _unify_variable(pattern.base, type_, binding, exact)
    if pattern.base in types.NESTED:
        if type_ == UNKNOWN:
            return not exact and all(unify(of, UNKNOWN, binding, exact) for of in pattern.of)
        same = type_.base == pattern.base and len(type_.of) == len(pattern.of)
        return same and all(unify(*pair, binding, exact) for pair in zip(pattern.of, type_.elements, strict=True))
    if type_ == UNKNOWN:
        return not exact
    if any(of.is_variable for of in pattern.of):
        return _unify_numbers(pattern, type_, binding, exact)
    target = substitute(pattern, binding).at(type_.zone)
    binding.update({"zone": type_.zone} if type_.zone else {})
    return (type_.base == target.base if exact else True) and coercion.coerces(type_, target)


def _unify_variable(name: str, type_: Type, binding: Binding, exact: bool) -> bool:
    bound = cast("Type", binding.get(name, type_))
    joined = coercion.common(bound, type_)
    if joined is None or (exact and bound != type_):
        return False
    binding[name] = joined
    return True


def _unify_numbers(pattern: Pattern, type_: Type, binding: Binding, exact: bool) -> bool:
    """Set the variables for the precision, the scale or the length of a type."""
    if not exact:
        type_ = _widen(type_, pattern.base)
    if type_.base != pattern.base:
        return False
    names = [of.base for of in pattern.of]
    if names[0] in binding:
        before = Type(type_.base, tuple(number for name in names if isinstance(number := binding[name], int)))
        joined = coercion.common(before, Type(type_.base, type_.of))
        if joined is None or (exact and joined.of != type_.of):
            return False
        type_ = joined.at(type_.zone)
    binding.update({name: type_.numbers[index] if type_.of else None for index, name in enumerate(names)})
    binding.update({"zone": type_.zone} if type_.zone else {})
    return True


def _widen(type_: Type, base: str) -> Type:
    """Return the type with this base to which Trino casts a type implicitly, or else the type itself."""
    if base == "decimal":
        return coercion.as_decimal(type_)
    if base in {"timestamp", "timestamp with time zone"} and type_.base in {"date", "timestamp"}:
        return Type(base, type_.of or (0,), zone=type_.zone or ("UTC" if base in types.ZONED else ""))
    return type_
