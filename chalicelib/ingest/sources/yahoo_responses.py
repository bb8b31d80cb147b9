"""The HTTP responses of Yahoo: their number is limited, and each failure names the status that Yahoo sent."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import yfinance as yf

from chalicelib.errors import SourceError, SourceMalformed, SourceRefused, SourceUnavailable

REQUESTS = 9
"""Limit of requests in one attempt. Usually it takes three, and nine if Yahoo sets no cookie at first and yfinance
tries its second way to get one."""

MAY_PASS = {401, 403, 408, 425, 429, 999}
"""The statuses, besides 5xx, with which Yahoo refuses a request that it may accept later. 401 is for a crumb that has
expired, and 999 is Yahoo's own for a client that it blocks."""

BLOCKED = ("Too Many Requests", "error 999")
"""Texts that Yahoo sends instead of JSON, sometimes with status 200, to a client that it blocks."""

_LONGEST = 80
"""The number of characters of a body in a message."""

_UNREADABLE = (yf.exceptions.YFException, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What yfinance and pandas raise for a body that has another form."""


@dataclass(slots=True)
class Responses:
    """The responses of one attempt.

    Attributes:
        timeout: seconds before a request fails.
        left: the number of requests that are still allowed.
        last: the last response; None if the last request had none.
    """

    timeout: float
    left: int = REQUESTS
    last: Any = None

    def watch(self, session: Any) -> Any:
        """Return the session with a limit on the number of its requests and on the time of each."""
        request = session.request

        def limited(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise SourceUnavailable(f"no bars after {REQUESTS} requests to Yahoo, the limit of an attempt")
            self.last = None
            self.last = request(*args, **kwargs | {"timeout": self.timeout})
            return self.last

        session.request = limited
        return session

    def error(self, error: Exception, symbol: str) -> SourceError:
        """Return the error of a source for an error of yfinance."""
        if self._refuses():
            return SourceUnavailable(f"Yahoo refused the request: {self._describe()}")
        if isinstance(error, SourceError):
            return error
        if isinstance(error, yf.exceptions.YFDataException):
            return SourceUnavailable(f"Yahoo is down: {error}")
        if isinstance(error, yf.exceptions.YFPricesMissingError):
            return SourceRefused(f"Yahoo has no bars of {symbol}: {error.yahoo_reason or error.rationale}")
        if isinstance(error, _UNREADABLE):
            reason = f"{type(error).__name__}: {error}"
            return SourceMalformed(f"Yahoo's response cannot be read: {self._describe()}: {reason}")
        # The type depends on the HTTP library that yfinance uses; curl appends a link to its documentation.
        message = str(error).partition(" See http")[0]
        return SourceUnavailable(f"Yahoo did not answer: {type(error).__name__}: {message}")

    def _refuses(self) -> bool:
        """Return whether the last response refuses a request that Yahoo may accept later."""
        if self.last is None:
            return False
        status = self.last.status_code
        if status in MAY_PASS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return True
        head = self.last.text[:_LONGEST].lstrip()
        return not head.startswith(("{", "[")) and any(text in head for text in BLOCKED)

    def _describe(self) -> str:
        """Return the status of the last response and the start of its body, on one line."""
        if self.last is None:
            return "no response"
        status = self.last.status_code
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        head = " ".join(self.last.text[: 2 * _LONGEST].split())[:_LONGEST]
        return f"{status} {phrase}".strip() + f", starting with {head!r}"
