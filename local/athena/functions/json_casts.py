"""Casts to and from JSON."""

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
from local.athena.functions.json import Number, Object, double, dump, load, quote
from local.athena.functions.literals import quote as sql_text
from local.athena.functions.literals import unsupported
from local.athena.functions.signature import python, table
from local.athena.text import double_text
from local.athena.types import INTEGERS, Type
from local.athena.values import Value


def to_json(operand: Value) -> str:
    """Return the cast of a value to JSON."""
    return f"CASE WHEN {operand.sql} IS NULL THEN NULL ELSE {_to_json(operand.type, operand.sql)} END"


# The text of a value of each type in JSON.
_SCALARS = {
    "json": "{0}", "double": "py_json_number_double({0})", "varchar": "py_json_quote_varchar({0})",
    "date": """('"' || CAST({0} AS VARCHAR) || '"')""",
    # DuckDB leaves out the zero before the point if the type has no digit there.
    "decimal": "CAST(CAST({0} AS DECIMAL(38, {scale})) AS VARCHAR)",
    **dict.fromkeys((*INTEGERS, "boolean", "unknown"), "CAST({0} AS VARCHAR)"),
}  # fmt: skip


def _to_json(type_: Type, sql: str) -> str:
    """Return the JSON text of an expression, which is `null` for null."""
    if type_.base in _SCALARS:
        scale = type_.numbers[1] if type_.base == "decimal" else 0
        text = _SCALARS[type_.base].format(sql, scale=scale)
    elif type_.base == "array":
        items = f"list_transform({sql}, lambda j: {_to_json(type_.elements[0], 'j')})"
        text = f"('[' || coalesce(array_to_string({items}, ','), '') || ']')"
    elif type_.base == "map" and type_.elements[0].base in {"varchar", "boolean", *INTEGERS}:
        pair = f"struct_pack(k := CAST(j.key AS VARCHAR), v := {_to_json(type_.elements[1], 'j.value')})"
        pairs = f"list_sort(list_transform(map_entries({sql}), lambda j: {pair}))"
        pairs = f"list_transform({pairs}, lambda j: py_json_quote_varchar(j.k) || ':' || j.v)"
        text = f"('{{' || coalesce(array_to_string({pairs}, ','), '') || '}}')"
    elif type_.base == "row":
        fields = []
        for index, (name, of) in enumerate(zip(type_.names, type_.elements, strict=True)):
            field = _to_json(of, f"struct_extract({sql}, 'f{index}')")
            fields.append(f"{sql_text(quote(name or '') + ':')} || {field}")
        joined = " || ',' || ".join(fields)
        text = f"('{{' || {joined} || '}}')"
    else:
        raise unsupported(f"the cast of {type_} to JSON")
    return f"coalesce({text}, 'null')"


def from_json(operand: Value, target: Type) -> str:
    """Return the cast of a JSON value to another type."""
    _check_target(target)
    text = f"py_json_cast_varchar_varchar({operand.sql}, {sql_text(str(target))})"
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
    value = _convert(load(text), _target(name))
    return json.dumps([value])


def _convert(value: Any, target: Type) -> Any:
    """Return a JSON value as one that DuckDB casts to the target."""
    if target.base == "json":
        return dump(value)
    if value is None:
        return None
    if target.base in types.NESTED:
        return _convert_nested(value, target)
    if isinstance(value, list):
        raise _refusal(value, target)
    try:
        return _CONVERSIONS[target.base](value, target)
    except (ValueError, OverflowError):
        raise _refusal(value, target) from None


def _refusal(value: Any, target: Type) -> QueryFailure:
    return QueryFailure("INVALID_CAST_ARGUMENT", f"Cannot cast to {target}: {dump(value)[:100]}")


def _convert_nested(value: Any, target: Type) -> Any:
    keyed = isinstance(value, Object)
    fits = target.base == "row" or keyed is (target.base == "map")
    if not isinstance(value, list) or not fits:
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
    if isinstance(value, Number) and not value.is_whole:
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
    if isinstance(value, Number):
        return float(value) != 0
    if value.lower() not in {"t", "true", "1", "f", "false", "0"}:
        raise ValueError(value)
    return value.lower() in {"t", "true", "1"}


def _to_varchar(value: Any, _: Type) -> str:
    if isinstance(value, Number):
        return str(value) if value.is_whole else double_text(float(value))
    return value if isinstance(value, str) else json.dumps(value)


_CONVERSIONS: dict[str, Callable[[Any, Type], Any]] = {
    **dict.fromkeys(INTEGERS, _to_integer), "double": _to_double, "boolean": _to_boolean, "varchar": _to_varchar
}  # fmt: skip

# There are no functions besides those of the casts above.
FUNCTIONS = table()
python("json_cast(varchar, varchar) -> varchar", _cast)
python("json_number(double) -> varchar", double)
python("json_quote(varchar) -> varchar", quote)
