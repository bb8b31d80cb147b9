"""What Athena reads of a table, year by year, compared with what the manifest says. Needed while a run writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib import layout
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake
from chalicelib.schema import PARTITION

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


class Stored(Protocol):
    """The objects of the years of a table."""

    def years(self) -> dict[str, str]:
        """Return what identifies the stored objects of each year."""

    def expected(self, contents: Contents) -> dict[str, str]:
        """Return the same for the contents of a manifest."""


@dataclass(frozen=True, slots=True)
class IndexYears:
    """The years of the index: one object each, whose ETag identifies it."""

    lake: Lake

    def years(self) -> dict[str, str]:
        """Return the ETag of each year's object, by key."""
        objects = self.lake.refined_objects(layout.REFINED_PREFIX)
        return {key: etag for key, etag in objects.items() if layout.refined_year(key) is not None}

    def expected(self, contents: Contents) -> dict[str, str]:
        """Return the ETag of each year's object, by key."""
        return {layout.refined_key(int(year)): stored.etag for year, stored in contents.years.items()}


@dataclass(frozen=True)
class MarketYears:
    """The years of the market: several objects each, which no run replaces. The partition says where they are.

    Attributes:
        create: creates the Glue client, with the first year that is listed.
    """

    create: Callable[[], GlueClient]
    bucket: str
    database: str
    table: str

    @cached_property
    def _glue(self) -> GlueClient:
        return self.create()

    def years(self) -> dict[str, str]:
        """Return the location of each year's partition."""
        pages: Any = self._glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.database, TableName=self.table
        )
        partitions: list[Mapping[str, Any]] = [partition for page in pages for partition in page["Partitions"]]
        return {each["Values"][0]: each["StorageDescriptor"]["Location"] for each in partitions}

    def expected(self, contents: Contents) -> dict[str, str]:
        """Return the location of each year's partition."""
        return {
            year: f"s3://{self.bucket}/{stored.prefix}{PARTITION.name}={int(year):04d}/"
            for year, stored in contents.years.items()
        }
