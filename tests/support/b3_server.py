"""A fake B3 on loopback: index statistics and files of the market, which refuse, lie, send slowly or reset."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/indexStatisticsProxy/IndexCall/GetPortfolioDay/"
FILES = "/InstDados/SerHist/"


@dataclass(frozen=True, slots=True)
class Reply:
    """Response: status, body, content type, location of a redirect.

    Attributes:
        drip: seconds between two bytes of the body; 0 to send it at once.
        reset: whether to reset the connection instead of a response.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    location: str | None = None
    drip: float = 0.0
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Request: the token, decoded, and the headers."""

    token: dict[str, str]
    headers: dict[str, str]

    @property
    def year(self) -> int:
        return int(self.token["year"])


@dataclass(slots=True)
class B3Server:
    """Server that answers each request with `answer`.

    Attributes:
        answer: function from a request to a reply.
        tls: context of an HTTPS server, None for HTTP.
        requests: the requests so far.
    """

    answer: Callable[[Any], Reply]
    tls: ssl.SSLContext | None = None
    requests: list[Any] = field(default_factory=list)
    _server: Any = None
    _closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> B3Server:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                request = outer.read(self.path, dict(self.headers))
                outer.requests.append(request)
                outer._send(self, outer.answer(request))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
            # A client that refuses the certificate is no error of the server.
            self._server.handle_error = lambda *_: None
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def read(self, path: str, headers: dict[str, str]) -> Any:
        """Return the request for a path."""
        assert path.startswith(PATH), path
        return Request(json.loads(base64.b64decode(path.removeprefix(PATH), validate=True)), headers)

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.reset:
            # With a linger of 0, close sends RST.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        handler.send_header("Content-Type", reply.content_type)
        handler.send_header("Content-Length", str(len(reply.body)))
        if reply.location is not None:
            handler.send_header("Location", reply.location)
        handler.end_headers()
        try:
            for part in self._parts(reply):
                handler.wfile.write(part)
        except OSError:
            pass  # the client has given up

    def _parts(self, reply: Reply) -> Iterator[bytes]:
        if not reply.drip:
            yield reply.body
            return
        for number in range(len(reply.body)):
            yield reply.body[number : number + 1]
            if self._closing.wait(reply.drip):
                return

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self._server.server_port}"


class FileServer(B3Server):
    """Server of the files of the market: a request is the name of a file."""

    def read(self, path: str, headers: dict[str, str]) -> str:
        assert path.startswith(FILES), path
        assert headers["User-Agent"].startswith("Mozilla/5.0")
        return path.removeprefix(FILES)


def in_turn(replies: Iterable[Reply]) -> Callable[[Request], Reply]:
    """Return a function that answers each request with the next reply."""
    waiting = iter(replies)
    return lambda _: next(waiting)
