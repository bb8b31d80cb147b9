"""The packaged functions in an environment like Lambda's, against the local AWS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import trustme

from chalicelib.api import assets
from chalicelib.api.routes import ROUTES
from chalicelib.instrument import IBOV
from common.paths import ROOT
from infra.packaging.archive import MIB
from local import stack
from local.glue_jobs import SUCCEEDED
from local.laptop import Laptop
from tests.package.environment import PROBES, Lambda, Rehearsal
from tests.package.probes import LIBRARIES
from tests.support.b3_server import B3Server, Reply
from tests.support.bars import session_bars
from tests.support.events import SCHEDULE, proxy
from tests.support.yahoo_server import YahooServer, chart

SESSIONS = 7_690
"""Sessions of the index since 1994."""

SECONDS = 120.0

DRY_RUN = {"backfill": {"start": "2024-01-02", "end": "2024-06-28", "dry_run": True}}

CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())["lambda_functions"]


def history() -> pd.DataFrame:
    """Return generated bars of the sessions since 1994, without the days on which the calendar is wrong."""
    bars = session_bars("1994-07-04", SESSIONS + len(IBOV.closures))
    return bars[~bars["data"].isin(pd.DatetimeIndex(list(IBOV.closures)))].head(SESSIONS)


@pytest.fixture(scope="module")
def rehearsed(running: Laptop, aws_lambda: Lambda) -> Iterator[SimpleNamespace]:
    """Run the pipeline with the packaged functions: schedule, S3 event, API. Only `ingest` has the layer."""
    running.aws.reset()
    running.create_stack()
    events: list[Any] = []
    running.aws.functions[stack.function_arn("start_refine")] = events.append
    environ = running.aws.environ()
    bars: list[Any] = [
        (f"{bar.data:%Y-%m-%d}", bar.preco_abertura, bar.preco_maximo, bar.preco_minimo, bar.preco_fechamento, 1000)
        for bar in history().itertuples()
    ]
    with YahooServer(lambda requests: chart(bars)) as yahoo, B3Server(lambda _: Reply(status=404)) as b3:
        settings = {"B3_OFFICIAL_CLOSES": "yes", "B3_OFFICIAL_CLOSES_URL": b3.url}
        ingest = aws_lambda.call("app.ingest", [SCHEDULE, DRY_RUN], environ | settings, layered=True, yahoo=yahoo.url)
    running.aws.events.wait_idle(SECONDS)
    start_refine = aws_lambda.call("app.start_refine", [events[0]], environ)
    run = running.aws.jobs.wait(start_refine.answers[0]["job_run_id"], SECONDS)
    again = aws_lambda.call("app.start_refine", [events[0], events[0]], environ)
    requests = [proxy(path) for path in ROUTES if "{" not in path]
    requests += [
        proxy(f"/{assets.path()}/docs.css", "/assets/{version}/{name}"),
        proxy("/ibov/volatility", year="2020", sort="-volatilidade_pct"),
    ]
    whole = proxy("/ibov/volatility/cone")
    api = aws_lambda.call("app.app", [proxy("/ibov/volatility"), *requests, whole], environ)
    yield SimpleNamespace(ingest=ingest, start_refine=start_refine, run=run, again=again, requests=requests, api=api)
    running.aws.reset()


def test_the_schedule_requests_the_official_closes(rehearsed: SimpleNamespace):
    closes = rehearsed.ingest.answers[0]["official_closes"]

    assert closes["added"] is None
    assert closes["failure"].startswith("SourceRefused: B3 answered the request for B3's answer for 20")


def test_the_schedule_adds_bars_of_yahoo_to_raw(rehearsed: SimpleNamespace):
    added = rehearsed.ingest.answers[0]["added"]

    assert (added["bars"], added["first"]) == (SESSIONS, "1994-07-04")
    assert added["key"].startswith("raw/year=")


def test_a_dry_run_lists_the_changes(rehearsed: SimpleNamespace):
    # Raw has the same bars already, so they change nothing.
    answer = rehearsed.ingest.answers[1]
    assert (answer["dry_run"], answer["changed"], answer["refused"]) == (True, [], [])
    assert answer["counts"]["equal"] > 0


def test_s3s_event_starts_the_job_and_starts_none_for_what_is_merged(rehearsed: SimpleNamespace):
    assert rehearsed.run.state == SUCCEEDED, rehearsed.run.error
    assert rehearsed.again.answers == [{"job_run_id": None}] * 2


def test_every_route_answers(rehearsed: SimpleNamespace):
    for event, answer in zip(rehearsed.requests, rehearsed.api.answers[1:-1], strict=True):
        assert answer["statusCode"] == 200, (event["path"], answer)
    (*_, year, _) = rehearsed.api.answers
    body = json.loads(year["body"])
    assert {row["data"][:4] for row in body["rows"]} == {"2020"}
    assert body["rows"] == sorted(body["rows"], key=lambda row: -row["volatilidade_pct"])


def test_functions_write_to_the_temporary_folder_only(rehearsed: SimpleNamespace):
    for one in (rehearsed.ingest, rehearsed.start_refine, rehearsed.api):
        assert one.written_outside == []


@pytest.mark.parametrize(("name", "handler"), [("API", "api_handler"), ("ingest", "ingest"),
                                               ("start_refine", "start_refine")])  # fmt: skip
def test_each_function_has_the_memory_that_it_needs(rehearsed: SimpleNamespace, measured: Any, name: str, handler: str):
    one: Rehearsal = {"API": rehearsed.api, "ingest": rehearsed.ingest, "start_refine": rehearsed.start_refine}[name]
    following = rehearsed.again if name == "start_refine" else one
    memory, timeout = CONFIG[handler]["lambda_memory_size"], CONFIG[handler]["lambda_timeout"]
    measured.setdefault("processes", {})[f"`{name}`"] = {
        "import_seconds": one.import_seconds,
        "first_seconds": one.seconds[0],
        "next_seconds": following.seconds[1],
        "timeout_seconds": timeout,
        "peak_bytes": one.peak_bytes,
        "memory_mib": memory,
    }

    assert one.peak_bytes < memory * MIB * 0.8


def test_every_module_comes_from_the_packages_or_from_lambda(aws_lambda: Lambda):
    (origins,) = aws_lambda.call(f"{PROBES}:origins", layered=True).answers

    stdlib = json.__file__.rpartition("/json/")[0]
    allowed = (str(aws_lambda.function), str(aws_lambda.layer), str(aws_lambda.brought), stdlib, str(PROBES.parent))
    for name, path in origins.items():
        assert path is None or path.startswith(allowed), name
        assert path is None or not path.startswith(f"{stdlib}/site-packages"), name
    assert origins["pandas"].startswith(str(aws_lambda.layer))
    assert origins["msgspec"].startswith(str(aws_lambda.function))
    assert origins["boto3"].startswith(str(aws_lambda.brought))


def test_the_layers_libraries_import_with_bytecode_and_without(aws_lambda: Lambda, measured: Any):
    (compiled,) = aws_lambda.call(f"{PROBES}:imports", layered=True).answers
    (sources,) = aws_lambda.call(f"{PROBES}:imports", layered=True, bytecode=False).answers

    measured["imports"] = {name: (compiled[name], sources[name]) for name in compiled}
    measured["imports"]["all"] = (sum(compiled.values()), sum(sources.values()))
    assert list(compiled) == list(sources) == list(LIBRARIES)


def test_parquet_comes_back_by_each_codec(aws_lambda: Lambda):
    (same,) = aws_lambda.call(f"{PROBES}:parquet", layered=True).answers

    assert same == {"zstd": True, "snappy": True, "gzip": True, "none": True, "chalicelib": True}


class Secure(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"over TLS")

    def log_message(self, *_: object) -> None:
        pass


class SecureServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Print nothing about the client that rejects the certificate."""


def test_the_http_library_of_yfinance_checks_certificates(aws_lambda: Lambda, tmp_path: Path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    with SecureServer(("127.0.0.1", 0), Secure) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        requests = {"url": f"https://127.0.0.1:{server.server_port}/", "authority": str(tmp_path / "authority.pem")}
        (results,) = aws_lambda.call(f"{PROBES}:tls", [requests], layered=True).answers
        server.shutdown()

    # The second request uses the certificate authorities of the layer, without the one of this test.
    assert results == ["over TLS", "CertificateVerifyError"]
