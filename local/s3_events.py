"""S3's notifications, really delivered: a change in a bucket invokes the function that the bucket names."""

from __future__ import annotations

import heapq
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from moto.s3 import notifications

Handler = Callable[[dict[str, Any]], object]

RETRY_AFTER = (3.0, 6.0)
"""Seconds until the two retries of a failed invocation. Lambda waits 60 and 120; the laptop's job is as much faster."""


@dataclass(frozen=True, slots=True, order=True)
class _Delivery:
    """One attempt to invoke a function; earlier ones sort first."""

    due: float
    number: int
    arn: str = field(compare=False)
    event: dict[str, Any] = field(compare=False)
    attempt: int = field(compare=False)
    epoch: int = field(compare=False)


class S3Events:
    """Delivers each event on a thread of its own making, and retries as Lambda does.

    Args:
        handlers: what to invoke with the event, by the ARN of the function.
        retry_after: seconds until each retry.
    """

    def __init__(self, handlers: Mapping[str, Handler], retry_after: Sequence[float] = RETRY_AFTER) -> None:
        self._handlers = handlers
        self._retry_after = retry_after
        self._due: list[_Delivery] = []
        # How often everything was dropped: what was queued before the last time is not delivered after it.
        self._epoch = 0
        self._changed = threading.Condition()
        self._closed = False
        self._busy = False
        self._count = 0
        self._thread = threading.Thread(target=self._deliver, name="s3-events", daemon=True)
        self._replaced: Callable[..., Any] | None = None

    def install(self) -> None:
        """Take the place of moto's own delivery, which knows Lambda functions in containers only."""
        # moto finds this name in its module at each event. The contract tests say so if that ever changes.
        self._replaced = notifications._invoke_awslambda  # noqa: SLF001
        notifications._invoke_awslambda = self._receive  # noqa: SLF001
        self._thread.start()

    def wait_idle(self, seconds: float) -> None:
        """Wait until every event so far has been delivered or given up.

        Raises:
            TimeoutError: some are still waiting after that many seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._due and not self._busy, seconds):
                raise TimeoutError(f"{len(self._due)} S3 events are still waiting after {seconds} s")

    def drop(self) -> None:
        """Drop what is still waiting, and wait until what is being delivered is: if it fails, it is not retried."""
        with self._changed:
            self._epoch += 1
            self._due.clear()
            self._changed.wait_for(lambda: not self._busy)

    def close(self) -> None:
        """Drop what is still waiting, give moto its own delivery back, and end."""
        if self._replaced is not None:
            notifications._invoke_awslambda = self._replaced  # noqa: SLF001
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _receive(self, account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:  # noqa: ARG002
        with self._changed:
            self._put(0.0, fn_arn, _as_sent(event_body), 0, self._epoch)

    def _put(self, after: float, arn: str, event: dict[str, Any], attempt: int, epoch: int) -> None:
        with self._changed:
            if epoch != self._epoch:
                return
            self._count += 1
            heapq.heappush(self._due, _Delivery(time.monotonic() + after, self._count, arn, event, attempt, epoch))
            self._changed.notify_all()

    def _deliver(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not (self._due and self._due[0].due <= time.monotonic()):
                    self._changed.wait(max(self._due[0].due - time.monotonic(), 0) if self._due else None)
                if self._closed:
                    return
                delivery = heapq.heappop(self._due)
                self._busy = True
            try:
                self._invoke(delivery)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _invoke(self, delivery: _Delivery) -> None:
        handler = self._handlers.get(delivery.arn)
        if handler is None:
            print(f"S3 event: no function {delivery.arn}", file=sys.stderr)
            return
        attempt = delivery.attempt
        try:
            handler(delivery.event)
        except Exception as error:  # noqa: BLE001
            # Whatever the function raises, Lambda retries it, and gives it up after the last time.
            if attempt < len(self._retry_after):
                self._put(self._retry_after[attempt], delivery.arn, delivery.event, attempt + 1, delivery.epoch)
            else:
                print(
                    f"S3 event given up after {attempt + 1} attempts: {type(error).__name__}: {error}", file=sys.stderr
                )


def _as_sent(event: dict[str, Any]) -> dict[str, Any]:
    """The event as S3 sends it: slashes stay as they are in the key, and the parts that moto leaves out are there."""
    for record in event["Records"]:
        described = record["s3"]
        described["object"]["key"] = quote_plus(unquote_plus(described["object"]["key"]), safe="/")
        described["object"]["sequencer"] = f"{time.time_ns():016X}"
        described["bucket"]["ownerIdentity"] = {"principalId": "LOCAL"}
        record["userIdentity"] = {"principalId": "LOCAL"}
        record["requestParameters"] = {"sourceIPAddress": "127.0.0.1"}
        record["responseElements"] = {"x-amz-request-id": "LOCAL", "x-amz-id-2": "LOCAL"}
    return event
