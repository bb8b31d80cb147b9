"""How long questions take that no function has answered yet: the API, the local Athena and HTTP together."""

from __future__ import annotations

import http.client
import io
import statistics
import time
from collections.abc import Mapping
from contextlib import redirect_stderr
from http import HTTPStatus
from urllib.parse import urlsplit

from benchmarks.laptop import source
from benchmarks.report import Table, milliseconds
from chalicelib.schema import WINDOWS
from local.laptop import Laptop

RUNS = 21

QUESTIONS: Mapping[str, list[str]] = {
    "the worst days of 2020": [f"/ibov/prices?year=2020&sort=retorno_log&limit={n}" for n in range(3, RUNS + 3)],
    "the most volatile months": [f"/ibov/periods?by=month&sort=-vol_realizada&limit={n}" for n in range(3, RUNS + 3)],
    "every week": [f"/ibov/periods?by=week&limit={n}" for n in range(2000, RUNS + 2000)],
    "every year": [f"/ibov/periods?by=year&limit={n}" for n in range(40, RUNS + 40)],
    "2008 and 2020 by quarter": [f"/ibov/periods?by=quarter&year=2008&limit={n}" for n in range(4, RUNS + 4)],
    "a month": [f"/ibov/prices?start=2025-09&end=2025-09&limit={n}" for n in range(30, RUNS + 30)],
    "the last 63 sessions": [f"/ibov/prices?last=63&limit={n}" for n in range(63, RUNS + 63)],
    "the latest session": [f"/ibov/latest?window={window}" for window in WINDOWS],
    "the forecasts of a session": [f"/ibov/volatility/forecast?end=2025-09-{n:02}" for n in range(1, RUNS + 1)],
    "EWMA": [f"/ibov/volatility?estimator=ewma&limit={n}" for n in range(252, RUNS + 252)],
    "the cone of the last sessions": [f"/ibov/volatility/cone?last={n}" for n in range(1260, RUNS + 1260)],
    "every session, ten columns": [
        "/ibov/prices?fields=data,preco_abertura,preco_maximo,preco_minimo,preco_fechamento,volume_negociado,"
        f"retorno_log,drawdown,amplitude,vol_ewma&limit={n}"
        for n in range(9000, RUNS + 9000)
    ],
    "addresses of all files": ["/ibov/files"] * RUNS,
}
"""Each question several times, with another limit or window, so that each request is a query of its own."""


def first_answers() -> Table:
    """Requests on one open connection, each of which no cache can answer."""
    # Chalice's server logs each request to stderr.
    with redirect_stderr(io.StringIO()), Laptop() as laptop, laptop.serve(0) as server:
        laptop.create_stack()
        laptop.ingest(source())
        laptop.refined()
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
        rows = []
        for name, targets in QUESTIONS.items():
            seconds = sorted(_seconds(connection, target) for target in targets)
            rows.append((name, milliseconds(statistics.median(seconds)), milliseconds(seconds[-1])))
    return Table(
        "Questions that are asked for the first time",
        f"From the request to the whole body, through HTTP on loopback, the API and the local Athena; {RUNS} requests "
        f"of each kind ({len(WINDOWS)} of the latest session), none of which a cache has.",
        ("question", "median", "slowest"),
        tuple(rows),
    )


def _seconds(connection: http.client.HTTPConnection, target: str) -> float:
    began = time.perf_counter()
    connection.request("GET", target, headers={"Accept": "*/*"})
    response = connection.getresponse()
    response.read()
    if response.status != HTTPStatus.OK:
        raise RuntimeError(f"GET {target} is {response.status}; expected 200")
    return time.perf_counter() - began
