"""Verification of presigned URLs: GET of an object of the local S3, signed with the local AWS's key.

By default boto3 signs with version 2 and other SDKs with version 4. botocore computes the expected signature of both.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import HmacV1QueryAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from local.environment import SDK

_KEY = Credentials(SDK["AWS_ACCESS_KEY_ID"], SDK["AWS_SECRET_ACCESS_KEY"])

_LONGEST = timedelta(days=7)
_SKEW = timedelta(minutes=15)
"""Maximum lifetime of a presigned URL, and how far in the future its time may be. As on AWS."""

_OBJECT = re.compile(r"/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", re.DOTALL)
"""Path of a bucket and a key. Moto's paths of other services contain a `_` in the first part, so they do not match."""

_PARAMETER = re.compile(r"awsaccesskeyid|signature|expires|x-amz-[a-z0-9-]+|x-id|versionid|partnumber|response-[a-z-]+")
"""Query parameters of a GET of an object. Others, such as `acl` or `Action`, select another operation."""


def is_valid(host: str, target: str, now: datetime) -> bool:
    """Return whether a GET request is presigned, is for an object, and has not expired.

    Args:
        host: `Host` of the request.
        target: path and query of the request, not decoded.
        now: current time with a time zone.
    """
    url = urlsplit(target)
    values = parse_qs(url.query, keep_blank_values=True)
    if url.netloc or not _OBJECT.fullmatch(url.path) or any(len(each) > 1 for each in values.values()):
        return False
    if not all(_PARAMETER.fullmatch(name.lower()) for name in values):
        return False
    query = {name: each for name, (each,) in values.items()}
    try:
        if "X-Amz-Signature" in query:
            return _is_signed_with_4(f"http://{host}{target}", query, now)
        return _is_signed_with_2(target, query, now)
    except (KeyError, ValueError, OverflowError):
        # A parameter is absent, or it is not a number or a time.
        return False


def _is_signed_with_4(url: str, query: Mapping[str, str], now: datetime) -> bool:
    access_key, day, region, service, _ = query["X-Amz-Credential"].split("/")
    signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    lifetime = timedelta(seconds=int(query["X-Amz-Expires"]))
    if access_key != _KEY.access_key or service != "s3" or query["X-Amz-Date"][:8] != day:
        return False
    # A browser cannot send other signed headers when it opens a link.
    if query["X-Amz-SignedHeaders"] != "host" or not timedelta(0) < lifetime <= _LONGEST:
        return False
    if not signed - _SKEW <= now <= signed + lifetime:
        return False
    request: Any = AWSRequest("GET", re.sub("&?X-Amz-Signature=[^&]*", "", url))
    request.context["timestamp"] = query["X-Amz-Date"]
    signer: Any = S3SigV4QueryAuth(_KEY, service, region)
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return hmac.compare_digest(expected.encode(), query["X-Amz-Signature"].encode())


def _is_signed_with_2(target: str, query: Mapping[str, str], now: datetime) -> bool:
    if query["AWSAccessKeyId"] != _KEY.access_key or now > datetime.fromtimestamp(int(query["Expires"]), UTC):
        return False
    signer: Any = _Version2(query["Expires"])
    expected = signer.get_signature("GET", urlsplit(target), HTTPHeaders())
    return hmac.compare_digest(expected.encode(), query["Signature"].encode())


class _Version2(HmacV1QueryAuth):
    """botocore's signer of version 2 with a fixed expiry time."""

    def __init__(self, expires: str) -> None:
        super().__init__(_KEY)
        self._expires_at = expires

    def _get_date(self) -> str:
        return self._expires_at
