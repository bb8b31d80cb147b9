"""Checks before a command changes anything."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.lake.store import Lake
from infra.clients import Aws, error_code, explain, permission_text
from infra.errors import PreconditionError
from infra.stage import releases
from infra.stage.names import APP, BUCKETS, StageTarget, check_stage
from infra.stage.stacks import Stacks

_STACK_OF = {"artifacts": "bootstrap", "raw": "data", "refined": "data", "athena": "main"}
"""Stack of each bucket."""


def connect(region: str | None, stage: str) -> tuple[Aws, StageTarget]:
    """Return the clients of a region, and the target of a stage there.

    Args:
        region: None for the region of the environment or the profile.

    Raises:
        PreconditionError: the name of the stage is invalid, the region does not exist, or the stage is in another one.
    """
    check_stage(stage)
    aws = Aws(_resolve_region(region))
    target = StageTarget(stage, aws.sts.get_caller_identity()["Account"], aws.region)
    _check_other_regions(aws, target)
    return aws, target


def regions() -> list[str]:
    """Return the regions in which a stage can be: those with Glue."""
    return sorted(boto3.session.Session().get_available_regions("glue"))


def check_region(name: str) -> None:
    """Raise unless a stage can be in a region. Makes no call to AWS.

    Raises:
        PreconditionError: the region does not exist, or does not have Glue.
    """
    if name not in (allowed := regions()):
        raise PreconditionError(f"REGION is {name!r}; allowed: {', '.join(allowed)}")


def _resolve_region(region: str | None) -> str:
    try:
        session = boto3.session.Session()
    except BotoCoreError as error:
        raise explain(error) from error
    name = region or session.region_name
    if not name:
        raise PreconditionError(f"no region: set REGION= or AWS_DEFAULT_REGION; allowed: {', '.join(regions())}")
    check_region(name)
    return name


def _check_other_regions(aws: Aws, target: StageTarget) -> None:
    """Raise if the stage or its data exists in another region: its history would be split between the two.

    Raises:
        PreconditionError: a bucket of the stage is in another region.
    """
    names = [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]]
    for role in BUCKETS:
        prefix, suffix = f"{APP}-{role}-{target.account}-", f"-{target.stage}"
        for name in names:
            if name.startswith(prefix) and name.endswith(suffix) and name != target.bucket(role):
                other = name.removeprefix(prefix).removesuffix(suffix)
                raise PreconditionError(
                    f"the stage {target.stage} is in {other}, not in {target.region}: use REGION={other}. A stage has "
                    f"one region; to move it, delete it first: `make destroy STAGE={target.stage} REGION={other}`, "
                    f"with DATA=delete to delete {name} too"
                )


def check_schema(aws: Aws, target: StageTarget, subject: str, schema_version: int) -> None:
    """Raise if a version has an older table than the stage: its API would refuse the lake, and its job rewrite it.

    Args:
        subject: The version, at the start of the message.

    Raises:
        PreconditionError: it has.
    """
    newest = releases.read(aws.s3, target)[:1]
    numbers = {
        f"the deployed version {each.version.commit or each.version.number}": each.version.schema_version
        for each in newest
    }
    outputs = Stacks(aws.cloudformation).outputs(target.stack("data"))
    if outputs:
        manifest, _ = Lake(aws.s3, outputs["RawBucket"], outputs["RefinedBucket"]).manifest()
        if manifest is not None and manifest.contents is not None:
            numbers["the lake"] = manifest.contents.schema_version
    for thing, number in numbers.items():
        if schema_version < number:
            raise PreconditionError(
                f"{subject} has schema version {schema_version}, and {thing} of the stage {target.stage} has {number}; "
                f"allowed: a version with schema version {number} or newer"
            )


def check_buckets(aws: Aws, target: StageTarget, stacks: Stacks) -> None:
    """Raise unless each bucket is absent or belongs to a stack of the stage.

    Raises:
        PreconditionError: a bucket belongs to another account, or to no stack.
    """
    for role, kind in _STACK_OF.items():
        name = target.bucket(role)
        try:
            aws.s3.head_bucket(Bucket=name)
        except ClientError as error:
            if error_code(error) == "404":
                continue
            if error_code(error) in ("403", "301"):
                raise PreconditionError(
                    f"the bucket {name} exists in another account, or {permission_text('s3:ListBucket')}"
                ) from error
            raise
        if stacks.describe(target.stack(kind)) is None:
            raise PreconditionError(
                f"the bucket {name} exists without its stack {target.stack(kind)}: delete the bucket, or import it "
                "into a stack of that name"
            )
