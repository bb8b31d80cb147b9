"""The routes of the market compared with the OpenAPI document, by valid and invalid requests generated from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from chalicelib.api import openapi
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.shares import SHARES
from local.laptop import Laptop
from tests.contract.test_openapi import responses, valid
from tests.integration.test_api_contract import THOROUGH, is_valid
from tests.support import shares

contract: Any = schemathesis.openapi.from_dict(openapi.document()).include(path_regex="^/acoes")


@contract.hook  # type: ignore[untyped-decorator] # schemathesis finds it by its name
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Replace every ticker by one that the table has: few generated texts are tickers."""
    if path_parameters and "ticker" in path_parameters:
        return {"ticker": "PETR4" if len(f"{path_parameters['ticker']}") % 2 else "VVAR3"}
    return path_parameters


@contract.hook  # type: ignore[untyped-decorator]
def filter_case(context: Any, case: Any) -> bool:
    return is_valid(case.path, case.query or {}) if case.meta.generation.mode.is_positive else True


@pytest.fixture(scope="module")
def address(running: Laptop) -> Iterator[str]:
    """URL of the API over the index and five tickers."""
    with shares.served(running), running.serve(0) as server:
        yield server.url


@contract.parametrize()  # type: ignore[untyped-decorator]
@THOROUGH
def test_every_response_matches_the_document(case: Any, address: str):
    case.call_and_validate(base_url=address)


@pytest.fixture(scope="module")
def api(running: Laptop) -> Iterator[Any]:
    with shares.served(running) as http:
        yield http


@pytest.mark.parametrize("path", MARKET_ROUTES)
def test_the_example_and_the_defaults_match_the_schema(api: Any, path: str):
    operation = openapi.document()["paths"][path]["get"]
    example = "&".join(f"{name}={value}" for name, value in MARKET_ROUTES[path].example.items())
    for query in ("", f"?{example}"):
        response = api.get(path.replace("{ticker}", "PETR4") + query)
        assert response.status_code == 200
        valid(operation["responses"]["200"]["content"]["application/json"]["schema"], response.json_body)
    wrong = api.get(f"{path.replace('{ticker}', 'PETR4')}?nope=1")
    valid(responses(operation)["400"]["content"]["application/problem+json"]["schema"], wrong.json_body)
    if "{ticker}" in path:
        unknown = api.get(path.replace("{ticker}", "PETR9"))
        valid(responses(operation)["404"]["content"]["application/problem+json"]["schema"], unknown.json_body)


def test_every_column_matches_its_schema(api: Any):
    fields = ",".join(column.name for column in SHARES)
    for path in ("/acoes/PETR4/prices?limit=300&", "/acoes/ranking?limit=300&"):
        rows = api.get(f"{path}fields={fields}").json_body["rows"]
        assert rows
        for row in rows:
            valid({"$ref": "#/components/schemas/ShareRow"}, row)
