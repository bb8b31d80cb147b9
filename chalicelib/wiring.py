"""Create the AWS clients of the Lambda functions from the settings. No other module creates them."""

from __future__ import annotations

import os
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from chalicelib.api.athena import Athena
from chalicelib.api.backends import raising_backend_unavailable
from chalicelib.api.cache import ManifestCache, ResponseCache
from chalicelib.api.handlers import ApiDependencies
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


def _client(service: str, connect_timeout: float, read_timeout: float, attempts: int) -> Any:
    """Create a client. Times in seconds."""
    # boto3 is two thirds of the import of the app, and pages and links need no client.
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    config = Config(connect_timeout=connect_timeout, read_timeout=read_timeout, retries=retries)
    return boto3.client(service, config=config)  # type: ignore[call-overload] # the name is not a literal


_event_client = partial(_client, connect_timeout=2, read_timeout=10, attempts=3)

# The timeout of API Gateway is 29 s: a call without response must fail well before.
_api_client = partial(_client, connect_timeout=1, read_timeout=3, attempts=2)


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_environ(os.environ)


@cache
def lake() -> Lake:
    """Return the lake of the settings."""
    return Lake(_event_client("s3"), settings().raw_bucket, settings().refined_bucket)


@cache
def glue() -> GlueClient:
    """Return the Glue client that starts the job."""
    client: GlueClient = _event_client("glue")
    return client


@cache
def api_dependencies() -> ApiDependencies:
    """Return the dependencies of the API.

    Raises:
        BackendUnavailable: no AWS client can be created, because the environment has no region, for example.
    """
    with raising_backend_unavailable():
        s3, client = _api_client("s3"), _api_client("athena")
    manifest = ManifestCache(Lake(s3, settings().raw_bucket, settings().refined_bucket))
    athena = Athena(client, s3, settings().workgroup, settings().database)
    return ApiDependencies(manifest, athena, ResponseCache(), settings().table)


def forget() -> None:
    """Forget the settings and the clients, after a change of the environment."""
    for cached in (settings, lake, glue, api_dependencies):
        cached.cache_clear()
