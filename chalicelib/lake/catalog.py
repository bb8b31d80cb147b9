"""The refined table in the Glue Data Catalog: its columns and its partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.errors import LakeError
from chalicelib.schema import PARTITION, REFINED, Column

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

T = TypeVar("T")

# What BatchCreatePartition, BatchUpdatePartition and BatchDeletePartition take at once.
_CREATE_AT_ONCE, _UPDATE_AT_ONCE, _DELETE_AT_ONCE = 100, 100, 25


@dataclass(frozen=True, slots=True)
class Catalog:
    """The table of one lake: its names, where its objects lie, and the client that registers it.

    Attributes:
        location: `s3://bucket/refined/`, with the slash.
    """

    glue: GlueClient
    database: str
    table: str
    location: str

    def register(self, years: Iterable[int]) -> None:
        """Make the catalog show exactly these years, with the columns of today's schema in each.

        Raises:
            LakeError: the database does not exist, or Glue refused a partition.
        """
        self._register_table()
        wanted = {str(year): self._partition(year) for year in years}
        found = {partition["Values"][0]: partition for partition in self._partitions()}
        create: list[Any] = [wanted[value] for value in sorted(wanted.keys() - found.keys())]
        stale = [value for value in sorted(wanted.keys() & found.keys()) if not _same(found[value], wanted[value])]
        update: list[Any] = [{"PartitionValueList": [value], "PartitionInput": wanted[value]} for value in stale]
        delete: list[Any] = [{"Values": [value]} for value in sorted(found.keys() - wanted.keys())]
        names: dict[str, Any] = {"DatabaseName": self.database, "TableName": self.table}
        for inputs in _batches(create, _CREATE_AT_ONCE):
            _check(self.glue.batch_create_partition(**names, PartitionInputList=inputs))
        for entries in _batches(update, _UPDATE_AT_ONCE):
            _check(self.glue.batch_update_partition(**names, Entries=entries))
        for values in _batches(delete, _DELETE_AT_ONCE):
            _check(self.glue.batch_delete_partition(**names, PartitionsToDelete=values))

    def _register_table(self) -> None:
        wanted: Any = table_input(self.table, self.location)
        try:
            found: Any = self.glue.get_table(DatabaseName=self.database, Name=self.table)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            self._create_table(wanted)
            return
        if not _same(found, wanted):
            self.glue.update_table(DatabaseName=self.database, TableInput=wanted)

    def _create_table(self, wanted: Any) -> None:
        try:
            self.glue.create_table(DatabaseName=self.database, TableInput=wanted)
        except self.glue.exceptions.EntityNotFoundException as error:
            raise LakeError(f"the Glue database {self.database!r} does not exist: the stack creates it") from error

    def _partitions(self) -> Iterator[Any]:
        paginator = self.glue.get_paginator("get_partitions")
        for page in paginator.paginate(DatabaseName=self.database, TableName=self.table):
            yield from page["Partitions"]

    def _partition(self, year: int) -> dict[str, Any]:
        return {"Values": [str(year)], "StorageDescriptor": _storage(f"{self.location}{PARTITION.name}={year:04d}/")}


def table_input(name: str, location: str) -> dict[str, Any]:
    """The refined table as Glue's CreateTable takes it."""
    return {
        "Name": name,
        "Description": "IBOVESPA, one row a session: prices as the source gives them, and features computed from them",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": _glue_columns([PARTITION]),
        "StorageDescriptor": _storage(location),
    }


def _storage(location: str) -> dict[str, Any]:
    return {
        "Columns": _glue_columns(REFINED),
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }


def _glue_columns(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"Name": column.name, "Type": column.type, "Comment": column.description} for column in columns]


def _same(found: Any, wanted: Any) -> bool:
    """Whether what the catalog holds says what we would say; Glue adds fields of its own."""
    if isinstance(wanted, dict):
        return all(key in found and _same(found[key], value) for key, value in wanted.items())
    return bool(found == wanted)


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _check(response: Any) -> None:
    """Glue's batch calls succeed as calls even where an entry was refused."""
    if response.get("Errors"):
        raise LakeError(f"Glue refused a partition: {response['Errors'][0]}")
