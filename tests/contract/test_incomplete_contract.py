"""An incomplete contract: `make docs` and `make examples` name the route and the parameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client
from msgspec import defstruct

from chalicelib.api import openapi, openapi_components, routes
from chalicelib.api.parameters import ConeParameters
from chalicelib.errors import ContractError
from chalicelib.schema import REFINED, Column
from local.laptop import Laptop
from scripts import examples
from scripts import openapi as script
from tests.support.bars import raw_object, session_bars
from tests.support.lake import fill

CONE = "/ibov/volatility/cone"


@pytest.fixture(autouse=True)
def uncached() -> Iterator[None]:
    openapi._document.cache_clear()
    yield
    openapi._document.cache_clear()


def cone_with(name: str, type_: Any, default: Any) -> Any:
    model = defstruct("Extended", [(name, type_, default)], bases=(ConeParameters,), frozen=True, kw_only=True)
    return replace(routes.ROUTES[CONE], parameters=model)


def test_a_parameter_without_annotation_is_named_with_its_route(tmp_path: Path, monkeypatch: Any, capsys: Any):
    monkeypatch.setitem(routes.ROUTES, CONE, cone_with("decay", float, 0.94))
    monkeypatch.setattr(script, "PATH", tmp_path / "openapi.json")

    assert script.main() == 1
    assert not script.PATH.exists()

    message = capsys.readouterr().err
    assert f"parameter 'decay' of route {CONE} has no description" in message
    assert "chalicelib/api/parameters.py" in message


def test_a_route_without_example_is_named_with_what_to_run(monkeypatch: Any):
    monkeypatch.setitem(routes.ROUTES, "/ibov/new", routes.ROUTES[CONE])

    with pytest.raises(ContractError, match=r"^/ibov/new has no example in .*examples\.json: run `make examples`$"):
        openapi.document()


def test_a_column_of_an_unknown_type_is_named(monkeypatch: Any):
    monkeypatch.setattr(openapi_components, "REFINED", (*REFINED, Column("novo", "decimal", "", "new")))

    with pytest.raises(ContractError, match=r"column 'novo' has type 'decimal'; allowed: bigint, boolean, date"):
        openapi.document()


def test_an_example_that_is_an_error_is_named_with_its_parameter(laptop: Laptop):
    fill(raw_object(session_bars("2025-01-02", 3)))
    route = replace(routes.ROUTES[CONE], example={"estimator": "hodges"})

    with pytest.raises(ContractError, match=rf"example of route {CONE} returns 400: parameter 'estimator' is 'hodges'"):
        examples.example(Client(laptop.app.app).http, CONE, route)
