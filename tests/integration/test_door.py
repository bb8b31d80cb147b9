"""The door of both ports refuses requests of pages in a browser and allows those of programs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from local.door import Door
from local.laptop import Laptop
from tests.support.browser import Requests, recording

SECONDS = 30.0
BUCKET, KEY = "b3-dataflow-athena", "a b/ação+.csv"


def ask(url: str, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
    """Send a request with these headers only, and return the status and the text of the response."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in ({"Host": urlsplit(url).netloc, "Content-Length": str(len(body))} | headers).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


@pytest.fixture
def received(running: Laptop) -> Iterator[Requests]:
    """Requests that pass the door of the local AWS."""
    with recording(running.aws) as requests:
        yield requests


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Origin": "http://127.0.0.1:8000"}, "Origin is 'http://127.0.0.1:8000'; allowed: none"),
        ({"Origin": "null"}, "Origin is 'null'"),
        ({"Origin": ""}, "Origin is ''"),
        ({"Origin": "http://a.test", "Sec-Fetch-Site": "none"}, "Origin is 'http://a.test'"),
        ({"Sec-Fetch-Site": "cross-site"}, "Sec-Fetch-Site is 'cross-site'; allowed: none, or a navigation"),
        ({"Sec-Fetch-Site": "same-site"}, "Sec-Fetch-Site is 'same-site'"),
        ({"Sec-Fetch-Site": "same-origin"}, "Sec-Fetch-Site is 'same-origin'"),
        ({"Sec-Fetch-Site": ""}, "Sec-Fetch-Site is ''"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, "Sec-Fetch-Site is 'cross-site'"),
        ({"Host": "a.test"}, "Host is 'a.test'; allowed: 127.0.0.1, [::1], localhost and *.localhost, with any port"),
    ],
)
def test_a_request_of_a_page_does_not_reach_moto(
    running: Laptop, received: Requests, method: str, headers: dict[str, str], reason: str
):
    status, text = ask(running.aws.endpoint, method, "/b3-dataflow-raw/x", headers, b"x")

    assert status == 403
    assert text.startswith(reason) if method != "HEAD" else text == ""
    assert received == []


LOOPBACK = ["127.0.0.1", "[::1]", "localhost", "LOCALHOST", "bucket.localhost", "a.b.localhost", "localhost:65535"]
ELSEWHERE = [
    "a.test", "127.0.0.1.a.test", "localhost.a.test", "a-localhost", "xlocalhost", ".localhost", "127.0.0.2", "0",
    "2130706433", "[::]", "::1", "localhost.", "localhost:", "localhost:x", "a@localhost", "localhost/a.test",
    "localhost,a.test", "", "localhost\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
def test_every_loopback_host_is_allowed(running: Laptop, url: str, host: str):
    # S3 parses bucket.localhost as the bucket `bucket`, which does not exist.
    assert ask(running.aws.endpoint, "GET", "/", {"Host": host})[0] in (200, 404)
    assert ask(url, "GET", "/", {"Host": host})[0] == 200


@pytest.mark.parametrize("host", ELSEWHERE)
def test_every_other_host_is_refused_on_both_ports(running: Laptop, url: str, host: str):
    status, text = ask(running.aws.endpoint, "GET", "/", {"Host": host})
    assert (status, text[:8]) == (403, "Host is ")

    status, text = ask(url, "GET", "/", {"Host": host})
    problem = json.loads(text)
    assert (status, problem["status"], problem["title"]) == (403, 403, "Forbidden")
    assert problem["detail"].endswith("; allowed: 127.0.0.1, [::1], localhost and *.localhost, with any port")


def test_a_host_in_the_target_is_the_host(running: Laptop, received: Requests):
    assert ask(running.aws.endpoint, "GET", "http://a.test/", {})[0] == 403
    assert received == []


def test_two_hosts_are_refused(running: Laptop, url: str):
    for address in (running.aws.endpoint, url):
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=SECONDS)
        connection.putrequest("GET", "/", skip_host=True)
        connection.putheader("Host", "localhost")
        connection.putheader("Host", "a.test")
        connection.endheaders()
        assert connection.getresponse().status == 403
        connection.close()


@pytest.mark.parametrize("port", ["aws", "api"])
def test_the_body_of_a_refused_request_is_not_parsed_as_a_request(
    running: Laptop, url: str, received: Requests, port: str
):
    address = running.aws.endpoint if port == "aws" else url
    hidden = f"GET / HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n\r\n".encode()
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=SECONDS)
    connection.request("POST", "/", hidden, {"Host": "a.test", "Content-Type": "text/plain"})

    response = connection.getresponse()

    assert (response.status, response.headers["Connection"]) == (403, "close")
    assert b"HTTP/1.1" not in response.read()
    assert received == []
    connection.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_api_allows_pages_according_to_its_cors_setting(url: str, method: str):
    headers = {"Origin": "http://a.test", "Sec-Fetch-Site": "cross-site"}

    assert ask(url, method, "/", headers)[0] == 200


@pytest.mark.parametrize(
    "target",
    ["/moto-api/reset", "/moto-api/seed?a=42", "/moto-api/", "/moto-api", "//moto-api/reset", "/%6doto-api/reset"],
)
def test_moto_cannot_be_controlled(running: Laptop, received: Requests, target: str):
    for method in ("GET", "POST"):
        status, text = ask(running.aws.endpoint, method, target, {})
        assert (status, text[:18]) == (403, "/moto-api is close")
    assert received == []


def test_requests_of_programs_are_allowed(laptop: Laptop, s3: Any):
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"x")

    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"x"
    # As a browser sends it for an address that the user types.
    assert ask(laptop.aws.endpoint, "GET", "/", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"})[0] == 200


NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def sign(endpoint: str, version: str, operation: str = "get_object", **more: Any) -> str:
    """Return the path and query of a URL that boto3 presigns."""
    client: Any = boto3.client("s3", endpoint_url=endpoint, config=Config(signature_version=version))
    params = {"Bucket": BUCKET, "Key": KEY} | more.pop("params", {})
    parts = urlsplit(client.generate_presigned_url(operation, params, **more))
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("params", [{}, {"ResponseContentType": "text/csv; a=b"}, {"VersionId": "null"}])
def test_a_page_may_open_a_presigned_object(laptop: Laptop, s3: Any, version: str, params: dict[str, str]):
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"x")

    target = sign(laptop.aws.endpoint, version, params=params)

    assert ask(laptop.aws.endpoint, "GET", target, NAVIGATION) == (200, "x")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "image"},
        {"Origin": "null"},
        {"Host": "a.test"},
    ],
)
def test_a_presigned_object_is_for_navigations_only(
    running: Laptop, received: Requests, version: str, headers: dict[str, str]
):
    assert ask(running.aws.endpoint, "GET", sign(running.aws.endpoint, version), NAVIGATION | headers)[0] == 403
    assert received == []


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize(
    ("operation", "method"),
    [("put_object", "PUT"), ("delete_object", "DELETE"), ("head_object", "HEAD"), ("put_object", "GET")],
)
def test_a_presigned_request_that_reads_no_object_is_refused(
    running: Laptop, received: Requests, version: str, operation: str, method: str
):
    target = sign(running.aws.endpoint, version, operation)

    assert ask(running.aws.endpoint, method, target, NAVIGATION)[0] == 403
    assert received == []


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("operation", ["list_objects_v2", "get_object_acl", "get_object_tagging"])
def test_a_presigned_request_for_something_else_is_refused(
    running: Laptop, received: Requests, version: str, operation: str
):
    client: Any = boto3.client("s3", config=Config(signature_version=version))
    params = {"Bucket": BUCKET} | ({} if operation == "list_objects_v2" else {"Key": KEY})
    parts = urlsplit(client.generate_presigned_url(operation, params))

    assert ask(running.aws.endpoint, "GET", f"{parts.path}?{parts.query}", NAVIGATION)[0] == 403
    assert received == []


CHANGES = [
    ("/a%20b/", "/a%20c/"),
    ("Signature=", "Signature=0"),
    ("Signature=", "Signed="),
    ("local", "other"),
    ("b3-dataflow-athena", "b3-dataflow-raw"),
]
CHANGES_2 = [*CHANGES, ("Expires=", "Expires=9"), ("Expires=", "Expires=x"), ("Expires=", "Expires=-")]
CHANGES_4 = [
    *CHANGES,
    ("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
    ("X-Amz-Expires=3600", "X-Amz-Expires=x"),
    ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host%3Bx-a"),
    ("us-east-1", "us-east-2"),
    ("%2Fs3%2F", "%2Fglue%2F"),
    ("X-Amz-Date=", "X-Amz-Date=x"),
    ("?", "?acl&"),
    ("?", "?X-Amz-Expires=7200&"),
    ("?", "?response-content-type=text/html&"),
]


@pytest.mark.parametrize(
    ("version", "part", "other"),
    [("s3", *spoiled) for spoiled in CHANGES_2] + [("s3v4", *spoiled) for spoiled in CHANGES_4],
)
def test_a_modified_presigned_url_is_refused(running: Laptop, received: Requests, version: str, part: str, other: str):
    target = sign(running.aws.endpoint, version)
    assert part in target

    assert ask(running.aws.endpoint, "GET", target.replace(part, other, 1), NAVIGATION)[0] == 403
    assert received == []


@pytest.mark.parametrize(
    ("version", "lifetime", "after", "status"),
    [
        ("s3", 60, 50, "200"),
        ("s3", 60, 70, "403"),
        ("s3v4", 60, 50, "200"),
        ("s3v4", 60, 70, "403"),
        ("s3v4", 60, -600, "200"),
        ("s3v4", 60, -1000, "403"),
        ("s3v4", 604_800, 60, "200"),
        ("s3v4", 604_801, 60, "403"),
    ],
)
def test_a_presigned_url_expires(running: Laptop, version: str, lifetime: int, after: int, status: str):
    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    statuses: list[str] = []
    target = sign(running.aws.endpoint, version, ExpiresIn=lifetime)
    path, _, query = target.partition("?")
    door = Door(application, lambda: datetime.now(UTC) + timedelta(seconds=after))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_URI": target}
    fetched = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in NAVIGATION.items()}

    door(
        environ | fetched | {"HTTP_HOST": urlsplit(running.aws.endpoint).netloc}, lambda line, _: statuses.append(line)
    )

    assert [line[:3] for line in statuses] == [status]
