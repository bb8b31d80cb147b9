"""From the text of a request to the typed parameters of its route."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec.inspect import FloatType, IntType, LiteralType, StrType, Type, UnionType, VarTupleType, type_info

from chalicelib.errors import BadParameter

T = TypeVar("T", bound=msgspec.Struct)

Given = Mapping[str, Sequence[str]]
"""The query parameters of a request: the values of each."""

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)

# msgspec alone would take 1e2 for a whole number, and nan for a number.
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,400})?([eE][+-]?\d{1,3})?", re.ASCII)


def read(model: type[T], given: Given) -> T:
    """The parameters of a request.

    Raises:
        BadParameter: one is unknown, repeated, empty, malformed, out of range, or in conflict with another.
    """
    fields = {field.name: field.type for field in msgspec.structs.fields(model)}
    values: dict[str, Any] = {}
    for name, texts in given.items():
        if name not in fields:
            raise BadParameter(name, texts[0], f"one of {', '.join(fields)}" if fields else "no parameter at all")
        if len(texts) != 1:
            raise BadParameter(name, ", ".join(texts), "the parameter once")
        values[name] = _value(name, texts[0], fields[name])
    return model(**values)


def _value(name: str, text: str, annotation: Any) -> Any:
    wanted = _bare(type_info(annotation))
    if isinstance(wanted, VarTupleType):
        return tuple(text.split(","))
    allowed = _allowed(wanted)
    pattern = _INTEGER if isinstance(wanted, IntType) else _NUMBER if isinstance(wanted, FloatType) else None
    if text == "null" or (pattern and not pattern.fullmatch(text)):
        # msgspec would take it for None, where that is the default.
        raise BadParameter(name, text, allowed)
    try:
        value = msgspec.convert(text, annotation, strict=False)
    except msgspec.ValidationError:
        raise BadParameter(name, text, allowed) from None
    if isinstance(value, date) and not EARLIEST <= value <= LATEST:
        raise BadParameter(name, text, allowed)
    return value


def _bare(wanted: Type) -> Type:
    """The type without its descriptions, and without None, which is what an absent parameter is."""
    if isinstance(wanted, msgspec.inspect.Metadata):
        return _bare(wanted.type)
    if isinstance(wanted, UnionType):
        (only,) = (each for each in wanted.types if not isinstance(each, msgspec.inspect.NoneType))
        return _bare(only)
    return wanted


def _allowed(wanted: Type) -> str:
    """What a parameter of a type may be, in words."""
    if isinstance(wanted, LiteralType):
        return f"one of {', '.join(map(str, wanted.values))}"
    if isinstance(wanted, IntType):
        return f"a whole number from {wanted.ge} to {wanted.le}"
    if isinstance(wanted, FloatType):
        return f"a number from {wanted.ge:g} to {wanted.le:g}"
    if isinstance(wanted, StrType):
        return "what links.next of the page before holds"
    return f"an ISO date from {EARLIEST} to {LATEST}"
