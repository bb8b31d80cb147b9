"""Responses of API Gateway itself, which Chalice does not have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalicelib.api.headers import CACHE_CONTROL, NO_STORE, RETRY_AFTER
from chalicelib.api.representations import PROBLEM_JSON
from infra.stage.names import StageTarget


@dataclass(frozen=True, slots=True)
class GatewayError:
    """An error that API Gateway answers without calling the function.

    Attributes:
        status: HTTP status.
        detail: Text for the client.
        retry_after: Seconds to wait before a retry, None if a retry cannot help.
    """

    status: HTTPStatus
    detail: str
    retry_after: int | None = None


_FORBIDDEN = HTTPStatus.FORBIDDEN
_SIGNED = "the request has an AWS signature; this API uses none"

ERRORS: Mapping[str, GatewayError] = {
    "ACCESS_DENIED": GatewayError(_FORBIDDEN, "access denied"),
    "API_CONFIGURATION_ERROR": GatewayError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error"),
    "BAD_REQUEST_BODY": GatewayError(HTTPStatus.BAD_REQUEST, "the body is invalid"),
    "BAD_REQUEST_PARAMETERS": GatewayError(HTTPStatus.BAD_REQUEST, "the request is invalid"),
    "DEFAULT_4XX": GatewayError(HTTPStatus.BAD_REQUEST, "the request is invalid"),
    "DEFAULT_5XX": GatewayError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error"),
    "EXPIRED_TOKEN": GatewayError(_FORBIDDEN, _SIGNED),
    # Also when the function has used all of its concurrency.
    "INTEGRATION_FAILURE": GatewayError(HTTPStatus.SERVICE_UNAVAILABLE, "the service is overloaded or failed", 5),
    "INTEGRATION_TIMEOUT": GatewayError(HTTPStatus.GATEWAY_TIMEOUT, "the function did not answer in time", 5),
    "INVALID_API_KEY": GatewayError(_FORBIDDEN, "the header x-api-key is missing, or the key is not valid here"),
    "INVALID_SIGNATURE": GatewayError(_FORBIDDEN, _SIGNED),
    "MISSING_AUTHENTICATION_TOKEN": GatewayError(_FORBIDDEN, "the path does not exist, or not with this method"),
    "QUOTA_EXCEEDED": GatewayError(HTTPStatus.TOO_MANY_REQUESTS, "the key has no requests left today", 3600),
    "REQUEST_TOO_LARGE": GatewayError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large"),
    "RESOURCE_NOT_FOUND": GatewayError(HTTPStatus.NOT_FOUND, "the resource does not exist"),
    "THROTTLED": GatewayError(HTTPStatus.TOO_MANY_REQUESTS, "too many requests at once", 1),
    "UNSUPPORTED_MEDIA_TYPE": GatewayError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the API accepts no body"),
}
"""Errors by API Gateway's response types. The defaults replace the status of every type that is not listed."""


def set_gateway_responses(client: Any, api: str, target: StageTarget, origin: str) -> None:
    """Replace the bodies of API Gateway's own errors with problem details, and deploy the API.

    Run it after each `chalice deploy`, which imports the whole API again and so deletes the gateway responses.

    Args:
        client: boto3 client of API Gateway.
        api: Id of the API.
        origin: Origin that CORS allows, `*` for any, or `none`.
    """
    for kind, error in ERRORS.items():
        client.put_gateway_response(
            restApiId=api,
            responseType=kind,
            statusCode=str(int(error.status)),
            responseParameters={
                f"gatewayresponse.header.{name}": f"'{value}'" for name, value in _headers(error, origin)
            },
            responseTemplates={"application/json": body(error)},
        )
    client.create_deployment(
        restApiId=api, stageName=target.stage, tracingEnabled=True, description="with gateway responses"
    )


def body(error: GatewayError) -> str:
    """Return the template of an error's body. API Gateway replaces `$context.path` with the path of the request."""
    problem = {"type": "about:blank", "title": error.status.phrase, "status": int(error.status)}
    return json.dumps({**problem, "detail": error.detail, "instance": "$context.path"})


def _headers(error: GatewayError, origin: str) -> list[tuple[str, str]]:
    headers = [("Content-Type", PROBLEM_JSON), (CACHE_CONTROL, NO_STORE)]
    if error.retry_after is not None:
        headers.append((RETRY_AFTER.name, str(error.retry_after)))
    if origin != "none":
        headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", RETRY_AFTER.name)]
    return headers
