"""Where settings, AWS clients and the library meet. Nothing else creates the functions' clients of AWS."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from chalicelib.api.athena import Athena
from chalicelib.api.backends import making_clients
from chalicelib.api.cache import Answers, HeldManifest
from chalicelib.api.handlers import Services
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})

# API Gateway gives up after 29 seconds: a call that hangs must fail long before.
_SOON = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.from_environ(os.environ)


@cache
def lake() -> Lake:
    """The lake that the settings name."""
    return Lake(boto3.client("s3", config=_CONFIG), settings().raw_bucket, settings().refined_bucket)


@cache
def glue() -> GlueClient:
    """The client that starts the job."""
    return boto3.client("glue", config=_CONFIG)


@cache
def services() -> Services:
    """What the API answers from.

    Raises:
        BackendUnavailable: the environment has no region, for one.
    """
    with making_clients():
        s3, client = boto3.client("s3", config=_SOON), boto3.client("athena", config=_SOON)
    held = HeldManifest(Lake(s3, settings().raw_bucket, settings().refined_bucket))
    athena = Athena(client, s3, settings().workgroup, settings().database)
    return Services(held, athena, Answers(), settings().table)


def forget() -> None:
    """Forget all of the above, for a process whose environment has changed."""
    for made in (settings, lake, glue, services):
        made.cache_clear()
