"""Responses of the API when AWS cannot be reached, each kind of failure with its real cause, in a separate process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.api.backends import HINT, REJECTED_CREDENTIALS, is_unreachable
from chalicelib.api.routes import ROUTES
from common.paths import ROOT

SECONDS = 60.0

READS_AWS = [path for path, route in ROUTES.items() if route.api_key_required]

SCRIPT = """
import json, sys
import app
from chalice.test import Client
http = Client(app.app).http
for path in sys.argv[1:]:
    response = http.get(path)
    print(json.dumps([path, response.status_code, dict(response.headers), response.json_body]))
"""

KEYS = {"AWS_ACCESS_KEY_ID": "not-a-key", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
REGION = {"AWS_DEFAULT_REGION": "us-east-1"}


def call_api(home: Path, paths: list[str], **environ: str) -> tuple[list[Any], list[str]]:
    """Return the responses of the API and the lines of its log, in a process with these environment variables only."""
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        # boto3 looks for credentials at the metadata service of EC2, which is not on this machine.
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, *paths],
        cwd=ROOT,
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return [json.loads(line) for line in process.stdout.splitlines()], process.stderr.splitlines()


def assert_unavailable(responses: list[Any], log: list[str], paths: list[str], cause: str) -> None:
    """Assert that each response is a 503 problem, and that the log has a line for each with the cause and a hint."""
    for path, (response_path, status, headers, body) in zip(paths, responses, strict=True):
        assert (response_path, status, headers["Retry-After"]) == (path, 503, "5")
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["Cache-Control"] == "no-store"
        assert body == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "A backend is unavailable.",
            "instance": path,
        }
    assert len(log) == len(paths), "\n".join(log)
    for path, line in zip(paths, log, strict=True):
        assert line.startswith(f"{path}: ")
        assert cause in line
        assert line.endswith(f"; {HINT}")


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a server that calls `answer` with each connection, and yield its address."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        accepted: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                accepted.append(connection)
                answer(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(SECONDS)
            for connection in accepted:
                connection.close()


def send_response(text: bytes) -> Callable[[socket.socket], None]:
    """Return a function that reads a request, sends a text, and closes the connection."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)
        connection.close()

    return answer


def send_nothing(connection: socket.socket) -> None:
    """Leave the connection open."""


@pytest.fixture
def closed_port() -> str:
    """An address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def full_port() -> Iterator[str]:
    """An address whose queue of connections is full: a connection is neither accepted nor refused."""
    if sys.platform != "linux":
        pytest.skip("other systems refuse a connection that finds the queue full")
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("environ", "cause"),
    [
        pytest.param({}, "You must specify a region", id="no region"),
        pytest.param({"AWS_DEFAULT_REGION": "us east"}, "'us east'", id="no such region"),
        pytest.param(REGION, "Unable to locate credentials", id="no credentials"),
        pytest.param(
            REGION | {"AWS_ACCESS_KEY_ID": "not-a-key"}, "AWS_SECRET_ACCESS_KEY", id="half of the credentials"
        ),
        pytest.param({"AWS_PROFILE": "absent"}, "(absent)", id="no such profile"),
        pytest.param(REGION | KEYS | {"AWS_ENDPOINT_URL": "localhost:4566"}, "localhost:4566", id="no URL"),
    ],
)
def test_an_incomplete_environment(tmp_path: Path, environ: dict[str, str], cause: str):
    responses, log = call_api(tmp_path, READS_AWS, **environ)

    assert_unavailable(responses, log, READS_AWS, cause)


def test_an_endpoint_where_nothing_listens(tmp_path: Path, closed_port: str):
    endpoint = f"http://{closed_port}"

    responses, log = call_api(tmp_path, READS_AWS, **REGION, **KEYS, AWS_ENDPOINT_URL=endpoint)

    assert_unavailable(responses, log, READS_AWS, f'Could not connect to the endpoint URL: "{endpoint}')


def test_on_lambda_the_log_has_no_hint_for_a_laptop(tmp_path: Path, closed_port: str):
    environ = {**REGION, **KEYS, "AWS_ENDPOINT_URL": f"http://{closed_port}", "AWS_LAMBDA_FUNCTION_NAME": "api"}

    ((_, status, headers, _),), (line,) = call_api(tmp_path, ["/status"], **environ)

    assert (status, headers["Retry-After"]) == (503, "5")
    assert "Could not connect" in line
    assert "make run" not in line


def test_a_proxy_where_nothing_listens(tmp_path: Path, closed_port: str):
    environ = {**REGION, **KEYS, "AWS_ENDPOINT_URL": "http://aws.invalid", "HTTP_PROXY": f"http://{closed_port}"}

    responses, log = call_api(tmp_path, ["/ibov/prices"], **environ)

    assert_unavailable(responses, log, ["/ibov/prices"], "Failed to connect to proxy URL")


def test_a_connection_that_is_not_accepted_in_time(tmp_path: Path, full_port: str):
    responses, log = call_api(tmp_path, ["/ibov/prices"], **REGION, **KEYS, AWS_ENDPOINT_URL=f"http://{full_port}")

    assert_unavailable(responses, log, ["/ibov/prices"], "Connect timeout on endpoint URL")


HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: "x"\r\n\r\n{}'
EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"


@pytest.mark.parametrize(
    ("scheme", "answer", "cause"),
    [
        pytest.param("http", send_nothing, "Read timeout on endpoint URL", id="no answer in time"),
        pytest.param("http", send_response(b""), "Connection was closed", id="a connection that is closed"),
        pytest.param("http", send_response(HALF), "Connection broken", id="half of an answer"),
        pytest.param("https", send_response(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "SSL validation failed", id="no TLS"),
        pytest.param(
            "http",
            send_response(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(EXPIRED), EXPIRED)),
            "(ExpiredToken)",
            id="credentials that have expired",
        ),
    ],
)
def test_a_server_that_does_not_respond_as_aws_does(
    tmp_path: Path, scheme: str, answer: Callable[[socket.socket], None], cause: str
):
    with listener(answer) as address:
        responses, log = call_api(
            tmp_path, ["/ibov/prices"], **REGION, **KEYS, AWS_ENDPOINT_URL=f"{scheme}://{address}"
        )

    assert_unavailable(responses, log, ["/ibov/prices"], cause)


@pytest.mark.parametrize(
    "code", ["AccessDenied", "NoSuchBucket", "InvalidRequestException", *sorted(REJECTED_CREDENTIALS)]
)
def test_rejected_credentials_are_unreachable_and_a_missing_permission_is_not(code: str):
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")

    assert is_unreachable(error) is (code in REJECTED_CREDENTIALS)


def test_routes_that_need_no_aws_work_without_it(tmp_path: Path):
    paths = [path for path in ROUTES if path not in READS_AWS and ROUTES[path].media_type == "application/json"]

    responses, log = call_api(tmp_path, paths)

    assert [(path, status) for path, status, _, _ in responses] == [(path, 200) for path in paths]
    assert log == []
