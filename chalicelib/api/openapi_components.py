"""The components of the OpenAPI document: its schemas, and what its operations share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from chalicelib.api.columns import COLUMNS, COMPUTED, PERIODS, SHARE_COLUMNS, SHARE_PERIODS
from chalicelib.api.market_parameters import RankingParameters, ShareAnomaliesParameters
from chalicelib.api.parameters import AnomaliesParameters, PeriodsParameters
from chalicelib.errors import ContractError
from chalicelib.schema import REFINED, Column
from chalicelib.shares import SHARES

Document = dict[str, Any]

SCHEMA = "#/components/schemas/{name}"
"""The reference to a schema, by its name."""

SHARE_ANSWERS = {"RowsAnswer": "Row", "PeriodsAnswer": "PeriodRow", "LatestAnswer": "Row"}
"""The bodies that have another component for shares, with the component of their rows."""

_TYPES: Mapping[str, Document] = {
    "bigint": {"type": ["integer", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "double": {"type": ["number", "null"]},
    "int": {"type": ["integer", "null"]},
    "string": {"type": ["string", "null"]},
    "timestamp": {"type": ["string", "null"], "format": "date-time"},
}


class Components:
    """The components that the operations refer to, by section and name."""

    def __init__(self) -> None:
        self.sections: dict[str, Document] = {"schemas": {}, "parameters": {}, "responses": {}, "headers": {}}

    def add(self, section: str, name: str, value: Document) -> Document:
        """Add a component and return a reference to it. Return the value itself if the name has another value."""
        if self.sections[section].setdefault(name, value) != value:
            return value
        return {"$ref": f"#/components/{section}/{name}"}


def schemas(models: Iterable[type[msgspec.Struct]]) -> Document:
    """Return the schemas by name.

    Args:
        models: the bodies of the answers.

    Raises:
        ContractError: a column has a type without a JSON schema.
    """
    _, components = msgspec.json.schema_components(models, ref_template=SCHEMA)
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
    components["RowsAnswer"]["properties"]["rows"]["items"] = {"$ref": SCHEMA.format(name="Row")}
    components["PeriodsAnswer"]["properties"]["rows"]["items"] = {"$ref": SCHEMA.format(name="PeriodRow")}
    components["LatestAnswer"]["properties"]["session"] = {
        "anyOf": [{"$ref": SCHEMA.format(name="Row")}, {"type": "null"}]
    }
    computed = [column for column in COMPUTED if column.name in ShareAnomaliesParameters.allowed_fields]
    components["ShareRow"] = _row(
        "ShareRow", "A session of a ticker, with the requested columns.", [*SHARES, *computed]
    )
    components["SharePeriodRow"] = _row("SharePeriodRow", "A period, with the requested columns.", SHARE_PERIODS)
    components["ShareColumn"] = {"type": "string", "enum": list(SHARE_COLUMNS)}
    components["ShareAnomalyColumn"] = {"type": "string", "enum": list(ShareAnomaliesParameters.allowed_fields)}
    components["RankingColumn"] = {"type": "string", "enum": list(RankingParameters.allowed_fields)}
    components["RankingAnswer"]["properties"]["rows"]["items"] = {"$ref": SCHEMA.format(name="ShareRow")}
    for name, row in SHARE_ANSWERS.items():
        components[f"Share{name}"] = _renamed(components[name], row, f"Share{row}") | {"title": f"Share{name}"}
    return components


def _renamed(schema: Any, name: str, new: str) -> Any:
    """A schema with references to another component in place of those to this one."""
    if isinstance(schema, dict):
        return {key: _renamed(value, name, new) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_renamed(value, name, new) for value in schema]
    return SCHEMA.format(name=new) if schema == SCHEMA.format(name=name) else schema


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
