"""Create the AWS clients of the Lambda functions from the settings. No other module creates them."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from chalicelib.api.athena import Athena
from chalicelib.api.backends import client_errors
from chalicelib.api.cache import ManifestCache, ResponseCache
from chalicelib.api.handlers import ApiDependencies
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})

# The timeout of API Gateway is 29 s: a call without response must fail well before.
_API_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_environ(os.environ)


@cache
def lake() -> Lake:
    """Return the lake of the settings."""
    return Lake(boto3.client("s3", config=_CONFIG), settings().raw_bucket, settings().refined_bucket)


@cache
def glue() -> GlueClient:
    """Return the Glue client that starts the job."""
    return boto3.client("glue", config=_CONFIG)


@cache
def api_dependencies() -> ApiDependencies:
    """Return the dependencies of the API.

    Raises:
        BackendUnavailable: no AWS client can be created, because the environment has no region, for example.
    """
    with client_errors():
        s3, client = boto3.client("s3", config=_API_CONFIG), boto3.client("athena", config=_API_CONFIG)
    manifest = ManifestCache(Lake(s3, settings().raw_bucket, settings().refined_bucket))
    athena = Athena(client, s3, settings().workgroup, settings().database)
    return ApiDependencies(manifest, athena, ResponseCache(), settings().table)


def forget() -> None:
    """Forget the settings and the clients, after a change of the environment."""
    for cached in (settings, lake, glue, api_dependencies):
        cached.cache_clear()
