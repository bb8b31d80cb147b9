"""Errors of the local Athena.

AthenaError
├── InvalidRequest    the API responds with InvalidRequestException
│   ├── MetadataError the API responds with MetadataException
│   └── ResourceNotFound the API responds with ResourceNotFoundException
└── QueryFailure      the execution ends FAILED with this reason
"""

from __future__ import annotations

import uuid


class AthenaError(Exception):
    """Base class of the errors that a client receives."""


class InvalidRequest(AthenaError):
    """The request is invalid; no execution starts."""

    code = "InvalidRequestException"


class MetadataError(InvalidRequest):
    """The database or table does not exist in Glue, whose error Athena passes on in this form."""

    code = "MetadataException"

    def __init__(self, message: str) -> None:
        super().__init__(
            f"{message} (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; "
            f"Request ID: {uuid.uuid4()}; Proxy: null)"
        )


class ResourceNotFound(InvalidRequest):
    """The request names a prepared statement that does not exist."""

    code = "ResourceNotFoundException"


class QueryFailure(AthenaError):
    """The query fails; the message is the StateChangeReason of its execution.

    Args:
        code: Trino's error code, such as `TABLE_NOT_FOUND`.
        message: Trino's error message.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class BytesScannedLimit(QueryFailure):
    """The query scans more bytes than the workgroup allows. Athena sets it to CANCELLED, not to FAILED."""


class Interrupted(Exception):
    """The query was cancelled while it ran. Not an AthenaError: the client receives no error."""
