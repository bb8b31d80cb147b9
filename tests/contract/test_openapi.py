"""The OpenAPI document agrees with the routes, and the committed file is the generated one."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from chalice.test import Client

from chalicelib.api import assets, openapi
from chalicelib.api.columns import COLUMNS
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.api.routes import ROUTES, documented
from local.laptop import Laptop
from scripts import openapi as written
from tests.support.bars import raw_object, session_bars
from tests.support.lake import fill

DOCUMENT = json.loads(json.dumps(openapi.document()))


SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def operations(*, market: bool = True) -> list[Any]:
    paths = [path for path in DOCUMENT["paths"] if market or path not in MARKET_ROUTES]
    return [pytest.param(path, DOCUMENT["paths"][path]["get"], id=path) for path in paths]


def responses(operation: Any) -> Any:
    """Return the responses of an operation by status, in full."""
    return {status: openapi.resolve(response) for status, response in operation["responses"].items()}


def valid(schema: Any, value: Any) -> None:
    """Raise unless a value matches a schema of the document."""
    jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}).validate(value)


@pytest.fixture
def filled(laptop: Laptop) -> Any:
    return fill(raw_object(session_bars("2024-06-03", 300)))


def test_the_committed_document_is_that_of_the_code():
    assert written.PATH.read_text(encoding="utf-8") == written.text(), "run make docs"


def test_every_route_is_in_the_document(laptop: Laptop):
    assert set(DOCUMENT["paths"]) == set(laptop.app.app.routes) - {"/assets/{version}/{name}"}


@pytest.mark.parametrize(("path", "operation"), operations())
def test_every_route_is_described_with_an_example_and_its_errors(path: str, operation: Any):
    assert operation["summary"]
    assert operation["description"]
    for content in operation["responses"]["200"]["content"].values():
        assert content["schema"]
    assert next(iter(operation["responses"]["200"]["content"].values()))["example"]
    expected = {"200", "304", "400", "500", "503", "504"} if documented()[path].view else {"200", "400", "500"}
    # Routes that read AWS can find it unavailable.
    expected |= {"503"} if documented()[path].api_key_required else set()
    expected |= {"404"} if path in MARKET_ROUTES else set()
    assert set(operation["responses"]) == expected
    for status, response in responses(operation).items():
        assert response["description"]
        if int(status) >= 400:
            problem = response["content"]["application/problem+json"]
            valid(problem["schema"], problem["example"])
            assert problem["example"]["status"] == int(status)


@pytest.mark.parametrize(("path", "operation"), operations())
def test_every_example_matches_its_schema(path: str, operation: Any):
    content = operation["responses"]["200"]["content"]
    if "application/json" in content:
        valid(content["application/json"]["schema"], content["application/json"]["example"])
    for parameter in map(openapi.resolve, DOCUMENT["paths"][path]["parameters"]):
        assert parameter["description"]
        if "example" in parameter:
            valid(parameter["schema"], parameter["example"])


@pytest.mark.parametrize("path", [path for path in MARKET_ROUTES if "{ticker}" in path])
def test_the_body_of_an_example_is_of_the_ticker_of_the_example(path: str):
    ticker = openapi.resolve(DOCUMENT["paths"][path]["parameters"][0])
    body = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"]

    assert (ticker["name"], ticker["example"]) == ("ticker", body["meta"]["ticker"])
    assert body["links"]["self"].partition("?")[0] == path.replace("{ticker}", ticker["example"])
    assert body["meta"]["synthetic"] is True


def test_what_operations_share_is_written_once():
    shared = DOCUMENT["components"]["parameters"]
    for path, item in DOCUMENT["paths"].items():
        assert not any(parameter == shared.get(parameter.get("name")) for parameter in item["parameters"]), path
        for method in ("get", "head"):
            others = {status: each for status, each in item[method]["responses"].items() if status != "200"}
            assert all(set(each) == {"$ref"} for each in others.values()), (path, method)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "operation"), operations(market=False))
def test_every_response_matches_its_schema(filled: Any, http: Any, path: str, operation: Any):
    example = "&".join(f"{name}={value}" for name, value in ROUTES[path].example.items())
    for query in ("", f"?{example}"):
        response = http.get(path + query)
        assert response.status_code == 200
        if "application/json" in operation["responses"]["200"]["content"]:
            valid(operation["responses"]["200"]["content"]["application/json"]["schema"], response.json_body)
    wrong = http.get(f"{path}?nope=1")
    valid(responses(operation)["400"]["content"]["application/problem+json"]["schema"], wrong.json_body)


@pytest.mark.slow
def test_every_column_matches_its_schema(filled: Any, http: Any):
    rows = http.get(f"/ibov/prices?limit=300&fields={','.join(COLUMNS)}").json_body["rows"]

    assert len(rows) == 300
    for row in rows:
        valid({"$ref": "#/components/schemas/Row"}, row)


def event(path: str, resource: str, stage: str = "") -> dict[str, Any]:
    """Return a request in the format of API Gateway."""
    return {
        "requestContext": {"httpMethod": "GET", "resourcePath": resource, "path": stage + path},
        "multiValueQueryStringParameters": {"limit": ["2"]} if resource == "/ibov/prices" else None,
        "headers": {},
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["", "/api", "/market/v1"])
def test_links_are_right_behind_a_stage_and_a_base_path(filled: Any, laptop: Laptop, stage: str):
    def get(path: str) -> Any:
        return json.loads(laptop.app.app(event(path, path, stage), None)["body"])

    assert get("/")["links"]["/ibov/prices"] == f"{stage}/ibov/prices"
    assert get("/ibov/prices")["links"]["self"] == f"{stage}/ibov/prices?limit=2"
    with_slash = json.loads(laptop.app.app(event("/ibov/prices/", "/ibov/prices", stage), None)["body"])
    assert with_slash["links"] == get("/ibov/prices")["links"]
    assert get("/ibov/prices")["links"]["next"].startswith(f"{stage}/ibov/prices?limit=2&cursor=")
    page = laptop.app.app(event("/docs", "/docs", stage), None)["body"]
    for address in (f"/{assets.path()}/docs.css", f"/{assets.path()}/docs.js", "/openapi.json"):
        assert f'"{stage}{address}"' in page
    assert f'data-path="{stage}/ibov/prices"' in page
    assert get("/openapi.json")["servers"] == [{"url": stage or "/"}]


def test_the_page_shows_every_route_and_parameter_and_loads_nothing_from_other_hosts(laptop: Laptop):
    http = Client(laptop.app.app).http
    response = http.get("/docs")
    page = response.body.decode()

    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert {name: response.headers[name] for name in SECURITY} == SECURITY
    assert "<script>" not in page
    assert "style=" not in page
    assert "//" not in re.sub("<pre .*?</pre>", "", page, flags=re.DOTALL)
    for path, item in DOCUMENT["paths"].items():
        assert f'data-path="{path}"' in page
        for parameter in map(openapi.resolve, item["parameters"]):
            assert f'name="{parameter["name"]}"' in page
    for name in ("docs.css", "docs.js"):
        address = f"/{assets.path()}/{name}"
        asset = http.get(address)
        assert (asset.status_code, address in page) == (200, True)
        assert {name: asset.headers[name] for name in SECURITY} == SECURITY
        assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert http.get(address, headers={"If-None-Match": asset.headers["ETag"]}).status_code == 304


def test_a_browser_gets_a_page_that_it_revalidates_and_other_clients_the_links(laptop: Laptop):
    http = Client(laptop.app.app).http
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    page, links = http.get("/", headers=browser), http.get("/")

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert (page.headers["Cache-Control"], page.headers["Vary"]) == ("no-cache", "Accept, Accept-Encoding")
    assert {name: page.headers[name] for name in SECURITY} == SECURITY
    assert http.get("/", headers={**browser, "If-None-Match": page.headers["ETag"]}).status_code == 304
    assert (links.headers["Content-Type"], links.headers["Vary"]) == ("application/json", "Accept, Accept-Encoding")
    assert list(links.json_body["links"]) == list(ROUTES)
    assert http.get("/?utm_source=mail", headers=browser).body == page.body
    assert http.get("/?utm_source=mail").status_code == 400
    for address in re.findall(r'(?:src|href)="(assets/[^"]+)"', page.body.decode()):
        assert http.get(f"/{address}").status_code == 200


@pytest.mark.parametrize("stage", ["", "/api", "/market/v1"])
def test_the_page_is_relative_to_the_stage(laptop: Laptop, stage: str):
    request = event("/", "/", stage) | {"headers": {"accept": "text/html"}}
    page = laptop.app.app(request, None)["body"]

    assert f'<base href="{stage}/">' in page
    assert re.findall(r'(?:src|href)="(/[^"]*)"', page) == [f"{stage}/"]


@pytest.mark.parametrize("name", ["nope.js", "..", "%2e%2e%2fapi.py", "examples.json", "docs.js%00"])
def test_no_other_file_is_served(laptop: Laptop, name: str):
    for folder in (assets.path(), "assets/0123456789abcdef"):
        response = Client(laptop.app.app).http.get(f"/{folder}/{name}")

        assert response.status_code in (403, 404)
        if response.status_code == 404:
            assert response.headers["Content-Type"] == "application/problem+json"


def test_a_file_of_another_release_is_not_found(laptop: Laptop):
    response = Client(laptop.app.app).http.get("/assets/0123456789abcdef/docs.js")

    assert response.status_code == 404
