"""The internals of moto that the local AWS uses, a test for each, so that an upgrade that breaks one fails by name."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import moto
import pytest
from botocore.exceptions import ClientError
from moto.core.model_instances import model_data
from moto.moto_server import werkzeug_app
from moto.s3 import notifications
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from chalicelib.lake.manifest import JOB_TIMEOUT
from local import moto_catalog, moto_state
from local.laptop import Laptop

BUCKET = "b3-dataflow-refined"

pytestmark = pytest.mark.slow


def test_moto_has_the_version_that_the_hooks_are_written_for():
    assert moto.__version__ == "5.2.5"


def test_s3_calls_the_hook_of_notifications_with_four_arguments(laptop: Laptop, s3: Any, monkeypatch: Any):
    calls = []
    monkeypatch.setattr(notifications, "_invoke_awslambda", lambda *arguments: calls.append(arguments))

    s3.put_object(Bucket="b3-dataflow-raw", Key="raw/a.parquet", Body=b"x", IfNoneMatch="*")

    ((account, event, arn, region),) = calls
    assert account == moto_state.ACCOUNT
    assert event["Records"][0]["s3"]["object"]["key"]
    assert arn.endswith(":function:b3-dataflow-local-start_refine")
    assert region == moto_state.REGION


def test_s3_asks_for_the_permission_of_a_write_in_two_methods(laptop: Laptop, s3: Any, monkeypatch: Any):
    calls = []
    action: Any = S3Response._authenticate_and_authorize_s3_action

    def authorize(self: Any, **arguments: Any) -> None:
        calls.append((self.data["Action"], arguments))
        action(self, **arguments)

    monkeypatch.setattr(S3Response, "_authenticate_and_authorize_s3_action", authorize)
    monkeypatch.setattr(FakeBucket, "get_permission", lambda *arguments: calls.append(arguments[1:]))

    s3.put_object(Bucket=BUCKET, Key="a", Body=b"x")

    assert calls == [
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/a"),
        ("PutObject", {"bucket_name": BUCKET, "key_name": "a"}),
    ]


def test_the_server_is_a_wsgi_application_made_of_backends():
    application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)

    assert list(inspect.signature(application.__call__).parameters) == ["environ", "start_response"]


def test_the_server_looks_up_the_backend_of_each_host_in_one_method():
    application: Any = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    hosts: list[str | None] = []

    def lookup(host: str | None) -> str:
        hosts.append(host)
        return "s3"

    application.get_backend_for_host = lookup

    application.get_application({"PATH_INFO": "/b/k"})
    application.get_application({"PATH_INFO": "/favicon.ico"})

    assert hosts == [None, "moto_api"]


def test_the_catalog_is_changed_and_given_back(laptop: Laptop, glue: Any):
    storage = {"Columns": [], "Location": "s3://b/t/"}
    for name in ("changed", "gone"):
        moto_catalog.put_table("b3_refined_db", {"Name": name, "StorageDescriptor": storage})
        moto_catalog.create_partition("b3_refined_db", name, {"Values": ["1"], "StorageDescriptor": storage})
    before, undo = moto_catalog.catalog(), moto_catalog.undo()

    moto_catalog.create_database({"Name": "made", "Description": "by a test"})
    moto_catalog.put_table("made", {"Name": "t", "StorageDescriptor": storage})
    moto_catalog.put_table(
        "b3_refined_db", {"Name": "changed", "StorageDescriptor": {**storage, "Location": "s3://b/"}}
    )
    moto_catalog.delete_partition("b3_refined_db", "changed", ["1"])
    moto_catalog.delete_table("b3_refined_db", "gone")

    assert [each["Name"] for each in moto_catalog.databases()] == ["b3_refined_db", "default", "made"]
    assert glue.get_database(Name="made")["Database"]["Description"] == "by a test"
    assert [each["Name"] for each in moto_catalog.tables("made")] == ["t"]
    assert [each["Name"] for each in moto_catalog.tables("b3_refined_db")] == ["changed", "ibov_refined"]
    assert moto_catalog.tables("absent") == []
    changed = glue.get_table(DatabaseName="b3_refined_db", Name="changed")["Table"]
    assert changed["StorageDescriptor"]["Location"] == "s3://b/"
    assert moto_catalog.partitions("b3_refined_db", "changed") == []
    undo()
    assert moto_catalog.catalog() == before
    moto_catalog.delete_database("b3_refined_db")
    assert moto_catalog.database("b3_refined_db") is None


def test_workgroups_and_stored_queries_are_in_the_athena_backend(laptop: Laptop, athena: Any):
    stored = athena.create_named_query(Name="n", Database="d", QueryString="SELECT 1")["NamedQueryId"]

    assert [each["Name"] for each in moto_catalog.workgroups()] == ["b3-dataflow", "primary"]
    assert moto_catalog.workgroup("absent") is None
    assert moto_catalog.named_query("absent") is None
    query = moto_catalog.named_query(stored)
    assert query is not None
    assert (query["Name"], query["QueryString"], query["Database"]) == ("n", "SELECT 1", "d")


def test_tables_and_partitions_are_in_the_glue_backend(laptop: Laptop, glue: Any):
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/t/"}
    glue.create_table(
        DatabaseName="b3_refined_db",
        TableInput={"Name": "t", "StorageDescriptor": storage, "PartitionKeys": [{"Name": "year", "Type": "int"}]},
    )
    glue.create_partition(
        DatabaseName="b3_refined_db", TableName="t", PartitionInput={"Values": ["2025"], "StorageDescriptor": storage}
    )

    table = moto_catalog.table("b3_refined_db", "t")

    assert table is not None
    assert table["StorageDescriptor"] == storage
    assert table["PartitionKeys"] == [{"Name": "year", "Type": "int"}]
    (partition,) = moto_catalog.partitions("b3_refined_db", "t")
    assert partition["Values"] == ["2025"]
    assert partition["StorageDescriptor"] == storage
    assert moto_catalog.table("b3_refined_db", "absent") is None
    assert moto_catalog.table("absent", "t") is None


def test_jobs_are_in_the_glue_backend(laptop: Laptop):
    job = moto_catalog.job("b3-etl-job")

    assert job is not None
    assert job["Command"]["ScriptLocation"] == "glue/b3_etl_job.py"
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["DefaultArguments"]["--DATABASE"] == "b3_refined_db"
    assert job["Timeout"] * 60 == JOB_TIMEOUT.total_seconds()
    assert moto_catalog.job("absent") is None


def test_workgroups_are_in_the_athena_backend(laptop: Laptop):
    workgroup = moto_catalog.workgroup("b3-dataflow")

    assert workgroup is not None
    assert workgroup["State"] == "ENABLED"
    configuration = workgroup["Configuration"]
    assert configuration["ResultConfiguration"]["OutputLocation"] == "s3://b3-dataflow-athena/results/"
    assert configuration["BytesScannedCutoffPerQuery"] == 1_000_000_000
    assert moto_catalog.workgroup("absent") is None


def test_a_part_of_an_object_is_read_as_from_a_file(laptop: Laptop, s3: Any):
    s3.put_object(Bucket=BUCKET, Key="part", Body=b"0123456789")
    file = moto_state.open_object(BUCKET, "part")
    assert file is not None

    assert (file.seek(-3, 2), file.read(2), file.tell()) == (7, b"78", 9)
    assert (file.seek(2), file.read(3), file.seek(1, 1), file.read()) == (2, b"234", 6, b"6789")
    assert moto_state.open_object(BUCKET, "absent") is None
    assert moto_state.open_object("absent-bucket", "part") is None
    moto_state.delete(BUCKET, "part")
    with pytest.raises(FileNotFoundError):
        file.read()


def test_objects_are_in_the_s3_backend(laptop: Laptop, s3: Any):
    etag = s3.put_object(Bucket=BUCKET, Key="a/b", Body=b"body")["ETag"]
    moto_state.write(BUCKET, "a/c", b"text")

    assert moto_state.objects(BUCKET, "a/") == [
        moto_state.StoredObject("a/b", etag.strip('"'), 4),
        moto_state.StoredObject("a/c", moto_state.objects(BUCKET, "a/c")[0].etag, 4),
    ]
    assert moto_state.read(BUCKET, "a/b") == b"body"
    assert s3.get_object(Bucket=BUCKET, Key="a/c")["Body"].read() == b"text"
    assert moto_state.read(BUCKET, "absent") is None
    assert moto_state.read("absent-bucket", "a") is None
    assert moto_state.objects("absent-bucket", "") == []
    moto_state.delete(BUCKET, "a/c")
    moto_state.delete("absent-bucket", "a")
    assert moto_state.read(BUCKET, "a/c") is None
    assert moto_state.bucket_exists(BUCKET)
    assert not moto_state.bucket_exists("absent-bucket")


def test_an_object_that_we_delete_leaves_nothing_in_memory(laptop: Laptop):
    # Results of Athena are deleted, from a bucket without versions.
    bucket = "b3-dataflow-athena"
    models: dict[str, Any] = model_data["s3"]

    def instances() -> dict[str, int]:
        return {name: len(model.instances_tracked) for name, model in models.items()}

    moto_state.write(bucket, "first", b"x")
    moto_state.delete(bucket, "first")
    before = instances()
    for number in range(3):
        moto_state.write(bucket, f"{number}", b"x")
    for number in range(3):
        moto_state.delete(bucket, f"{number}")

    assert instances() == before


def test_a_deleted_object_of_a_bucket_with_versions_is_absent(laptop: Laptop, s3: Any):
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="a")

    assert moto_state.objects(BUCKET, "") == []
    assert moto_state.read(BUCKET, "a") is None


def refused(call: Any, **arguments: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_conditional_writes_are_refused_as_s3_refuses_them(laptop: Laptop, s3: Any):
    put = {"Bucket": BUCKET, "Key": "a", "Body": b"1"}
    assert refused(s3.put_object, **put, IfMatch='"x"') == (404, "NoSuchKey")
    etag = s3.put_object(**put, IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, **put, IfNoneMatch="*") == (412, "PreconditionFailed")
    assert refused(s3.put_object, **put, IfMatch='"x"') == (412, "PreconditionFailed")
    assert s3.put_object(**put | {"Body": b"2"}, IfMatch=etag)["ETag"] != etag


def test_of_many_conditional_writes_at_once_one_succeeds(laptop: Laptop, s3: Any):
    outcomes: list[bool] = []

    def write(number: int) -> None:
        try:
            s3.put_object(Bucket=BUCKET, Key="a", Body=str(number).encode(), IfNoneMatch="*")
            outcomes.append(True)
        except ClientError:
            outcomes.append(False)

    threads = [threading.Thread(target=write, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False] * 15 + [True]


def test_reset_empties_every_service(laptop: Laptop, s3: Any, glue: Any, athena: Any):
    laptop.aws.reset()

    assert s3.list_buckets()["Buckets"] == []
    assert glue.get_databases()["DatabaseList"] == []
    assert [group["Name"] for group in athena.list_work_groups()["WorkGroups"]] == ["primary"]
    laptop.create_stack()


def test_the_local_aws_listens_on_loopback_only(laptop: Laptop):
    assert laptop.aws._socket.getsockname()[0] == "127.0.0.1"
