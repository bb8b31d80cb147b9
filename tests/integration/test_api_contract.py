"""The running API compared with its OpenAPI document, by valid and invalid requests generated from the document."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace
from schemathesis.core.failures import FailureGroup

from chalicelib import wiring
from chalicelib.api import openapi
from chalicelib.api.choices import MAX_VALUES, Paged
from chalicelib.api.models import RowsAnswer
from chalicelib.api.paging import PageParameters
from chalicelib.api.ranges import day_of
from chalicelib.api.routes import SERVED, documented
from chalicelib.api.table import Table
from chalicelib.api.views import page

# Without randomness, so that a failure can be reproduced.
THOROUGH = settings(
    max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def is_valid(path: str, query: Any) -> bool:
    """Return whether parameters are valid together, which a JSON schema of each parameter cannot express."""
    days = [day_of(query[name], last=name == "end") for name in ("start", "end") if name in query]
    known = [day for day in days if day is not None]
    ranges = [bool(days), "year" in query, "last" in query]
    model: Any = documented()[path].parameters
    fields = query.get("fields") or (model().columns if issubclass(model, Paged) else [])
    return (
        days == sorted(known)
        and sum(ranges) < 2
        and not (query.get("estimator") == "ewma" and "window" in query)
        and int(query.get("limit", 252)) * len(fields) <= MAX_VALUES
        # A valid cursor comes only from a response.
        and "cursor" not in query
    )


contract: Any = schemathesis.openapi.from_dict(openapi.document())


@contract.hook  # type: ignore[untyped-decorator] # schemathesis finds it by its name
def filter_case(context: Any, case: Any) -> bool:
    return is_valid(case.path, case.query or {}) if case.meta.generation.mode.is_positive else True


@contract.parametrize()  # type: ignore[untyped-decorator]
@THOROUGH
def test_every_response_matches_the_document(case: Any, url: str):
    case.call_and_validate(base_url=url)


def fails(parameters: PageParameters, table: Table) -> RowsAnswer:
    if parameters.year or parameters.start:
        raise ValueError("year or start")
    return page(parameters, table)


def counts_in_words(parameters: PageParameters, table: Table) -> RowsAnswer:
    answer = page(parameters, table)
    return replace(answer, meta=replace(answer.meta, count="some" if parameters.limit > 10 else answer.meta.count))


def adds_a_column(parameters: PageParameters, table: Table) -> RowsAnswer:
    answer = page(parameters, table)
    return replace(answer, rows=[row | {"surprise": 1} for row in answer.rows])


@pytest.mark.parametrize("bug", [fails, counts_in_words, adds_a_column])
def test_a_response_that_does_not_match_the_document_is_detected(url: str, monkeypatch: Any, bug: Any):
    monkeypatch.setitem(SERVED, "/ibov/prices", dataclasses.replace(SERVED["/ibov/prices"], view=bug))
    wiring.clear_caches()

    @given(case=contract["/ibov/prices"]["GET"].as_strategy())
    @THOROUGH
    def every_response_matches_the_document(case: Any) -> None:
        case.call_and_validate(base_url=url)

    with pytest.raises(FailureGroup):
        every_response_matches_the_document()
    wiring.clear_caches()
