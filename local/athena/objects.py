"""Objects of tables that statements write, and their partitions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import orc

from local import moto_catalog
from local.athena import delimited, json_lines
from local.athena.errors import QueryFailure
from local.athena.storage import partition_input, partition_location
from local.athena.types import Type

MOST_PARTITIONS = 100
"""Maximum number of partitions that one statement writes, as on AWS."""

_KEY_TYPES = {"boolean", "date", "integer", "bigint", "smallint", "tinyint", "varchar", "char"}

Encoding = tuple[str, str]
"""Format (PARQUET, ORC, JSON or TEXTFILE) and compression of parquet or ORC. JSON and text have gzip."""

Part = tuple[list[str], pa.Table]
"""Values of the partition keys, and the rows without these."""


def partitions(rows: pa.Table, of: Sequence[Type], keys: Sequence[str]) -> list[Part]:
    """Return the rows by partition; all in one part if there is no key. A part has at least one row."""
    if not keys:
        return [([], rows)] if len(rows) else []
    count = rows.num_columns - len(keys)
    texts = []
    for column, type_ in zip(rows.columns[count:], of[count:], strict=True):
        if type_.base not in _KEY_TYPES:
            raise QueryFailure("NOT_SUPPORTED", f"Unsupported type for partition column: {type_}")
        texts.append(pc.fill_null(delimited.as_text(column), "__HIVE_DEFAULT_PARTITION__"))
    names = [str(index) for index in range(len(keys))]
    values = pa.table(texts, names)
    groups = values.group_by(names, use_threads=False).aggregate([]).to_pylist()
    if len(groups) > MOST_PARTITIONS:
        raise QueryFailure(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"
        )
    data, parts = rows.select(range(count)), []
    for group in groups:
        mask = None
        for name, value in group.items():
            equal = pc.equal(values[name], value)
            mask = equal if mask is None else pc.and_(mask, equal)
        parts.append((list(group.values()), data.filter(mask)))
    return parts


def files(
    table: Mapping[str, Any],
    parts: Iterable[Part],
    encoding: Encoding,
    query_id: str,
    places: Mapping[tuple[str, ...], str] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Return the objects of the parts by their locations, named as Athena names them.

    Args:
        table: the table in the form of Glue.
        parts: the parts.
        encoding: their format and compression.
        query_id: the id of the execution.
        places: locations of the partitions that exist, by their values.
    """
    storage = table["StorageDescriptor"]
    form, compression = encoding
    objects = {}
    for values, rows in parts:
        name = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{query_id[:5]}_{uuid.uuid4()}"
        place = f"{places.get(tuple(values)) or partition_location(table, values)}/{name}"
        match form:
            case "PARQUET":
                objects[place] = _parquet(rows, compression)
            case "ORC":
                sink = pa.BufferOutputStream()
                orc.write_table(rows, sink, compression=compression)
                objects[place] = bytes(sink.getvalue())
            case "JSON":
                objects[f"{place}.gz"] = json_lines.write(rows)
            case _:
                objects[f"{place}.gz"] = delimited.write(rows, storage.get("SerdeInfo") or {})
    return objects


def register(database: str, table: Mapping[str, Any], parts: Iterable[Part]) -> None:
    """Create the partitions that the table does not have."""
    present = [each["Values"] for each in moto_catalog.partitions(database, table["Name"])]
    for values, _ in parts:
        if values and values not in present:
            moto_catalog.create_partition(database, table["Name"], partition_input(table, values))


def _parquet(rows: pa.Table, compression: str) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows.combine_chunks(),
        sink,
        compression=compression,
        store_schema=False,
        # Athena writes timestamps so too.
        use_deprecated_int96_timestamps=True,
    )
    return bytes(sink.getvalue())
