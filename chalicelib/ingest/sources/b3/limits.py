"""Limits of the requests to B3."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of all requests of a fetch.

    Attributes:
        connect_seconds: for a connection.
        request_seconds: for a response, from the connection to its last byte.
        seconds: for all requests, their repetitions and the pauses.
        attempts: of each request.
    """

    connect_seconds: float = 5.0
    request_seconds: float = 10.0
    seconds: float = 75.0
    attempts: int = 4
