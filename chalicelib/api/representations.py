"""Encode an answer as JSON or CSV, and choose the format by content negotiation."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from chalice.app import Response

from chalicelib.api.cache import CachedResponse
from chalicelib.api.choices import Format, Paged
from chalicelib.api.headers import CACHE_CONTROL, CONTENT_TYPE, LINK, REVALIDATE, Headers
from chalicelib.api.manifest_models import FilesAnswer, YearFile
from chalicelib.api.models import Answer

JSON, CSV, HTML, PROBLEM_JSON = "application/json", "text/csv", "text/html", "application/problem+json"

# RFC 9110, section 12.4.2: from 0 to 1, with at most three decimals.
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

_MEDIA_TYPES: dict[str, Format] = {JSON: "json", CSV: "csv"}


@lru_cache(maxsize=64)
def negotiate(parameter: Format | None, accept: str | None) -> Format:
    """Return the format of a response: the parameter `format`, else the best match of `Accept`, else JSON.

    A client that accepts neither gets JSON, which RFC 9110, section 12.4.1, allows.
    """
    if parameter is not None:
        return parameter
    weights = [(_accept_weight(accept or "", media_type), name) for media_type, name in _MEDIA_TYPES.items()]
    weight, name = max(weights, key=lambda pair: pair[0])
    return name if weight > 0 else "json"


def _accept_weight(accept: str, media_type: str) -> float:
    """The weight of a media type in `Accept`: the q value of the most specific matching media range."""
    ranges = _media_ranges(accept)
    for candidate in (media_type, media_type.partition("/")[0] + "/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0


def _media_ranges(accept: str) -> dict[str, float]:
    """The weight of each media range in `Accept`."""
    ranges = {}
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        ranges[name] = float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    return ranges


@lru_cache(maxsize=64)
def prefers_html(accept: str | None) -> bool:
    """Return whether a client asks for HTML by name, as browsers do, and for nothing else more.

    `*/*` is not enough: it is the default of most HTTP clients. If JSON has the same weight by name, JSON wins.
    """
    ranges = _media_ranges(accept or "")
    html = ranges.get(HTML, 0.0)
    return html > ranges.get(JSON, 0.0) and html >= ranges.get("*/*", 0.0)


def encode_response(answer: Answer | FilesAnswer, parameters: Any, format_: Format, headers: Headers) -> CachedResponse:
    """Return the body of an answer in a format, and its headers.

    Args:
        parameters: query parameters; `columns` gives the columns of the CSV.
        headers: the headers that all formats share.
    """
    if format_ == "json":
        return CachedResponse(encode_json(answer), headers | {CONTENT_TYPE: JSON})
    headers = headers | {CONTENT_TYPE: f"{CSV}; charset=utf-8"}
    if answer.links.next:
        headers[LINK.name] = f'<{answer.links.next}>; rel="next"'
    columns = parameters.columns if isinstance(parameters, Paged) else None
    if isinstance(answer, FilesAnswer):
        columns = YearFile.__struct_fields__
    return CachedResponse(_encode_csv(answer, columns), headers)


def json_response(body: msgspec.Struct | msgspec.Raw, **headers: str) -> Response:
    """Return a response in JSON without an ETag, with further headers by name."""
    return Response(encode_json(body), {CONTENT_TYPE: JSON, CACHE_CONTROL: REVALIDATE, **headers}, 200)


def encode_json(body: msgspec.Struct | msgspec.Raw) -> str:
    """Return a body as JSON, with ISO dates."""
    return msgspec.json.encode(body).decode()


def _encode_csv(answer: Answer | FilesAnswer, columns: Sequence[str] | None) -> str:
    """The rows of an answer as CSV (RFC 4180) with a header line. A null is an empty cell.

    Args:
        columns: names in order; None if all rows have the same fields.
    """
    rows = msgspec.to_builtins(answer.rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
