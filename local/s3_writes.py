"""Refuse the writes of objects that S3 refuses and moto accepts: by a bucket's policy, If-Match and If-None-Match.

Source: PutObject, CopyObject and CompleteMultipartUpload in the S3 API reference. The only value of If-None-Match is
`*`, and it excludes If-Match. moto writes an object with any other value, and ignores both headers in a copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import BucketAccessDeniedError, MissingKey, PreconditionFailed
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from local import moto_state
from local.bucket_policies import CREATION, IF_MATCH, IF_NONE_MATCH, denies, unconditional

_OTHER_WRITES = {"retention", "legal-hold", "acl", "tagging"}
"""Query parameters of a PUT that writes no object."""

_NOT_IMPLEMENTED = (
    "<Error><Code>NotImplemented</Code>"
    "<Message>A header you provided implies functionality that is not implemented</Message></Error>"
)


@contextmanager
def checked() -> Iterator[None]:
    """Check each write of an object to moto's S3 until the end of the block."""
    before = S3Response._authenticate_and_authorize_s3_action  # noqa: SLF001
    without_conditions = FakeBucket.get_permission

    def get_permission(self: Any, action: str, resource: str) -> PermissionResult:
        # moto applies a statement without its condition.
        policy = unconditional(json.loads(self.policy)) if self.policy else {"Statement": []}
        if not policy["Statement"]:
            return PermissionResult.NEUTRAL
        return IAMPolicy(policy).is_action_permitted(action, resource)

    def check(self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        before(self, bucket_name=bucket_name, key_name=key_name)
        if self.data.get("Action") == "PutObject" and bucket_name:
            _check(self, bucket_name, key_name)

    S3Response._authenticate_and_authorize_s3_action = check  # type: ignore[method-assign] # noqa: SLF001
    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]
    try:
        yield
    finally:
        FakeBucket.get_permission = without_conditions  # type: ignore[method-assign]
        S3Response._authenticate_and_authorize_s3_action = before  # type: ignore[method-assign] # noqa: SLF001


def _check(request: Any, bucket: str, key: str | None) -> None:
    """Raise moto's error for a refused request. A form upload has its key in a field."""
    parameters = parse_qs(urlsplit(request.uri).query, keep_blank_values=True)
    if parameters.keys() & _OTHER_WRITES:
        return
    if key is None:
        key = request.querystring.get("key", [""])[0]
    creates = _creates_object(request.method, parameters)
    context = {
        IF_MATCH: request.headers.get("If-Match"),
        IF_NONE_MATCH: request.headers.get("If-None-Match"),
        CREATION: str(creates).lower(),
    }
    policy = moto_state.bucket_policy(bucket)
    if policy and denies(json.loads(policy), f"arn:aws:s3:::{bucket}/{key}", context):
        raise BucketAccessDeniedError(bucket)
    if creates:
        _check_condition(context[IF_MATCH], context[IF_NONE_MATCH])
        if "x-amz-copy-source" in request.headers:
            _check_copy(bucket, key, context[IF_MATCH], context[IF_NONE_MATCH])


def _creates_object(method: str, parameters: Mapping[str, object]) -> bool:
    """Return whether a write creates an object. The start of a multipart upload and its parts do not; its end does."""
    is_start = method == "POST" and "uploads" in parameters
    return not is_start and not {"partNumber", "uploadId"} <= parameters.keys()


def _check_condition(if_match: str | None, if_none_match: str | None) -> None:
    if if_none_match is not None and (if_none_match != "*" or if_match is not None):
        # moto has no error with status 501.
        raise HTTPException(response=Response(_NOT_IMPLEMENTED, 501, mimetype="application/xml"))


def _check_copy(bucket: str, key: str, if_match: str | None, if_none_match: str | None) -> None:
    """Raise S3's error for a copy whose condition on its destination does not hold."""
    etag = next((each.etag for each in moto_state.objects(bucket, key) if each.key == key), None)
    if if_none_match is not None and etag is not None:
        raise PreconditionFailed("If-None-Match")
    if if_match is not None and etag is None:
        raise MissingKey(key=key)
    if if_match is not None and if_match.strip('"') != etag:
        raise PreconditionFailed("If-Match")
