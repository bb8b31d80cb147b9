"""Events that invoke functions: the notifications of S3, and those that `send` queues."""

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
"""Seconds before each of the two retries of a failed invocation. Lambda waits 60 and 120, and its job takes longer."""


@dataclass(frozen=True, slots=True, order=True)
class _Delivery:
    """An attempt to invoke a function. Attempts sort by the time at which they are due."""

    due: float
    number: int
    arn: str = field(compare=False)
    event: dict[str, Any] = field(compare=False)
    attempt: int = field(compare=False)
    epoch: int = field(compare=False)


class S3Events:
    """Delivers events one after another on a background thread, and retries as Lambda does.

    Args:
        handlers: the functions, by ARN.
        retry_after: seconds before each retry.
    """

    def __init__(self, handlers: Mapping[str, Handler], retry_after: Sequence[float] = RETRY_AFTER) -> None:
        self._handlers = handlers
        self._retry_after = retry_after
        self._due: list[_Delivery] = []
        # The number of calls of `drop`. A delivery that was queued before the last call is not retried.
        self._epoch = 0
        self._changed = threading.Condition()
        self._closed = False
        self._busy = False
        self._count = 0
        self._thread = threading.Thread(target=self._deliver, name="s3-events", daemon=True)
        self._original: Callable[..., Any] | None = None

    def install(self) -> None:
        """Replace moto's delivery, which invokes Lambda functions in containers only, and start the thread."""
        # moto looks this name up at each event; tests/contract/test_moto_hooks.py fails if that changes.
        self._original = notifications._invoke_awslambda  # noqa: SLF001
        notifications._invoke_awslambda = self._receive  # noqa: SLF001
        self._thread.start()

    def send(self, arn: str, event: dict[str, Any]) -> None:
        """Queue an event for a function."""
        with self._changed:
            self._put(0.0, arn, event, 0, self._epoch)

    def wait_idle(self, seconds: float) -> None:
        """Wait until every event is delivered or has failed its last attempt.

        Raises:
            TimeoutError: events are still waiting after this many seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._due and not self._busy, seconds):
                raise TimeoutError(f"{len(self._due)} events are still waiting after {seconds} s")

    def drop(self) -> None:
        """Drop the waiting events, and wait for the current delivery, which is not retried if it fails."""
        with self._changed:
            self._epoch += 1
            self._due.clear()
            self._changed.wait_for(lambda: not self._busy)

    def close(self) -> None:
        """Drop the waiting events, restore moto's delivery, and stop the thread."""
        if self._original is not None:
            notifications._invoke_awslambda = self._original  # noqa: SLF001
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _receive(self, account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:  # noqa: ARG002
        self.send(fn_arn, _complete(event_body))

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
            print(f"event: no function {delivery.arn}", file=sys.stderr)
            return
        attempt = delivery.attempt
        try:
            handler(delivery.event)
        except Exception as error:  # noqa: BLE001
            # Lambda retries after any exception, and gives up after the last attempt.
            if attempt < len(self._retry_after):
                self._put(self._retry_after[attempt], delivery.arn, delivery.event, attempt + 1, delivery.epoch)
            else:
                print(f"event given up after {attempt + 1} attempts: {type(error).__name__}: {error}", file=sys.stderr)


def _complete(event: dict[str, Any]) -> dict[str, Any]:
    """Complete moto's event: S3 leaves slashes in the key unescaped, and sends fields that moto omits."""
    for record in event["Records"]:
        bucket, stored = record["s3"]["bucket"], record["s3"]["object"]
        stored["key"] = quote_plus(unquote_plus(stored["key"]), safe="/")
        stored["sequencer"] = f"{time.time_ns():016X}"
        bucket["ownerIdentity"] = {"principalId": "LOCAL"}
        record["userIdentity"] = {"principalId": "LOCAL"}
        record["requestParameters"] = {"sourceIPAddress": "127.0.0.1"}
        record["responseElements"] = {"x-amz-request-id": "LOCAL", "x-amz-id-2": "LOCAL"}
    return event
