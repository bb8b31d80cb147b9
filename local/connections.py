"""Connections of both ports: a client that hangs up, stops in the middle of a request or sends a malformed length."""

from __future__ import annotations

import io
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

TIMEOUT_SECONDS = 30.0

_LENGTH = re.compile(r"[0-9]{1,18}")

LARGEST_BODY = 1_000_000_000
"""Maximum number of bytes of a request's body. The local AWS reads the body into memory."""


class Connection(BaseHTTPRequestHandler):
    """A request handler that closes a connection after `timeout` seconds without data, and prints no traceback."""

    timeout = TIMEOUT_SECONDS

    # Nagle's algorithm delays the body until the client acknowledges the headers, which takes 40 ms.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Handle the requests of a connection until one side closes it."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def parse_request(self) -> bool:
        """Return whether the request can be handled; if not, the response has been sent."""
        if not super().parse_request():
            return False
        refusal = _refusal(self.headers.get_all("Content-Length") or [])
        if refusal is not None:
            self.refuse(*refusal)
        return refusal is None

    def refuse(self, status: HTTPStatus, detail: str) -> None:
        """Send a response to a request that is not handled, and close the connection: its body has not been read."""
        body = f"{detail}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)
        self.close_connection = True

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print an error, but not the timeout of a connection: clients leave idle connections open."""
        if not format.startswith("Request timed out"):
            super().log_error(format, *args)


def _refusal(lengths: list[str]) -> tuple[HTTPStatus, str] | None:
    if not lengths:
        return None
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        return HTTPStatus.BAD_REQUEST, f"Content-Length is {', '.join(lengths)!r}; allowed: one number of bytes"
    if int(lengths[0]) > LARGEST_BODY:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Content-Length is {lengths[0]}; allowed: up to {LARGEST_BODY}"
    return None


def whole_body(environ: dict[str, Any]) -> io.BytesIO:
    """Return the body of a WSGI request, read to its end.

    Raises:
        ConnectionAbortedError: the client closed the connection before the end.
        TimeoutError: no data arrived for `TIMEOUT_SECONDS`.
    """
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return io.BytesIO(stream.read())
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = stream.read(length)
    if len(body) < length:
        raise ConnectionAbortedError(f"the body has {len(body)} bytes of {length}")
    return io.BytesIO(body)
