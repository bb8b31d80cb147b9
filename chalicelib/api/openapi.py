"""The OpenAPI 3.1 document of the API, generated from routes and models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from http import HTTPStatus
from importlib.resources import files
from inspect import cleandoc
from typing import Any

import msgspec

from chalicelib import __version__
from chalicelib.api.columns import COLUMNS, COMPUTED, PERIODS, SHARE_COLUMNS, SHARE_PERIODS
from chalicelib.api.headers import DATA, ETAG, RETRY_AFTER, Header
from chalicelib.api.market_parameters import (
    RankingParameters,
    ShareAnomaliesParameters,
    ShareCompareParameters,
    SharePricesParameters,
    ShareVolatilityParameters,
)
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.api.models import Problem
from chalicelib.api.parameters import AnomaliesParameters, PeriodsParameters
from chalicelib.api.ranges import RangeParameters
from chalicelib.api.representations import CSV, JSON, PROBLEM_JSON
from chalicelib.api.route import Route
from chalicelib.api.routes import documented
from chalicelib.errors import ContractError
from chalicelib.schema import REFINED, Column
from chalicelib.shares import SHARES

Document = dict[str, Any]

_REF = "#/components/schemas/{name}"

_DESCRIPTION = """\
The history of IBOVESPA and its volatility, one row a session. The names in rows are the columns of the table; a null is
an unknown value. Percentages are in percent, volatilities are fractions a year, prices are index points.
The routes below `/acoes` are the same for every share, unit, fund, ETF and BDR of B3, in reais; a deployment without
the market answers them with 404.

A response is valid until the data changes: it has an `ETag`, and a request with a matching `If-None-Match` returns 304.
Errors are `application/problem+json`. Long responses are compressed for clients that accept gzip. On AWS, API Gateway
rejects some requests itself: an unknown path or method (403), a missing key (403), too many requests (429)."""

_ERRORS = {
    404: "The market is not enabled in this deployment, or it has no such ticker: `near` has similar names.",
    400: "A parameter is unknown, repeated, malformed, out of range, or in conflict with another.",
    500: "An internal error.",
    503: "A backend is unavailable or busy, nothing has been ingested yet, or the table is being updated to a new "
    "schema: retry after `Retry-After` seconds.",
    504: "The query is still running: retry after `Retry-After` seconds.",
}

_FIELDS: Mapping[type[msgspec.Struct], str] = {
    AnomaliesParameters: "AnomalyColumn",
    PeriodsParameters: "PeriodColumn",
    RankingParameters: "RankingColumn",
    ShareAnomaliesParameters: "ShareAnomalyColumn",
    ShareCompareParameters: "ShareColumn",
    SharePricesParameters: "ShareColumn",
    ShareVolatilityParameters: "ShareColumn",
}
"""The component with the allowed values of `fields`, where it is not `Column`."""

_SHARES = {"RowsAnswer": "Row", "PeriodsAnswer": "PeriodRow", "LatestAnswer": "Row"}
"""The bodies that have another component for shares, with the component of their rows."""

_TICKER: Document = {
    "name": "ticker",
    "in": "path",
    "required": True,
    "description": "B3's code of the security, as in `/acoes`.",
    "schema": {"type": "string", "minLength": 1},
    "example": "PETR4",
}
"""The parameter in the paths of a ticker."""

_TYPES: Mapping[str, Document] = {
    "bigint": {"type": ["integer", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "double": {"type": ["number", "null"]},
    "int": {"type": ["integer", "null"]},
    "string": {"type": ["string", "null"]},
    "timestamp": {"type": ["string", "null"], "format": "date-time"},
}


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
    models = [route.model for route in documented().values() if route.model] + [Problem]
    _, components = msgspec.json.schema_components(models, ref_template=_REF)
    for component in components.values():
        if "description" in component:
            # A docstring: Python below 3.13 keeps its indentation.
            component["description"] = cleandoc(component["description"])
    computed = [column for column in COMPUTED if column.name in AnomaliesParameters.allowed_fields]
    components["Row"] = _row("Row", "A session, with the requested columns.", [*REFINED, *computed])
    components["PeriodRow"] = _row("PeriodRow", "A period, with the requested columns.", PERIODS)
    components["Column"] = {"type": "string", "enum": list(COLUMNS)}
    components["AnomalyColumn"] = {"type": "string", "enum": list(AnomaliesParameters.allowed_fields)}
    components["PeriodColumn"] = {"type": "string", "enum": list(PeriodsParameters.allowed_fields)}
    components["RowsAnswer"]["properties"]["rows"]["items"] = {"$ref": _REF.format(name="Row")}
    components["PeriodsAnswer"]["properties"]["rows"]["items"] = {"$ref": _REF.format(name="PeriodRow")}
    components["LatestAnswer"]["properties"]["session"] = {
        "anyOf": [{"$ref": _REF.format(name="Row")}, {"type": "null"}]
    }
    computed = [column for column in COMPUTED if column.name in ShareAnomaliesParameters.allowed_fields]
    components["ShareRow"] = _row(
        "ShareRow", "A session of a ticker, with the requested columns.", [*SHARES, *computed]
    )
    components["SharePeriodRow"] = _row("SharePeriodRow", "A period, with the requested columns.", SHARE_PERIODS)
    components["ShareColumn"] = {"type": "string", "enum": list(SHARE_COLUMNS)}
    components["ShareAnomalyColumn"] = {"type": "string", "enum": list(ShareAnomaliesParameters.allowed_fields)}
    components["RankingColumn"] = {"type": "string", "enum": list(RankingParameters.allowed_fields)}
    components["RankingAnswer"]["properties"]["rows"]["items"] = {"$ref": _REF.format(name="ShareRow")}
    for name, row in _SHARES.items():
        components[f"Share{name}"] = _renamed(components[name], row, f"Share{row}") | {"title": f"Share{name}"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "b3-dataflow", "version": __version__, "description": _DESCRIPTION},
        "paths": {path: _path(path, route) for path, route in documented().items()},
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def _renamed(schema: Any, name: str, new: str) -> Any:
    """A schema with references to another component in place of those to this one."""
    if isinstance(schema, dict):
        return {key: _renamed(value, name, new) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_renamed(value, name, new) for value in schema]
    return _REF.format(name=new) if schema == _REF.format(name=name) else schema


def _row(title: str, description: str, columns: Iterable[Column]) -> Document:
    properties = {
        column.name: _column_type(column)
        | {"description": f"{column.description} ({column.unit})" if column.unit else column.description}
        for column in columns
    }
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _column_type(column: Column) -> Document:
    if column.type not in _TYPES:
        raise ContractError(f"column {column.name!r} has type {column.type!r}; allowed: {', '.join(_TYPES)}")
    return _TYPES[column.type]


def _path(path: str, route: Route) -> Document:
    name = path.strip("/").translate({ord("/"): "_", ord("."): "_", ord("{"): None, ord("}"): None}) or "index"
    responses = _responses(path, route)
    operation: Document = {
        "summary": route.summary,
        "description": route.description,
        # The key is optional: not every deployment requires one.
        "security": [{"key": []}, {}] if route.api_key_required else [{}],
    }
    bodiless = {status: {**response, "content": {}} for status, response in responses.items()}
    return {
        "parameters": list(_parameters(path, route)),
        "get": {"operationId": name, **operation, "responses": responses},
        "head": {"operationId": f"head_{name}", **operation, "responses": bodiless},
    }


def _parameters(path: str, route: Route) -> Iterable[Document]:
    if "{ticker}" in path:
        yield dict(_TICKER)
    for field in msgspec.structs.fields(route.parameters):
        (schema,), _ = msgspec.json.schema_components([field.type], ref_template=_REF)
        schema = _not_null(schema)
        if field.default is not None:
            schema["default"] = field.default
        if "description" not in schema:
            raise ContractError(
                f"parameter {field.encode_name!r} of route {path} has no description: annotate it with "
                "msgspec.Meta(description=...) in chalicelib/api/parameters.py"
            )
        parameter = {
            "name": field.encode_name,
            "in": "query",
            "required": False,
            "description": schema.pop("description"),
        }
        values = schema.pop("examples", [])
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
            schema["items"] = {"$ref": _REF.format(name=_FIELDS.get(route.parameters, "Column"))}
        if "pattern" in schema:
            # msgspec's format of a date, which excludes months and years.
            schema.pop("format", None)
        if field.encode_name in route.example:
            values = [msgspec.to_builtins(msgspec.convert(route.example[field.encode_name], field.type, strict=False))]
        # The examples of a route are valid together: no year beside a start.
        if values and (field.encode_name in route.example or field.name not in RangeParameters.__struct_fields__):
            parameter["example"] = values[0]
        yield parameter | {"schema": schema}


def _not_null(schema: Document) -> Document:
    """The schema without null, the default of an absent parameter."""
    branches = [branch for branch in schema.pop("anyOf", []) if branch != {"type": "null"}]
    return {**(branches[0] if branches else {}), **schema}


def _responses(path: str, route: Route) -> Document:
    statuses = [
        400,
        *([404] if path in MARKET_ROUTES else []),
        500,
        *([503] if route.api_key_required else []),
        *([504] if route.view else []),
    ]
    responses: Document = {"200": {"description": route.summary, "content": _content(path, route)}}
    if route.view:
        responses["200"]["headers"] = _headers(ETAG, *DATA)
        responses["304"] = {"description": "The client has this response already.", "headers": _headers(ETAG)}
    elif route.alternative == CSV:
        responses["200"]["headers"] = _headers(*DATA)
    for status in statuses:
        example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
        example |= {"instance": path, **_example("problems", str(status))}
        responses[str(status)] = {
            "description": _ERRORS[status],
            "content": {PROBLEM_JSON: {"schema": {"$ref": _REF.format(name="Problem")}, "example": example}},
        }
        if status in (503, 504):
            responses[str(status)]["headers"] = _headers(RETRY_AFTER)
    return responses


def _content(path: str, route: Route) -> Document:
    if route.model is None:
        kind = "object" if route.media_type == JSON else "string"
        return {route.media_type: {"schema": {"type": kind}, "example": _example(path)}}
    name = route.model.__name__
    if path in MARKET_ROUTES and name in _SHARES:
        name = f"Share{name}"
    content: Document = {JSON: {"schema": {"$ref": _REF.format(name=name)}, "example": _example(path)}}
    if alternative := CSV if route.view else route.alternative:
        content[alternative] = {"schema": {"type": "string"}}
    return content


def _headers(*headers: Header) -> Document:
    return {header.name: {"description": header.description, "schema": header.schema} for header in headers}


def _example(*keys: str) -> Any:
    """The value in the examples at nested keys."""
    value: Any = examples()
    for key in keys:
        if key not in value:
            raise ContractError(f"{' '.join(keys)} has no example in chalicelib/api/examples.json: run `make examples`")
        value = value[key]
    return value
