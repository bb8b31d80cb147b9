"""Rows as lines of JSON, as Hive's JsonSerDe writes them."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from local.athena.errors import QueryFailure
from local.athena.text import java_double, java_real


def write(rows: pa.Table) -> bytes:
    """Return rows as JSON compressed with gzip: one object on each line, which has also the fields that are null.

    Raises:
        QueryFailure: a column has a type that is not written as JSON here.
    """
    columns = [
        [(field.name, _json(value, field.type)) for value in rows[field.name].to_pylist()] for field in rows.schema
    ]
    return gzip.compress("".join(f"{_object(row)}\n" for row in zip(*columns, strict=True)).encode())


def _json(value: Any, type_: pa.DataType) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        fields = [type_.field(index) for index in range(type_.num_fields)]
        return _object([(field.name, _json(value[field.name], field.type)) for field in fields])
    if pa.types.is_map(type_):
        return _object([(_key(key, type_.key_type), _json(item, type_.item_type)) for key, item in value])
    if isinstance(value, list):
        return f"[{','.join(_json(item, type_.value_type) for item in value)}]"
    return _scalar(value, type_)


def _object(fields: Sequence[tuple[str, str]]) -> str:
    return f"{{{','.join(f'{json.dumps(name, ensure_ascii=False)}:{text}' for name, text in fields)}}}"


def _key(value: Any, type_: pa.DataType) -> str:
    return value if isinstance(value, str) else _scalar(value, type_).strip('"')


def _scalar(value: Any, type_: pa.DataType) -> str:
    if isinstance(value, float):
        number = java_real(value) if pa.types.is_float32(type_) else java_double(value)
        return number if math.isfinite(value) else f'"{number}"'
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | Decimal):
        return str(value)
    if pa.types.is_date(type_):
        return f'"{value.isoformat()}"'
    raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not write a value of {type_} as JSON")
