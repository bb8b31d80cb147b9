"""The laptop's server compresses as API Gateway does with the configuration that Chalice deploys."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator

import pytest

from chalicelib.api import assets
from chalicelib.api.routes import ROUTES
from local.server import MINIMUM_COMPRESSION_SIZE, accepts_gzip

LONG, SHORT = "/ibov/volatility", "/ibov/prices?limit=1&fields=data"


@pytest.fixture
def connection(url: str) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    yield opened
    opened.close()


def ask(
    connection: http.client.HTTPConnection, path: str, coding: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Return a response and its body, not decompressed."""
    connection.request(method, path, headers={"Accept-Encoding": coding, **headers})
    response = connection.getresponse()
    return response, response.read()


def test_a_long_response_is_compressed_for_a_client_that_accepts_gzip(connection: http.client.HTTPConnection):
    plain, text = ask(connection, LONG, "identity")
    compressed, body = ask(connection, LONG, "gzip, deflate, br")

    assert (plain.headers["Content-Encoding"], compressed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(body) == text
    assert len(body) == int(compressed.headers["Content-Length"]) < len(text) / 3
    for name in ("ETag", "Content-Type", "X-Data-Version", "Vary"):
        assert compressed.headers[name] == plain.headers[name]
    assert plain.headers["Vary"] == "Accept, Accept-Encoding"


def test_a_short_response_is_not_compressed(connection: http.client.HTTPConnection):
    response, body = ask(connection, SHORT, "gzip")

    assert response.headers["Content-Encoding"] is None
    assert len(json.loads(body)["rows"]) == 1
    assert len(body) < MINIMUM_COMPRESSION_SIZE


def test_head_has_the_length_of_get_and_the_connection_serves_the_next_request(
    connection: http.client.HTTPConnection,
):
    get, body = ask(connection, LONG, "gzip")
    head, nothing = ask(connection, LONG, "gzip", method="HEAD")

    assert (head.status, nothing) == (200, b"")
    for name in ("Content-Length", "Content-Encoding", "ETag", "Vary"):
        assert head.headers[name] == get.headers[name]
    assert ask(connection, LONG, "gzip")[1] == body


def test_an_etag_is_valid_for_every_content_encoding(connection: http.client.HTTPConnection):
    first, _ = ask(connection, LONG, "gzip")
    tag = first.headers["ETag"]

    # A proxy that compresses may change the tag to a weak one.
    for known in (tag, f"W/{tag}"):
        response, body = ask(connection, LONG, "gzip", **{"If-None-Match": known})
        assert (response.status, body, response.headers["Content-Encoding"]) == (304, b"", None)
        assert (response.headers["ETag"], response.headers["Vary"]) == (tag, first.headers["Vary"])


@pytest.mark.parametrize("method", ["POST", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", ["/ibov/prices", "/"])
def test_a_method_that_a_route_does_not_have_is_a_problem(
    connection: http.client.HTTPConnection, path: str, method: str
):
    response, body = ask(connection, path, "identity", method=method)

    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": f"The method {method} is not allowed; allowed: GET, HEAD.",
        "instance": path,
    }


@pytest.mark.parametrize("path", [*ROUTES, f"/{assets.path()}/docs.js", "/ibov/prices?nope=1"])
def test_every_response_varies_on_accept_encoding(connection: http.client.HTTPConnection, path: str):
    plain, text = ask(connection, path, "identity")
    compressed, body = ask(connection, path, "gzip")

    assert "Accept-Encoding" in plain.headers["Vary"].split(", ")
    assert compressed.headers["Vary"] == plain.headers["Vary"]
    large = len(text) >= MINIMUM_COMPRESSION_SIZE
    assert compressed.headers["Content-Encoding"] == ("gzip" if large else None)
    answer = gzip.decompress(body) if large else body
    # Each answer of `/ibov/files` is signed anew.
    assert answer == text or (path == "/ibov/files" and len(answer) == len(text))


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("*", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate;q=1, gzip;q=0.5", True),
    ],
)
def test_accepts_gzip(header: str | None, accepted: bool):
    assert accepts_gzip(header) is accepted
