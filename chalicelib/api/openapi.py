"""The contract of the HTTP interface as an OpenAPI 3.1 document, from routes and models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from inspect import cleandoc
from typing import Any

import msgspec

from chalicelib import __version__
from chalicelib.api.models import Problem
from chalicelib.api.parameters import COLUMNS, COMPUTED, Anomalies, Span
from chalicelib.api.representations import CSV, JSON, PROBLEM_JSON
from chalicelib.api.routes import ROUTES, Route
from chalicelib.schema import REFINED

Document = dict[str, Any]

_REF = "#/components/schemas/{name}"

_DESCRIPTION = """\
The history of IBOVESPA and its volatility, a row a session. Names in rows are the columns of the table; a value is null
where it is not known. Percentages are in percent, volatilities a fraction a year, prices index points.

An answer holds until the data changes: it has an `ETag`, and `If-None-Match` is answered 304. What is wrong with a
request is told as `application/problem+json`. A long answer is compressed for a client that accepts gzip. On AWS the
gateway answers some requests before they arrive here: an unknown path or a wrong method (403), a missing key (403), too
many requests (429)."""

_ERRORS = {
    400: "A parameter is unknown, repeated, malformed, out of range, or in conflict with another.",
    500: "A fault of ours.",
    503: "A backend is unavailable or busy, or nothing has been ingested yet: try again after `Retry-After` seconds.",
    504: "The query is still running: try again after `Retry-After` seconds.",
}

_SAID: Document = {
    "Link": {"description": "In CSV, the next page, if there is one.", "schema": {"type": "string"}},
    "X-Data-As-Of": {"description": "The last session of the data.", "schema": {"type": "string"}},
    "X-Data-Synthetic": {"description": "Whether the data is generated.", "schema": {"enum": ["true", "false"]}},
    "X-Data-Version": {"description": "Names the data.", "schema": {"type": "string"}},
}

_TYPES: Mapping[str, Document] = {
    "bigint": {"type": ["integer", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "double": {"type": ["number", "null"]},
    "int": {"type": ["integer", "null"]},
    "string": {"type": ["string", "null"]},
    "timestamp": {"type": ["string", "null"], "format": "date-time"},
}


def document(base: str = "") -> Document:
    """The contract.

    Args:
        base: what stands before every path where the client reached us.
    """
    return _document() | {"servers": [{"url": base or "/"}]}


@cache
def examples() -> Document:
    """For each route the answer to its example, with fewer rows; and under `problems` what each error says."""
    found: Document = msgspec.json.decode((files("chalicelib.api") / "examples.json").read_bytes())
    return found


@cache
def _document() -> Document:
    models = [route.answers for route in ROUTES.values() if route.answers] + [Problem]
    _, components = msgspec.json.schema_components(models, ref_template=_REF)
    for component in components.values():
        if "description" in component:
            # A docstring, whose indentation only Python 3.13 takes away by itself.
            component["description"] = cleandoc(component["description"])
    components["Row"] = _row()
    components["Column"] = {"type": "string", "enum": list(COLUMNS)}
    components["AnomalyColumn"] = {"type": "string", "enum": list(Anomalies.allowed_fields)}
    components["RowsAnswer"]["properties"]["rows"]["items"] = {"$ref": _REF.format(name="Row")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "b3-dataflow", "version": __version__, "description": _DESCRIPTION},
        "paths": {path: _path(path, route) for path, route in ROUTES.items()},
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def _row() -> Document:
    columns = [*REFINED, *(column for column in COMPUTED if column.name in Anomalies.allowed_fields)]
    properties = {
        column.name: _TYPES[column.type]
        | {"description": f"{column.description} ({column.unit})" if column.unit else column.description}
        for column in columns
    }
    return {
        "title": "Row",
        "description": "A session, in the columns asked for.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _path(path: str, route: Route) -> Document:
    name = path.strip("/").replace("/", "_").replace(".", "_") or "index"
    responses = _responses(path, route)
    said: Document = {
        "summary": route.summary,
        "description": route.description,
        # A key where the deployment asks for one, and none elsewhere.
        "security": [{"key": []}, {}] if route.keyed else [{}],
    }
    bodiless = {status: {**response, "content": {}} for status, response in responses.items()}
    return {
        "parameters": list(_parameters(route)),
        "get": {"operationId": name, **said, "responses": responses},
        "head": {"operationId": f"head_{name}", **said, "responses": bodiless},
    }


def _parameters(route: Route) -> Iterable[Document]:
    for field in msgspec.structs.fields(route.parameters):
        (schema,), _ = msgspec.json.schema_components([field.type], ref_template=_REF)
        schema = _not_null(schema)
        if field.default is not None:
            schema["default"] = field.default
        parameter = {"name": field.name, "in": "query", "required": False, "description": schema.pop("description")}
        examples = schema.pop("examples", [])
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
            schema["items"] = {"$ref": _REF.format(name="AnomalyColumn" if route.parameters is Anomalies else "Column")}
        if field.name in route.example:
            examples = [msgspec.to_builtins(msgspec.convert(route.example[field.name], field.type, strict=False))]
        # All examples of a route fit together: no year beside a start.
        if examples and (field.name in route.example or field.name not in Span.__struct_fields__):
            parameter["example"] = examples[0]
        yield parameter | {"schema": schema}


def _not_null(schema: Document) -> Document:
    """The schema without null, which is what an absent parameter is."""
    branches = [branch for branch in schema.pop("anyOf", []) if branch != {"type": "null"}]
    return {**(branches[0] if branches else {}), **schema}


def _responses(path: str, route: Route) -> Document:
    statuses = [400, 500, *([503] if route.keyed else []), *([504] if route.view else [])]
    responses: Document = {"200": {"description": route.summary, "content": _content(path, route)}}
    if route.view:
        tag = {"ETag": {"description": "Names this answer.", "schema": {"type": "string"}}}
        responses["200"]["headers"] = tag | _SAID
        responses["304"] = {"description": "The client has this answer already.", "headers": tag}
    for status in statuses:
        example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
        example |= {"instance": path, **examples()["problems"][str(status)]}
        responses[str(status)] = {
            "description": _ERRORS[status],
            "content": {PROBLEM_JSON: {"schema": {"$ref": _REF.format(name="Problem")}, "example": example}},
        }
        if status in (503, 504):
            retry = {"description": "Seconds.", "schema": {"type": "integer"}}
            responses[str(status)]["headers"] = {"Retry-After": retry}
    return responses


def _content(path: str, route: Route) -> Document:
    if route.answers is None:
        kind = "object" if route.media == JSON else "string"
        return {route.media: {"schema": {"type": kind}, "example": examples()[path]}}
    content: Document = {
        JSON: {"schema": {"$ref": _REF.format(name=route.answers.__name__)}, "example": examples()[path]}
    }
    if route.view:
        content[CSV] = {"schema": {"type": "string"}}
    return content
