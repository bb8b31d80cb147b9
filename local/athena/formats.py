"""The formats of tables, and which of them the local Athena reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.athena.delimited import OPEN_CSV
from local.athena.errors import QueryFailure
from local.athena.projection import is_projected
from local.athena.stored_views import is_view

_HADOOP = "org.apache.hadoop.hive"
PARQUET = {
    "InputFormat": f"{_HADOOP}.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": f"{_HADOOP}.ql.io.parquet.MapredParquetOutputFormat",
    "Serde": f"{_HADOOP}.ql.io.parquet.serde.ParquetHiveSerDe",
}
TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": f"{_HADOOP}.ql.io.HiveIgnoreKeyTextOutputFormat",
    "Serde": f"{_HADOOP}.serde2.lazy.LazySimpleSerDe",
}
FORMATS = {
    "textfile": TEXT,
    "parquet": PARQUET,
    "orc": {
        "InputFormat": f"{_HADOOP}.ql.io.orc.OrcInputFormat",
        "OutputFormat": f"{_HADOOP}.ql.io.orc.OrcOutputFormat",
        "Serde": f"{_HADOOP}.ql.io.orc.OrcSerde",
    },
    "avro": {
        "InputFormat": f"{_HADOOP}.ql.io.avro.AvroContainerInputFormat",
        "OutputFormat": f"{_HADOOP}.ql.io.avro.AvroContainerOutputFormat",
        "Serde": f"{_HADOOP}.serde2.avro.AvroSerDe",
    },
}
"""Formats by the names of STORED AS. The local Athena reads and writes the first two."""


def require_readable(table: Mapping[str, Any], name: str) -> None:
    """Check that the local Athena reads a table.

    Raises:
        QueryFailure: it is neither parquet nor delimited text.
    """
    storage = table.get("StorageDescriptor") or {}
    if storage.get("InputFormat") != PARQUET["InputFormat"] and not is_text(storage):
        raise QueryFailure(
            "NOT_SUPPORTED", f"Table '{name}' is neither parquet nor delimited text: the local Athena reads no other"
        )


def is_text(storage: Mapping[str, Any]) -> bool:
    """Return whether a StorageDescriptor is that of delimited text, with or without quotes."""
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary")
    return storage.get("InputFormat") == TEXT["InputFormat"] and serde in (TEXT["Serde"], OPEN_CSV)


def require_writable(table: Mapping[str, Any], name: str) -> None:
    """Check that rows can be inserted into a table.

    Raises:
        QueryFailure: it is a view, the local Athena does not read it, or it has buckets, partition projection or text
            with quotes.
    """
    if is_view(table):
        raise QueryFailure("NOT_SUPPORTED", f"Inserting into views is not supported: {name}")
    require_readable(table, name)
    storage = table["StorageDescriptor"]
    for what, present in {
        "buckets": bool(storage.get("BucketColumns")),
        "projected partitions": is_projected(table),
        "text with quotes": storage["SerdeInfo"]["SerializationLibrary"] == OPEN_CSV,
    }.items():
        if present:
            raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not write {what}, which table '{name}' has")
