"""Every error body that our code answers: application/problem+json, RFC 9457."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from chalice.app import Request, Response

from chalicelib.api.backends import explained, unreachable
from chalicelib.api.models import ParameterError, Problem
from chalicelib.api.representations import PROBLEM_JSON
from chalicelib.errors import BadParameter, NotFound, NotReady, QueryRefused, QueryTimeout

RETRY_SOON, RETRY_AFTER_INGEST = "5", "60"
"""Seconds that a client is asked to wait: for a query that runs on, and for the first ingest."""

_EXPECTED: Mapping[type[Exception], tuple[HTTPStatus, str, Mapping[str, str]]] = {
    NotFound: (HTTPStatus.NOT_FOUND, "there is nothing of this name", {}),
    NotReady: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "nothing has been ingested yet",
        {"Retry-After": RETRY_AFTER_INGEST},
    ),
    QueryRefused: (HTTPStatus.SERVICE_UNAVAILABLE, "too many questions at once", {"Retry-After": RETRY_SOON}),
    QueryTimeout: (HTTPStatus.GATEWAY_TIMEOUT, "the query is still running", {"Retry-After": RETRY_SOON}),
}

_log = logging.getLogger(__name__)


def problem(
    status: HTTPStatus,
    instance: str,
    detail: str,
    errors: list[ParameterError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One error body.

    Args:
        instance: the path that was asked for.
        detail: what went wrong, in words that any client may read.
        errors: what is wrong with the parameters.
    """
    body = Problem("about:blank", status.phrase, int(status), detail, instance, errors or msgspec.UNSET)
    every: dict[str, str | list[str]] = {"Content-Type": PROBLEM_JSON, "Cache-Control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body).decode(), every, int(status))


def answer(request: Request | None, view: Callable[[Request], Response]) -> Response:
    """What a view answers, with every exception made a problem. What only operators may read goes to the log."""
    if request is None:
        raise TypeError("a view answers requests only")
    response = _answer(request, view)
    # API Gateway compresses what is large for a client that takes it, and does not say on what that depends.
    vary = response.headers.get("Vary")
    response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    return response


def _answer(request: Request, view: Callable[[Request], Response]) -> Response:
    path = request.context.get("path") or request.path
    try:
        return view(request)
    except BadParameter as error:
        wrong = ParameterError(error.parameter, error.received, error.allowed)
        return problem(HTTPStatus.BAD_REQUEST, path, f"parameter {error.parameter!r} is not acceptable", [wrong])
    except tuple(_EXPECTED) as error:
        _log.warning("%s: %s", path, error)
        status, detail, headers = next(said for kind, said in _EXPECTED.items() if isinstance(error, kind))
        return problem(status, path, detail, headers=headers)
    except Exception as error:  # noqa: BLE001 - the last resort of a server
        if unreachable(error):
            _log.warning("%s: %s", path, explained(error))
            again = {"Retry-After": RETRY_SOON}
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, path, "a backend is unavailable", headers=again)
        # The client learns that it is our fault, the log learns which.
        _log.exception("unhandled: %s", path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, path, "an internal error; it has been logged")
