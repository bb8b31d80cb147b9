"""Access checks of both ports: programs on this machine may use them, pages in a browser may not.

Any page can send requests to loopback, also through its own host name (DNS rebinding). The browser sends the page's
origin in `Origin` and `Sec-Fetch-Site`, which a page cannot change, and the host name in `Host`. AWS's SDKs and curl do
not send the first two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from chalice.local import ChaliceRequestHandler

from chalicelib.api import problems
from local import presigned
from local.connections import Connection

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_LOOPBACK = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9-]+\.)*localhost)(:\d{1,5})?", re.ASCII | re.IGNORECASE)

_CONTROL = "/moto-api"
"""Path of moto's control API, which can delete all state. AWS's SDKs do not use it."""


def host_refusal(host: str) -> str | None:
    """Return why a request with this `Host` is refused, or None if it is a loopback host."""
    if _LOOPBACK.fullmatch(host):
        return None
    return f"Host is {host!r}; allowed: 127.0.0.1, [::1], localhost and *.localhost, with any port"


class Door:
    """WSGI application in front of the local AWS that responds with 403 to requests from pages.

    The only exception is a navigation to a presigned object, such as a link to a query result, because the page cannot
    read the response.

    Args:
        application: application that receives all other requests.
        now: function that returns the current time with a time zone.
    """

    def __init__(self, application: Application, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._application = application
        self._now = now

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        refusal = self._refusal(environ)
        if refusal is None:
            return self._application(environ, start_response)
        body = f"{refusal}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        # The request body is not read; on a connection that stays open, it would be parsed as the next request.
        headers += [("X-Content-Type-Options", "nosniff"), ("Connection", "close")]
        start_response("403 Forbidden", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _refusal(self, environ: Environ) -> str | None:
        if refusal := host_refusal(environ.get("HTTP_HOST", "")):
            return refusal
        if environ.get("PATH_INFO", "").startswith(_CONTROL):
            return f"{_CONTROL} is closed: stop `make run` and start it again for an empty AWS"
        if "HTTP_ORIGIN" in environ:
            return f"Origin is {environ['HTTP_ORIGIN']!r}; allowed: none, because pages may not use the local AWS"
        site = environ.get("HTTP_SEC_FETCH_SITE", "none")
        if site != "none" and not self._opens_object(environ):
            return f"Sec-Fetch-Site is {site!r}; allowed: none, or a navigation to a presigned object"
        return None

    def _opens_object(self, environ: Environ) -> bool:
        """Return whether the request is a navigation to a presigned object."""
        return (
            environ["REQUEST_METHOD"] == "GET"
            and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
            and environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
            and presigned.is_valid(environ["HTTP_HOST"], environ["REQUEST_URI"], self._now())
        )


class LoopbackHandler(Connection, ChaliceRequestHandler):
    """Chalice's request handler that responds with a 403 problem if `Host` is not a loopback host."""

    def parse_request(self) -> bool:
        """Return whether the request can be handled; if not, the response has been sent."""
        if not super().parse_request():
            return False
        refusal = host_refusal(",".join(self.headers.get_all("Host") or []))
        if refusal is not None:
            self.refuse(HTTPStatus.FORBIDDEN, refusal)
        return refusal is None

    def refuse(self, status: HTTPStatus, detail: str) -> None:
        """Send a problem, and close the connection."""
        self.send_problem(status, detail, {"Connection": "close"})
        self.close_connection = True

    def send_problem(self, status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> None:
        """Send a response of the type application/problem+json."""
        response = problems.problem(status, self.path, detail)
        self._send_http_response(response.status_code, {**response.headers, **headers}, response.body)
