"""Route: what the app, the OpenAPI document and the index know about a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.api import models, parameters
from chalicelib.api.table import Table


@dataclass(frozen=True, slots=True)
class Route:
    """A route with the methods GET and HEAD.

    Attributes:
        summary: one line for the index and the OpenAPI document.
        description: description in the OpenAPI document.
        parameters: the class of its query parameters.
        model: the class of its JSON body; None if no class describes the body.
        view: computes the answer from the parameters and the table, None if the route does not query the table.
        example: query parameters of the example in the OpenAPI document.
        media_type: the media type of the body.
        alternative: another media type that `Accept` can select, None if there is none.
        api_key_required: whether API Gateway requires an API key if the setting `api_access` is `key`: true for the
            routes that read AWS, which costs money.
    """

    summary: str
    description: str
    parameters: type[msgspec.Struct] = parameters.NoParameters
    model: type[msgspec.Struct] | None = None
    view: Callable[[Any, Table], models.Answer] | None = None
    example: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    alternative: str | None = None
    api_key_required: bool = True


PAGES = (
    "The default order is the newest session first. `links.next` is the next page, null on the last page. A range "
    "without sessions returns 200 with no rows."
)
"""The end of the description of a route with pages of sessions."""
