"""GET requests to B3: few, bounded in time and size, and repeated with pauses when B3's filter refuses them.

A body is kept in memory, or written to a file.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import IO

from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from curl_cffi.requests import Session
from curl_cffi.requests.exceptions import RequestException

from chalicelib.errors import SourceMalformed, SourceRefused, SourceUnavailable
from chalicelib.ingest.sources.b3.limits import Limits

PAUSE = 2.0
"""Seconds of the first pause between attempts. Each pause is three times the one before, less up to half at random."""

LIMIT = 2**20
"""The maximum number of bytes of a body in memory. The closes of a year have 15 KB."""

_BLOCKED = {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}


class Client:
    """An HTTP client with the limits of one fetch. Its requests look like those of a browser to the filter.

    Args:
        referer: the page that the requests seem to come from.
        sleep: function that pauses; tests replace it.
        clock: function that returns the seconds since some moment; tests replace it.
    """

    def __init__(
        self,
        referer: str,
        limits: Limits,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._referer = referer
        self._limits = limits
        self._sleep = sleep
        self._clock = clock
        self._end = clock() + limits.seconds

    def get(self, url: str, what: str) -> bytes:
        """Return the body of a response with status 200, of at most `LIMIT` bytes.

        Args:
            what: the name of the body in error messages.

        Raises:
            SourceError: as `download`.
        """
        body = BytesIO()
        self.download(url, what, body, LIMIT)
        return body.getvalue()

    def download(self, url: str, what: str, file: IO[bytes], limit: int) -> None:
        """Write the body of a response with status 200 to an empty file.

        Args:
            what: the name of the body in error messages.
            file: seekable.
            limit: the maximum number of bytes.

        Raises:
            SourceUnavailable: no such response within the limits; the message has the last failure.
            SourceRefused: another status, which a repetition would not change.
            SourceMalformed: the body is too large.
        """
        for attempt in range(self._limits.attempts):
            file.seek(0)
            file.truncate()
            try:
                return self._request(url, what, file, limit)
            except SourceUnavailable:
                pause = PAUSE * 3**attempt * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret
                if attempt + 1 == self._limits.attempts or self._clock() + pause > self._end:
                    raise
                self._sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _request(self, url: str, what: str, file: IO[bytes], limit: int) -> None:
        left = self._end - self._clock()
        if left <= 0:
            raise SourceUnavailable(f"no time was left for {what}: the limit is {self._limits.seconds:.0f} s")

        def receive(chunk: bytes) -> int:
            file.write(chunk)
            return len(chunk) if file.tell() <= limit else CURL_WRITEFUNC_ERROR

        connect = min(self._limits.connect_seconds, left)
        # curl's timeout is for the whole transfer, so a server that sends a byte at a time does not prolong it.
        timeout = (connect, min(self._limits.request_seconds, max(left - connect, 0.01)))
        try:
            with Session(impersonate="chrome") as session:
                response = session.get(
                    url,
                    headers={"Accept": "application/json, application/zip", "Referer": self._referer},
                    timeout=timeout,
                    allow_redirects=False,
                    content_callback=receive,
                )
        except RequestException as error:
            if file.tell() > limit:
                raise SourceMalformed(f"{what} has more than {limit:,} bytes, which no answer of B3 has") from error
            # curl appends a link to its documentation.
            message = str(error).partition(" See http")[0]
            raise SourceUnavailable(f"B3 did not send {what}: {type(error).__name__}: {message}") from error
        status = response.status_code
        if status == HTTPStatus.OK:
            return
        if status in _BLOCKED or status >= HTTPStatus.INTERNAL_SERVER_ERROR or 300 <= status < 400:
            raise SourceUnavailable(f"B3 refused the request for {what}: {_phrase(status)}")
        raise SourceRefused(f"B3 answered the request for {what} with {_phrase(status)}")


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
