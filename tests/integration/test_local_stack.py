"""The laptop's resources come from the templates, so a change of a template changes the laptop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib import layout, wiring
from common import templates
from common.paths import TEMPLATES
from local import stack
from local.differences import DIFFERENCES, OMITTED, STACKS
from local.errors import LocalError
from local.laptop import Laptop

Call = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder with a copy of the templates."""
    return Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))


@pytest.fixture
def create(running: Laptop, folder: Path) -> Callable[[], None]:
    """Function that creates the stack of the copy in an empty account."""
    running.aws.reset()
    wiring.clear_caches()
    return lambda: stack.create(wiring.settings(), running.app.app, folder)


@pytest.fixture
def call(running: Laptop) -> Call:
    """Function that calls an operation of a service of the local AWS."""

    def call(service: Any, operation: str, **arguments: Any) -> Any:
        return getattr(boto3.client(service), operation)(**arguments)

    return call


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after), encoding="utf-8")


def job(call: Call) -> Any:
    return call("glue", "get_job", JobName="b3-etl-job")["Job"]


def configuration(call: Call) -> Any:
    return call("athena", "get_work_group", WorkGroup="b3-dataflow")["WorkGroup"]["Configuration"]


def database(call: Call) -> Any:
    return call("glue", "get_database", Name="b3_refined_db")["Database"]


def table(call: Call) -> Any:
    return call("glue", "get_table", DatabaseName="b3_refined_db", Name="ibov_refined")["Table"]


@pytest.mark.parametrize(
    ("before", "after", "read", "expected"),
    [
        ("NumberOfWorkers: 2", "NumberOfWorkers: 9", lambda call: job(call)["NumberOfWorkers"], 9),
        ('GlueVersion: "6.0"', 'GlueVersion: "4.0"', lambda call: job(call)["GlueVersion"], "4.0"),
        ("WorkerType: G.1X", "WorkerType: G.2X", lambda call: job(call)["WorkerType"], "G.2X"),
        ("Timeout: 10\n", "Timeout: 20\n", lambda call: job(call)["Timeout"], 20),
        ("MaxRetries: 0", "MaxRetries: 1", lambda call: job(call)["MaxRetries"], 1),
        ("Runs: 1}", "Runs: 3}", lambda call: job(call)["ExecutionProperty"], {"MaxConcurrentRuns": 3}),
        ('language": python', 'language": r', lambda call: job(call)["DefaultArguments"]["--job-language"], "r"),
        (
            "CutoffPerQuery: 1000000000",
            "CutoffPerQuery: 20000000",
            lambda call: configuration(call)["BytesScannedCutoffPerQuery"],
            20_000_000,
        ),
        (
            "://${AthenaBucket}/results/",
            "://${AthenaBucket}/more/",
            lambda call: configuration(call)["ResultConfiguration"]["OutputLocation"],
            "s3://b3-dataflow-athena/more/",
        ),
        (
            '"ticker", "Type": "string"',
            '"ticker", "Type": "varchar(4)"',
            lambda call: table(call)["StorageDescriptor"]["Columns"][1]["Type"],
            "varchar(4)",
        ),
        ("the refined lake of", "a lake of", lambda call: database(call)["Description"], "a lake of IBOVESPA"),
    ],
)
def test_a_changed_property_of_a_template_changes_the_laptop(
    create: Callable[[], None], folder: Path, call: Call, before: str, after: str, read: Any, expected: Any
):
    edit(folder / "main.yaml", before, after)

    create()

    assert read(call) == expected


def test_the_job_of_the_market_is_that_of_its_template(create: Callable[[], None], folder: Path, call: Call):
    edit(folder / "market.yaml", "NumberOfWorkers: 2", "NumberOfWorkers: 9")

    create()

    market = call("glue", "get_job", JobName="b3-market-job")["Job"]
    assert market["Command"]["ScriptLocation"] == "glue/b3_market_job.py"
    assert (market["NumberOfWorkers"], market["Timeout"]) == (9, 120)
    arguments = market["DefaultArguments"]
    assert arguments["--RAW_PATH"] == "s3://b3-dataflow-raw/cotahist/"
    assert arguments["--REFINED_PATH"] == "s3://b3-dataflow-refined/acoes/"
    assert (arguments["--DATABASE"], arguments["--TABLE"]) == ("b3_refined_db", "acoes_refined")
    assert call("glue", "get_triggers")["Triggers"] == []


def test_a_bucket_has_versions_where_the_template_says_so(create: Callable[[], None], folder: Path, call: Call):
    text = (folder / "data.yaml").read_text(encoding="utf-8")
    raw, _, refined = text.partition("\n  RefinedBucket:\n")
    edit(folder / "data.yaml", refined, refined.replace("{Status: Enabled}", "{Status: Suspended}"))
    assert "{Status: Enabled}" in raw

    create()

    status = {
        name: call("s3", "get_bucket_versioning", Bucket=f"b3-dataflow-{name}").get("Status")
        for name in ("raw", "refined", "athena")
    }
    assert status == {"raw": "Enabled", "refined": "Suspended", "athena": None}


def test_a_setting_names_a_resource_wherever_the_template_refers_to_it(
    create: Callable[[], None], call: Call, monkeypatch: Any
):
    monkeypatch.setenv("B3_REFINED_BUCKET", "another")
    monkeypatch.setenv("B3_DATABASE", "other_db")

    create()

    arguments = job(call)["DefaultArguments"]
    assert (arguments["--REFINED_PATH"], arguments["--DATABASE"]) == ("s3://another/refined/", "other_db")
    result = call("glue", "get_table", DatabaseName="other_db", Name="ibov_refined")["Table"]
    assert result["StorageDescriptor"]["Location"] == "s3://another/refined/"


def test_the_notification_is_the_one_of_the_app(create: Callable[[], None], call: Call):
    create()

    response = call("s3", "get_bucket_notification_configuration", Bucket="b3-dataflow-raw")
    (notification,) = response["LambdaFunctionConfigurations"]
    assert notification["LambdaFunctionArn"] == stack.function_arn("start_refine")
    assert notification["Events"] == ["s3:ObjectCreated:*"]
    assert {rule["Name"].lower(): rule["Value"] for rule in notification["Filter"]["Key"]["FilterRules"]} == {
        "prefix": layout.RAW_PREFIX,
        "suffix": layout.RAW_SUFFIX,
    }


def test_a_resource_type_that_the_laptop_neither_creates_nor_omits_is_an_error(
    create: Callable[[], None], folder: Path
):
    edit(folder / "main.yaml", "\nResources:\n", "\nResources:\n  New:\n    Type: AWS::DynamoDB::Table\n\n")

    with pytest.raises(LocalError, match=r"main\.yaml has resources of type AWS::DynamoDB::Table; allowed: .*OMITTED"):
        create()


@pytest.mark.parametrize(
    ("file", "before", "new"),
    [
        ("data", 'BucketName: !Sub "b3-dataflow-raw-', "AccelerateConfiguration: {}"),
        ("main", "NumberOfWorkers: 2", "NewProperty: 1"),
    ],
)
def test_a_property_that_the_laptop_neither_creates_nor_omits_is_an_error(
    create: Callable[[], None], folder: Path, file: str, before: str, new: str
):
    edit(folder / f"{file}.yaml", before, f"{new}\n      {before}")

    with pytest.raises(LocalError, match=rf"^the laptop cannot create \w+ of {file}\.yaml: .*{new.partition(':')[0]}"):
        create()


def test_a_property_that_differs_is_one_of_the_template(create: Callable[[], None], folder: Path):
    edit(folder / "main.yaml", '"--extra-py-files"', '"--extra-files"')

    with pytest.raises(KeyError, match="--extra-py-files"):
        create()


def test_what_is_omitted_or_differs_is_in_the_templates():
    resources = [
        (logical_id, each)
        for name in STACKS
        for logical_id, each in templates.load(TEMPLATES / f"{name}.yaml")["Resources"].items()
    ]
    types = {each["Type"] for _, each in resources}
    properties = {f"{each['Type']}.{name}" for _, each in resources for name in each["Properties"]}

    assert OMITTED.keys() <= types | properties
    assert OMITTED.keys().isdisjoint(stack.CREATED)
    assert {path[0] for path in DIFFERENCES} <= {logical_id for logical_id, _ in resources}
