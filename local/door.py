"""The door of both ports: programs on this machine come in, the pages of a browser do not.

A browser sends the requests of any page to loopback, and a page may also point its own name at it (DNS rebinding).
It names the page's origin in `Origin` and `Sec-Fetch-Site`, which a page cannot change, and its host in `Host`.
AWS's SDKs and curl send neither of the first two.
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
"""Where moto can be emptied and reseeded by anybody. No SDK of AWS asks there."""


def host_refusal(host: str) -> str | None:
    """Why a request with this Host is refused; None if it is loopback's."""
    if _LOOPBACK.fullmatch(host):
        return None
    return f"Host is {host!r}; allowed: 127.0.0.1, [::1], localhost and *.localhost, with any port"


class Door:
    """A WSGI application in front of the local AWS: answers 403 to what a page sends, before anything else sees it.

    The one request of a page that is let in is a navigation to a presigned object, such as a link to a result: the
    page cannot read the response.

    Args:
        application: gets all other requests.
        now: tells the time, with a time zone.
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
        # The request's body is not read: on a connection that stays open it would be parsed as the next request.
        headers += [("X-Content-Type-Options", "nosniff"), ("Connection", "close")]
        start_response("403 Forbidden", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def _refusal(self, environ: Environ) -> str | None:
        if refusal := host_refusal(environ.get("HTTP_HOST", "")):
            return refusal
        if environ.get("PATH_INFO", "").startswith(_CONTROL):
            return f"{_CONTROL} is closed: stop `make run` and start it again for an empty AWS"
        if "HTTP_ORIGIN" in environ:
            return f"Origin is {environ['HTTP_ORIGIN']!r}; allowed: none, for no page may use the local AWS"
        site = environ.get("HTTP_SEC_FETCH_SITE", "none")
        if site != "none" and not self._opens_object(environ):
            return f"Sec-Fetch-Site is {site!r}; allowed: none, or a navigation to a presigned object"
        return None

    def _opens_object(self, environ: Environ) -> bool:
        """Whether a tab of the browser opens a presigned object."""
        return (
            environ["REQUEST_METHOD"] == "GET"
            and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
            and environ.get("HTTP_SEC_FETCH_DEST", "document") == "document"
            and presigned.is_valid(environ["HTTP_HOST"], environ["REQUEST_URI"], self._now())
        )


class LoopbackHandler(Connection, ChaliceRequestHandler):
    """Chalice's request handler, which answers a Host that is not loopback's with a 403 problem."""

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
