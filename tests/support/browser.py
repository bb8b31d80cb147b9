"""Debian's Chromium, controlled by Playwright, checks of a page, and a record of the requests to the local AWS."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

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


def watched(context: BrowserContext, site: str, problems: list[str]) -> Page:
    """Return a new page that records errors, violations of the Content-Security-Policy, and requests to other hosts.

    A response with an error, which Chromium reports on the console too, is no problem: some tests need one.
    """
    context.expose_function("reportViolation", lambda text: problems.append(f"violation: {text}"))
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " (event) => reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"
    )
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            problems.append(f"console: {message.text}")

    def on_request(request: Any) -> None:
        if not request.url.startswith((site, "data:", f"blob:{site}")):
            problems.append(f"request: {request.url}")

    page.on("console", on_console)
    page.on("request", on_request)
    return page


def serious_violations(page: Page) -> list[str]:
    """Return the serious and critical problems of accessibility that axe finds, with the first element of each."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {violation['nodes'][0]['html']}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
    ]
