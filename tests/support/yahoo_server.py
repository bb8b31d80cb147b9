"""A fake Yahoo on loopback, and an HTTP session that sends yfinance's requests to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from curl_cffi.requests import Session

SAO_PAULO = ZoneInfo("America/Sao_Paulo")

Bar = tuple[str, float | None, float | None, float | None, float | None, int | None]
"""Date, open, high, low, close, volume."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Response: status, content type, body."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """Request: host, path and query parameters."""

    host: str
    path: str
    parameters: dict[str, str]


def chart(bars: Sequence[Bar], adjusted: float = 1.0, **meta: Any) -> Answer:
    """Return a v8 chart of daily bars in the shape of a real response, including the wrong offset of the time zone.

    Args:
        adjusted: factor from a close to the close adjusted for dividends.
        meta: metadata that differs from that of ^BVSP.
    """
    defaults = {
        "currency": "BRL",
        "symbol": "^BVSP",
        "exchangeName": "SAO",
        "instrumentType": "INDEX",
        "gmtoffset": -7200,
        "timezone": "BRST",
        "exchangeTimezoneName": "America/Sao_Paulo",
        "priceHint": 2,
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }
    columns = ("open", "high", "low", "close", "volume")
    values = list(zip(*(bar[1:] for bar in bars), strict=True)) if bars else [()] * 5
    result = {
        "meta": defaults | meta,
        "timestamp": [_ten_oclock(bar[0]) for bar in bars],
        "indicators": {
            "quote": [dict(zip(columns, map(list, values), strict=True))],
            "adjclose": [{"adjclose": [None if bar[4] is None else bar[4] * adjusted for bar in bars]}],
        },
    }
    return as_json(200, {"chart": {"result": [result], "error": None}})


def as_json(status: int, body: Any) -> Answer:
    return Answer(status, "application/json;charset=utf-8", json.dumps(body).encode())


def _ten_oclock(day: str) -> int:
    return int(datetime.combine(date.fromisoformat(day), time(10), SAO_PAULO).timestamp())


@dataclass(slots=True)
class YahooServer:
    """Server that answers requests for charts with `answer` and others as Yahoo does.

    Attributes:
        answer: function from a request to a response.
        everything: whether `answer` answers all other requests too.
        requests: the requests so far.
        timeouts: the timeout of each request in seconds.
    """

    answer: Callable[[Request], Answer]
    everything: bool = False
    requests: list[Request] = field(default_factory=list)
    timeouts: list[float | None] = field(default_factory=list)
    _server: Any = None

    def __enter__(self) -> YahooServer:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
                request = Request(self.headers["X-Host"], url.path, parameters)
                outer.requests.append(request)
                answer = outer._answer(request)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: Request) -> Answer:
        if self.everything:
            return self.answer(request)
        if request.path.endswith("/getcrumb"):
            return Answer(200, "text/plain", b"crumb")
        if request.path.startswith("/v8/finance/chart/"):
            return self.answer(request)
        return Answer(404, "text/html", b"")

    def charts(self) -> list[Request]:
        """Return the requests for bars."""
        return [request for request in self.requests if request.path.startswith("/v8/")]

    def session(self) -> Session[Any]:
        """Return a session of yfinance's type that sends every request to this server."""
        return loopback_session(self.url, self.timeouts)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


def loopback_session(server: str, timeouts: list[float | None]) -> Session[Any]:
    """Return a session of yfinance's type that sends every request to a server on loopback.

    Args:
        server: URL of the server.
        timeouts: list to which the timeout of each request is appended.
    """

    class Loopback(Session):  # type: ignore[type-arg]
        def request(self, method: Any, url: str, **kwargs: Any) -> Any:  # type: ignore[override]
            parts = urlsplit(url)
            headers = dict(kwargs.pop("headers", None) or {}) | {"X-Host": parts.netloc}
            timeouts.append(kwargs.get("timeout"))
            target = f"{server}{parts.path}" + (f"?{parts.query}" if parts.query else "")
            return super().request(method, target, headers=headers, **kwargs)

    return Loopback()
