"""Which errors mean that AWS cannot be reached, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import BackendUnavailable

UNREACHABLE: tuple[type[Exception], ...] = (
    # No client could be made: region, profile, credentials or endpoint.
    BackendUnavailable,
    # No connection, to AWS or to a proxy; none in time; no TLS.
    exceptions.ConnectionError,
    # A connection that was closed, or on which nothing came in time, or half of a body.
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    # An endpoint that is found at the call: a region that the service does not have, for one.
    exceptions.BaseEndpointResolverError,
    exceptions.EndpointProviderError,
    # Credentials are looked for at the first call, and again when they expire.
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.MetadataRetrievalError,
    exceptions.RefreshWithMFAUnsupportedError,
    exceptions.SSOError,
    exceptions.LoginError,
)
"""What botocore raises when a backend cannot be reached. Its other errors are of our requests or of our code."""

NOT_RECOGNISED = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
"""Codes by which AWS says that it does not take the credentials. AccessDenied is none of them: it knows who asks, and
what is missing is a right of our role, which trying again does not bring."""

HINT = "start `make run`, or set AWS_ENDPOINT_URL, AWS_DEFAULT_REGION and credentials"


def unreachable(error: Exception) -> bool:
    """Whether an error means that a backend cannot be reached. Trying later can help."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in NOT_RECOGNISED
    return isinstance(error, UNREACHABLE)


def explained(error: Exception) -> str:
    """The error in one line for the log, on a laptop with what to do about it."""
    line = " ".join(str(error).split()).rstrip(".")
    return line if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else f"{line}; {HINT}"


@contextmanager
def making_clients() -> Iterator[None]:
    """Name what keeps boto3 from making a client: it depends on the environment alone.

    Raises:
        BackendUnavailable: no region, or one that is none; half of the credentials; a profile that is not there; an
            endpoint that is no URL (a plain ValueError of botocore's).
    """
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        raise BackendUnavailable(str(error)) from error
