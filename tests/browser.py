"""Debian's Chromium, driven by Playwright, and what comes through the door of the local AWS."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from local.aws import LocalAws

Watched = list[str]
"""Method and path of each request, in order."""

# No proxy, for all that is asked is on loopback; attacker.test is a name that its owner points there.
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
def watched(aws: LocalAws) -> Iterator[Watched]:
    """Notes what comes through the door while it is open."""
    door: Any = aws._server.app
    behind = door._application
    seen: Watched = []

    def application(environ: Any, start_response: Any) -> Any:
        seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return behind(environ, start_response)

    door._application = application
    yield seen
    door._application = behind


@contextmanager
def undefended(aws: LocalAws) -> Iterator[Watched]:
    """The local AWS without its door, for as long as it is open: notes what comes."""
    door: Any = aws._server.app
    seen: Watched = []

    def application(environ: Any, start_response: Any) -> Any:
        seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return door._application(environ, start_response)

    aws._server.app = application
    yield seen
    aws._server.app = door
