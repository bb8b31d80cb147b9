"""Parse a request: its base path, and its query parameters as the typed parameters of its route."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from chalice.app import Request
from msgspec.inspect import (
    DateType,
    FloatType,
    IntType,
    LiteralType,
    Metadata,
    StrType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)  # fmt: skip

from chalicelib.api.ranges import ALLOWED_DATES, ALLOWED_DAYS, day_of
from chalicelib.errors import BadParameter

T = TypeVar("T", bound=msgspec.Struct)

# msgspec alone accepts 1e2 as an integer, and nan as a number.
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,400})?([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    """A parameter of a model.

    Attributes:
        name: the name of the attribute. Where that would be a keyword of Python, the parameter has another.
        annotation: its annotation.
        type: its type without metadata and None.
        default: its default.
        extra: its `Meta.extra`.
    """

    name: str
    annotation: Any
    type: Type
    default: Any
    extra: Mapping[str, Any]


@cache
def _fields(model: type[msgspec.Struct]) -> Mapping[str, _Field]:
    """The fields of a model by name of the parameter. Cached: msgspec evaluates the annotations at every call."""
    return {
        field.encode_name: _Field(
            field.name, field.type, _bare(type_info(field.type)), field.default, _extra(type_info(field.type))
        )
        for field in msgspec.structs.fields(model)
    }


def base_path(request: Request) -> str:
    """Return the part of the URL's path before the route: a stage, a custom domain's base path, or nothing."""
    segments = _segments(str(request.context.get("path") or request.path))
    # The path of the route has names in place of its parameters, but as many segments.
    base = segments[: len(segments) - len(_segments(request.path))]
    return f"/{'/'.join(base)}" if base else ""


def path_parameter(request: Request, name: str) -> str | None:
    """Return a parameter in the path of the route, None if the route does not have it."""
    text = (request.uri_params or {}).get(name)
    return None if text is None else _utf8(text)


def resource(request: Request) -> str:
    """Return the path of the request without its base path."""
    parameters = {name: quote(_utf8(text), safe="") for name, text in (request.uri_params or {}).items()}
    return str(request.path).format_map(parameters)


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def parse(model: type[T], request: Request) -> T:
    """Return the query parameters of a request as its route's model.

    Raises:
        BadParameter: one is unknown, repeated, empty, malformed, out of range, or in conflict with another.
    """
    return parse_texts(model, _query_parameters(request))


def _query_parameters(request: Request) -> dict[str, list[str]]:
    """The values of each query parameter.

    The JSON of an event can hold a lone surrogate, which cannot be encoded as UTF-8: it is read as a question mark.
    """
    parameters = request.query_params
    if parameters is None:
        return {}
    return {_utf8(name): [_utf8(text) for text in parameters.getlist(name)] for name in parameters}


def _utf8(text: str) -> str:
    return text.encode(errors="replace").decode()


def parse_texts(model: type[T], texts: Mapping[str, Sequence[str]]) -> T:
    """Return query parameters, the values of each by name, as a model.

    Raises:
        BadParameter: as `parse`.
    """
    fields = _fields(model)
    values: dict[str, Any] = {}
    for name, repeated in texts.items():
        if name not in fields:
            allowed = f"one of {', '.join(fields)}" if fields else "no parameter at all"
            raise BadParameter(name, repeated[0], allowed)
        if len(repeated) != 1:
            raise BadParameter(name, ", ".join(repeated), "the parameter once")
        values[fields[name].name] = _value(name, repeated[0], fields[name])
    try:
        return model(**values)
    except BadParameter as error:
        name = error.parameter
        if name not in texts or isinstance(fields[name].type, VarTupleType):
            # The parameter has its default, or the error names one element of a list.
            raise
        # The error has the model's value, such as 2025-09-01, where the client sent 2025-09.
        raise BadParameter(name, texts[name][0], error.allowed) from None


def canonical(parameters: msgspec.Struct) -> dict[str, str]:
    """Return the parameters that differ from their defaults, as texts, in the order of the model's fields."""
    texts = {}
    for name, field in _fields(type(parameters)).items():
        value = getattr(parameters, field.name)
        if value != field.default:
            texts[name] = ",".join(value) if isinstance(value, tuple) else str(value)
    return texts


def _value(name: str, text: str, field: _Field) -> Any:
    if isinstance(field.type, VarTupleType):
        return tuple(text.split(","))
    if isinstance(field.type, DateType):
        if (day := day_of(text, **field.extra)) is None:
            raise BadParameter(name, text, _allowed(field))
        return day
    pattern = _INTEGER if isinstance(field.type, IntType) else _NUMBER if isinstance(field.type, FloatType) else None
    if text == "null" or (pattern and not pattern.fullmatch(text)):
        # msgspec converts "null" to None where None is allowed.
        raise BadParameter(name, text, _allowed(field))
    try:
        return msgspec.convert(text, field.annotation, strict=False)
    except msgspec.ValidationError:
        raise BadParameter(name, text, _allowed(field)) from None


def _extra(type_: Type) -> Mapping[str, Any]:
    return (type_.extra or {}) if isinstance(type_, Metadata) else {}


def _bare(type_: Type) -> Type:
    """The type without its metadata, and without None, the default of an absent parameter."""
    if isinstance(type_, Metadata):
        return _bare(type_.type)
    if isinstance(type_, UnionType):
        (only,) = (member for member in type_.types if not isinstance(member, msgspec.inspect.NoneType))
        return _bare(only)
    return type_


def _allowed(field: _Field) -> str:
    """The values that a parameter allows, in words."""
    type_ = field.type
    if "allowed" in field.extra:
        return f"{field.extra['allowed']}"
    if isinstance(type_, LiteralType):
        values = [f"{value}" for value in type_.values]
        ascending = [value for value in values if not value.startswith("-")]
        signs = ", each also with - in front, descending" if len(ascending) < len(values) else ""
        return f"one of {', '.join(ascending)}{signs}"
    if isinstance(type_, IntType):
        return f"a whole number from {type_.ge} to {type_.le}"
    if isinstance(type_, FloatType):
        return f"a number from {type_.ge:g} to {type_.le:g}"
    if isinstance(type_, StrType):
        return "the cursor in links.next of the previous page"
    return ALLOWED_DATES if field.extra.get("exact") else ALLOWED_DAYS
