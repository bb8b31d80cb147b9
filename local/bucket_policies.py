"""Bucket policies that deny a write of an object by its headers. moto applies a statement without its condition.

Source: the S3 user guide, "Enforce conditional writes on Amazon S3 buckets".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import BucketAccessDeniedError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local import moto_state

ACTION = "s3:PutObject"
"""The action whose denial is applied."""

IF_MATCH, IF_NONE_MATCH, CREATION = "s3:if-match", "s3:if-none-match", "s3:ObjectCreationOperation"

_KEYS = {IF_MATCH, IF_NONE_MATCH, CREATION}
_OPERATORS = {"Bool", "Null"}

_OTHER_WRITES = {"retention", "legal-hold", "acl", "tagging"}
"""Query parameters of a PUT that writes no object."""


@contextmanager
def applied() -> Iterator[None]:
    """Apply the policies of all buckets to moto's S3 until the end of the block."""
    before = S3Response._authenticate_and_authorize_s3_action  # noqa: SLF001
    unconditional = FakeBucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> PermissionResult:
        policy = json.loads(self.policy) if self.policy else {"Statement": []}
        statements = [each for each in _list(policy["Statement"]) if "Condition" not in each]
        if not statements:
            return PermissionResult.NEUTRAL
        return IAMPolicy({**policy, "Statement": statements}).is_action_permitted(action, resource)

    def check(self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        before(self, bucket_name=bucket_name, key_name=key_name)
        if self.data.get("Action") == "PutObject" and bucket_name:
            _check(self, bucket_name, key_name)

    S3Response._authenticate_and_authorize_s3_action = check  # type: ignore[method-assign] # noqa: SLF001
    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]
    try:
        yield
    finally:
        FakeBucket.get_permission = unconditional  # type: ignore[method-assign]
        S3Response._authenticate_and_authorize_s3_action = before  # type: ignore[method-assign] # noqa: SLF001


def _check(request: Any, bucket: str, key: str | None) -> None:
    """Raise moto's error for a denied request. A form upload has its key in a field."""
    parameters = parse_qs(urlsplit(request.uri).query, keep_blank_values=True)
    if parameters.keys() & _OTHER_WRITES:
        return
    if key is None:
        key = request.querystring.get("key", [""])[0]
    # Start and parts of a multipart upload create no object; its end, with an uploadId alone, does.
    creates = "uploads" not in parameters and "partNumber" not in parameters
    context = {
        IF_MATCH: request.headers.get("If-Match"),
        IF_NONE_MATCH: request.headers.get("If-None-Match"),
        CREATION: str(creates).lower(),
    }
    policy = moto_state.bucket_policy(bucket)
    if policy and denies(json.loads(policy), f"arn:aws:s3:::{bucket}/{key}", context):
        raise BucketAccessDeniedError(bucket)


def is_applied(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement is one that `denies` applies."""
    condition: Mapping[str, Mapping[str, Any]] = statement.get("Condition", {})
    return (
        statement["Effect"] == "Deny"
        and statement.get("Principal") == "*"
        and _list(statement.get("Action", [])) == [ACTION]
        and "Resource" in statement
        and condition.keys() <= _OPERATORS
        and all(values.keys() <= _KEYS for values in condition.values())
    )


def denies(policy: Mapping[str, Any], resource: str, context: Mapping[str, str | None]) -> bool:
    """Return whether a policy denies a write of an object. Statements that are not applied deny nothing.

    Args:
        policy: the document.
        resource: the ARN of the object.
        context: the value of each condition key of the request, None where it has none.
    """
    return any(
        is_applied(statement)
        and any(_matches(pattern, resource) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, context[key], str(expected).lower())
            for operator, values in statement.get("Condition", {}).items()
            for key, expected in values.items()
        )
        for statement in _list(policy["Statement"])
    )


def _holds(operator: str, value: str | None, expected: str) -> bool:
    if operator == "Null":
        return str(value is None).lower() == expected
    return value == expected


def _matches(pattern: str, resource: str) -> bool:
    """Return whether an ARN matches a pattern, in which `*` is any text and `?` one character."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, resource, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
