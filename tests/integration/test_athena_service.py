"""Actions of the local Athena that describe its catalog and workgroups, and the refusal of those that it lacks."""

from __future__ import annotations

import ast
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from common.paths import ROOT
from local.laptop import Laptop
from tests.support.athena import DATABASE, TABLE, WORKGROUP, query

CATALOG = "AwsDataCatalog"


def error(call: Any, **arguments: Any) -> tuple[str, str]:
    """Return the code and the message of AWS's error to a call."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


@pytest.fixture
def many(laptop: Laptop, glue: Any) -> None:
    """A database `many` with 120 tables and a view."""
    glue.create_database(DatabaseInput={"Name": "many", "Description": "of tables", "Parameters": {"a": "b"}})
    for number in range(120):
        glue.create_table(DatabaseName="many", TableInput={"Name": f"t{number:03}", "TableType": "EXTERNAL_TABLE"})
    glue.create_table(DatabaseName="many", TableInput={"Name": "v", "TableType": "VIRTUAL_VIEW"})


def test_the_catalog_is_listed_and_described(laptop: Laptop, athena: Any):
    assert athena.list_data_catalogs()["DataCatalogsSummary"] == [{"CatalogName": CATALOG, "Type": "GLUE"}]
    assert athena.get_data_catalog(Name=CATALOG)["DataCatalog"] == {
        "Name": CATALOG,
        "Type": "GLUE",
        "Parameters": {"catalog-id": "123456789012"},
    }
    assert error(athena.get_data_catalog, Name="hive")[0] == "InvalidRequestException"


def test_databases_are_listed_and_described(many: None, athena: Any):
    database = {"Name": "many", "Description": "of tables", "Parameters": {"a": "b"}}

    databases = athena.list_databases(CatalogName=CATALOG)["DatabaseList"]

    assert [each["Name"] for each in databases] == [DATABASE, "default", "many"]
    assert databases[2] == database
    assert athena.get_database(CatalogName="awsdatacatalog", DatabaseName="MANY")["Database"] == database


def test_lists_have_pages(many: None, athena: Any):
    pages = list(athena.get_paginator("list_table_metadata").paginate(CatalogName=CATALOG, DatabaseName="many"))

    assert [len(page["TableMetadataList"]) for page in pages] == [50, 50, 21]
    names = [table["Name"] for page in pages for table in page["TableMetadataList"]]
    assert names == [*(f"t{number:03}" for number in range(120)), "v"]
    first = athena.list_databases(CatalogName=CATALOG, MaxResults=2)
    last = athena.list_databases(CatalogName=CATALOG, MaxResults=2, NextToken=first["NextToken"])
    assert [[each["Name"] for each in page["DatabaseList"]] for page in (first, last)] == [
        [DATABASE, "default"],
        ["many"],
    ]
    assert "NextToken" not in last
    bad = {"CatalogName": CATALOG, "NextToken": "x"}
    assert error(athena.list_databases, **bad) == ("InvalidRequestException", "Malformed NextToken: x")


@pytest.mark.parametrize(
    ("expression", "count"),
    [("t00.", 10), ("T00[12]", 2), ("*", 121), (".*", 121), ("t", 0), ("t.*|v", 121), ("", 121)],
)
def test_an_expression_selects_tables(many: None, athena: Any, expression: str, count: int):
    pages = athena.get_paginator("list_table_metadata").paginate(
        CatalogName=CATALOG, DatabaseName="many", Expression=expression
    )

    assert sum(len(page["TableMetadataList"]) for page in pages) == count


def test_an_expression_that_is_not_regular_is_refused(many: None, athena: Any):
    arguments = {"CatalogName": CATALOG, "DatabaseName": "many", "Expression": "t("}

    assert error(athena.list_table_metadata, **arguments) == (
        "InvalidRequestException",
        "Expression is 't(', it must be a regular expression",
    )


def test_a_table_has_its_columns_keys_and_storage(laptop: Laptop, athena: Any, glue: Any):
    stored = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]

    table = athena.get_table_metadata(CatalogName=CATALOG, DatabaseName=DATABASE, TableName=TABLE.upper())
    metadata = table["TableMetadata"]

    assert metadata["Name"] == TABLE
    assert metadata["TableType"] == "EXTERNAL_TABLE"
    assert metadata["CreateTime"] == stored["CreateTime"]
    assert [(each["Name"], each["Type"]) for each in metadata["Columns"]] == [
        (each["Name"], each["Type"]) for each in stored["StorageDescriptor"]["Columns"]
    ]
    assert [each["Name"] for each in metadata["PartitionKeys"]] == ["year"]
    parameters = metadata["Parameters"]
    assert parameters["location"] == stored["StorageDescriptor"]["Location"]
    assert parameters["inputformat"].endswith("MapredParquetInputFormat")
    assert parameters["serde.serialization.lib"].endswith("ParquetHiveSerDe")


@pytest.mark.parametrize(
    ("action", "more", "code", "message"),
    [
        ("get_database", {"DatabaseName": "x"}, "MetadataException", "Database x not found. (Service: AmazonDataCatal"),
        ("list_table_metadata", {"DatabaseName": "x"}, "MetadataException", "Error Code: EntityNotFoundException; "),
        (
            "get_table_metadata",
            {"DatabaseName": DATABASE, "TableName": "x"},
            "MetadataException",
            "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; Requ",
        ),
        ("list_databases", {"CatalogName": "hive"}, "InvalidRequestException", "Catalog hive is not found"),
        ("list_databases", {"WorkGroup": "absent"}, "InvalidRequestException", "WorkGroup absent is not found."),
    ],
)
def test_what_does_not_exist_is_refused(laptop: Laptop, athena: Any, action: str, more: Any, code: str, message: str):
    actual = error(getattr(athena, action), **{"CatalogName": CATALOG} | more)

    assert actual[0] == code
    assert message in actual[1]


def test_a_workgroup_that_does_not_exist_is_refused(laptop: Laptop, athena: Any):
    expected = ("InvalidRequestException", "WorkGroup absent is not found.")

    assert error(athena.get_work_group, WorkGroup="absent") == expected
    assert error(athena.list_query_executions, WorkGroup="absent") == expected
    assert error(athena.start_query_execution, QueryString="SELECT 1", WorkGroup="absent") == expected
    assert athena.get_work_group(WorkGroup=WORKGROUP)["WorkGroup"]["Name"] == WORKGROUP
    assert {each["Name"] for each in athena.list_work_groups()["WorkGroups"]} == {"primary", WORKGROUP}


def test_a_named_query_is_stored_and_an_absent_one_is_refused(laptop: Laptop, athena: Any):
    stored = athena.create_named_query(Name="n", Database=DATABASE, QueryString="SELECT 1", WorkGroup=WORKGROUP)

    described = athena.get_named_query(NamedQueryId=stored["NamedQueryId"])["NamedQuery"]

    assert (described["Name"], described["QueryString"], described["WorkGroup"]) == ("n", "SELECT 1", WORKGROUP)
    assert error(athena.get_named_query, NamedQueryId="x") == (
        "InvalidRequestException",
        "NamedQuery x was not found",
    )


def test_a_client_of_another_region_has_the_same_lake(filled: Laptop):
    athena: Any = boto3.client("athena", region_name="sa-east-1")
    glue: Any = boto3.client("glue", region_name="sa-east-1")

    assert query(athena, f"SELECT count(*) FROM {TABLE}") == [["120"]]
    assert athena.get_work_group(WorkGroup=WORKGROUP)["WorkGroup"]["State"] == "ENABLED"
    assert [each["Name"] for each in glue.get_databases()["DatabaseList"]] == ["default", DATABASE]
    glue.create_database(DatabaseInput={"Name": "paulista"})
    assert boto3.client("glue").get_database(Name="paulista")["Database"]["Name"] == "paulista"


def test_every_action_of_athena_answers_in_json(laptop: Laptop, capfd: Any):
    # Without validation: each action gets its required members only, with values of any kind.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    client: Any = boto3.client("athena", config=config)
    refused = 0
    for name in client.meta.service_model.operation_names:
        shape = client.meta.service_model.operation_model(name).input_shape
        try:
            client._make_api_call(name, value(shape))
        except ClientError as raised:
            status = raised.response["ResponseMetadata"]["HTTPStatusCode"]
            code, message = raised.response["Error"]["Code"], raised.response["Error"]["Message"]
            assert "html" not in message
            if code == "UnknownOperationException":
                assert (status, message) == (400, f"the local AWS does not implement {name}")
                refused += 1

    assert refused > 40
    assert "Traceback" not in capfd.readouterr().err


def test_an_action_of_glue_that_moto_lacks_is_refused_in_json(laptop: Laptop, glue: Any, capfd: Any):
    expected = ("UnknownOperationException", "the local AWS does not implement ListBlueprints")

    assert error(glue.list_blueprints) == expected
    assert "Traceback" not in capfd.readouterr().err


def value(shape: Any) -> Any:
    """Return a value of a shape with its required members only."""
    if shape.type_name == "structure":
        return {name: value(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [value(shape.member)]
    scalars: dict[str, Any] = {"map": {}, "integer": 24, "long": 24, "double": 1.5, "boolean": False}
    return scalars.get(shape.type_name, (getattr(shape, "enum", None) or ["x"])[0])


def test_the_package_imports_nothing_of_this_project_but_its_interface_to_moto():
    imports = set()
    for path in (ROOT / "local/athena").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                imports |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                imports |= {alias.name for alias in node.names}
    ours = {
        name for name in imports if name.split(".")[0] in ("app", "chalicelib", "common", "glue", "local", "scripts")
    }

    assert {name for name in ours if not name.startswith("local.athena")} == {"local.moto_catalog", "local.moto_state"}
