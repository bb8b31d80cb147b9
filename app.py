"""The Chalice app: its routes, its schedule, and the events of S3 and Glue. Their code is in `chalicelib`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalice.app import BaseLambdaEvent, Chalice, CORSConfig, Cron, Response

from chalicelib import layout, logs, wiring
from chalicelib.api import assets, docs_page, handlers, problems, routes
from chalicelib.api.problems import respond
from chalicelib.ingest import trigger

# The command `chalice` imports this module too: in a checkout, or in the folder of a stage, which has no `local`.
_in_checkout = "AWS_CHALICE_CLI_MODE" in os.environ and Path(__file__).with_name("local").is_dir()
if _in_checkout:
    from local import chalice_command

    chalice_command.prepare(os.environ)

_settings = wiring.settings()


class App(Chalice):
    """A Chalice app whose routes take their methods, CORS and API key requirement from `chalicelib.api.routes`."""

    def route(self, path: str, **kwargs: Any) -> Callable[..., Any]:
        # No route reads a body, so no content type is required.
        options: dict[str, Any] = {"methods": [*routes.METHODS], "content_types": []}
        if _settings.cors_origin != "none":
            options["cors"] = CORSConfig(allow_origin=_settings.cors_origin, **routes.CORS)
        # API Gateway enforces the key.
        options["api_key_required"] = routes.SERVED[path].api_key_required and _settings.api_access == "key"
        return super().route(path, **options, **kwargs)


app = App(app_name="b3-dataflow")
app.register_middleware(problems.convert_chalice_errors, "http")
if _in_checkout:
    app.register_middleware(chalice_command.check_host, "http")

# 22:30 from Monday to Friday and 08:30 from Tuesday to Saturday in São Paulo, which is UTC-3 all year.
SCHEDULE = Cron(30, "1,11", "?", "*", "TUE-SAT", "*")


def _table() -> Response:
    return respond(app.current_request, lambda request: handlers.table(request, wiring.api_dependencies()))


@app.route("/")
def index() -> Response:
    market = wiring.settings().market == "yes"
    return respond(app.current_request, lambda request: handlers.index(request, market=market))


@app.route("/ibov/prices")
def prices() -> Response:
    return _table()


@app.route("/ibov/volatility")
def volatility() -> Response:
    return _table()


@app.route("/ibov/volatility/compare")
def compare() -> Response:
    return _table()


@app.route("/ibov/volatility/cone")
def cone() -> Response:
    return _table()


@app.route("/ibov/volatility/forecast")
def forecast() -> Response:
    return _table()


@app.route("/ibov/summary")
def summary() -> Response:
    return _table()


@app.route("/ibov/periods")
def periods() -> Response:
    return _table()


@app.route("/ibov/latest")
def latest() -> Response:
    return _table()


@app.route("/ibov/files")
def files() -> Response:
    return respond(app.current_request, lambda request: handlers.files(request, wiring.api_dependencies()))


@app.route("/ibov/anomalies")
def anomalies() -> Response:
    return _table()


@app.route("/acoes")
def tickers() -> Response:
    return _table()


@app.route("/acoes/ranking")
def ranking() -> Response:
    return _table()


@app.route("/acoes/{ticker}/prices")
@app.route("/acoes/{ticker}/volatility")
@app.route("/acoes/{ticker}/volatility/compare")
@app.route("/acoes/{ticker}/volatility/cone")
@app.route("/acoes/{ticker}/summary")
@app.route("/acoes/{ticker}/periods")
@app.route("/acoes/{ticker}/latest")
@app.route("/acoes/{ticker}/anomalies")
def share(ticker: str) -> Response:  # noqa: ARG001 - the handler reads it from the request
    return _table()


@app.route("/status")
def status() -> Response:
    return respond(app.current_request, lambda request: handlers.status(request, wiring.api_dependencies()))


@app.route("/openapi.json")
def openapi() -> Response:
    return respond(app.current_request, handlers.contract)


@app.route("/docs")
def docs() -> Response:
    return respond(app.current_request, docs_page.docs)


@app.route("/assets/{version}/{name}")
def asset(version: str, name: str) -> Response:
    return respond(app.current_request, lambda request: assets.asset(request, version, name))


class Invocation(BaseLambdaEvent):
    """The payload of an invocation. Chalice's own event classes raise KeyError for the fields that a payload lacks."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        pass


def _logged(function: str, event: Invocation) -> AbstractContextManager[None]:
    request_id = getattr(event.context, "aws_request_id", None)
    return logs.invocation(function, structured=logs.in_lambda(), function_request_id=request_id)


@app.schedule(SCHEDULE)
def ingest(event: Invocation) -> dict[str, Any]:
    """Add the latest bars of Yahoo and closes of B3 to raw, or run the backfill in the payload."""
    from chalicelib.ingest import backfill

    with _logged("ingest", event):
        return backfill.handle(event.to_dict(), wiring.settings(), wiring.lake(), datetime.now(UTC))


@app.on_cw_event(
    {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {
            "jobName": [_settings.job, _settings.market_job],
            "state": ["FAILED", "TIMEOUT", "STOPPED", "ERROR"],
        },
    }
)
def restart_refine(event: Invocation) -> dict[str, str | None]:
    """Start a Glue job again after a run that did not succeed, if its lake has raw objects that are not merged."""
    with _logged("restart_refine", event):
        settings, now = wiring.settings(), datetime.now(UTC)
        if trigger.job_of(event.to_dict()) == settings.market_job:
            run_id = trigger.restart_market(settings, wiring.market_lake(), wiring.market_runs(), now)
        else:
            run_id = trigger.restart_refine(settings, wiring.lake(), wiring.runs(), now)
    return {"job_run_id": run_id}


@app.on_s3_event(_settings.raw_bucket, prefix=layout.RAW_PREFIX, suffix=layout.RAW_SUFFIX)
def start_refine(event: Invocation) -> dict[str, str | None]:
    """Start the Glue job, unless the raw object is merged already."""
    with _logged("start_refine", event):
        now = datetime.now(UTC)
        run_id = trigger.start_refine(event.to_dict(), wiring.settings(), wiring.lake(), wiring.runs(), now)
    return {"job_run_id": run_id}


for _function in (ingest, restart_refine, start_refine):
    _function.event_class = Invocation
