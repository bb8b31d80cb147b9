"""Every error body that our code answers: application/problem+json, RFC 9457."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from chalice.app import Request, Response

from chalicelib.errors import BadParameter, NotReady, QueryTimeout

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

RETRY_SOON, RETRY_AFTER_INGEST = "5", "60"
"""Seconds that a client is asked to wait: for a query that runs on, and for the first ingest."""

_log = logging.getLogger(__name__)


def problem(
    status: HTTPStatus, instance: str, detail: str, errors: list[dict[str, Any]] | None = None, **headers: str
) -> Response:
    """One error body.

    Args:
        instance: the path that was asked for.
        detail: what went wrong, in words that any client may read.
        errors: for each wrong parameter `parameter`, `received` and `allowed`.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": instance,
    }
    if errors:
        body["errors"] = errors
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = msgspec.json.encode(body).decode()
    return Response(text, {"Content-Type": PROBLEM_JSON, "Cache-Control": "no-store", **named}, int(status))


def answer(request: Request | None, view: Callable[[Request], Response]) -> Response:
    """What a view answers, with every exception made a problem. What only operators may read goes to the log."""
    if request is None:
        raise TypeError("a view answers requests only")
    path = request.context.get("path") or request.path
    try:
        return view(request)
    except BadParameter as error:
        entry = {"parameter": error.parameter, "received": error.received, "allowed": error.allowed}
        return problem(HTTPStatus.BAD_REQUEST, path, f"parameter {error.parameter!r} is not acceptable", [entry])
    except NotReady:
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE, path, "nothing has been ingested yet", Retry_After=RETRY_AFTER_INGEST
        )
    except QueryTimeout as error:
        _log.warning("%s: %s", path, error)
        return problem(HTTPStatus.GATEWAY_TIMEOUT, path, "the query is still running", Retry_After=RETRY_SOON)
    except Exception:  # noqa: BLE001 - the last resort of a server
        # The client learns that it is our fault, the log learns which.
        _log.exception("unhandled: %s", path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, path, "an internal error; it has been logged")
