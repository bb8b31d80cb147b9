"""The refined table in the Glue Data Catalog: its columns and its partitions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import boto3

from chalicelib.errors import LakeError
from chalicelib.layout import COMPRESSION
from chalicelib.schema import PARTITION, REFINED, Column

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_UPDATE_AT_ONCE = 100
"""Entries that one BatchUpdatePartition takes."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The table of one lake: its names, where its objects lie, and the session that registers it.

    awswrangler creates the table, and creates and deletes partitions. It cannot change the type of a column or
    remove one without dropping all partitions, and cannot update a partition: boto3 does that.

    Attributes:
        session: after `register`, its Glue clients raise a LakeError for each entry of a batch that Glue refuses.
        location: `s3://bucket/refined/`, with the slash.
    """

    session: boto3.Session
    database: str
    table: str
    location: str

    def register(self, years: Iterable[int]) -> None:
        """Make the catalog show exactly these years, with the columns of today's schema in each.

        Raises:
            LakeError: the database does not exist, or Glue refused a partition.
        """
        # awswrangler ignores a partition that exists already, and every error of a deletion.
        self.session.events.register("after-call.glue", _check, unique_id="b3-catalog")
        glue = self.session.client("glue")
        self._register_table(glue)
        wanted = {str(year): f"{self.location}{PARTITION.name}={year:04d}/" for year in years}
        pages = glue.get_paginator("get_partitions").paginate(DatabaseName=self.database, TableName=self.table)
        found: dict[str, Any] = {
            entry["Values"][0]: entry.get("StorageDescriptor", {}) for page in pages for entry in page["Partitions"]
        }
        create = {wanted[value]: [value] for value in sorted(wanted.keys() - found.keys())}
        merged = {
            value: _merged(storage, _storage(wanted[value])) for value, storage in found.items() if value in wanted
        }
        update = [value for value in sorted(merged) if merged[value] != found[value]]
        delete = [[value] for value in sorted(found.keys() - wanted.keys())]
        names: dict[str, Any] = {"database": self.database, "table": self.table, "boto3_session": self.session}
        wr.catalog.add_parquet_partitions(
            partitions_values=create, columns_types=_types(REFINED), compression=COMPRESSION, **names
        )
        for start in range(0, len(update), _UPDATE_AT_ONCE):
            entries: list[Any] = [
                {
                    "PartitionValueList": [value],
                    "PartitionInput": {"Values": [value], "StorageDescriptor": merged[value]},
                }
                for value in update[start : start + _UPDATE_AT_ONCE]
            ]
            glue.batch_update_partition(DatabaseName=self.database, TableName=self.table, Entries=entries)
        wr.catalog.delete_partitions(partitions_values=delete, **names)

    def _register_table(self, glue: GlueClient) -> None:
        wanted: Any = table_input(self.table, self.location)
        try:
            found: Any = glue.get_table(DatabaseName=self.database, Name=self.table)["Table"]
        except glue.exceptions.EntityNotFoundException:
            self._create_table(glue, wanted)
            # A table that somebody else has created meanwhile is left as it is by awswrangler.
            found = glue.get_table(DatabaseName=self.database, Name=self.table)["Table"]
        if _merged(found, wanted) != found:
            glue.update_table(DatabaseName=self.database, TableInput=wanted)

    def _create_table(self, glue: GlueClient, wanted: Any) -> None:
        try:
            wr.catalog.create_parquet_table(
                self.database,
                self.table,
                self.location,
                columns_types=_types(REFINED),
                partitions_types=_types([PARTITION]),
                compression=COMPRESSION,
                description=wanted["Description"],
                parameters=wanted["Parameters"],
                columns_comments={column.name: column.description for column in (*REFINED, PARTITION)},
                # "overwrite" would delete a table that somebody else has created meanwhile.
                mode="append",
                boto3_session=self.session,
            )
        except glue.exceptions.EntityNotFoundException as error:
            raise LakeError(f"the Glue database {self.database!r} does not exist: the stack creates it") from error


def table_input(name: str, location: str) -> dict[str, Any]:
    """The refined table as Glue's CreateTable takes it."""
    return {
        "Name": name,
        "Description": "IBOVESPA, one row a session: prices as the source gives them, and features computed from them",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": _with_comments([PARTITION]),
        "StorageDescriptor": _storage(location) | {"Columns": _with_comments(REFINED)},
    }


def _storage(location: str) -> dict[str, Any]:
    """The storage descriptor of a partition. As awswrangler has them, its columns have no comments."""
    return {
        "Columns": [{"Name": name, "Type": type_} for name, type_ in _types(REFINED).items()],
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }


def _types(columns: Sequence[Column]) -> dict[str, str]:
    return {column.name: column.type for column in columns}


def _with_comments(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"Name": column.name, "Type": column.type, "Comment": column.description} for column in columns]


def _merged(found: Any, wanted: Any) -> Any:
    """What the catalog holds with what we want in its place; what Glue and awswrangler add stays."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found | {key: _merged(found.get(key), value) for key, value in wanted.items()}
    return wanted


def _check(parsed: Any, **_: Any) -> None:
    """Glue's batch calls succeed as calls even where an entry was refused."""
    if parsed.get("Errors"):
        raise LakeError(f"Glue refused a partition: {parsed['Errors'][0]}")
