"""Every error that b3-dataflow raises on purpose.

    B3Error
    ├── SettingsError         a setting is missing or malformed
    ├── SourceError           a source did not give the bars that were asked of it
    │   ├── SourceUnavailable     it did not answer, or asked us to wait: trying later can help
    │   ├── SourceRefused         it answered that it will not give them
    │   ├── SourceMalformed       it answered something that is not what it promised
    │   └── SourceEmpty           it answered, and gave no bars
    ├── LakeError             the lake is not in a state in which this can be done
    │   ├── MixedLake             real and synthetic bars would meet
    │   ├── LakeChanged           an object is not as it was when it was read: starting over can help
    │   └── RunInProgress         another run holds the claim: trying later can help
    ├── BackendUnavailable    no client of AWS can be made: trying later can help
    ├── QueryError            Athena did not answer a query
    │   ├── QueryRefused          it has too much to do: trying later can help
    │   ├── QueryFailed           it ran and failed, was cancelled, or its result is gone
    │   └── QueryTimeout          it was still running at the deadline
    └── RequestError          what a client asked cannot be answered as asked
        ├── BadParameter          one parameter: names it, what was received and what is allowed
        ├── BadPayload            the payload of an invocation
        ├── NotFound              a thing that is not there
        └── NotReady              nothing has been ingested yet: trying later can help

The message of each names the thing, the value and what is allowed. Messages are for operators; what a client of
the API may read is built in `problems`.
"""

from __future__ import annotations


class B3Error(Exception):
    """The base of all errors above."""


class SettingsError(B3Error):
    """A setting is missing or malformed."""


class SourceError(B3Error):
    """A source did not give the bars that were asked of it."""


class SourceUnavailable(SourceError):
    """The source did not answer, or asked us to wait. Trying later can help."""


class SourceRefused(SourceError):
    """The source answered that it will not give the bars."""


class SourceMalformed(SourceError):
    """The source answered something that is not what it promised."""


class SourceEmpty(SourceError):
    """The source answered, and gave no bars."""


class LakeError(B3Error):
    """The lake is not in a state in which this can be done."""


class MixedLake(LakeError):
    """Real and synthetic bars would meet in one lake."""


class LakeChanged(LakeError):
    """An object is no longer as it was when it was read. Starting over can help."""


class RunInProgress(LakeError):
    """Another run holds the claim on the lake. Trying later can help."""


class BackendUnavailable(B3Error):
    """No client of AWS can be made. Trying later can help."""


class QueryError(B3Error):
    """Athena did not answer a query."""


class QueryRefused(QueryError):
    """Athena has too much to do. Trying later can help."""


class QueryFailed(QueryError):
    """The query ran and failed, or was cancelled, or its result is gone."""


class QueryTimeout(QueryError):
    """The query was still running at the deadline."""


class RequestError(B3Error):
    """What a client asked cannot be answered as asked."""


class BadParameter(RequestError):
    """One query parameter is unknown, repeated, malformed, out of range or in conflict.

    The three attributes are what the client reads: `parameter`, what was `received`, and what is `allowed`.
    """

    def __init__(self, parameter: str, received: str, allowed: str) -> None:
        super().__init__(f"parameter {parameter!r}: received {received!r}, allowed: {allowed}")
        self.parameter = parameter
        self.received = received
        self.allowed = allowed


class BadPayload(RequestError):
    """The payload of an invocation is not what the function takes."""


class NotFound(RequestError):
    """What was asked for is not there."""


class NotReady(RequestError):
    """Nothing has been ingested yet. Trying later can help."""
