"""Error responses: application/problem+json, RFC 9457."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from chalice.app import Request, Response

from chalicelib.api.backends import describe, is_unreachable
from chalicelib.api.headers import CACHE_CONTROL, CONTENT_TYPE, NO_STORE, RETRY_AFTER, VARY, Headers
from chalicelib.api.models import ParameterError, Problem
from chalicelib.api.representations import PROBLEM_JSON, encode_json
from chalicelib.errors import (
    BackendUnavailable,
    BadParameter,
    MarketDisabled,
    NotFound,
    NotReady,
    QueryRefused,
    QueryTimeout,
    SchemaMismatch,
    UnknownTicker,
)

RETRY_SOON, RETRY_AFTER_JOB = 5, 60
"""Seconds in `Retry-After`: for errors of a query or a backend, and for those that the next run of the job resolves."""

PROBLEMS: Mapping[type[Exception], tuple[HTTPStatus, str, int | None]] = {
    MarketDisabled: (HTTPStatus.NOT_FOUND, "The market is not enabled in this deployment.", None),
    NotFound: (HTTPStatus.NOT_FOUND, "The resource does not exist.", None),
    NotReady: (HTTPStatus.SERVICE_UNAVAILABLE, "Nothing has been ingested yet.", RETRY_AFTER_JOB),
    SchemaMismatch: (HTTPStatus.SERVICE_UNAVAILABLE, "The table is being updated to a new schema.", RETRY_AFTER_JOB),
    QueryRefused: (HTTPStatus.SERVICE_UNAVAILABLE, "Too many queries are running.", RETRY_SOON),
    QueryTimeout: (HTTPStatus.GATEWAY_TIMEOUT, "The query is still running.", RETRY_SOON),
    BackendUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "A backend is unavailable.", RETRY_SOON),
    Exception: (HTTPStatus.INTERNAL_SERVER_ERROR, "An internal error occurred. It has been logged.", None),
}
"""The status, the detail and the seconds to wait of each error; the first class that matches applies."""

_log = logging.getLogger(__name__)


def respond(request: Request | None, handler: Callable[[Request], Response]) -> Response:
    """Return the response of a handler; an exception becomes a problem.

    The client sees the parameter of a `BadParameter` and the ticker of an `UnknownTicker`; every other message goes
    to the log only.
    """
    if request is None:
        raise TypeError("a handler needs a request")
    path = request.context.get("path") or request.path
    try:
        response = handler(request)
    except BadParameter as error:
        errors = [ParameterError(error.parameter, error.received, error.allowed)]
        detail = f"The parameter {error.parameter!r} is {error.received!r}; allowed: {error.allowed}."
        response = problem(HTTPStatus.BAD_REQUEST, path, detail, errors=errors)
    except UnknownTicker as error:
        near = f" Near: {', '.join(error.near)}." if error.near else ""
        detail = f"There is no ticker {error.ticker!r}.{near}"
        response = problem(HTTPStatus.NOT_FOUND, path, detail, near=error.near)
    except Exception as error:  # noqa: BLE001 - the last resort of a server
        response = problem(*_classify(path, error))
    # API Gateway compresses large bodies for clients that accept it, and does not set Vary.
    vary = response.headers.get(VARY)
    response.headers[VARY] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    return response


def convert_chalice_errors(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Convert an error that Chalice returns to a problem. This is a middleware of Chalice.

    An example is 405 for a method that a route does not have. On AWS, API Gateway refuses such a request before it
    reaches Chalice, so these errors occur on the laptop only.
    """
    response = get_response(request)
    # Chalice's errors have a dict as their body. The body of a handler's response is encoded already.
    if not isinstance(response.body, dict):
        return response
    status, allow = HTTPStatus(response.status_code), response.headers.get("Allow")
    not_allowed = f"The method {request.method} is not allowed; allowed: {allow}."
    result = problem(status, request.context["path"], not_allowed if allow else f"{response.body['Message']}.")
    result.headers.update({**response.headers, **result.headers})
    return result


def _classify(path: str, error: Exception) -> tuple[HTTPStatus, str, str, int | None]:
    """Log an error, and return the arguments of its problem."""
    kind: type[Exception] = BackendUnavailable if is_unreachable(error) else type(error)
    match = next(known for known in PROBLEMS if issubclass(kind, known))
    if match is BackendUnavailable:
        _log.warning("%s: %s", path, describe(error))
    elif match is Exception:
        _log.error("unhandled: %s", path, exc_info=error)
    else:
        _log.warning("%s: %s", path, error)
    status, detail, retry_after = PROBLEMS[match]
    return status, path, detail, retry_after


def problem(
    status: HTTPStatus,
    path: str,
    detail: str,
    retry_after: int | None = None,
    *,
    errors: list[ParameterError] | None = None,
    near: list[str] | None = None,
) -> Response:
    """Return the response of an error.

    Args:
        path: path of the request.
        detail: a sentence that any client may read.
        retry_after: in seconds; None if a repeated request would fail too.
        errors: the parameters that are not allowed.
        near: tickers with a similar name, of an unknown ticker.
    """
    body = Problem(
        "about:blank",
        status.phrase,
        int(status),
        detail,
        path,
        errors or msgspec.UNSET,
        msgspec.UNSET if near is None else near,
    )
    headers: Headers = {CONTENT_TYPE: PROBLEM_JSON, CACHE_CONTROL: NO_STORE}
    if retry_after is not None:
        headers[RETRY_AFTER.name] = str(retry_after)
    return Response(encode_json(body), headers, int(status))
