"""Debian's Chromium, controlled by Playwright, and a record of the requests to the local AWS."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from local.aws import LocalAws

Requests = list[str]
"""Method and path of each request, in order."""

# No proxy: all requests go to loopback. attacker.test is a host that resolves to loopback (DNS rebinding).
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]  # fmt: skip


def chromium_path() -> str:
    """Return the path of Chromium. Without it, the module is skipped, or fails if REQUIRE_BROWSER is set."""
    path = shutil.which("chromium")
    if path is None:
        message = "needs Chromium: apt-get install chromium"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message, allow_module_level=True)
    return path


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Start Chromium with a new profile, and yield it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def recording(aws: LocalAws) -> Iterator[Requests]:
    """Record the requests that pass the door."""
    door: Any = aws._server.app
    wrapped = door._application
    requests: Requests = []

    def application(environ: Any, start_response: Any) -> Any:
        requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return wrapped(environ, start_response)

    door._application = application
    yield requests
    door._application = wrapped


@contextmanager
def without_door(aws: LocalAws) -> Iterator[Requests]:
    """Remove the door until the end of the block, and record the requests that arrive."""
    door: Any = aws._server.app
    requests: Requests = []

    def application(environ: Any, start_response: Any) -> Any:
        requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return door._application(environ, start_response)

    aws._server.app = application
    yield requests
    aws._server.app = door
