"""Clients of AWS, and one-line texts of its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore import exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError

from infra.errors import DeployError, PreconditionError, StepFailed

# API Gateway allows one deployment in 5 seconds, one change of a usage plan in 20, one deletion of an API in 30.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 8})

INGEST_SECONDS = 300
"""Timeout of the function `ingest`: its `lambda_timeout`."""

# No retry: each invocation runs another ingest.
_INVOKE = Config(read_timeout=INGEST_SECONDS + 10, retries={"total_max_attempts": 1})

ACCESS_DENIED = {
    "403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
    "UnauthorizedOperation", "UnauthorizedException", "Forbidden",
}  # fmt: skip
"""Codes of AWS for a missing permission."""

_INVALID_CREDENTIALS = {
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId",
    "InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip

_ACTION = re.compile(r"not authorized to perform: ?\[?([A-Za-z0-9-]+:[A-Za-z0-9*]+)")


class Aws:
    """Clients of one region.

    Raises:
        PreconditionError: the profile of the environment does not exist.
    """

    def __init__(self, region: str) -> None:
        try:
            session = boto3.session.Session(region_name=region)
        except exceptions.BotoCoreError as error:
            raise explain(error) from error
        self.region = region

        def client(service: str, config: Config = _CONFIG) -> Any:
            # Any: the stubs of botocore need a literal service name; botocore validates parameters at run time.
            service_client: Any = session.client(service, config=config)  # type: ignore[call-overload]
            return service_client

        self.apigateway = client("apigateway")
        self.budgets = client("budgets")
        self.cloudwatch = client("cloudwatch")
        self.costs = client("ce")
        self.cloudformation = client("cloudformation")
        self.events = client("events")
        self.functions = client("lambda")
        self.glue = client("glue")
        self.invoking = client("lambda", _INVOKE)
        self.logs = client("logs")
        self.s3 = client("s3")
        self.sns = client("sns")
        self.sqs = client("sqs")
        self.sts = client("sts")


ERRORS = (exceptions.ClientError, exceptions.BotoCoreError, ResponseParserError, S3UploadFailedError)
"""Exceptions that calls of AWS raise."""


def time_of(response: Mapping[str, Any]) -> datetime:
    """Return the time of AWS at a response: the clock of this machine may be wrong."""
    return parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])


def error_code(error: exceptions.ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def denied_action(text: str) -> str | None:
    """Return the action in a message about a missing permission, None for another message."""
    match = _ACTION.search(text)
    return match[1] if match else None


def explain(error: Exception) -> DeployError:
    """Return the error to raise for an error of boto3, with a message on one line."""
    if isinstance(error, exceptions.ClientError):
        return _explain_response(error)
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return PreconditionError("no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if isinstance(error, exceptions.ProfileNotFound):
        return PreconditionError(f"{error}; allowed in AWS_PROFILE: a profile that `aws configure list-profiles` shows")
    if isinstance(error, exceptions.HTTPClientError):
        return StepFailed(f"no response from AWS: {one_line(str(error))} Repeat the command to continue")
    return StepFailed(one_line(str(error)))


def _explain_response(error: exceptions.ClientError) -> DeployError:
    if error_code(error) in _INVALID_CREDENTIALS:
        return PreconditionError(
            f"AWS rejects these credentials ({error_code(error)}): they are wrong or have expired, or this region is "
            "not enabled in the account"
        )
    action = denied_action(str(error))
    if action or error_code(error) in ACCESS_DENIED:
        return StepFailed(permission_text(action or error.operation_name))
    return StepFailed(one_line(str(error)))


def permission_text(action: str) -> str:
    """Return the message about an action that the credentials do not allow."""
    return f"these credentials do not allow {action}: add it to their policy and repeat the command"


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())
