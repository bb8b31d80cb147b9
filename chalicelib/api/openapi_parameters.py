"""The parameters of the routes in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from chalicelib.api.market_parameters import (
    RankingParameters,
    ShareAnomaliesParameters,
    ShareCompareParameters,
    SharePricesParameters,
    ShareVolatilityParameters,
)
from chalicelib.api.market_routes import EXAMPLE_TICKER
from chalicelib.api.openapi_components import SCHEMA, Components, Document
from chalicelib.api.parameters import AnomaliesParameters, PeriodsParameters
from chalicelib.api.ranges import RangeParameters
from chalicelib.api.route import Route
from chalicelib.errors import ContractError

MAX_INLINE = 20
"""The maximum number of allowed values in a parameter. More are in a component, which routes share."""

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

_TICKER: Document = {
    "name": "ticker",
    "in": "path",
    "required": True,
    "description": "B3's code of the security, as in `/acoes`.",
    "schema": {"type": "string", "minLength": 1},
    "example": EXAMPLE_TICKER,
}
"""The parameter in the paths of a ticker."""


def parameters(path: str, route: Route, components: Components) -> Iterable[Document]:
    """Yield the parameters of a route.

    Args:
        components: receives the lists of allowed values that are longer than `MAX_INLINE`.

    Raises:
        ContractError: a parameter has no description.
    """
    if "{ticker}" in path:
        yield _TICKER
    columns = _FIELDS.get(route.parameters, "Column")
    for field in msgspec.structs.fields(route.parameters):
        (schema,), _ = msgspec.json.schema_components([field.type], ref_template=SCHEMA)
        schema = _not_null(schema)
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
            schema["items"] = {"$ref": SCHEMA.format(name=columns)}
        if "pattern" in schema:
            # msgspec's format of a date, which excludes months and years.
            schema.pop("format", None)
        if len(schema.get("enum", [])) > MAX_INLINE:
            # As the component of the route's columns: ShareColumn, ShareSort.
            name = columns.replace("Column", field.name.title())
            schema = components.add("schemas", name, {"type": "string", **schema})
        if field.default is not None:
            schema["default"] = field.default
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
