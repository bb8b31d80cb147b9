"""What Chalice cannot say of API Gateway: its own errors in our shape, and how fast it may be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalicelib.api.representations import PROBLEM_JSON
from infra.stage.names import Place

RATE, BURST = 10, 20
"""Requests a second that the stage takes, and how many at once."""


@dataclass(frozen=True, slots=True)
class GatewayError:
    """An error that the gateway answers before our code is asked.

    Attributes:
        status: the HTTP status.
        detail: what went wrong, in words that any client may read.
        retry_after: seconds after which trying again can help, None if it cannot.
    """

    status: HTTPStatus
    detail: str
    retry_after: int | None = None


_FORBIDDEN = HTTPStatus.FORBIDDEN
_SIGNED = "the request is signed for AWS, which this API does not ask for"

ERRORS: Mapping[str, GatewayError] = {
    "ACCESS_DENIED": GatewayError(_FORBIDDEN, "this may not be asked"),
    "API_CONFIGURATION_ERROR": GatewayError(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error"),
    "BAD_REQUEST_BODY": GatewayError(HTTPStatus.BAD_REQUEST, "the body is not acceptable"),
    "BAD_REQUEST_PARAMETERS": GatewayError(HTTPStatus.BAD_REQUEST, "the request is not acceptable"),
    "DEFAULT_4XX": GatewayError(HTTPStatus.BAD_REQUEST, "the request is not acceptable"),
    "DEFAULT_5XX": GatewayError(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error"),
    "EXPIRED_TOKEN": GatewayError(_FORBIDDEN, _SIGNED),
    # Of the function's too, when as many of it run as may.
    "INTEGRATION_FAILURE": GatewayError(HTTPStatus.SERVICE_UNAVAILABLE, "the service has too much to do, or failed", 5),
    "INTEGRATION_TIMEOUT": GatewayError(HTTPStatus.GATEWAY_TIMEOUT, "the function did not answer in time", 5),
    "INVALID_API_KEY": GatewayError(_FORBIDDEN, "the header x-api-key is missing, or its key is not one of this API"),
    "INVALID_SIGNATURE": GatewayError(_FORBIDDEN, _SIGNED),
    "MISSING_AUTHENTICATION_TOKEN": GatewayError(_FORBIDDEN, "there is no such path, or not with this method"),
    "QUOTA_EXCEEDED": GatewayError(HTTPStatus.TOO_MANY_REQUESTS, "the key has no requests left today", 3600),
    "REQUEST_TOO_LARGE": GatewayError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large"),
    "RESOURCE_NOT_FOUND": GatewayError(HTTPStatus.NOT_FOUND, "there is nothing of this name"),
    "THROTTLED": GatewayError(HTTPStatus.TOO_MANY_REQUESTS, "too many requests at once", 1),
    "UNSUPPORTED_MEDIA_TYPE": GatewayError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "no body is asked for"),
}
"""By API Gateway's names. The defaults stand for what is not named, whatever status it would have had."""


def answer_in_our_shape(client: Any, api: str, place: Place, origin: str) -> None:
    """Let the gateway answer its own errors as problems, and deploy the API with it.

    Chalice puts the whole API anew at each deploy, which forgets this, and has deployed it without.

    Args:
        client: API Gateway's.
        api: the API's id.
        origin: the one origin whose pages may ask, `*` for any, or `none`.
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
        restApiId=api, stageName=place.stage, tracingEnabled=True, description="with gateway responses"
    )


def limit(client: Any, api: str, place: Place) -> None:
    """Say how fast the stage may be asked, and by which tag the budget knows what it costs."""
    limits = {"rateLimit": RATE, "burstLimit": BURST}
    client.update_stage(
        restApiId=api,
        stageName=place.stage,
        patchOperations=[
            {"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(value)} for name, value in limits.items()
        ],
    )
    arn = f"arn:aws:apigateway:{place.region}::/restapis/{api}"
    for tagged in (arn, f"{arn}/stages/{place.stage}"):
        client.tag_resource(resourceArn=tagged, tags=place.tags)


def body(error: GatewayError) -> str:
    """The template of an error's body: the gateway puts the path that was asked for in place of its variable."""
    problem = {"type": "about:blank", "title": error.status.phrase, "status": int(error.status)}
    return json.dumps({**problem, "detail": error.detail, "instance": "$context.path"})


def _headers(error: GatewayError, origin: str) -> list[tuple[str, str]]:
    headers = [("Content-Type", PROBLEM_JSON), ("Cache-Control", "no-store")]
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    if origin != "none":
        headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "Retry-After")]
    return headers
