"""What a run registers in the Glue Data Catalog, and how much it asks of Glue for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from chalicelib.errors import LakeError
from chalicelib.lake.catalog import Catalog
from chalicelib.schema import REFINED
from tests.support.job import WRITES, registered

YEARS = range(1800, 2001)


@pytest.fixture
def asked(glue: Any, catalog: Catalog) -> Iterator[list[tuple[str, int]]]:
    """Each write that is asked of Glue: its name, and how many partitions it is about."""
    calls: list[tuple[str, int]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in WRITES:
            lists = [value for value in params.values() if isinstance(value, list)]
            calls.append((model.name, sum(len(entries) for entries in lists)))

    glue.meta.events.register("provide-client-params.glue", note, unique_id="note")
    yield calls
    glue.meta.events.unregister("provide-client-params.glue", unique_id="note")


def change_columns(monkeypatch: Any) -> None:
    monkeypatch.setattr("chalicelib.lake.catalog.REFINED", REFINED[:-1])


def test_partitions_are_created_updated_and_deleted_in_as_many_calls_as_glue_takes(
    catalog: Catalog, glue: Any, asked: Any, monkeypatch: Any
):
    catalog.register(YEARS)
    assert registered(glue) == [str(year) for year in YEARS]
    assert asked == [
        ("CreateTable", 0),
        ("BatchCreatePartition", 100),
        ("BatchCreatePartition", 100),
        ("BatchCreatePartition", 1),
    ]

    asked.clear()
    change_columns(monkeypatch)
    catalog.register(YEARS)
    assert asked == [
        ("UpdateTable", 0),
        ("BatchUpdatePartition", 100),
        ("BatchUpdatePartition", 100),
        ("BatchUpdatePartition", 1),
    ]

    asked.clear()
    catalog.register(YEARS[60:])
    assert registered(glue) == [str(year) for year in YEARS[60:]]
    assert asked == [("BatchDeletePartition", 25), ("BatchDeletePartition", 25), ("BatchDeletePartition", 10)]


def test_a_catalog_that_is_right_is_not_written_to(catalog: Catalog, asked: Any):
    catalog.register([2024, 2025])
    asked.clear()

    catalog.register([2025, 2024])

    assert asked == []


def test_only_the_partition_that_somebody_changed_is_mended(catalog: Catalog, glue: Any, asked: Any):
    catalog.register([2024, 2025])
    names = {"DatabaseName": "b3_refined_db", "TableName": "ibov_refined"}
    right = glue.get_partition(**names, PartitionValues=["2024"])["Partition"]["StorageDescriptor"]
    wrong = {"Values": ["2024"], "StorageDescriptor": right | {"Location": "s3://elsewhere/"}}
    glue.update_partition(**names, PartitionValueList=["2024"], PartitionInput=wrong)
    asked.clear()

    catalog.register([2024, 2025])

    assert asked == [("BatchUpdatePartition", 1)]
    assert glue.get_partition(**names, PartitionValues=["2024"])["Partition"]["StorageDescriptor"] == right


@pytest.mark.parametrize(
    ("operation", "wanted", "meanwhile", "year"),
    [
        ("BatchCreatePartition", [2023, 2024, 2025], [2025], 2025),
        ("BatchUpdatePartition", [2023, 2024], [2023], 2024),
        ("BatchDeletePartition", [2023], [2023], 2024),
    ],
)
def test_a_partition_that_glue_refuses_is_an_error(
    catalog: Catalog, glue: Any, operation: str, wanted: list[int], meanwhile: list[int], year: int, monkeypatch: Any
):
    """Somebody else creates or deletes it between our look and our call."""
    other = Catalog(boto3.session.Session().client("glue"), catalog.database, catalog.table, catalog.location)
    catalog.register([2023, 2024])
    if operation == "BatchUpdatePartition":
        change_columns(monkeypatch)

    def meddle(**_: Any) -> None:
        other.register(meanwhile)

    glue.meta.events.register(f"provide-client-params.glue.{operation}", meddle, unique_id="meddle")
    try:
        with pytest.raises(LakeError, match=f"Glue refused a partition: .*'{year}'.*Partition (already|not)"):
            catalog.register(wanted)
    finally:
        glue.meta.events.unregister(f"provide-client-params.glue.{operation}", unique_id="meddle")
