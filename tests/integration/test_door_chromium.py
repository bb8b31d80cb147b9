"""Chromium: a page of another origin cannot use either port, and the API's own page works."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from playwright.sync_api import Browser, Page, expect

from local.laptop import Laptop
from local.server import Server
from tests.support.bars import raw_object, session_bars
from tests.support.browser import Requests, chromium, chromium_path, recording, without_door
from tests.support.lake import fill

CHROMIUM = chromium_path()

BUCKET = "b3-dataflow-raw"

PAGES = ["127.0.0.1", "localhost", "page.localhost", "attacker.test"]
"""Hosts of the page: the API's, other loopback hosts, and a host that resolves to loopback (DNS rebinding)."""


class _Page(BaseHTTPRequestHandler):
    """Request handler that returns an empty page for each path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>page</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser(clean_environment: None) -> Iterator[Browser]:
    with chromium(CHROMIUM) as browser:
        yield browser


@pytest.fixture(scope="module")
def other_port() -> Iterator[int]:
    """Port of another server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def api(laptop: Laptop) -> Iterator[Server]:
    """API over a lake of 30 sessions."""
    fill(raw_object(session_bars("2024-06-03", 30)))
    with laptop.serve(0) as server:
        yield server


# JavaScript with the address of the local AWS as `aws`. Each ends when the browser has the response or an error.
ATTACKS = {
    "a simple request": "await fetch(`${aws}/RAW/a`, {method: 'POST', mode: 'no-cors', body: 'x'})",
    "a request with cookies": "await fetch(`${aws}/RAW/a`, {method: 'POST', credentials: 'include', body: 'x'})",
    "a read": "await fetch(`${aws}/RAW?list-type=2`)",
    "an object": "await fetch(`${aws}/RAW/raw/a.parquet`, {method: 'PUT', body: 'x'})",
    "an object without its origin": (
        "await fetch(`${aws}/RAW/a`, {method: 'PUT', body: 'x', referrerPolicy: 'no-referrer'})"
    ),
    "a delete": "await fetch(`${aws}/RAW`, {method: 'DELETE'})",
    "a reset": "await fetch(`${aws}/moto-api/reset`, {method: 'POST', mode: 'no-cors'})",
    "a job": (
        "for (const [action, body] of [['CreateJob', {Name: 'try', Role: 'x', Command: {Name: 'glueetl',"
        " ScriptLocation: 'glue/b3_etl_job.py'}}], ['StartJobRun', {JobName: 'try'}]])"
        " await fetch(aws, {method: 'POST', body: JSON.stringify(body), headers: {'X-Amz-Target': `AWSGlue.${action}`,"
        " 'Authorization': 'AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/glue/aws4_request, a=b'}})"
    ),
    "a query": (
        "await fetch(aws, {method: 'POST', body: JSON.stringify({QueryString: 'SELECT 1'}),"
        " headers: {'X-Amz-Target': 'AmazonAthena.StartQueryExecution'}})"
    ),
    "a beacon": "navigator.sendBeacon(`${aws}/RAW/a`, 'x'); await after(300)",
    "an image": (
        "await new Promise((over) => { const image = new Image(); image.onload = image.onerror = over;"
        " image.src = `${aws}/RAW/a`; })"
    ),
    "a script": (
        "await new Promise((over) => { const script = document.createElement('script');"
        " script.onload = script.onerror = over; script.src = `${aws}/RAW/a`; document.head.append(script); })"
    ),
    "a frame": (
        "await new Promise((over) => { const frame = document.createElement('iframe'); frame.onload = over;"
        " frame.src = `${aws}/RAW/a`; document.body.append(frame); })"
    ),
    "a form": (
        "await new Promise((over) => { document.body.innerHTML ="
        " `<iframe name=f></iframe><form target=f method=post enctype=multipart/form-data action='${aws}/RAW'>"
        "<input name=key value=a><input name=success_action_status value=201><input name=file value=x></form>`;"
        " document.querySelector('iframe').onload = over; document.querySelector('form').submit(); })"
    ),
    "a form in text": (
        "await new Promise((over) => { document.body.innerHTML ="
        " `<iframe name=f></iframe><form target=f method=post enctype=text/plain action='${aws}/RAW?delete'>"
        "<input name=a value=b></form>`;"
        " document.querySelector('iframe').onload = over; document.querySelector('form').submit(); })"
    ),
    "a socket": (
        "await new Promise((over) => { const socket = new WebSocket(aws.replace('http', 'ws') + '/RAW');"
        " socket.onopen = socket.onerror = over; })"
    ),
    "a stream of events": (
        "await new Promise((over) => { const events = new EventSource(`${aws}/RAW/a`);"
        " events.onopen = events.onerror = () => { events.close(); over(); }; })"
    ),
    "a worker": (
        "await new Promise((over) => { const code = `fetch('${aws}/RAW/a', {method: 'PUT', body: 'x'})"
        ".catch(() => 0).then(() => postMessage(0))`; const url = URL.createObjectURL(new Blob([code]));"
        " new Worker(url).onmessage = over; })"
    ),
    "a sandboxed frame": (
        "await new Promise((over) => { addEventListener('message', over); const frame ="
        " document.createElement('iframe'); frame.sandbox = 'allow-scripts'; frame.srcdoc ="
        " `<script>fetch('${aws}/RAW/a', {method: 'POST', mode: 'no-cors', body: 'x'})"
        ".catch(() => 0).then(() => parent.postMessage(0, '*'))</script>`; document.body.append(frame); })"
    ),
}

# With a timeout, because some responses, such as 204 to a form, cause no event.
RUN = """async (aws) => {
  const after = (ms) => new Promise((over) => setTimeout(over, ms));
  const send = async () => { %s; };
  await Promise.race([send().catch(() => 0), after(5000)]);
}"""


def send(page: Page, what: str, aws: str) -> None:
    page.evaluate(RUN % ATTACKS[what].replace("RAW", BUCKET), aws)


def state() -> list[Any]:
    """Return the state that a page could have changed."""
    s3: Any = boto3.client("s3")
    glue: Any = boto3.client("glue")
    athena: Any = boto3.client("athena")
    buckets = sorted(bucket["Name"] for bucket in s3.list_buckets()["Buckets"])
    keys = [entry["Key"] for name in buckets for entry in s3.list_objects_v2(Bucket=name).get("Contents", [])]
    return [buckets, keys, glue.get_jobs()["Jobs"], glue.get_job_runs(JobName="b3-etl-job")["JobRuns"],
            athena.list_query_executions(WorkGroup="primary")["QueryExecutionIds"]]  # fmt: skip


@pytest.fixture
def received(laptop: Laptop) -> Iterator[Requests]:
    with recording(laptop.aws) as requests:
        yield requests


@pytest.mark.parametrize("host", PAGES)
def test_a_page_of_another_origin_reaches_and_changes_nothing(
    laptop: Laptop, page: Page, other_port: int, received: Requests, host: str
):
    before = state()
    received.clear()
    for number, what in enumerate(ATTACKS):
        page.goto(f"http://{host}:{other_port}/{number}")
        for name in ("127.0.0.1", "localhost", "bucket.localhost"):
            send(page, what, laptop.aws.endpoint.replace("127.0.0.1", name))
            assert received == [], what

    assert state() == before


@pytest.mark.parametrize("what", ATTACKS)
def test_without_the_door_every_request_arrives(laptop: Laptop, page: Page, other_port: int, what: str):
    # Shows that the door refuses the requests in the test above, and not Chromium.
    page.goto(f"http://localhost:{other_port}/")
    with without_door(laptop.aws) as requests:
        send(page, what, laptop.aws.endpoint)

        assert requests != []


def test_a_page_at_a_host_that_resolves_to_loopback_is_refused(
    laptop: Laptop, api: Server, page: Page, received: Requests
):
    # The page has the same origin as the port, so its requests have no Origin header.
    for address in (laptop.aws.endpoint, api.url):
        port = urlsplit(address).port
        for path in ("/", "/docs", "/status", f"/{BUCKET}"):
            response = page.goto(f"http://attacker.test:{port}{path}")

            assert response is not None
            assert response.status == 403
    assert received == []


def test_a_link_opens_nothing_but_a_presigned_object(
    laptop: Laptop, page: Page, other_port: int, received: Requests, s3: Any
):
    s3.put_object(Bucket="b3-dataflow-athena", Key="a.txt", Body=b"the result", ContentType="text/plain")
    presigned = s3.generate_presigned_url("get_object", {"Bucket": "b3-dataflow-athena", "Key": "a.txt"})
    received.clear()
    for url, text in ((presigned.partition("?")[0], "Sec-Fetch-Site is"), (presigned, "the result")):
        page.goto(f"http://localhost:{other_port}/")
        page.set_content(f'<a href="{url}">open</a>'.replace("&", "&amp;"))
        page.click("a")

        expect(page.locator("pre")).to_contain_text(text)

    assert [request for request in received if "favicon" not in request] == ["GET /b3-dataflow-athena/a.txt"]


@pytest.mark.parametrize("host", PAGES)
def test_a_page_of_another_origin_only_reads_the_api(
    laptop: Laptop, api: Server, page: Page, other_port: int, host: str
):
    before = state()
    page.goto(f"http://{host}:{other_port}/")
    script = "async (url) => (await fetch(url)).status"
    write = "async ([url, method]) => (await fetch(url, {method, body: 'x'}).catch(() => ({status: 0}))).status"

    assert page.evaluate(script, f"{api.url}/status") == 200
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        # The preflight refuses it, or the route does not have the method.
        assert page.evaluate(write, [f"{api.url}/status", method]) in (0, 403, 405)
    assert state() == before


def test_our_own_page_requests_a_route_from_its_form(api: Server, page: Page):
    page.goto(f"{api.url}/docs")
    form = page.locator('form[data-path="/status"]')
    form.locator("button").click()

    response = form.locator("xpath=following-sibling::div[1]")
    expect(response).to_contain_text("200")
    expect(response.locator("pre")).to_contain_text('"ticker"')
