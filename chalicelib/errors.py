"""Every error that b3-dataflow raises on purpose.

    B3Error
    ├── SettingsError         a setting is missing or malformed
    ├── SourceError           a source did not return the bars
    │   ├── SourceUnavailable     no response, or a request to wait; retry later
    │   ├── SourceRefused         the source has no such bars
    │   ├── SourceMalformed       the response cannot be read
    │   └── SourceEmpty           the response has no bars
    ├── LakeError             the state of the lake does not allow the operation
    │   ├── MixedLake             an ingest would mix real and synthetic bars
    │   ├── LakeChanged           an object changed since it was read; start over
    │   ├── RunInProgress         another run holds the lease; retry later
    │   ├── RestartsExhausted     every run for the same raw objects failed
    │   └── SchemaMismatch        the lake has another schema version than the code; retry later
    ├── BackendUnavailable    no AWS client can be created, or S3 returns no raw object; retry later
    ├── QueryError            Athena did not return a result
    │   ├── QueryRefused          Athena is too busy; retry later
    │   ├── QueryFailed           the query failed, was cancelled, or its result is gone
    │   └── QueryTimeout          the query was still running at the deadline
    ├── ContractError         a route lacks what the OpenAPI document needs
    └── RequestError          the client's request cannot be answered
        ├── BadParameter          a query parameter is not allowed
        ├── BadPayload            the payload of an invocation is not allowed
        ├── NotFound              the resource does not exist
        │   ├── MarketDisabled        the deployment does not have the market
        │   └── UnknownTicker         the table of shares has no such ticker
        └── NotReady              nothing has been ingested yet; retry later

Each message names the thing, the value and what is allowed. Messages are for operators: `api.problems` builds the
messages for clients.
"""

from __future__ import annotations

from collections.abc import Sequence


class B3Error(Exception):
    """Base class of every error in this module."""


class SettingsError(B3Error):
    """A setting is missing or malformed."""


class SourceError(B3Error):
    """A source did not return the bars."""


class SourceUnavailable(SourceError):
    """The source did not respond, or asked the client to wait. Retry later."""


class SourceRefused(SourceError):
    """The source answered that it has no such bars."""


class SourceMalformed(SourceError):
    """The response of the source cannot be read."""


class SourceEmpty(SourceError):
    """The response of the source has no bars."""


class LakeError(B3Error):
    """The state of the lake does not allow the operation."""


class MixedLake(LakeError):
    """An ingest would mix real and synthetic bars in one lake."""


class LakeChanged(LakeError):
    """An object changed since it was read. Start over."""


class RunInProgress(LakeError):
    """Another run holds the lease on the lake. Retry later."""


class RestartsExhausted(LakeError):
    """The job was restarted as often as allowed for the same raw objects, and each run failed."""


class SchemaMismatch(LakeError):
    """The lake has another schema version than the code. Retry after the next run of the job."""


class BackendUnavailable(B3Error):
    """No AWS client can be created, or S3 does not return a raw object. Retry later."""


class QueryError(B3Error):
    """Athena did not return the result of a query."""


class QueryRefused(QueryError):
    """Athena is too busy. Retry later."""


class QueryFailed(QueryError):
    """The query failed, was cancelled, or its result is gone."""


class QueryTimeout(QueryError):
    """The query was still running at the deadline."""


class ContractError(B3Error):
    """A route, a parameter or a column lacks a description, an example or a type that the OpenAPI document needs."""


class RequestError(B3Error):
    """The client's request cannot be answered."""


class BadParameter(RequestError):
    """A query parameter is unknown, repeated, malformed, out of range or in conflict with another.

    Attributes:
        parameter: its name.
        received: the value, as the client sent it.
        allowed: what is allowed instead. The client reads all three.
    """

    def __init__(self, parameter: str, received: str, allowed: str) -> None:
        super().__init__(f"parameter {parameter!r}: received {received!r}, allowed: {allowed}")
        self.parameter = parameter
        self.received = received
        self.allowed = allowed


class BadPayload(RequestError):
    """The payload of an invocation is not allowed."""


class NotFound(RequestError):
    """The resource does not exist."""


class MarketDisabled(NotFound):
    """The deployment does not have the market: the setting `market` is `no`."""


class UnknownTicker(NotFound):
    """The table of shares has no such ticker.

    Attributes:
        ticker: as the client sent it.
        near: tickers with similar names, the nearest first. The client reads both.
    """

    def __init__(self, ticker: str, near: Sequence[str]) -> None:
        super().__init__(f"no ticker {ticker!r}; near: {', '.join(near) or 'none'}")
        self.ticker = ticker
        self.near = list(near)


class NotReady(RequestError):
    """Nothing has been ingested yet. Retry later."""
