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
from chalicelib.shares import SHARES

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

INDEX_DESCRIPTION = "IBOVESPA, one row a session: prices as the source gives them, and features computed from them"
SHARES_DESCRIPTION = "shares, units, funds, ETFs and BDRs of B3, one row a ticker and session, with features"

_UPDATE_AT_ONCE = 100
"""The maximum number of entries of one BatchUpdatePartition request."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The table of one lake: its names, the location of its objects, and the boto3 session.

    awswrangler creates the table, and creates and deletes partitions. It cannot change the type of a column or
    remove one without dropping all partitions, and cannot update a partition: boto3 does that.

    Attributes:
        session: Glue clients that it creates after `register` raise a LakeError if Glue refuses an entry of a batch.
        location: `s3://bucket/refined/`, with the slash. `register` places the table there or in a folder below it.
    """

    session: boto3.Session
    database: str
    table: str
    location: str
    columns: tuple[Column, ...] = REFINED
    description: str = INDEX_DESCRIPTION

    @classmethod
    def of_shares(cls, session: boto3.Session, database: str, table: str, location: str) -> Catalog:
        """Return the catalog of the table of shares. Arguments: see the class."""
        return cls(session, database, table, location, SHARES, SHARES_DESCRIPTION)

    def register(self, years: Iterable[int], folder: str = "") -> None:
        """Set the partitions to exactly these years, each with the columns of the current schema.

        Args:
            folder: the folder below `location` that becomes the location of the table, with the slash. The folders of
                the years are in it.

        Raises:
            LakeError: the database does not exist, or Glue refused a partition.
        """
        # awswrangler ignores a partition that exists already, and every error of a deletion.
        self.session.events.register("after-call.glue", _check, unique_id="b3-catalog")
        glue = self.session.client("glue")
        location = f"{self.location}{folder}"
        # So that a reader that lists the location of the table, and not those of its partitions, reads one run only.
        self._register_table(glue, location)
        expected = {str(year): f"{location}{PARTITION.name}={year:04d}/" for year in years}
        existing = self._partitions(glue)
        create = {expected[value]: [value] for value in sorted(expected.keys() - existing.keys())}
        merged = {
            value: _merged(storage, _storage(expected[value], self.columns))
            for value, storage in existing.items()
            if value in expected
        }
        update = [value for value in sorted(merged) if merged[value] != existing[value]]
        delete = [[value] for value in sorted(existing.keys() - expected.keys())]
        names: dict[str, Any] = {"database": self.database, "table": self.table, "boto3_session": self.session}
        wr.catalog.add_parquet_partitions(
            partitions_values=create, columns_types=_types(self.columns), compression=COMPRESSION, **names
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

    def folders(self) -> dict[int, str]:
        """Return the location of each partition below `location`, by year. Empty if there is no table."""
        glue = self.session.client("glue")
        try:
            partitions = self._partitions(glue)
        except glue.exceptions.EntityNotFoundException:
            return {}
        return {int(year): storage["Location"].removeprefix(self.location) for year, storage in partitions.items()}

    def _partitions(self, glue: GlueClient) -> dict[str, Any]:
        pages = glue.get_paginator("get_partitions").paginate(DatabaseName=self.database, TableName=self.table)
        return {
            entry["Values"][0]: entry.get("StorageDescriptor", {}) for page in pages for entry in page["Partitions"]
        }

    def _register_table(self, glue: GlueClient, location: str) -> None:
        expected: Any = table_input(self.table, location, self.columns, self.description)
        try:
            existing: Any = glue.get_table(DatabaseName=self.database, Name=self.table)["Table"]
        except glue.exceptions.EntityNotFoundException:
            self._create_table(glue, expected)
            # awswrangler does not change a table that another process has created meanwhile.
            existing = glue.get_table(DatabaseName=self.database, Name=self.table)["Table"]
        # UpdateTable replaces the definition, including the keys that Glue and awswrangler added.
        if _merged(existing, expected) != existing:
            glue.update_table(DatabaseName=self.database, TableInput=expected)

    def _create_table(self, glue: GlueClient, expected: Any) -> None:
        try:
            wr.catalog.create_parquet_table(
                self.database,
                self.table,
                expected["StorageDescriptor"]["Location"],
                columns_types=_types(self.columns),
                partitions_types=_types([PARTITION]),
                compression=COMPRESSION,
                description=expected["Description"],
                parameters=expected["Parameters"],
                columns_comments={column.name: column.description for column in (*self.columns, PARTITION)},
                # "overwrite" would delete a table that another process has created meanwhile.
                mode="append",
                boto3_session=self.session,
            )
        except glue.exceptions.EntityNotFoundException as error:
            raise LakeError(f"the Glue database {self.database!r} does not exist: the stack creates it") from error


def table_input(
    name: str, location: str, columns: Sequence[Column] = REFINED, description: str = INDEX_DESCRIPTION
) -> dict[str, Any]:
    """Return a refined table as `TableInput` of Glue's CreateTable; by default that of the index."""
    return {
        "Name": name,
        "Description": description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": _with_comments([PARTITION]),
        "StorageDescriptor": _storage(location, columns) | {"Columns": _with_comments(columns)},
    }


def _storage(location: str, columns: Sequence[Column]) -> dict[str, Any]:
    """The storage descriptor of a partition. Its columns have no comments, as in awswrangler."""
    return {
        "Columns": [{"Name": name, "Type": type_} for name, type_ in _types(columns).items()],
        "Location": location,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }


def _types(columns: Sequence[Column]) -> dict[str, str]:
    return {column.name: column.type for column in columns}


def _with_comments(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"Name": column.name, "Type": column.type, "Comment": column.description} for column in columns]


def _merged(existing: Any, expected: Any) -> Any:
    """Return `existing` updated with `expected`, recursively. It equals `existing` if that has every expected value."""
    if isinstance(existing, dict) and isinstance(expected, dict):
        return existing | {key: _merged(existing.get(key), value) for key, value in expected.items()}
    return expected


def _check(parsed: Any, **_: Any) -> None:
    """Raise if an entry of a batch was refused: Glue returns such errors in a successful response."""
    if parsed.get("Errors"):
        raise LakeError(f"Glue refused a partition: {parsed['Errors'][0]}")
