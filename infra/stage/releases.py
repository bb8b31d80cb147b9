"""The versions that were deployed to a stage, newest first, in its artifact bucket.

The artifacts of the last `VERSIONS` are kept. A deploy deletes older ones, which the bucket's lifecycle then expires.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from chalicelib import __version__
from chalicelib.schema import SCHEMA_VERSION
from infra.clients import error_code, time_of
from infra.git import git
from infra.packaging.job import MARKET_SCRIPT
from infra.stage.names import StageTarget

VERSIONS = 5
"""The number of versions whose artifacts are kept."""

_GRACE = timedelta(days=1)
"""The age from which an artifact of no version is deleted: a deploy that runs now has not recorded its own yet."""

_PREFIXES = ("layer/", "job/")


class Version(msgspec.Struct, frozen=True):
    """A version of the project.

    Attributes:
        number: `chalicelib.__version__`.
        commit: Tag or commit as `git describe` names it, empty outside of a git repository.
        schema_version: Version of the table's columns.
    """

    number: str
    commit: str
    schema_version: int


class Release(msgspec.Struct, frozen=True):
    """A version that was deployed.

    Attributes:
        deployed_at: Time of AWS.
        artifacts: Keys of the layer, and of the jobs' scripts, library and wheels.
    """

    version: Version
    deployed_at: datetime
    artifacts: list[str]


def this_version(root: Path) -> Version:
    """Return the version of the code that runs.

    Args:
        root: Root of the checkout.
    """
    return Version(__version__, describe(root), SCHEMA_VERSION)


def describe(root: Path) -> str:
    """Return the tag or the commit of a checkout, with `-dirty` if files have changed; empty outside of git."""
    return git(root, "describe", "--tags", "--always", "--dirty") or ""


def read(s3: Any, target: StageTarget) -> list[Release]:
    """Return the latest versions of a stage, newest first; none if the stage or the record does not exist."""
    try:
        response = s3.get_object(Bucket=target.bucket("artifacts"), Key=_key(target))
    except ClientError as error:
        if error_code(error) not in ("NoSuchKey", "NoSuchBucket"):
            raise
        return []
    return msgspec.json.decode(response["Body"].read(), type=list[Release])


def record(s3: Any, target: StageTarget, parameters: Mapping[str, str], version: Version) -> None:
    """Record a version as the newest of a stage, and delete the artifacts of no recorded version.

    Args:
        s3: boto3 client of S3.
        parameters: Parameters of the main stack, which have the keys of the artifacts.
    """
    bucket = target.bucket("artifacts")
    now = time_of(s3.head_bucket(Bucket=bucket))
    keys = [parameters[name] for name in ("LayerKey", "JobScriptKey", "JobLibraryKey")]
    # Beside the other script: only the stack of the market has its key, and a stage may have none.
    keys.append(f"{parameters['JobScriptKey'].rpartition('/')[0]}/{MARKET_SCRIPT.name}")
    keys += [uri.removeprefix(f"s3://{bucket}/") for uri in parameters["JobModules"].split(",")]
    newest = Release(version, now, sorted(keys))
    # The same version again replaces its entry: five deploys of one version must not drop the others.
    others = [each for each in read(s3, target) if (each.version, each.artifacts) != (version, newest.artifacts)]
    releases = [newest, *others][:VERSIONS]
    s3.put_object(Bucket=bucket, Key=_key(target), Body=msgspec.json.format(msgspec.json.encode(releases), indent=1))
    _delete_others(s3, bucket, {key for each in releases for key in each.artifacts}, now - _GRACE)


def _delete_others(s3: Any, bucket: str, keys: set[str], before: datetime) -> None:
    """Delete the artifacts that have another key and are older."""
    for prefix in _PREFIXES:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                if entry["Key"] not in keys and entry["LastModified"] < before:
                    s3.delete_object(Bucket=bucket, Key=entry["Key"])


def _key(target: StageTarget) -> str:
    return f"releases/{target.stage}.json"
