"""Create the AWS clients of the Lambda functions from the settings. Only the source `csv` creates its own.

boto3 takes two thirds of the import time of the app. It is imported with the first client, because `/`, `/docs` and
`/openapi.json` need none.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib import layout
from chalicelib.api.athena import Athena
from chalicelib.api.backends import raising_backend_unavailable
from chalicelib.api.cache import ManifestCache, ResponseCache
from chalicelib.api.caveats import caveats
from chalicelib.api.columns import SHARE_UNITS, UNITS
from chalicelib.api.handlers import ApiDependencies, Dataset
from chalicelib.api.stored import MarketYears
from chalicelib.api.tickers import TickersCache
from chalicelib.lake.runs import JobRuns
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings
from chalicelib.shares import SHARES_TABLE, SHARES_VERSION

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


def _config(connect_timeout: float, read_timeout: float, attempts: int) -> Config:
    """Return the configuration of a client. Times in seconds."""
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return Config(connect_timeout=connect_timeout, read_timeout=read_timeout, retries=retries)


def _event_config() -> Config:
    return _config(connect_timeout=2, read_timeout=10, attempts=3)


def _api_config() -> Config:
    # The timeout of API Gateway is 29 s: a call without response must fail well before.
    return _config(connect_timeout=1, read_timeout=3, attempts=2)


def _signing() -> Config:
    """Return the configuration of presigned addresses: signed with version 4, at the endpoint of the region.

    By default botocore signs them with version 2, which S3 refuses for buckets created since June 2020, and uses the
    global endpoint, which redirects to the region of a new bucket, so that the signature is not of the final host.
    """
    from botocore.config import Config

    return Config(signature_version="s3v4", s3={"addressing_style": "virtual"})


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_environ(os.environ)


@cache
def lake() -> Lake:
    """Return the lake of the settings."""
    import boto3

    return Lake(boto3.client("s3", config=_event_config()), settings().raw_bucket, settings().refined_bucket)


@cache
def market_lake() -> Lake:
    """Return the lake of the market: the same buckets, with the manifest of the table of shares."""
    return replace(lake(), manifest_key=layout.SHARES_MANIFEST_KEY)


@cache
def runs() -> JobRuns:
    """Return the runs of the job of the settings."""
    import boto3

    return JobRuns(boto3.client("glue", config=_event_config()), settings().job)


@cache
def market_runs() -> JobRuns:
    """Return the runs of the market's job."""
    return replace(runs(), job=settings().market_job, table_prefix=layout.SHARES_PREFIX)


@cache
def api_dependencies() -> ApiDependencies:
    """Return the dependencies of the API.

    Raises:
        BackendUnavailable: no AWS client can be created, because the environment has no region, for example.
    """
    import boto3

    with raising_backend_unavailable():
        s3 = boto3.client("s3", config=_api_config().merge(_signing()))
        client = boto3.client("athena", config=_api_config())
    lake = Lake(s3, settings().raw_bucket, settings().refined_bucket)
    athena = Athena(client, s3, settings().workgroup, settings().database)
    index = Dataset(settings().table, ManifestCache(lake), UNITS, caveats)
    market = _market(s3) if settings().market == "yes" else None
    return ApiDependencies(lake, athena, ResponseCache(), index, market)


def _market(s3: S3Client) -> Dataset:
    def glue() -> GlueClient:
        import boto3

        return boto3.client("glue", config=_api_config())

    bucket = settings().refined_bucket
    lake = Lake(s3, settings().raw_bucket, bucket, layout.SHARES_MANIFEST_KEY)
    stored = MarketYears(glue, bucket, settings().database, SHARES_TABLE)
    manifest = ManifestCache(lake, stored=stored, schema_version=SHARES_VERSION)
    # The figures of the index's caveats are about the index.
    return Dataset(SHARES_TABLE, manifest, SHARE_UNITS, lambda _: {}, TickersCache(SHARES_TABLE))


def clear_caches() -> None:
    """Clear the cached settings and clients, after a change of the environment."""
    for cached in (settings, lake, market_lake, runs, market_runs, api_dependencies):
        cached.cache_clear()
