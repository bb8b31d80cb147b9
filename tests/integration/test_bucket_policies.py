"""Raw is append-only for every client: the policy of its bucket and conditional writes, as the local S3 has them."""

from __future__ import annotations

import http.client
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib import wiring
from common.paths import TEMPLATES
from local import bucket_policies, moto_state, stack
from local.bucket_policies import CREATION, IF_MATCH, IF_NONE_MATCH, denies
from local.errors import LocalError
from local.laptop import Laptop
from tests.support.template import stacks

RAW = "b3-dataflow-raw"
KEY = "raw/year=2025/month=09/day=17/ibov-20250917T223000Z.parquet"
APPEND_ONLY = (KEY, "cotahist/year=2025/20250917-20250917-20250917T223000Z.zip")


def code(call: Any, **arguments: Any) -> str | None:
    """Return the code of the error of a call, None if it succeeds."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


@pytest.fixture
def s3(laptop: Laptop, s3: Any) -> Any:
    """Client of the local S3, without the notification of the raw bucket."""
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    return s3


@pytest.mark.parametrize("key", APPEND_ONLY)
def test_a_put_needs_if_none_match(key: str, s3: Any):
    put = {"Bucket": RAW, "Key": key, "Body": b"1"}

    assert code(s3.put_object, **put) == "AccessDenied"
    assert code(s3.put_object, **put, IfMatch='"x"') == "AccessDenied"
    assert moto_state.read(RAW, key) is None
    assert code(s3.put_object, **put, IfNoneMatch="*") is None
    assert code(s3.put_object, **put | {"Body": b"2"}, IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.put_object, **put | {"Body": b"2"}) == "AccessDenied"
    assert moto_state.read(RAW, key) == b"1"


def test_the_end_of_a_multipart_upload_needs_if_none_match_and_its_parts_cannot_have_it(s3: Any):
    place = {"Bucket": RAW, "Key": KEY}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"1")["ETag"]
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}

    assert code(s3.complete_multipart_upload, **upload, **parts) == "AccessDenied"
    assert moto_state.read(RAW, KEY) is None
    assert code(s3.complete_multipart_upload, **upload, **parts, IfNoneMatch="*") is None
    assert moto_state.read(RAW, KEY) == b"1"


def test_a_copy_a_form_and_a_presigned_put_are_writes_too(laptop: Laptop, s3: Any):
    s3.put_object(Bucket=RAW, Key="backfill/a", Body=b"1")

    assert code(s3.copy_object, Bucket=RAW, Key=KEY, CopySource=f"{RAW}/backfill/a") == "AccessDenied"

    form = s3.generate_presigned_post(RAW, KEY)
    fields = {**form["fields"], "file": "1"}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    put = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": RAW, "Key": KEY}))
    requests = [
        ("POST", f"/{RAW}", f"{body}--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
        ("PUT", f"{put.path}?{put.query}", "1", {}),
    ]
    for method, path, content, headers in requests:
        connection = http.client.HTTPConnection(urlsplit(laptop.aws.endpoint).netloc, timeout=30)
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        assert (response.status, b"<Code>AccessDenied</Code>" in response.read()) == (403, True), method
        connection.close()
    assert moto_state.read(RAW, KEY) is None


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_put_needs_if_none_match_in_every_form_of_its_address(version: str, laptop: Laptop, s3: Any):
    client: Any = boto3.client("s3", config=Config(signature_version=version))
    port = urlsplit(laptop.aws.endpoint).port
    place = {"Bucket": RAW, "Key": KEY}
    plain, conditional = (
        urlsplit(client.generate_presigned_url("put_object", {**place, **condition}))
        for condition in ({}, {"IfNoneMatch": "*"})
    )

    def put(path: str, host: str = f"127.0.0.1:{port}", **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("PUT", path, "1", {"Host": host, **headers})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status

    assert put(f"{plain.path}?{plain.query}") == 403
    # Chalice's and boto3's host of a bucket, and what looks like a part or the start of a multipart upload.
    for host in (f"{RAW}.localhost:{port}", f"{RAW}.s3.localhost:{port}"):
        assert put(f"/{KEY}?{plain.query}", host) == 403
    for parameter in ("partNumber=1", "uploads", "uploadId=1"):
        assert put(f"{plain.path}?{plain.query}&{parameter}") == 403
    for path in (plain.path.replace("/raw/", "/%72aw/"), plain.path.replace("/year", "%2Fyear")):
        assert put(f"{path}?{plain.query}") == 403
    assert moto_state.objects(RAW, "") == []

    signed = f"{conditional.path}?{conditional.query}"
    assert put(signed) == 403
    assert put(signed, **{"If-None-Match": "*"}) == 200
    assert put(signed, **{"If-None-Match": "*"}) == 412
    assert moto_state.read(RAW, KEY) == b"1"


@pytest.mark.parametrize(
    "condition", [{"IfNoneMatch": '"x"'}, {"IfNoneMatch": ""}, {"IfNoneMatch": "*", "IfMatch": "x"}]
)
def test_no_other_condition_of_absence_exists(condition: dict[str, str], s3: Any):
    place = {"Bucket": RAW, "Key": KEY}
    s3.put_object(**place, Body=b"1", IfNoneMatch="*")
    upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"2")["ETag"]
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}
    s3.put_object(Bucket=RAW, Key="backfill/a", Body=b"2")

    assert code(s3.put_object, **place, **condition, Body=b"2") == "NotImplemented"
    assert code(s3.complete_multipart_upload, **upload, **parts, **condition) == "NotImplemented"
    assert code(s3.copy_object, **place, **condition, CopySource=f"{RAW}/backfill/a") == "NotImplemented"
    with pytest.raises(ClientError) as error:
        s3.put_object(**place, **condition, Body=b"2")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert moto_state.read(RAW, KEY) == b"1"


def test_a_copy_has_a_condition_on_its_destination(s3: Any):
    refined, source = "b3-dataflow-refined", f"{RAW}/backfill/a"
    s3.put_object(Bucket=RAW, Key="backfill/a", Body=b"2")

    assert code(s3.copy_object, Bucket=RAW, Key=KEY, CopySource=source, IfNoneMatch="*") is None
    assert code(s3.copy_object, Bucket=RAW, Key=KEY, CopySource=source, IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.copy_object, Bucket=refined, Key="a", CopySource=source, IfMatch='"x"') == "NoSuchKey"
    etag = s3.put_object(Bucket=refined, Key="a", Body=b"1")["ETag"]
    assert code(s3.copy_object, Bucket=refined, Key="a", CopySource=source, IfMatch='"x"') == "PreconditionFailed"
    assert moto_state.read(refined, "a") == b"1"
    assert code(s3.copy_object, Bucket=refined, Key="a", CopySource=source, IfMatch=etag) is None
    assert moto_state.read(refined, "a") == b"2"


def test_files_for_a_backfill_and_other_buckets_can_be_replaced(s3: Any):
    for bucket, key in ((RAW, "backfill/mine.csv"), (RAW, "raw.csv"), ("b3-dataflow-refined", KEY)):
        for body in (b"1", b"2"):
            assert code(s3.put_object, Bucket=bucket, Key=key, Body=body) is None
        assert moto_state.read(bucket, key) == b"2"
    assert code(s3.delete_object, Bucket=RAW, Key="backfill/mine.csv") is None


def test_only_writes_of_objects_are_denied(s3: Any):
    s3.put_object(Bucket=RAW, Key=KEY, Body=b"1", IfNoneMatch="*")

    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    assert code(s3.put_object_tagging, Bucket=RAW, Key=KEY, Tagging=tags) is None
    assert code(s3.get_object, Bucket=RAW, Key=KEY) is None
    assert code(s3.delete_object, Bucket=RAW, Key=KEY) is None


def edited(tmp_path: Path, before: str, after: str) -> Path:
    folder = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
    text = (folder / "data.yaml").read_text(encoding="utf-8")
    assert text.count(before) == 1
    (folder / "data.yaml").write_text(text.replace(before, after), encoding="utf-8")
    return folder


def test_the_policy_is_that_of_the_template(running: Laptop, tmp_path: Path, s3: Any):
    running.aws.reset()
    wiring.clear_caches()

    stack.create(
        wiring.settings(), running.app.app, edited(tmp_path, "${RawBucket.Arn}/raw/*", "${RawBucket.Arn}/none/*")
    )

    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    assert code(s3.put_object, Bucket=RAW, Key=KEY, Body=b"1") is None
    assert code(s3.put_object, Bucket=RAW, Key="none/a", Body=b"1") == "AccessDenied"


def test_a_statement_that_the_laptop_does_not_apply_is_an_error(running: Laptop, tmp_path: Path):
    running.aws.reset()
    wiring.clear_caches()

    folder = edited(tmp_path, '"Null": {"s3:if-none-match": true}', 'StringEquals: {"s3:authType": POST}')

    with pytest.raises(LocalError, match=f"^the policy of {RAW} has the statement AppendOnly; allowed: "):
        stack.create(wiring.settings(), running.app.app, folder)


def policy() -> Any:
    return stacks("dev")["data"].resources["RawBucketPolicy"]["Properties"]["PolicyDocument"]


@pytest.mark.parametrize(
    ("key", "if_none_match", "creation", "denied"),
    [
        ("raw/a", None, "true", True),
        ("raw/a/b", None, "true", True),
        ("raw/a", "*", "true", False),
        ("raw/a", None, "false", False),
        (APPEND_ONLY[1], None, "true", True),
        (APPEND_ONLY[1], "*", "true", False),
        ("backfill/a", None, "true", False),
        ("raw", None, "true", False),
    ],
)
def test_what_the_policy_of_the_template_denies(key: str, if_none_match: str | None, creation: str, denied: bool):
    bucket = stacks("dev")["data"].outputs["RawBucket"]
    context = {IF_NONE_MATCH: if_none_match, IF_MATCH: None, CREATION: creation}

    assert denies(policy(), f"arn:aws:s3:::{bucket}/{key}", context) is denied


def test_every_statement_but_that_of_tls_is_applied():
    applied = {each["Sid"]: bucket_policies.is_applied(each) for each in policy()["Statement"]}

    assert applied == {"TlsOnly": False, "AppendOnly": True}
