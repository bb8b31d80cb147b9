"""The Chalice app: its routes, its schedule and its S3 event. What each does is in `chalicelib`."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalice.app import BaseLambdaEvent, Chalice, CORSConfig, Cron, Response, S3Event

from chalicelib import layout, wiring
from chalicelib.api import docs_page, handlers, routes
from chalicelib.api.problems import answer
from chalicelib.ingest import trigger

# The command `chalice` imports this as well: here, or in the folder of a stage, which is without `local`.
if "AWS_CHALICE_CLI_MODE" in os.environ and Path(__file__).with_name("local").is_dir():
    from local import chalice_command

    chalice_command.prepare(os.environ)

_settings = wiring.settings()


class App(Chalice):
    """Chalice, but that methods, CORS and the need for a key of a route come from `chalicelib.api.routes`."""

    def route(self, path: str, **kwargs: Any) -> Callable[..., Any]:
        # No route reads a body, so none has a type of content to insist on.
        options: dict[str, Any] = {"methods": [*routes.METHODS], "content_types": []}
        if _settings.cors_origin != "none":
            options["cors"] = CORSConfig(allow_origin=_settings.cors_origin, **routes.CORS)
        # The key is API Gateway's to check.
        options["api_key_required"] = routes.SERVED[path].keyed and _settings.api_access == "key"
        return super().route(path, **options, **kwargs)


app = App(app_name="b3-dataflow")

# 22:30 from Monday to Friday and 08:30 from Tuesday to Saturday in São Paulo, which is UTC-3 all year.
SCHEDULE = Cron(30, "1,11", "?", "*", "TUE-SAT", "*")


def _from_table() -> Response:
    return answer(app.current_request, lambda request: handlers.table_answer(request, wiring.services()))


@app.route("/")
def index() -> Response:
    return answer(app.current_request, handlers.index)


@app.route("/ibov/prices")
def prices() -> Response:
    return _from_table()


@app.route("/ibov/volatility")
def volatility() -> Response:
    return _from_table()


@app.route("/ibov/volatility/compare")
def compare() -> Response:
    return _from_table()


@app.route("/ibov/volatility/cone")
def cone() -> Response:
    return _from_table()


@app.route("/ibov/summary")
def summary() -> Response:
    return _from_table()


@app.route("/ibov/anomalies")
def anomalies() -> Response:
    return _from_table()


@app.route("/status")
def status() -> Response:
    return answer(app.current_request, lambda request: handlers.status(request, wiring.services()))


@app.route("/openapi.json")
def openapi() -> Response:
    return answer(app.current_request, handlers.contract)


@app.route("/docs")
def docs() -> Response:
    return answer(app.current_request, docs_page.docs)


@app.route("/assets/{name}")
def asset(name: str) -> Response:
    return answer(app.current_request, lambda request: docs_page.asset(request, name))


class Invocation(BaseLambdaEvent):
    """What `ingest` is invoked with: EventBridge's event, or a payload of ours, which has none of its fields."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        pass


@app.schedule(SCHEDULE)
def ingest(event: Invocation) -> dict[str, Any]:
    """Add what Yahoo says today to raw, or do the backfill that the payload asks for."""
    from chalicelib.ingest import backfill

    return backfill.handle(event.to_dict(), wiring.lake(), datetime.now(UTC))


# Chalice would look for the fields of EventBridge in every event of a schedule.
ingest.event_class = Invocation


@app.on_s3_event(_settings.raw_bucket, prefix=layout.RAW_PREFIX, suffix=layout.RAW_SUFFIX)
def start_refine(event: S3Event) -> dict[str, str | None]:
    """Start the Glue job, unless what arrived is merged already."""
    run_id = trigger.start_refine(event.to_dict(), wiring.settings(), wiring.lake(), wiring.glue(), datetime.now(UTC))
    return {"job_run_id": run_id}
