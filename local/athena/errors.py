"""What Athena says when it refuses.

AthenaError
├── InvalidRequest    refused at once, as the API's InvalidRequestException
└── QueryFailure      accepted, and then FAILED with this reason
"""

from __future__ import annotations


class AthenaError(Exception):
    """The base of both kinds of refusal."""


class InvalidRequest(AthenaError):
    """The request is refused at once."""


class QueryFailure(AthenaError):
    """The query fails after it was accepted; the message becomes its StateChangeReason.

    Args:
        code: Trino's name of the error, such as `TABLE_NOT_FOUND`.
        message: what Trino says after it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class BytesScannedLimit(QueryFailure):
    """The workgroup's cut-off: Athena cancels such a query instead of failing it."""


class Interrupted(Exception):
    """The query was stopped while it ran: no refusal, for nobody is told."""
