"""Debian's Chromium, driven by Playwright, and a record of the requests to the local AWS."""

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

# No proxy: all requests go to loopback. attacker.test stands for a name whose owner points it there.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium with a profile of its own. Where there is none, the test is skipped, or fails if it is required."""
    path = shutil.which("chromium")
    if path is None:
        message = "needs Chromium: apt-get install chromium"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def recording(aws: LocalAws) -> Iterator[Requests]:
    """The requests that pass the door from now on."""
    door: Any = aws._server.app
    behind = door._application
    requests: Requests = []

    def application(environ: Any, start_response: Any) -> Any:
        requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return behind(environ, start_response)

    door._application = application
    yield requests
    door._application = behind


@contextmanager
def without_door(aws: LocalAws) -> Iterator[Requests]:
    """Take the door away until the end of the block. Gives the requests that arrive."""
    door: Any = aws._server.app
    requests: Requests = []

    def application(environ: Any, start_response: Any) -> Any:
        requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return door._application(environ, start_response)

    aws._server.app = application
    yield requests
    aws._server.app = door
