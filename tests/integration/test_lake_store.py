"""A lake that is stored on disk between runs of `make run`."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib import layout, wiring
from chalicelib.lake.manifest import Lease, Manifest
from chalicelib.lake.store import Lake
from local import moto_catalog, moto_state
from local.errors import LocalError
from local.lake_store import LakeStore
from local.laptop import Laptop
from tests.conftest import NOWHERE
from tests.support.athena import finish, query, start
from tests.support.bars import COLLECTED, csv_text, known_bars, raw_object
from tests.support.lake import REFINED, fill, no_events
from tests.support.processes import command_error, get, make_run

ATHENA = "b3-dataflow-athena"
DATABASE = "b3_refined_db"
TABLE = {
    "Name": "t",
    "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/t/"},
    "PartitionKeys": [{"Name": "year", "Type": "int"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def reopened(laptop: Laptop, folder: Path) -> Callable[[], Laptop]:
    """Return a function that closes the stored lake, empties the local AWS, and opens the lake again."""

    def reopen() -> Laptop:
        laptop._close_store()
        laptop.aws.save = lambda: None
        laptop.aws.reset()
        laptop._store = LakeStore(folder, ATHENA)
        laptop.create_stack()
        wiring.clear_caches()
        return laptop

    return reopen


@pytest.fixture
def stored_laptop(laptop: Laptop, reopened: Callable[[], Laptop]) -> Any:
    """A laptop with an empty lake that is stored on disk."""
    yield reopened()
    laptop._close_store()
    laptop._store, laptop.aws.save = None, lambda: None


def snapshot() -> Any:
    states = [moto_state.object_state(*name) for name in sorted(moto_state.latest_objects()) if name[0] != ATHENA]
    bodies = {state.key: moto_state.read(state.bucket, state.key) for state in states}
    return states, bodies, moto_catalog.catalog()


def test_objects_and_catalog_are_restored(stored_laptop: Laptop, reopened: Callable[[], Laptop], s3: Any):
    fill(raw_object(known_bars()))
    s3.put_object(Bucket=REFINED, Key="mine/ação #1?.txt", Body=b"x", ContentType="text/plain", Metadata={"a": "b"})
    s3.create_bucket(Bucket="of-a-user")
    s3.put_object(Bucket="of-a-user", Key="a", Body=b"1")
    s3.put_object(Bucket="of-a-user", Key="gone", Body=b"1")
    s3.delete_object(Bucket="of-a-user", Key="gone")
    before = snapshot()
    assert len(before[2]["b3_refined_db"]["tables"]["ibov_refined"]["partitions"]) == 1

    reopened()

    assert snapshot() == before
    response = s3.get_object(Bucket=REFINED, Key="mine/ação #1?.txt")
    assert (response["ContentType"], response["Metadata"]) == ("text/plain", {"a": "b"})
    contents: Any = stored_laptop.contents()
    assert contents.rows == 6


def test_tables_of_athenas_statements_are_restored(
    stored_laptop: Laptop, reopened: Callable[[], Laptop], athena: Any, s3: Any
):
    fill(raw_object(known_bars()))
    statements = (
        "CREATE DATABASE estudo",
        "CREATE TABLE estudo.best WITH (partitioned_by = ARRAY['ano']) AS SELECT data, year AS ano FROM ibov_refined",
        "INSERT INTO estudo.best VALUES (DATE '2030-01-02', 2030)",
        "CREATE VIEW estudo.v AS SELECT count(*) AS n FROM estudo.best",
        "CREATE TABLE estudo.gone AS SELECT 1 AS a",
        "DROP TABLE estudo.gone",
    )
    for statement in statements:
        assert finish(athena, start(athena, statement))["Status"]["State"] == "SUCCEEDED"

    reopened()

    assert query(athena, "SELECT n FROM estudo.v") == [["7"]]
    assert query(athena, "SELECT data FROM estudo.best WHERE ano = 2030") == [["2030-01-02"]]
    assert query(athena, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'estudo'") == [
        ["best"],
        ["v"],
    ]
    # Results and manifests are not stored.
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=ATHENA)["Contents"]]
    assert not any(key.endswith(("-manifest.csv", ".metadata")) for key in keys)


def overwrite_with_equal_bytes(s3: Any, glue: Any) -> None:
    s3.put_object(Bucket=REFINED, Key="a", Body=b"1", Metadata={"b": "c"})


def change_metadata(s3: Any, glue: Any) -> None:
    source = {"Bucket": REFINED, "Key": "a"}
    s3.copy_object(Bucket=REFINED, Key="a", CopySource=source, Metadata={"x": "y"}, MetadataDirective="REPLACE")


def upload_in_parts(s3: Any, glue: Any) -> None:
    place = {"Bucket": REFINED, "Key": "a"}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})


def delete_version(s3: Any, glue: Any) -> None:
    s3.put_bucket_versioning(Bucket=REFINED, VersioningConfiguration={"Status": "Enabled"})
    newer = s3.put_object(Bucket=REFINED, Key="a", Body=b"2")["VersionId"]
    s3.put_object(Bucket=REFINED, Key="b", Body=b"2")
    s3.delete_object(Bucket=REFINED, Key="a", VersionId=newer)
    s3.delete_object(Bucket=REFINED, Key="b")


def delete_several(s3: Any, glue: Any) -> None:
    s3.delete_objects(Bucket=REFINED, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})


def update_database(s3: Any, glue: Any) -> None:
    glue.update_database(Name=DATABASE, DatabaseInput={"Name": DATABASE, "Description": "mine"})


def update_table(s3: Any, glue: Any) -> None:
    glue.update_table(DatabaseName=DATABASE, TableInput={**TABLE, "Description": "mine"})


def update_partition(s3: Any, glue: Any) -> None:
    partition = {"Values": ["1"], "StorageDescriptor": {"Columns": [], "Location": "s3://elsewhere/"}}
    glue.update_partition(DatabaseName=DATABASE, TableName="t", PartitionValueList=["1"], PartitionInput=partition)


def delete_partition(s3: Any, glue: Any) -> None:
    glue.delete_partition(DatabaseName=DATABASE, TableName="t", PartitionValues=["1"])


def delete_table(s3: Any, glue: Any) -> None:
    glue.delete_table(DatabaseName=DATABASE, Name="t")


CHANGES = (
    overwrite_with_equal_bytes, change_metadata, upload_in_parts, delete_version, delete_several,
    update_database, update_table, update_partition, delete_partition, delete_table,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_of_change_is_stored(
    stored_laptop: Laptop, reopened: Callable[[], Laptop], s3: Any, glue: Any, change: Callable[[Any, Any], None]
):
    for key in ("a", "b"):
        s3.put_object(Bucket=REFINED, Key=key, Body=b"1")
    glue.create_table(DatabaseName=DATABASE, TableInput=TABLE)
    glue.create_partition(
        DatabaseName=DATABASE,
        TableName="t",
        PartitionInput={"Values": ["1"], "StorageDescriptor": TABLE["StorageDescriptor"]},
    )
    before = snapshot()
    change(s3, glue)
    after = snapshot()
    assert after != before

    reopened()

    assert snapshot() == after


def test_a_change_stores_only_what_has_changed(stored_laptop: Laptop, s3: Any, glue: Any):
    for number in range(3):
        s3.put_object(Bucket=REFINED, Key=f"{number}", Body=b"x")
    store: Any = stored_laptop._store

    def rows(work: Callable[[], object]) -> int:
        before = store._database.total_changes
        work()
        return int(store._database.total_changes - before)

    assert rows(lambda: s3.put_object(Bucket=REFINED, Key="1", Body=b"y")) == 1
    assert rows(lambda: s3.delete_object(Bucket=REFINED, Key="0")) == 1
    assert rows(lambda: update_database(s3, glue)) == 1
    assert rows(lambda: s3.put_object(Bucket=ATHENA, Key="result", Body=b"y")) == 0
    assert rows(lambda: s3.put_bucket_tagging(Bucket=REFINED, Tagging={"TagSet": []})) == 0


def test_conditional_writes_work_after_a_restart(stored_laptop: Laptop, reopened: Callable[[], Laptop], s3: Any):
    etag = s3.put_object(Bucket=REFINED, Key="a", Body=b"1")["ETag"]

    reopened()

    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=REFINED, Key="a", Body=b"2", IfNoneMatch="*")
    s3.put_object(Bucket=REFINED, Key="a", Body=b"2", IfMatch=etag)


def test_after_a_kill_the_file_has_every_change_whose_response_was_sent(
    stored_laptop: Laptop, folder: Path, tmp_path: Path, s3: Any
):
    copies = []
    for number in range(3):
        s3.put_object(Bucket=REFINED, Key=f"k{number}", Body=b"x")
        # A kill at this moment would leave the folder in this state.
        copies.append(shutil.copytree(folder, tmp_path / f"copy{number}"))

    for number, copy in enumerate(copies):
        store = LakeStore(copy, ATHENA)
        keys = [state.key for state, _ in store._stored_objects()]
        store.close()
        assert keys == [f"k{each}" for each in range(number + 1)]


def test_the_lease_of_a_killed_run_of_the_markets_job_is_released(
    stored_laptop: Laptop, reopened: Callable[[], Laptop]
):
    def lake() -> Lake:
        return replace(wiring.lake(), manifest_key=layout.SHARES_MANIFEST_KEY)

    lake().put_manifest(Manifest("writing", Lease("jr_killed", datetime.now(UTC)), None), None)

    reopened()

    released: Any = lake().manifest()[0]
    assert (released.state, released.lease) == ("writing", None)


def test_a_lease_of_a_killed_run_is_released_and_its_raw_object_merged(
    stored_laptop: Laptop, reopened: Callable[[], Laptop]
):
    fill(raw_object(known_bars().iloc[:3]))
    lake = wiring.lake()
    with no_events():
        lake.put_raw(raw_object(known_bars())[1], COLLECTED)
    manifest, etag = lake.manifest()
    assert manifest is not None
    lake.put_manifest(Manifest("writing", Lease("jr_killed", datetime.now(UTC)), manifest.contents), etag)

    reopened()
    stored_laptop.start_unmerged()

    (run,) = stored_laptop.refined()
    healed: Any = wiring.lake().manifest()[0]
    assert run.state == "SUCCEEDED", run.error
    assert (healed.state, healed.lease, healed.contents.rows) == ("ready", None, 6)
    stored_laptop.start_unmerged()
    assert len(stored_laptop.refined()) == 1


def test_a_second_laptop_on_the_same_folder_is_refused(stored_laptop: Laptop, folder: Path):
    ports = ("--port", "0", "--aws-port", "0", "--source", "sample")

    assert command_error(*ports, "--lake", str(folder)) == (
        f"error: LAKE is {folder}: another `make run` (process {os.getpid()}) is using it; stop that, or choose "
        "another folder"
    )


def flip(path: Path, text: bytes) -> None:
    content = path.read_bytes()
    at = content.index(text)
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def sql(statement: str) -> Callable[[Path], None]:
    def execute(path: Path) -> None:
        database = sqlite3.connect(path)
        database.execute(statement)
        database.commit()
        database.close()

    return execute


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: flip(path, b"the body"), "is damaged: s3://b3-dataflow-refined/a has another SHA-256 than when"),
        (
            lambda path: flip(path, b"ibov_refined"),
            "is damaged: the catalog has another SHA-256 than when it was stored",
        ),
        (lambda path: path.write_bytes(path.read_bytes()[:4096]), "is damaged: "),
        (lambda path: path.write_bytes(b""), "is damaged: it is not a lake"),
        (lambda path: path.write_bytes(b"x" * 9000), "is damaged: file is not a database"),
        (sql("PRAGMA user_version = 0"), "its format is 0; allowed: 1. Choose another folder with LAKE="),
        (sql("PRAGMA user_version = 2"), "its format is 2; allowed: 1"),
        (lambda path: path.rename(path.with_name("other")), "which has 'other' and no lake.sqlite3; allowed: a lake"),
    ],
    ids=["object", "catalog", "truncated", "empty", "foreign", "older", "newer", "renamed"],
)
def test_a_damaged_or_other_store_is_reported(
    stored_laptop: Laptop, folder: Path, s3: Any, damage: Callable[[Path], None], message: str
):
    s3.put_object(Bucket=REFINED, Key="a", Body=b"the body")
    stored_laptop._close_store()
    damage(folder / "lake.sqlite3")

    for _ in range(2):
        with pytest.raises(LocalError) as raised:
            LakeStore(folder, ATHENA)
        assert str(raised.value).startswith(f"LAKE is {folder}")
        assert message in str(raised.value)


@pytest.mark.parametrize("name", ["mine.csv", "mine.csv/lake"])
def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, name: str):
    (tmp_path / "mine.csv").write_text("1")

    with pytest.raises(LocalError) as raised:
        LakeStore(tmp_path / name, ATHENA)

    assert str(raised.value) == f"LAKE is {tmp_path / name}, where a file is; allowed: a folder"
    assert (tmp_path / "mine.csv").read_text() == "1"


def test_a_file_whose_creation_was_killed_is_created_again(folder: Path):
    folder.mkdir()
    (folder / "lake.sqlite3.new").write_bytes(b"half")

    LakeStore(folder, ATHENA).close()

    assert sorted(path.name for path in folder.iterdir()) == ["lake.sqlite3", "lock"]


def test_a_second_run_adds_bars_and_works_without_a_network(folder: Path, tmp_path: Path):
    path = tmp_path / "bars.csv"
    path.write_text(csv_text(known_bars().iloc[:4]))
    with make_run("--source", f"csv:{path}", "--lake", str(folder)) as running:
        running.wait_for("curl .*status")
        running.stop(signal.SIGKILL)
    assert f"The lake is kept in {folder}." in running.output

    path.write_text(csv_text(known_bars().iloc[2:]))
    with make_run("--source", f"csv:{path}", "--lake", str(folder)) as running:
        running.wait_for("curl .*status")
        running.stop()
    assert "the lake has 4 sessions to 2025-09-15" in running.output
    assert "8 rows in, 0 refused, 6 sessions" in running.output

    with make_run("--lake", str(folder), HTTPS_PROXY=NOWHERE) as running:
        api = running.wait_for(r"API +(http://127\.0\.0\.1:\d+)\n")
        running.wait_for("curl .*status")
        assert get(f"{api}/ibov/prices")["meta"]["count"] == 6
        assert "nothing was added: Yahoo did not answer" in running.output
        assert "SYNTHETIC" not in running.output
        assert running.stop() == 0


def test_without_a_folder_the_first_lines_say_that_the_lake_is_in_memory():
    with make_run("--source", "sample", "--lake", "") as running:
        running.wait_for("The lake is in memory and is lost at the end; LAKE=<folder> keeps it.\n")
        running.wait_for("2/6")
        running.stop()


def test_the_client_of_a_local_aws_in_memory_stores_nothing(laptop: Laptop):
    boto3.client("s3").put_object(Bucket=REFINED, Key="a", Body=b"1")

    assert laptop._store is None
