"""How fast the API answers: the import at a cold start, warm requests, and requests on an open connection."""

from __future__ import annotations

import http.client
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import boto3

from benchmarks.laptop import in_memory_duckdb, source
from benchmarks.report import Table, median_seconds, milliseconds
from chalicelib.api.routes import ROUTES
from common.paths import ROOT
from local import moto_state
from local.laptop import Laptop

IMPORTS, SECONDS, REQUESTS = 11, 0.5, 100

# Without versions, so that each PUT replaces the object.
BUCKET = "b3-dataflow-athena"


def cold() -> Table:
    """`import app` in a fresh Python, beside chalice, botocore and boto3."""
    return Table(
        "Import at a cold start",
        f"CPU time of the import in a fresh Python, with bytecode; the median of {IMPORTS}.",
        ("import", "CPU time"),
        tuple(
            (name, milliseconds(_import_seconds(name))) for name in ("app", "chalice.app", "botocore.session", "boto3")
        ),
    )


def _import_seconds(module: str) -> float:
    code = f"import time; began = time.process_time(); import {module}; print(time.process_time() - began)"
    run = [sys.executable, "-c", code]
    seconds = [
        float(subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        for _ in range(IMPORTS + 1)
    ]
    return sorted(seconds[1:])[IMPORTS // 2]


def warm() -> Table:
    """Requests to a warm function, without HTTP, beside DuckDB and pandas with the same rows in memory."""
    with _laptop() as laptop:
        app = laptop.app.app
        rows = []
        for path, route in ROUTES.items():
            event = _event(path, route.example)
            headers = app(event, None)["headers"]
            again = _event(path, route.example, {"If-None-Match": headers["ETag"]}) if "ETag" in headers else None
            if again is not None and app(again, None)["statusCode"] != 304:
                raise RuntimeError(f"{path} with its ETag is not 304")
            rows.append((path, _rate(app, event), _rate(app, again) if again else ""))
        rows += _rivals()
    return Table(
        "Warm answers",
        "Requests a second of CPU time in the handler: a cached response and 304; the last two rows: requests a second "
        "of wall time by DuckDB and by pandas, the same sessions, with every column, from memory.",
        ("route", "200", "304"),
        tuple(rows),
    )


def kept_alive() -> Table:
    """Requests over HTTP on one open connection each, to the API and to the local AWS."""
    # Chalice's server logs each request to stderr.
    with redirect_stderr(io.StringIO()), _laptop() as laptop, laptop.serve(0) as server:
        s3: Any = boto3.client("s3")
        small = {"Bucket": BUCKET, "Key": "small"}
        work: Mapping[str, Callable[[], object]] = {
            "API, 1 kB": _request(f"{server.url}/ibov/summary?year=2020"),
            "API, 650 kB": _request(f"{server.url}/ibov/volatility?limit=2000"),
            "AWS, HEAD of an object": _request(s3.generate_presigned_url("head_object", small), "HEAD"),
            "AWS, GET of 40 bytes": _request(s3.generate_presigned_url("get_object", small)),
            "AWS, PUT of 40 bytes": _request(s3.generate_presigned_url("put_object", small), "PUT", b"x" * 40),
            "AWS, HEAD by boto3": partial(s3.head_object, **small),
        }
        seconds = {name: median_seconds(request, REQUESTS) for name, request in work.items()}
        seconds["of which boto3 itself"] = seconds["AWS, HEAD by boto3"] - seconds["AWS, HEAD of an object"]
        rows = tuple((name, milliseconds(each)) for name, each in seconds.items())
    return Table(
        "Requests on an open connection",
        f"From the request to the whole body, through HTTP on loopback; the median of {REQUESTS}.",
        ("response", "time"),
        rows,
    )


@contextmanager
def _laptop() -> Iterator[Laptop]:
    with Laptop() as laptop:
        laptop.create_stack()
        laptop.ingest(source())
        laptop.refined()
        moto_state.write(BUCKET, "small", b"x" * 40)
        yield laptop


def _event(path: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The event of API Gateway, as far as Chalice reads it."""
    return {
        "path": path,
        "requestContext": {"httpMethod": "GET", "resourcePath": path, "path": path, "identity": {}},
        "headers": {"Accept": "*/*", **(headers or {})},
        "multiValueQueryStringParameters": {name: [text] for name, text in query.items()},
        "pathParameters": {},
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }


def _rate(app: Any, event: Mapping[str, Any]) -> str:
    count, began = 0, time.process_time()
    while time.process_time() - began < SECONDS:
        app(event, None)
        count += 1
    return f"{count / (time.process_time() - began):,.0f}"


def _rivals() -> list[tuple[str, str, str]]:
    """Return the rates of DuckDB and pandas for `/ibov/volatility?year=2025&sort=-volatilidade_pct&limit=10` as JSON.

    The rows have every column.
    """
    connection = in_memory_duckdb()
    frame = connection.sql("SELECT * FROM ibov_refined").df()
    sql = "SELECT * FROM ibov_refined WHERE year = 2025 ORDER BY volatilidade_pct DESC LIMIT 10"

    def by_duckdb() -> str:
        return json.dumps(connection.sql(sql).fetchall(), default=str)

    def by_pandas() -> str:
        rows = frame[frame["year"] == 2025].nlargest(10, "volatilidade_pct")
        return str(rows.to_json(orient="records", date_format="iso"))

    return [
        (name, f"{1 / median_seconds(work, REQUESTS):,.0f}", "")
        for name, work in (("DuckDB alone", by_duckdb), ("pandas alone", by_pandas))
    ]


def _request(url: str, method: str = "GET", body: bytes | None = None) -> Callable[[], object]:
    """Return a function that sends a request on a connection of its own, which stays open."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)

    def request() -> None:
        connection.request(method, f"{parts.path}?{parts.query}", body, {"Accept": "*/*"})
        response = connection.getresponse()
        response.read()
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"{method} {parts.path} is {response.status}; expected 200")

    return request
