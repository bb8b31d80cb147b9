"""Glue's types of columns: their Arrow types, and those of Arrow and Athena in Glue."""

from __future__ import annotations

import pyarrow as pa

from local.athena.errors import QueryFailure
from local.athena.types import Type

_ARROW: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}
_GLUE = {"integer": "int", "real": "float", "varbinary": "binary"}


def arrow(type_: Type) -> pa.DataType:
    """Return the Arrow type of the values of a column.

    Raises:
        QueryFailure: a table cannot have a column of this type.
    """
    if type_.base == "decimal":
        return pa.decimal128(*type_.numbers)
    if type_.base == "array":
        return pa.list_(arrow(type_.elements[0]))
    if type_.base == "map":
        return pa.map_(*map(arrow, type_.elements))
    if type_.base == "row":
        return pa.struct([(_field(type_, index), arrow(part)) for index, part in enumerate(type_.elements)])
    if type_.base not in _ARROW:
        raise QueryFailure("NOT_SUPPORTED", f"Unsupported Hive type: {type_}")
    return _ARROW[type_.base]


def glue(type_: Type) -> str:
    """Return the name of a type in Glue.

    Raises:
        QueryFailure: Glue has no such type.
    """
    if type_.base == "varchar":
        return f"varchar({type_.of[0]})" if type_.of else "string"
    if type_.base in ("decimal", "char"):
        return str(type_).replace(" ", "")
    if type_.base in ("array", "map"):
        return f"{type_.base}<{','.join(map(glue, type_.elements))}>"
    if type_.base == "row":
        fields = [f"{_field(type_, index)}:{glue(part)}" for index, part in enumerate(type_.elements)]
        return f"struct<{','.join(fields)}>"
    arrow(type_)
    return _GLUE.get(type_.base, type_.base)


def _field(type_: Type, index: int) -> str:
    name = type_.names[index]
    if name is None:
        raise QueryFailure("NOT_SUPPORTED", f"Anonymous row type is not supported in Hive: {type_}")
    return name
