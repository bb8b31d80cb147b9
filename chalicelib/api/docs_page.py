"""`/docs`: the OpenAPI document as a page with a form for each route.

The page loads nothing from other hosts and has no inline script.
Its style sheet and script are in `assets/` and are served by the API; they are not part of the OpenAPI document.
"""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from typing import Any

from chalice.app import Request, Response

from chalicelib.api import assets, openapi
from chalicelib.api.pages import html_response
from chalicelib.api.parameters import NoParameters
from chalicelib.api.parsing import base_path, parse


def docs(request: Request) -> Response:
    """Return the page."""
    parse(NoParameters, request)
    return html_response(request, _page(escape(base_path(request))))


@cache
def _page(base: str) -> str:
    document = openapi.document(base)
    paths = document["paths"]
    links = "".join(f'<li><a href="#{_anchor(path)}">{escape(path)}</a></li>' for path in paths)
    sections = "".join(_section(base, path, item["get"], item["parameters"]) for path, item in paths.items())
    schemas = document["components"]["schemas"]
    rows = schemas["Row"]["properties"]
    of_shares = {name: schema for name, schema in schemas["ShareRow"]["properties"].items() if name not in rows}
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>b3-dataflow: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{base}/{assets.path()}/docs.css">
<script src="{base}/{assets.path()}/docs.js" type="module"></script>
</head>
<body>
<header>
<p><a href="{base}/">The index and its volatility as charts</a></p>
<h1>b3-dataflow</h1>
{_paragraphs(document["info"]["description"])}
<p>In machine-readable form: <a href="{base}/openapi.json">openapi.json</a>, OpenAPI {document["openapi"]}.</p>
<p class="key"><label for="key">API key, if this deployment requires one</label>
<input id="key" type="password" autocomplete="off"></p>
<nav aria-label="Routes"><ul>{links}<li><a href="#columns">columns of a row</a></li></ul></nav>
<noscript><p>The forms below need JavaScript. Without it, send a request to a path above.</p></noscript>
</header>
<main>
{sections}
<section id="columns"><h2>Columns of a row</h2>
{_columns(rows)}
<h2>Other columns of a row of a ticker</h2>
{_columns(of_shares)}</section>
</main>
{"".join(_template(name, schema["enum"]) for name, schema in schemas.items() if "enum" in schema)}
</body>
</html>
"""


def _section(base: str, path: str, operation: dict[str, Any], parameters: list[dict[str, Any]]) -> str:
    rows = "".join(_parameter(path, openapi.resolve(parameter)) for parameter in parameters)
    table = f"<table><tbody>{rows}</tbody></table>" if rows else ""
    media, content = next(iter(operation["responses"]["200"]["content"].items()))
    example = json.dumps(content["example"], indent=2, ensure_ascii=False) if "json" in media else content["example"]
    errors = "".join(
        f"<tr><th>{status}</th><td>{escape(openapi.resolve(response)['description'])}</td></tr>"
        for status, response in operation["responses"].items()
        if status != "200"
    )
    return f"""<section id="{_anchor(path)}">
<h2><span class="method">GET</span><code>{escape(path)}</code></h2>
<p><strong>{escape(operation["summary"])}.</strong> {_inline(operation["description"])}</p>
<form data-path="{base}{escape(path)}">{table}<button>Send</button><code class="address"></code></form>
<div hidden><p class="status" role="status"></p>
<p><a class="csv" hidden download="{_anchor(path)}.csv">CSV of these rows</a></p>
<div class="rows" tabindex="0" role="region" aria-label="Rows of {escape(path)}"></div>
<pre tabindex="0" role="region" aria-label="Response of {escape(path)}"></pre></div>
<details><summary>Example of a response</summary>
<pre tabindex="0" role="region" aria-label="Example of {escape(path)}">{escape(example)}</pre></details>
<details><summary>Other responses</summary><table><tbody>{errors}</tbody></table></details>
</section>
"""


def _parameter(path: str, parameter: dict[str, Any]) -> str:
    name, schema = parameter["name"], parameter["schema"]
    label = f"{_anchor(path)}-{name}"
    # Each checkbox of a list has its own label.
    heading = escape(name) if schema.get("type") == "array" else f'<label for="{label}">{escape(name)}</label>'
    return (
        f'<tr><th scope="row">{heading}</th>'
        f"<td>{_field(label, name, schema, parameter)}</td><td>{_inline(parameter['description'])}</td></tr>"
    )


def _field(label: str, name: str, schema: dict[str, Any], parameter: dict[str, Any]) -> str:
    attributes = f'id="{label}" name="{escape(name)}"'
    if "enum" in schema:
        default = f"{schema['default']}" if "default" in schema else ""
        options = "".join(f"<option>{escape(str(value))}</option>" for value in schema["enum"])
        return f'<select {attributes}><option value="">{escape(default)}</option>{options}</select>'
    if "$ref" in schema:
        default = escape(f"{schema.get('default', '')}")
        return f'<select {attributes} data-choices="{_component(schema)}"><option value="">{default}</option></select>'
    if schema.get("type") == "array":
        choices = f'<div class="choices" data-name="{escape(name)}" data-choices="{_component(schema["items"])}"></div>'
        return f'<details id="{label}"><summary>choose</summary>{choices}</details>'
    if schema.get("format") == "date":
        return f'<input {attributes} type="date">'
    if schema.get("type") in ("integer", "number"):
        bounds = f'min="{schema["minimum"]:g}" max="{schema["maximum"]:g}"'
        step = "1" if schema["type"] == "integer" else "any"
        return f'<input {attributes} type="number" {bounds} step="{step}" placeholder="{schema.get("default", "")}">'
    required = f' required value="{escape(parameter["example"])}"' if parameter["in"] == "path" else ""
    return f'<input {attributes} type="text" autocomplete="off"{required}>'


def _component(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _template(name: str, values: list[str]) -> str:
    """A template with the allowed values of a component. docs.js fills the fields that name the component from it."""
    return f'<template id="choices-{name}">{escape(" ".join(values))}</template>\n'


def _columns(properties: dict[str, dict[str, Any]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(schema["description"])}</td></tr>'
        for name, schema in properties.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _anchor(path: str) -> str:
    return path.strip("/").translate({ord("/"): "-", ord("."): "-", ord("{"): None, ord("}"): None}) or "index"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
