"""Errors of botocore that mean that AWS cannot be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import BackendUnavailable

UNREACHABLE: tuple[type[Exception], ...] = (
    # No client can be created: region, profile, credentials or endpoint.
    BackendUnavailable,
    # The connection to AWS or to a proxy cannot be made or times out, or its TLS handshake fails.
    exceptions.ConnectionError,
    # The connection is closed, the read times out, or the body is incomplete.
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    # The endpoint is resolved at the call, and the service does not exist in the region, for example.
    exceptions.BaseEndpointResolverError,
    exceptions.EndpointProviderError,
    # Credentials are loaded at the first call, and again when they expire.
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.MetadataRetrievalError,
    exceptions.RefreshWithMFAUnsupportedError,
    exceptions.SSOError,
    # The oldest botocore that Lambda may have does not define it.
    getattr(exceptions, "LoginError", exceptions.SSOError),
)
"""Raised when a backend cannot be reached. `ClientError`, an error response of AWS, is not here: its code decides."""

REJECTED_CREDENTIALS = {
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
"""Error codes of AWS for credentials that it does not accept. AccessDenied is not one of them: the role lacks a
permission, and a retry does not help."""

HINT = "start `make run`, or set AWS_ENDPOINT_URL, AWS_DEFAULT_REGION and credentials"


def is_unreachable(error: Exception) -> bool:
    """Return whether an error means that a backend cannot be reached, so that a retry can help."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in REJECTED_CREDENTIALS
    return isinstance(error, UNREACHABLE)


def describe(error: Exception) -> str:
    """Return the error as one line for the log. On a laptop it ends with a hint."""
    line = " ".join(str(error).split()).rstrip(".")
    return line if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else f"{line}; {HINT}"


@contextmanager
def raising_backend_unavailable() -> Iterator[None]:
    """Raise BackendUnavailable if boto3 cannot create a client. Only the environment can cause this.

    Raises:
        BackendUnavailable: the region is missing or malformed, the credentials are incomplete, the profile does not
            exist, or the endpoint is not a URL (botocore raises a plain ValueError).
    """
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        raise BackendUnavailable(str(error)) from error
