"""The templates agree with the code, and the names with the settings."""

from __future__ import annotations

from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from chalicelib import layout
from chalicelib.lake.catalog import table_input
from chalicelib.lake.manifest import JOB_TIMEOUT
from chalicelib.settings import Settings
from infra.packaging.job import INSTALLER_OPTIONS
from scripts import catalog_template
from tests.support.template import Stack, all_outputs, stacks

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def dev() -> dict[str, Stack]:
    return stacks("dev")


@pytest.fixture(scope="module")
def main(dev: dict[str, Stack]) -> Stack:
    return dev["main"]


def one(stack: Stack, type_: str) -> Any:
    (properties,) = stack.of(type_).values()
    return properties


def test_names_contain_the_stage_except_in_prod(main: Stack):
    prod = stacks("prod")["main"].outputs

    assert [prod[name] for name in ("Database", "Job", "Workgroup", "Table")] == [
        Settings().database,
        Settings().job,
        Settings().workgroup,
        Settings().table,
    ]
    assert [main.outputs[name] for name in ("Database", "Job", "Workgroup", "Table")] == [
        "b3_refined_db_dev",
        "b3-etl-job-dev",
        "b3-dataflow-dev",
        "ibov_refined",
    ]


def test_the_outputs_are_the_settings_of_the_functions(dev: dict[str, Stack]):
    outputs = all_outputs(dev)

    Settings(
        raw_bucket=outputs["RawBucket"],
        refined_bucket=outputs["RefinedBucket"],
        athena_bucket=outputs["AthenaBucket"],
        database=outputs["Database"],
        table=outputs["Table"],
        job=outputs["Job"],
        market_job=outputs["MarketJobName"],
        workgroup=outputs["Workgroup"],
        official_closes=outputs["OfficialCloses"],
        market=outputs["Market"],
    )
    assert outputs["RawBucket"] == f"b3-dataflow-raw-{ACCOUNT}-us-east-1-dev"
    assert outputs["LayerArn"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:b3-dataflow-dev:1"
    assert outputs["FailureQueueUrl"].endswith(f"/{ACCOUNT}/b3-dataflow-failures-dev")
    # Outputs that the deploy command reads.
    assert set(dev["main"].outputs) == {
        *("AthenaBucket", "Database", "Table", "Job", "Workgroup", "LayerArn", "OfficialCloses", "MonthlyBudget"),
        *("Market", "MarketJobName"),
        *("ApiRoleArn", "IngestRoleArn", "RestartRefineRoleArn", "StartRefineRoleArn", "JobRoleArn"),
        *("FailureQueueArn", "FailureQueueUrl", "AlarmTopicArn", "AccessLogArn", "AccessLogs"),
    }


def test_the_longest_bucket_names_are_valid():
    for name in ("artifacts", "refined"):
        assert len(f"b3-dataflow-{name}-{ACCOUNT}-ap-northeast-1-abcdefghij") <= 63


def test_the_table_is_the_one_that_the_job_registers(main: Stack):
    location = (
        f"s3://{main.resources['Job']['Properties']['DefaultArguments']['--REFINED_PATH'].split('/')[2]}/refined/"
    )

    assert one(main, "AWS::Glue::Table")["TableInput"] == table_input("ibov_refined", location)
    text = catalog_template.PATH.read_text(encoding="utf-8")
    assert catalog_template.filled(text) == text, "run make docs"


def test_the_job_has_the_settings_of_the_code_and_loads_only_from_the_artifact_bucket(dev: dict[str, Stack]):
    job = one(dev["main"], "AWS::Glue::Job")
    artifacts = f"s3://{dev['bootstrap'].outputs['ArtifactBucket']}/job/"
    arguments = job["DefaultArguments"]

    assert (job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]) == ("6.0", "G.1X", 2)
    assert job["Timeout"] * 60 == JOB_TIMEOUT.total_seconds()
    assert job["MaxRetries"] == 0
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["Command"]["ScriptLocation"].startswith(artifacts)
    assert arguments["--extra-py-files"].startswith(artifacts)
    assert all(wheel.startswith(artifacts) for wheel in arguments["--additional-python-modules"].split(","))
    assert arguments["--python-modules-installer-option"] == INSTALLER_OPTIONS
    assert arguments["--job-bookmark-option"] == "job-bookmark-disable"
    groups = {f"{arguments['--custom-logGroup-prefix']}/{name}" for name in ("output", "error")}
    assert groups <= {group["LogGroupName"] for group in dev["main"].of("AWS::Logs::LogGroup").values()}


def test_the_workgroup_sets_the_output_location_and_the_scan_limit(main: Stack):
    configuration = one(main, "AWS::Athena::WorkGroup")["WorkGroupConfiguration"]

    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == 1_000_000_000
    results = f"s3://{main.outputs['AthenaBucket']}/{layout.RESULTS_PREFIX}"
    assert configuration["ResultConfiguration"]["OutputLocation"] == results


@pytest.mark.parametrize("name", ["bootstrap", "data", "main"])
def test_every_bucket_is_private_encrypted_and_requires_tls(dev: dict[str, Stack], name: str):
    buckets = dev[name].of("AWS::S3::Bucket")
    policies = {each["Bucket"]: each["PolicyDocument"] for each in dev[name].of("AWS::S3::BucketPolicy").values()}

    assert buckets
    for bucket in buckets.values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        # With KMS an ETag is not an MD5, and every run of the job would write every year.
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)
        versioned = bucket.get("VersioningConfiguration") == {"Status": "Enabled"}
        assert versioned == any("NoncurrentVersionExpiration" in rule for rule in rules)
        assert versioned == ("-athena-" not in bucket["BucketName"])
        (deny,) = [each for each in policies[bucket["BucketName"]]["Statement"] if each["Sid"] == "TlsOnly"]
        assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", "s3:*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": False}}
        arn = f"arn:aws:s3:::{bucket['BucketName']}"
        assert deny["Resource"] == [arn, f"{arn}/*"]


def test_no_write_replaces_an_object_of_raw(dev: dict[str, Stack]):
    statements = {
        bucket: [each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] != "TlsOnly"]
        for bucket, policy in dev["data"].of("AWS::S3::BucketPolicy").items()
    }

    assert statements["RefinedBucketPolicy"] == []
    (deny,) = statements["RawBucketPolicy"]
    # S3 user guide, "Enforce conditional writes": parts of an upload create no object and cannot have the header.
    assert deny == {
        "Sid": "AppendOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": [
            f"arn:aws:s3:::{dev['data'].outputs['RawBucket']}/{prefix}*"
            for prefix in (layout.RAW_PREFIX, layout.COTAHIST_PREFIX)
        ],
        "Condition": {"Null": {"s3:if-none-match": True}, "Bool": {"s3:ObjectCreationOperation": True}},
    }


def test_only_the_buckets_of_the_lake_are_retained(dev: dict[str, Stack]):
    policies = {
        name: {each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")}
        for stack in dev.values()
        for name, each in stack.resources.items()
        if each["Type"] == "AWS::S3::Bucket"
    }

    assert policies == {
        "ArtifactBucket": {"Delete"},
        "RawBucket": {"RetainExceptOnCreate", "Retain"},
        "RefinedBucket": {"RetainExceptOnCreate", "Retain"},
        "AthenaBucket": {"Delete"},
    }


def test_every_function_has_a_log_group_with_a_retention(main: Stack):
    groups = main.of("AWS::Logs::LogGroup").values()

    assert {group["LogGroupName"] for group in groups if "lambda" in group["LogGroupName"]} == {
        "/aws/lambda/b3-dataflow-dev",
        "/aws/lambda/b3-dataflow-dev-ingest",
        "/aws/lambda/b3-dataflow-dev-restart_refine",
        "/aws/lambda/b3-dataflow-dev-start_refine",
    }
    assert {group["RetentionInDays"] for group in groups} == {30}


def test_every_taggable_resource_has_the_tag(dev: dict[str, Stack]):
    for stack in [*dev.values(), *stacks("dev", Crawler="yes", Market="yes", AlarmEmail="a@b.example").values()]:
        for name, each in stack.resources.items():
            tagging = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", each["Type"]).schema["tagging"]
            if tagging["taggable"]:
                tags = each["Properties"].get(tagging.get("tagProperty", "/properties/Tags").split("/")[-1])
                assert tags in ([{"Key": "b3-dataflow", "Value": "dev"}], {"b3-dataflow": "dev"}), name


def test_the_crawler_and_the_subscription_are_optional(main: Stack):
    full = stacks("dev", Crawler="yes", AlarmEmail="a@b.example")["main"]

    assert set(full.resources) - set(main.resources) == {"PartitionCrawler", "CrawlerRole", "AlarmSubscription"}
    assert one(full, "AWS::SNS::Subscription")["Endpoint"] == "a@b.example"
    crawler = one(full, "AWS::Glue::Crawler")
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    assert "Schedule" not in crawler
