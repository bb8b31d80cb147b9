"""Table and partitions that a run registers in the Glue Data Catalog, and the number of calls for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.errors import LakeError
from chalicelib.lake.catalog import Catalog, table_input
from chalicelib.schema import REFINED
from tests.support.job import WRITES, registered

YEARS = range(1800, 2001)
NAMES = {"DatabaseName": "b3_refined_db", "TableName": "ibov_refined"}


@pytest.fixture
def writes(catalog: Catalog) -> Iterator[list[tuple[str, int]]]:
    """Calls of Glue that write: the operation and the number of partitions."""
    calls: list[tuple[str, int]] = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in WRITES:
            lists = [value for value in params.values() if isinstance(value, list)]
            calls.append((model.name, sum(len(entries) for entries in lists)))

    # awswrangler creates a client for each call, so the handler is registered in the session.
    catalog.session.events.register("provide-client-params.glue", record, unique_id="record")
    yield calls
    catalog.session.events.unregister("provide-client-params.glue", unique_id="record")


@pytest.fixture
def without_table(glue: Any) -> None:
    """Delete the table that the stack creates."""
    glue.delete_table(DatabaseName="b3_refined_db", Name="ibov_refined")


def with_other_columns(catalog: Catalog) -> Catalog:
    return replace(catalog, columns=REFINED[:-1])


def test_partitions_are_created_updated_and_deleted_in_batches_of_glues_maximum(
    catalog: Catalog, glue: Any, without_table: None, writes: Any
):
    catalog.register(YEARS)
    assert registered(glue) == [str(year) for year in YEARS]
    assert writes == [
        ("CreateTable", 0),
        ("BatchCreatePartition", 67),
        ("BatchCreatePartition", 67),
        ("BatchCreatePartition", 67),
    ]

    writes.clear()
    catalog = with_other_columns(catalog)
    catalog.register(YEARS)
    assert writes == [
        ("UpdateTable", 0),
        ("BatchUpdatePartition", 100),
        ("BatchUpdatePartition", 100),
        ("BatchUpdatePartition", 1),
    ]

    writes.clear()
    catalog.register(YEARS[60:])
    assert registered(glue) == [str(year) for year in YEARS[60:]]
    assert writes == [("BatchDeletePartition", 20)] * 3


def test_a_correct_catalog_is_not_written(catalog: Catalog, writes: Any):
    catalog.register([2024, 2025])
    writes.clear()

    catalog.register([2025, 2024])

    assert writes == []


def test_only_a_changed_partition_is_updated(catalog: Catalog, glue: Any, writes: Any):
    catalog.register([2024, 2025])
    right = glue.get_partition(**NAMES, PartitionValues=["2024"])["Partition"]["StorageDescriptor"]
    wrong = {"Values": ["2024"], "StorageDescriptor": right | {"Location": "s3://elsewhere/"}}
    glue.update_partition(**NAMES, PartitionValueList=["2024"], PartitionInput=wrong)
    writes.clear()

    catalog.register([2024, 2025])

    assert writes == [("BatchUpdatePartition", 1)]
    assert glue.get_partition(**NAMES, PartitionValues=["2024"])["Partition"]["StorageDescriptor"] == right


def test_a_partition_without_storage_is_updated(catalog: Catalog, glue: Any, writes: Any):
    catalog.register([2024])
    glue.create_partition(**NAMES, PartitionInput={"Values": ["2025"]})
    writes.clear()

    catalog.register([2024, 2025])

    assert writes == [("BatchUpdatePartition", 1)]
    storage = glue.get_partition(**NAMES, PartitionValues=["2025"])["Partition"]["StorageDescriptor"]
    assert storage["Location"] == f"{catalog.location}year=2025/"


def table(glue: Any) -> Any:
    return glue.get_table(DatabaseName="b3_refined_db", Name="ibov_refined")["Table"]


def stack_table(catalog: Catalog) -> Any:
    """Return the table of the stack. tests/contract/test_stacks.py compares it with the template."""
    return table_input(catalog.table, catalog.location)


def test_the_table_of_a_run_has_all_properties_of_the_stacks_table(catalog: Catalog, glue: Any, without_table: None):
    catalog.register([2025])

    created, stack = table(glue), stack_table(catalog)
    storage = created.pop("StorageDescriptor")
    assert stack.pop("Parameters").items() <= created.pop("Parameters").items()
    assert stack["StorageDescriptor"].pop("SerdeInfo").items() <= storage.pop("SerdeInfo").items()
    assert stack.pop("StorageDescriptor").items() <= storage.items()
    assert stack.items() <= created.items()


def test_the_table_of_the_stack_is_not_updated(catalog: Catalog, glue: Any, writes: Any):
    before = table(glue)

    catalog.register([2025])

    assert writes == [("BatchCreatePartition", 1)]
    assert table(glue) == before


def test_a_table_that_is_created_meanwhile_is_updated_with_its_partitions(
    catalog: Catalog, glue: Any, without_table: None, writes: Any
):
    def interfere(**_: Any) -> None:
        wrong = stack_table(catalog) | {"Description": "of somebody else"}
        glue.create_table(DatabaseName="b3_refined_db", TableInput=wrong)
        glue.create_partition(
            **NAMES, PartitionInput={"Values": ["2024"], "StorageDescriptor": wrong["StorageDescriptor"]}
        )

    events, name = catalog.session.events, "provide-client-params.glue.CreateTable"
    events.register(name, interfere, unique_id="interfere")
    try:
        catalog.register([2024, 2025])
    finally:
        events.unregister(name, unique_id="interfere")

    assert [call for call, _ in writes] == [
        "CreateTable",
        "UpdateTable",
        "BatchCreatePartition",
        "BatchUpdatePartition",
    ]
    assert table(glue)["Description"] == stack_table(catalog)["Description"]
    assert registered(glue) == ["2024", "2025"]


@pytest.mark.parametrize(
    ("operation", "desired", "meanwhile", "year"),
    [
        ("BatchCreatePartition", [2023, 2024, 2025], [2025], 2025),
        ("BatchUpdatePartition", [2023, 2024], [2023], 2024),
        ("BatchDeletePartition", [2023], [2023], 2024),
    ],
)
def test_a_partition_that_glue_refuses_is_an_error(
    catalog: Catalog, operation: str, desired: list[int], meanwhile: list[int], year: int
):
    """Another client creates or deletes the partition between our read and our write."""
    other = Catalog(boto3.Session(), catalog.database, catalog.table, catalog.location)
    catalog.register([2023, 2024])
    if operation == "BatchUpdatePartition":
        catalog = with_other_columns(catalog)

    def interfere(**_: Any) -> None:
        other.register(meanwhile)

    catalog.session.events.register(f"provide-client-params.glue.{operation}", interfere, unique_id="interfere")
    try:
        with pytest.raises(LakeError, match=f"Glue refused a partition: .*'{year}'.*Partition (already|not)"):
            catalog.register(desired)
    finally:
        catalog.session.events.unregister(f"provide-client-params.glue.{operation}", unique_id="interfere")
