"""API keys and CORS by the settings. The app reads them at import, so each test starts a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.api.routes import documented
from common.paths import ROOT
from local.environment import sdk_environ

SCRIPT = """
import json, app
print(json.dumps({
    path: {
        "key": bool(methods["GET"].api_key_required),
        "cors": methods["GET"].cors.get_access_control_headers() if methods["GET"].cors else None,
    }
    for path, methods in app.app.routes.items()
}))
"""


def routes(**settings: str) -> Any:
    """Return whether each route requires a key, and its CORS headers, with some settings."""
    environ = {**os.environ, **sdk_environ("http://127.0.0.1:9"), **settings}
    command = [sys.executable, "-c", SCRIPT]
    process = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_the_laptop_requires_no_key_and_allows_every_origin():
    routes_of_app = routes()

    assert {route["key"] for route in routes_of_app.values()} == {False}
    assert {route["cors"]["Access-Control-Allow-Origin"] for route in routes_of_app.values()} == {"*"}


def test_with_keys_only_the_routes_that_read_aws_require_one():
    routes_of_app = routes(B3_API_ACCESS="key")

    without = {path for path, route in routes_of_app.items() if not route["key"]}
    files = "/assets/{version}/{name}"
    assert without == {"/", "/docs", "/openapi.json", files}
    assert without - {files} == {path for path, route in documented().items() if not route.api_key_required}


def test_one_origin_or_none():
    one = routes(B3_CORS_ORIGIN="https://example.org")["/ibov/prices"]["cors"]
    assert one["Access-Control-Allow-Origin"] == "https://example.org"
    assert set(one["Access-Control-Expose-Headers"].split(",")) == {
        "ETag", "Link", "Retry-After", "X-Data-As-Of", "X-Data-Settled", "X-Data-Synthetic", "X-Data-Version",
    }  # fmt: skip
    assert {"If-None-Match", "X-Api-Key"} <= set(one["Access-Control-Allow-Headers"].split(","))
    assert {route["cors"] for route in routes(B3_CORS_ORIGIN="none").values()} == {None}


@pytest.mark.parametrize("setting", [{"B3_API_ACCESS": "maybe"}, {"B3_CORS_ORIGIN": "example.org, evil.example"}])
def test_an_invalid_value_is_an_error(setting: dict[str, str]):
    with pytest.raises(AssertionError, match="SettingsError: B3_"):
        routes(**setting)
