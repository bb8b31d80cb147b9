"""API Gateway's own errors are problem details."""

from __future__ import annotations

import json

import jsonschema_rs
import msgspec

from chalicelib.api.models import Problem
from chalicelib.api.openapi import document
from infra.stage import gateway


def test_each_error_is_a_problem_of_the_openapi_document():
    schema = {"$ref": "#/components/schemas/Problem", "components": document()["components"]}
    for kind, error in gateway.ERRORS.items():
        body = json.loads(gateway.body(error))
        jsonschema_rs.validate(schema, body)
        problem = msgspec.convert(body, Problem)
        assert (problem.status, problem.title) == (int(error.status), error.status.phrase), kind
        assert problem.instance == "$context.path"


def test_the_path_is_the_only_variable_of_a_body():
    for error in gateway.ERRORS.values():
        assert gateway.body(error).count("$") == 1


def test_headers_depend_on_the_origin():
    throttled = gateway.ERRORS["THROTTLED"]

    assert dict(gateway._headers(throttled, "https://example.org")) == {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "Retry-After": "1",
        "Access-Control-Allow-Origin": "https://example.org",
        "Access-Control-Expose-Headers": "Retry-After",
    }
    assert dict(gateway._headers(gateway.ERRORS["INVALID_API_KEY"], "none")) == {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
    }
