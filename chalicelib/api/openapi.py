"""The OpenAPI 3.1 document of the API, generated from routes and models."""

from __future__ import annotations

from functools import cache, lru_cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import msgspec

from chalicelib import __version__
from chalicelib.api.headers import DATA, ETAG, RETRY_AFTER, Header
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.api.models import Problem
from chalicelib.api.openapi_components import SCHEMA, SHARE_ANSWERS, Components, Document, schemas
from chalicelib.api.openapi_parameters import parameters
from chalicelib.api.representations import CSV, JSON, PROBLEM_JSON
from chalicelib.api.route import Route
from chalicelib.api.routes import documented
from chalicelib.errors import ContractError

_DESCRIPTION = """\
The history of IBOVESPA and its volatility, one row a session. The names in rows are the columns of the table; a null is
an unknown value. Percentages are in percent, volatilities are fractions a year, prices are index points.
The routes below `/acoes` are the same for every share, unit, fund, ETF and BDR of B3, in reais; a deployment without
the market answers them with 404.

A response is valid until the data changes: it has an `ETag`, and a request with a matching `If-None-Match` returns 304.
Errors are `application/problem+json`. Long responses are compressed for clients that accept gzip. On AWS, API Gateway
rejects some requests itself: an unknown path or method (403), a missing key (403), too many requests (429)."""

_HEAD = "As GET, without the body."

_ERRORS = {
    404: "The market is not enabled in this deployment, or it has no such ticker: `near` has similar names.",
    400: "A parameter is unknown, repeated, malformed, out of range, or in conflict with another.",
    500: "An internal error.",
    503: "A backend is unavailable or busy, nothing has been ingested yet, or the table is being updated to a new "
    "schema: retry after `Retry-After` seconds.",
    504: "The query is still running: retry after `Retry-After` seconds.",
}


def resolve(value: Document) -> Document:
    """Return the component that a part of the document refers to; a part without `$ref` is returned as it is."""
    if "$ref" not in value:
        return value
    component = document()
    for name in value["$ref"].removeprefix("#/").split("/"):
        component = component[name]
    return component


def document(base: str = "") -> Document:
    """Return the OpenAPI document.

    Args:
        base: the base path of the server.

    Raises:
        ContractError: a route lacks an example, or a parameter or a column lacks what the document needs.
    """
    return _document() | {"servers": [{"url": base or "/"}]}


@lru_cache(maxsize=4)
def encoded(base: str) -> msgspec.Raw:
    """Return the OpenAPI document as JSON; cached, because encoding it takes most of the time of a response.

    Raises:
        ContractError: as `document`.
    """
    return msgspec.Raw(msgspec.json.encode(document(base)))


@cache
def examples() -> Document:
    """Return the example body of each route by path, with few rows; `problems` has the error bodies by status."""
    bodies: Document = msgspec.json.decode((files("chalicelib.api") / "examples.json").read_bytes())
    return bodies


@cache
def _document() -> Document:
    components = Components()
    models = [route.model for route in documented().values() if route.model] + [Problem]
    components.sections["schemas"] |= schemas(models)
    return {
        "openapi": "3.1.0",
        "info": {"title": "b3-dataflow", "version": __version__, "description": _DESCRIPTION},
        "paths": {path: _path(path, route, components) for path, route in documented().items()},
        "components": {
            **components.sections,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def _path(path: str, route: Route, components: Components) -> Document:
    name = path.strip("/").translate({ord("/"): "_", ord("."): "_", ord("{"): None, ord("}"): None}) or "index"
    # The key is optional: not every deployment requires one.
    operation: Document = {"security": [{"key": []}, {}] if route.api_key_required else [{}]}
    items = [
        components.add("parameters", parameter["name"], parameter) for parameter in parameters(path, route, components)
    ]
    return {
        "parameters": items,
        "get": {
            "operationId": name,
            "summary": route.summary,
            "description": route.description,
            **operation,
            "responses": _responses(path, route, components, body=True),
        },
        "head": {
            "operationId": f"head_{name}",
            "summary": route.summary,
            "description": _HEAD,
            **operation,
            "responses": _responses(path, route, components, body=False),
        },
    }


def _responses(path: str, route: Route, components: Components, *, body: bool) -> Document:
    """The responses by status. Without `body`, those to HEAD: the same headers, and no content."""

    def headers(*headers: Header) -> Document:
        return {
            header.name: components.add(
                "headers", header.name, {"description": header.description, "schema": header.schema}
            )
            for header in headers
        }

    success: Document = {"description": route.summary, "content": _content(path, route)}
    if not body:
        success = {"description": _HEAD, "content": {}}
    responses: Document = {"200": success}
    if route.view:
        success["headers"] = headers(ETAG, *DATA)
        not_modified = {"description": "The client has this response already.", "headers": headers(ETAG)}
        responses["304"] = components.add("responses", "NotModified", not_modified)
    elif route.alternative == CSV:
        success["headers"] = headers(*DATA)
    if route.view and not body:
        responses["200"] = components.add("responses", "OKToHead", success)
    statuses = [
        400,
        *([404] if path in MARKET_ROUTES else []),
        500,
        *([503] if route.api_key_required else []),
        *([504] if route.view else []),
    ]
    for status in map(HTTPStatus, statuses):
        error: Document = {"description": _ERRORS[status], "content": _problem(status) if body else {}}
        if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT):
            error["headers"] = headers(RETRY_AFTER)
        name = status.phrase.replace(" ", "") + ("" if body else "ToHead")
        responses[f"{int(status)}"] = components.add("responses", name, error)
    return responses


def _problem(status: HTTPStatus) -> Document:
    """The content of an error."""
    example = {"type": "about:blank", "title": status.phrase, "status": int(status)}
    example |= _example("problems", f"{int(status)}")
    return {PROBLEM_JSON: {"schema": {"$ref": SCHEMA.format(name="Problem")}, "example": example}}


def _content(path: str, route: Route) -> Document:
    if route.model is None:
        kind = "object" if route.media_type == JSON else "string"
        return {route.media_type: {"schema": {"type": kind}, "example": _example(path)}}
    name = route.model.__name__
    if path in MARKET_ROUTES and name in SHARE_ANSWERS:
        name = f"Share{name}"
    content: Document = {JSON: {"schema": {"$ref": SCHEMA.format(name=name)}, "example": _example(path)}}
    if alternative := CSV if route.view else route.alternative:
        content[alternative] = {"schema": {"type": "string"}}
    return content


def _example(*keys: str) -> Any:
    """The value in the examples at nested keys."""
    value: Any = examples()
    for key in keys:
        if key not in value:
            raise ContractError(f"{' '.join(keys)} has no example in chalicelib/api/examples.json: run `make examples`")
        value = value[key]
    return value
