"""Clients of both ports that close the connection, stop in the middle of a request, or send a malformed one."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import sys
import threading
from urllib.parse import urlsplit

import pytest

from local.connections import Connection
from local.laptop import Laptop
from tests.support.athena import wait_until

SECONDS = 30.0


@pytest.fixture(params=["api", "aws"])
def port(request: pytest.FixtureRequest, running: Laptop, url: str) -> str:
    """Host and port of the API, and of the local AWS."""
    return urlsplit(url if request.param == "api" else running.aws.endpoint).netloc


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short timeout of connections."""
    monkeypatch.setattr(Connection, "timeout", 0.2)


def connect(port: str) -> socket.socket:
    host, _, number = port.partition(":")
    return socket.create_connection((host, int(number)), SECONDS)


def read_all(connection: socket.socket) -> bytes:
    """Return the bytes that the server sends until it closes the connection."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def wait_for_handlers(before: set[threading.Thread]) -> None:
    """Wait until every connection since then is closed, so that what its handler prints is captured."""

    def handlers() -> list[threading.Thread]:
        # Also those that are about to start, which cannot be joined.
        return [thread for thread in set(threading.enumerate()) - before if "process_request_thread" in thread.name]

    wait_until(lambda: not handlers(), "every handler has ended")


@pytest.mark.parametrize(
    ("lengths", "status"),
    [(["abc"], 400), (["-1"], 400), (["1e3"], 400), ([""], 400), (["1", "2"], 400), (["9" * 12], 413)],
)
def test_a_length_that_is_not_a_number_is_refused(port: str, lengths: list[str], status: int):
    connection = http.client.HTTPConnection(port, timeout=SECONDS)
    connection.putrequest("POST", "/ibov/prices")
    for length in lengths:
        connection.putheader("Content-Length", length)
    connection.endheaders()
    response = connection.getresponse()
    text = response.read().decode()

    assert response.status == status
    assert f"Content-Length is {', '.join(lengths)}"[:20] in text.replace("'", "")
    assert "Traceback" not in text
    assert response.headers["Connection"] == "close"
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /sta",
        b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nAcc",
        b"PUT /b3-dataflow-raw/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf",
    ],
    ids=["nothing", "line", "headers", "body"],
)
def test_an_incomplete_request_times_out(
    port: str, short_timeout: None, capfd: pytest.CaptureFixture[str], sent: bytes
):
    with connect(port) as connection:
        connection.sendall(sent)
        assert read_all(connection) == b""

    assert "Traceback" not in capfd.readouterr().err


def test_an_incomplete_request_does_not_block_others(running: Laptop, url: str):
    port = urlsplit(running.aws.endpoint).netloc
    with connect(port) as half:
        half.sendall(b"PUT /b3-dataflow-raw/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf")
        other = http.client.HTTPConnection(port, timeout=Connection.timeout / 2)
        other.request("GET", "/b3-dataflow-raw")
        assert other.getresponse().status == 200
        other.close()


def test_an_object_whose_body_is_incomplete_is_not_stored(running: Laptop, url: str):
    port = urlsplit(running.aws.endpoint).netloc
    before = set(threading.enumerate())
    with connect(port) as half:
        half.sendall(b"PUT /b3-dataflow-raw/half HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf")
    wait_for_handlers(before)

    other = http.client.HTTPConnection(port, timeout=SECONDS)
    other.request("GET", "/b3-dataflow-raw/half")
    assert other.getresponse().status == 404
    other.close()


@pytest.mark.parametrize("target", ["/ibov/volatility?limit=300", "/b3-dataflow-refined"])
def test_a_client_that_hangs_up_leaves_no_traceback(port: str, capfd: pytest.CaptureFixture[str], target: str):
    before = set(threading.enumerate())
    for _ in range(5):
        connection = connect(port)
        # With this option, close() resets the connection.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 3)
        connection.close()
    wait_for_handlers(before)
    sys.stderr.flush()

    errors = capfd.readouterr().err
    assert "Traceback" not in errors
    assert "Exception occurred" not in errors


@pytest.mark.parametrize(
    ("path", "nearest"),
    [("/ibov/price", "/ibov/prices"), ("/ibov/volatility/cones", "/ibov/volatility/cone"), ("/zzzzzz", "/status")],
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer ção"}], ids=["plain", "authorization"])
def test_an_unknown_path_is_a_404_problem_with_the_nearest_routes(
    url: str, path: str, nearest: str, headers: dict[str, str]
):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    connection.request("GET", f"{path}?limit=1", headers={name: value.encode() for name, value in headers.items()})
    response = connection.getresponse()
    problem = json.load(response)
    connection.close()

    assert (response.status, response.headers["Content-Type"]) == (404, "application/problem+json")
    assert (problem["status"], problem["title"]) == (404, "Not Found")
    assert problem["detail"].startswith(f"no route has the path {path}; nearest: /")
    assert nearest in problem["detail"]
