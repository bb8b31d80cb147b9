"""The clients of AWS that the deploy command uses, and what AWS's errors mean to whoever runs it."""

from __future__ import annotations

import re
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore import exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError

from infra.errors import DeployError, Refused, StepFailed

# API Gateway takes one deployment in 5 seconds, one change of a usage plan in 20, one deletion of an API in 30.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 8})

INGEST_SECONDS = 300
"""How long the function `ingest` may take: its `lambda_timeout`."""

# An invocation that seems lost must not be made again: it would be another ingest.
_INVOKE = Config(read_timeout=INGEST_SECONDS + 10, retries={"total_max_attempts": 1})

_DENIED = {
    "403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
    "UnauthorizedOperation", "UnauthorizedException", "Forbidden",
}  # fmt: skip
_UNKNOWN_KEY = {
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId",
    "InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip

_ACTION = re.compile(r"not authorized to perform: ?\[?([A-Za-z0-9-]+:[A-Za-z0-9*]+)")


class Aws:
    """The clients of one region.

    Raises:
        Refused: the profile that the environment names is not there.
    """

    def __init__(self, region: str) -> None:
        try:
            session = boto3.session.Session(region_name=region)
        except exceptions.BotoCoreError as error:
            raise explained(error) from error
        self.region = region

        def client(service: str, config: Config = _CONFIG) -> Any:
            # Without types: botocore itself checks every parameter of a call before it is sent.
            made: Any = session.client(service, config=config)  # type: ignore[call-overload]
            return made

        self.apigateway = client("apigateway")
        self.cloudformation = client("cloudformation")
        self.events = client("events")
        self.functions = client("lambda")
        self.glue = client("glue")
        self.invoking = client("lambda", _INVOKE)
        self.logs = client("logs")
        self.s3 = client("s3")
        self.sqs = client("sqs")
        self.sts = client("sts")


ERRORS = (exceptions.ClientError, exceptions.BotoCoreError, ResponseParserError, S3UploadFailedError)
"""What calls of AWS raise."""


def code(error: exceptions.ClientError) -> str:
    """AWS's name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def missing_right(text: str) -> str | None:
    """The action that AWS says somebody may not do, None if it says nothing of the kind."""
    found = _ACTION.search(text)
    return found[1] if found else None


def explained(error: Exception) -> DeployError:
    """What an error of AWS or its library means, in one line."""
    if isinstance(error, exceptions.ClientError):
        return _of_aws(error)
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return Refused("no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if isinstance(error, exceptions.ProfileNotFound):
        return Refused(f"{error}; allowed: one that `aws configure list-profiles` shows, in AWS_PROFILE")
    if isinstance(error, exceptions.HTTPClientError):
        return StepFailed(f"AWS does not answer: {one_line(str(error))} Repeat the command: it goes on from here")
    return StepFailed(one_line(str(error)))


def _of_aws(error: exceptions.ClientError) -> DeployError:
    if code(error) in _UNKNOWN_KEY:
        return Refused(
            f"AWS does not take these credentials ({code(error)}): they are wrong or have expired, or the account has "
            "not enabled this region"
        )
    action = missing_right(str(error))
    if action or code(error) in _DENIED:
        return StepFailed(no_right(action or error.operation_name))
    return StepFailed(one_line(str(error)))


def no_right(action: str) -> str:
    """What to say of an action that AWS does not allow."""
    return f"these credentials have no right to {action}: add it to their policy and repeat the command"


def one_line(text: str) -> str:
    """A message as one line."""
    return " ".join(text.split())
