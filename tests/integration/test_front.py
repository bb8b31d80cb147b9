"""Validation of requests to the local AWS that do not come from an SDK, and serialisation of requests to moto."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.s3.models import S3Backend

from local import moto_state
from local.laptop import Laptop

SECONDS = 30.0


def post(laptop: Laptop, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Send a body to the local AWS and return the status and the JSON of the response."""
    connection = http.client.HTTPConnection(laptop.aws.endpoint.removeprefix("http://"), timeout=SECONDS)
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
    result = response.status, json.loads(response.read())
    connection.close()
    return result


@pytest.mark.parametrize("body", [b"{", b"\xff", b"JobName=try", b"[]", b'"try"'])
def test_a_body_that_is_not_a_json_object_is_refused(laptop: Laptop, body: bytes):
    status, response = post(laptop, "AWSGlue.StartJobRun", body)

    assert (status, response["__type"]) == (400, "SerializationException")
    assert response["message"].startswith("the body is ")


@pytest.mark.parametrize(
    ("target", "request_", "message"),
    [
        ("AWSGlue.StartJobRun", {}, "the body has no member JobName; required: JobName"),
        ("AWSGlue.StartJobRun", {"JobName": None}, "the body has no member JobName; required: JobName"),
        ("AWSGlue.StartJobRun", {"JobName": 3}, "JobName is 3; allowed: string"),
        ("AWSGlue.StartJobRun", {"JobName": "b3-etl-job", "Timeout": "1"}, "Timeout is '1'; allowed: integer"),
        ("AWSGlue.StartJobRun", {"JobName": "b3-etl-job", "Timeout": True}, "Timeout is True; allowed: integer"),
        ("AWSGlue.StartJobRun", {"JobName": "b3-etl-job", "Arguments": []}, "Arguments is []; allowed: map"),
        (
            "AWSGlue.StartJobRun",
            {"JobName": "b3-etl-job", "Arguments": {"--A": 1}},
            "Arguments.--A is 1; allowed: string",
        ),
        (
            "AWSGlue.BatchStopJobRun",
            {"JobName": "b3-etl-job", "JobRunIds": [1]},
            "each of JobRunIds is 1; allowed: string",
        ),
        (
            "AmazonAthena.GetQueryExecution",
            {},
            "the body has no member QueryExecutionId; required: QueryExecutionId",
        ),
        (
            "AmazonAthena.StartQueryExecution",
            {"QueryString": "SELECT 1", "QueryExecutionContext": "b3_refined_db"},
            "QueryExecutionContext is 'b3_refined_db'; allowed: structure",
        ),
        (
            "AmazonAthena.ListQueryExecutions",
            {"NextToken": 50},
            "NextToken is 50; allowed: string",
        ),
        (
            "AmazonAthena.StartQueryExecution",
            {
                "QueryString": "SELECT 1",
                "ResultConfiguration": {"EncryptionConfiguration": {"EncryptionOption": "AES"}},
            },
            "EncryptionOption is 'AES'; allowed: SSE_S3, SSE_KMS, CSE_KMS",
        ),
    ],
)
def test_a_member_that_is_absent_or_of_another_type_or_value_is_named(
    laptop: Laptop, target: str, request_: dict[str, Any], message: str
):
    assert post(laptop, target, json.dumps(request_).encode()) == (
        400,
        {"__type": "ValidationException", "message": message, "Message": message},
    )


def test_null_counts_as_absent_and_unknown_members_are_ignored(laptop: Laptop):
    request = {"JobName": "b3-etl-job", "MaxResults": None, "Unknown": 1}

    assert post(laptop, "AWSGlue.GetJobRuns", json.dumps(request).encode()) == (200, {"JobRuns": []})


def test_a_bug_of_the_local_aws_is_an_internal_error_with_a_traceback(laptop: Laptop, monkeypatch: Any, capsys: Any):
    def fails(job: str) -> Any:
        raise RuntimeError(f"no {job}")

    monkeypatch.setattr(laptop.aws.jobs, "of", fails)

    status, response = post(laptop, "AWSGlue.GetJobRuns", b'{"JobName": "try"}')

    assert (status, response["__type"], response["message"]) == (500, "InternalServerException", "no try")
    assert "RuntimeError: no try" in capsys.readouterr().err


def test_moto_handles_one_request_at_a_time(laptop: Laptop, s3: Any, monkeypatch: Any):
    blocked = []
    put = S3Backend.put_object

    def free() -> bool:
        if moto_state.LOCK.acquire(blocking=False):
            moto_state.LOCK.release()
            return True
        return False

    def watched(*arguments: Any, **more: Any) -> Any:
        with ThreadPoolExecutor(1) as another:
            blocked.append(not another.submit(free).result(SECONDS))
        return put(*arguments, **more)

    monkeypatch.setattr(S3Backend, "put_object", watched)

    s3.put_object(Bucket="b3-dataflow-athena", Key="a", Body=b"x")

    assert blocked == [True]
