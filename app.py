"""The Chalice app: its routes, its schedule and its S3 event. What each does is in `chalicelib`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chalice.app import BaseLambdaEvent, Chalice, Cron, Response, S3Event

from chalicelib import api, layout, trigger, wiring
from chalicelib.problems import answer

app = Chalice(app_name="b3-dataflow")

# No route reads a body, so none has a type of content to insist on.
GET: dict[str, Any] = {"methods": ["GET", "HEAD"], "content_types": []}

# 22:30 from Monday to Friday and 08:30 from Tuesday to Saturday in São Paulo, which is UTC-3 all year.
SCHEDULE = Cron(30, "1,11", "?", "*", "TUE-SAT", "*")


@app.route("/", **GET)
def index() -> Response:
    return answer(app.current_request, api.index)


@app.route("/status", **GET)
def status() -> Response:
    return answer(app.current_request, lambda request: api.status(request, wiring.services()))


@app.route("/ibov/prices", **GET)
def prices() -> Response:
    return answer(app.current_request, lambda request: api.prices(request, wiring.services()))


@app.route("/ibov/volatility", **GET)
def volatility() -> Response:
    return answer(app.current_request, lambda request: api.volatility(request, wiring.services()))


class Invocation(BaseLambdaEvent):
    """What `ingest` is invoked with: EventBridge's event, or a payload of ours, which has none of its fields."""

    def _extract_attributes(self, event_dict: dict[str, Any]) -> None:
        pass


@app.schedule(SCHEDULE)
def ingest(event: Invocation) -> dict[str, Any]:
    """Add what Yahoo says today to raw, or do the backfill that the payload asks for."""
    from chalicelib import backfill

    return backfill.handle(event.to_dict(), wiring.lake(), datetime.now(UTC))


# Chalice would look for the fields of EventBridge in every event of a schedule.
ingest.event_class = Invocation


@app.on_s3_event(wiring.settings().raw_bucket, prefix=layout.RAW_PREFIX, suffix=layout.RAW_SUFFIX)
def start_refine(event: S3Event) -> dict[str, str | None]:
    """Start the Glue job, unless what arrived is merged already."""
    run_id = trigger.start_refine(event.to_dict(), wiring.settings(), wiring.lake(), wiring.glue(), datetime.now(UTC))
    return {"job_run_id": run_id}
