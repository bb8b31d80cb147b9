"""Local server of the Chalice app: Chalice's own, plus the compression and methods of API Gateway."""

from __future__ import annotations

import difflib
import gzip
import json
import threading
from http import HTTPStatus
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalChalice, LocalDevServer, LocalGatewayException, create_local_server
from werkzeug.http import parse_accept_header

from chalicelib.api.routes import ROUTES
from common.paths import ROOT
from local.defaults import HOST
from local.door import LoopbackHandler

_CONFIG = ROOT / ".chalice" / "config.json"

MINIMUM_COMPRESSION_SIZE: int = json.loads(_CONFIG.read_text(encoding="utf-8"))["minimum_compression_size"]
"""Minimum number of bytes of a compressed body, also on AWS."""


class Server:
    """Server of the Chalice app in a background thread.

    Args:
        app: the app.
        port: port on 127.0.0.1; 0 selects a free port.
    """

    def __init__(self, app: Chalice, port: int) -> None:
        if not isinstance(app, LocalChalice):
            # Makes `current_request` of the app thread-local, as `chalice local` does. Works only once for an app.
            create_local_server(app, Config.create(), HOST, 0).server.server_close()
        self._server: Any = LocalDevServer(app, Config.create(), HOST, port, _Handler)
        self.url = f"http://{HOST}:{self._server.server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.server.serve_forever, name="api", daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server.server_close()


class _Handler(LoopbackHandler):
    """Chalice's request handler with three changes.

    It compresses responses. It sends no body for HEAD, which the client would parse as the next response. It passes
    all methods to the app; Python's server would respond with 501 to those that Chalice's handler does not define.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def _parse_payload(self) -> tuple[dict[str, Any], bytes | None]:
        headers, body = super()._parse_payload()
        # No route reads this header, and for an unknown path Chalice fails if it is not ASCII.
        return {name: value for name, value in headers.items() if name.lower() != "authorization"}, body

    def _send_error_response(self, error: LocalGatewayException) -> None:  # noqa: ARG002
        """Answer an unknown path, Chalice's only error here as the app has no authorizer."""
        path = self.path.partition("?")[0]
        nearest = difflib.get_close_matches(path, ROUTES, n=3, cutoff=0.4) or list(ROUTES)
        detail = f"no route has the path {path}; nearest: {', '.join(nearest)}"
        self.send_problem(HTTPStatus.NOT_FOUND, detail, {"Vary": "Accept-Encoding"})

    def _send_http_response_with_body(self, code: int, headers: dict[str, Any], body: str | bytes) -> None:
        content = body if isinstance(body, bytes) else body.encode()
        if len(content) >= MINIMUM_COMPRESSION_SIZE and accepts_gzip(self.headers.get("Accept-Encoding")):
            content = gzip.compress(content, compresslevel=6, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip"}
        if self.command != "HEAD":
            super()._send_http_response_with_body(code, headers, content)
            return
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self._send_headers(headers)


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether Accept-Encoding names gzip. Without the header, or for `*`, API Gateway does not compress."""
    return dict(parse_accept_header((accept_encoding or "").lower())).get("gzip", 0) > 0
