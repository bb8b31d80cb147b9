"""JSON functions and casts. A value of the type JSON is held as text, as Trino writes it: compact, keys sorted."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from local.athena import types
from local.athena.errors import QueryFailure
from local.athena.functions.literals import invalid, quote, unsupported
from local.athena.functions.signature import Function, python, scalar, table
from local.athena.text import double_text, java_double
from local.athena.types import FLOATS, INTEGERS, Type
from local.athena.values import Value


class _Number(str):
    """Number as it is written."""

    __slots__ = ()

    @property
    def is_whole(self) -> bool:
        return re.fullmatch("-?[0-9]+", self) is not None


class _Object(list[tuple[str, Any]]):
    """Object, as its pairs of key and value."""

    def get(self, key: str) -> Any:
        """Return the first value of a key, or `_MISSING`."""
        return next((value for name, value in self if name == key), _MISSING)


_MISSING = object()


def _constant(name: str) -> Any:
    raise ValueError(name)


def _load(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return json.loads(
            text, parse_int=_Number, parse_float=_Number, parse_constant=_constant, object_pairs_hook=_Object
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _dump(value: Any, *, canonical: bool = False) -> str:
    """Return a value as compact JSON.

    Args:
        canonical: whether keys are sorted and the last of equal keys counts, as in json_parse.
    """
    if isinstance(value, _Number):
        return str(int(value)) if value.is_whole else _double(float(value))
    if isinstance(value, _Object):
        pairs = sorted(dict(value).items(), key=lambda pair: pair[0].encode("utf-16-be")) if canonical else value
        return "{" + ",".join(f"{_quote(key)}:{_dump(item, canonical=canonical)}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dump(item, canonical=canonical) for item in value) + "]"
    return _quote(value) if isinstance(value, str) else json.dumps(value)


def _double(number: float) -> str:
    if not math.isfinite(number):
        raise unsupported("a number in JSON beyond the range of a double")
    return java_double(number)


def _quote(text: str) -> str:
    if re.search("[\ud800-\udfff]", text):
        raise unsupported("half a surrogate pair in JSON")
    return re.sub(r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), json.dumps(text, ensure_ascii=False))


def parse(text: str) -> str:
    """Return a JSON text as Trino's json_parse returns it."""
    try:
        return _dump(_load(text), canonical=True)
    except ValueError:
        raise invalid(f"Cannot convert value to JSON: '{text[:100]}'") from None


_PART = re.compile(r'\.(?P<name>[:\w]+)|\[(?P<index>\w+)\]|\["(?P<quoted>(?:[^"\\]|\\["\\])*)"\]')


@lru_cache(maxsize=256)
def _path(path: str) -> tuple[str, ...]:
    """Return the keys and positions of a path, such as $.store.book[0]."""
    parts, position = [], 1
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            break
        quoted = match["quoted"]
        parts.append((match["name"] or match["index"]) if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        position = match.end()
    if not path.startswith("$") or position < len(path):
        raise invalid(f"Invalid JSON path: '{path}'")
    return tuple(parts)


def _get(text: str, path: str) -> Any:
    """Return the value at a path of a JSON text, or `_MISSING`."""
    parts = _path(path)
    try:
        value = _load(text)
    except ValueError:
        if text.lstrip()[:1] in {"{", "["}:
            # Trino reads up to the value only, so that the result depends on the place of the mistake.
            raise unsupported("paths into a text that is not JSON as a whole") from None
        return _MISSING
    for part in parts:
        if isinstance(value, _Object):
            value = value.get(part)
        elif isinstance(value, list):
            index = int(part) if re.fullmatch("[0-9]+", part) else len(value)
            value = value[index] if index < len(value) else _MISSING
        else:
            return _MISSING
    return value


def _extract(text: str, path: str) -> str | None:
    value = _get(text, path)
    return None if value is _MISSING else _dump(value)


def _extract_scalar(text: str, path: str) -> str | None:
    value = _get(text, path)
    if isinstance(value, list) or value is None or value is _MISSING:
        return None
    return str(value) if isinstance(value, str) else json.dumps(value)


def _size(text: str, path: str) -> int | None:
    value = _get(text, path)
    return None if value is _MISSING else len(value) if isinstance(value, list) else 0


def _array(text: str) -> list[Any] | None:
    value = _get(text, "$")
    return None if isinstance(value, _Object) or not isinstance(value, list) else value


def _array_length(text: str) -> int | None:
    items = _array(text)
    return None if items is None else len(items)


def _array_get(text: str, index: int) -> str | None:
    items = _array(text) or []
    item = items[index] if -len(items) <= index < len(items) else None
    return None if item is None else item if isinstance(item, str) else _dump(item)


def _array_contains(text: str, value: Any) -> bool | None:
    items = _array(text)
    return None if items is None else any(_is_same(item, value) for item in items)


def _is_same(item: Any, value: Any) -> bool:
    if isinstance(value, bool | str):
        return type(item) is type(value) and item == value
    if not isinstance(item, _Number) or item.is_whole is not isinstance(value, int):
        return False
    return bool((int if isinstance(value, int) else float)(item) == value)


def _is_scalar(text: str) -> bool:
    try:
        return not isinstance(_load(text), list)
    except ValueError:
        raise invalid(f"Invalid JSON value: {text[:100]}") from None


def to_json(operand: Value) -> str:
    """Return the cast of a value to JSON."""
    return f"CASE WHEN {operand.sql} IS NULL THEN NULL ELSE {_to_json(operand.type, operand.sql)} END"


def _to_json(type_: Type, sql: str) -> str:
    """Return the JSON text of an expression, which is `null` for null."""
    if type_.base == "json":
        text = sql
    elif type_.base in FLOATS:
        if type_.base == "real":
            raise unsupported("the cast of real to JSON")
        text = f"py_json_number_double({sql})"
    elif type_.base == "varchar":
        text = f"py_json_quote_varchar({sql})"
    elif type_.base == "decimal":
        # DuckDB leaves out the zero before the point if the type has no digit there.
        text = f"CAST(CAST({sql} AS DECIMAL(38, {type_.numbers[1]})) AS VARCHAR)"
    elif type_.base in {*INTEGERS, "boolean", "unknown"}:
        text = f"CAST({sql} AS VARCHAR)"
    elif type_.base == "date":
        text = f"""('"' || CAST({sql} AS VARCHAR) || '"')"""
    elif type_.base == "array":
        items = f"list_transform({sql}, lambda j: {_to_json(type_.elements[0], 'j')})"
        text = f"('[' || coalesce(array_to_string({items}, ','), '') || ']')"
    elif type_.base == "map" and type_.elements[0].base in {"varchar", "boolean", *INTEGERS}:
        pair = f"struct_pack(k := CAST(j.key AS VARCHAR), v := {_to_json(type_.elements[1], 'j.value')})"
        pairs = f"list_sort(list_transform(map_entries({sql}), lambda j: {pair}))"
        pairs = f"list_transform({pairs}, lambda j: py_json_quote_varchar(j.k) || ':' || j.v)"
        text = f"('{{' || coalesce(array_to_string({pairs}, ','), '') || '}}')"
    elif type_.base == "row":
        fields = [
            f"{quote(_quote(name or '') + ':')} || {_to_json(of, f'struct_extract({sql}, {quote(f"f{index}")})')}"
            for index, (name, of) in enumerate(zip(type_.names, type_.elements, strict=True))
        ]
        text = f"('{{' || {" || ',' || ".join(fields)} || '}}')"
    else:
        raise unsupported(f"the cast of {type_} to JSON")
    return f"coalesce({text}, 'null')"


def from_json(operand: Value, target: Type) -> str:
    """Return the cast of a JSON value to another type."""
    _check_target(target)
    text = f"py_json_cast_varchar_varchar({operand.sql}, {quote(str(target))})"
    # Within an array, because DuckDB casts a JSON text to VARCHAR with its quotes.
    return f"CAST(CAST({text} AS JSON) AS {types.duckdb(target)}[])[1]"


def _check_target(target: Type) -> None:
    """Check that JSON is cast to a type."""
    if target.base in types.NESTED:
        for of in target.elements:
            _check_target(of)
    elif target.base not in {*INTEGERS, "double", "boolean", "varchar", "json"} or target.of:
        raise unsupported(f"the cast of JSON to {target}")


@lru_cache(maxsize=64)
def _target(name: str) -> Type:
    return types.parse(name)


def _cast(text: str, name: str) -> str | None:
    value = _convert(_load(text), _target(name))
    return json.dumps([value])


def _convert(value: Any, target: Type) -> Any:
    """Return a JSON value as one that DuckDB casts to the target."""
    if target.base == "json":
        return _dump(value)
    if value is None:
        return None
    if target.base in types.NESTED:
        return _convert_nested(value, target)
    if isinstance(value, list):
        raise _refusal(value, target)
    try:
        return _CONVERSIONS.get(target.base, _to_integer)(value, target)
    except (ValueError, OverflowError):
        raise _refusal(value, target) from None


def _refusal(value: Any, target: Type) -> QueryFailure:
    return QueryFailure("INVALID_CAST_ARGUMENT", f"Cannot cast to {target}: {_dump(value)[:100]}")


def _convert_nested(value: Any, target: Type) -> Any:
    keyed = isinstance(value, _Object)
    if not isinstance(value, list) or keyed is not (target.base == "map") and not (keyed and target.base == "row"):
        raise _refusal(value, target)
    if target.base == "array":
        return [_convert(item, target.elements[0]) for item in value]
    if target.base == "map":
        key_type, item_type = target.elements
        return {str(_convert(key, key_type)): _convert(item, item_type) for key, item in dict(value).items()}
    if keyed:
        items = {key.lower(): item for key, item in value}
        if len(items) < len(value) or None in target.names:
            raise unsupported("this cast of a JSON object to a row")
        value = [items.get((name or "").lower()) for name in target.names]
    if len(value) != len(target.of):
        raise _refusal(value, target)
    pairs = zip(value, target.elements, strict=True)
    return {f"f{index}": _convert(item, of) for index, (item, of) in enumerate(pairs)}


def _to_integer(value: Any, target: Type) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, _Number) and not value.is_whole:
        number = int(Decimal(float(value)).quantize(Decimal(1), ROUND_HALF_UP))
    elif re.fullmatch("[+-]?[0-9]+", value):
        number = int(value)
    else:
        raise ValueError(value)
    bits = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}[target.base]
    if not -(2**bits) <= number < 2**bits:
        raise ValueError(value)
    return number


def _to_double(value: Any, _: Type) -> float:
    if isinstance(value, str) and not re.fullmatch(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", value):
        raise ValueError(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _to_boolean(value: Any, _: Type) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, _Number):
        return float(value) != 0
    if value.lower() not in {"t", "true", "1", "f", "false", "0"}:
        raise ValueError(value)
    return value.lower() in {"t", "true", "1"}


def _to_varchar(value: Any, _: Type) -> str:
    if isinstance(value, _Number):
        return str(value) if value.is_whole else double_text(float(value))
    return value if isinstance(value, str) else json.dumps(value)


_CONVERSIONS: dict[str, Callable[[Any, Type], Any]] = {
    "double": _to_double, "boolean": _to_boolean, "varchar": _to_varchar
}  # fmt: skip


def _functions(type_: str) -> list[Function]:
    """Return the functions that take JSON, which take a text too."""
    return [
        *(python(f"json_array_contains({type_}, {value}) -> boolean", _array_contains)
          for value in ("boolean", "bigint", "double", "varchar")),
        python(f"json_array_get({type_}, bigint) -> json", _array_get),
        python(f"json_array_length({type_}) -> bigint", _array_length),
        python(f"json_extract({type_}, varchar) -> json", _extract),
        python(f"json_extract_scalar({type_}, varchar) -> varchar", _extract_scalar),
        python(f"json_size({type_}, varchar) -> bigint", _size),
        python(f"is_json_scalar({type_}) -> boolean", _is_scalar),
    ]  # fmt: skip


FUNCTIONS = table(
    *_functions("varchar"),
    *_functions("json"),
    scalar("json_format(json) -> varchar", "{0}"),
    python("json_parse(varchar) -> json", parse),
)

# Functions for the casts above.
python("json_cast(varchar, varchar) -> varchar", _cast)
python("json_number(double) -> varchar", _double)
python("json_quote(varchar) -> varchar", _quote)
