"""What has to be so before anything is changed. Each that is not is one line, which says what to do."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.clients import Aws, code, explained, no_right
from infra.errors import Refused
from infra.stage.names import APP, BUCKETS, Place
from infra.stage.stacks import Stacks

_STACK_OF = {"artifacts": "bootstrap", "raw": "data", "refined": "data", "athena": "main"}
"""The stack that makes each bucket."""


def _region(asked: str | None) -> str:
    """The region to deploy to: what was asked for, or what the environment or the profile says.

    Raises:
        Refused: there is none, or AWS has no such region with Glue in it.
    """
    try:
        session = boto3.session.Session()
    except BotoCoreError as error:
        raise explained(error) from error
    allowed = sorted(session.get_available_regions("glue"))
    name = asked or session.region_name
    if name not in allowed:
        said = f"REGION is {name!r}" if name else "no region: give REGION=, or set AWS_DEFAULT_REGION"
        raise Refused(f"{said}; allowed: {', '.join(allowed)}")
    return name


def destination(asked: str | None, stage: str) -> tuple[Aws, Place]:
    """The clients of the region to go to, and where the credentials lead to in it.

    Args:
        asked: the region that was asked for.

    Raises:
        Refused: there is no such region, or the stage is in another.
    """
    aws = Aws(_region(asked))
    at = Place(stage, aws.sts.get_caller_identity()["Account"], aws.region)
    _elsewhere(aws, at)
    return aws, at


def _elsewhere(aws: Aws, at: Place) -> None:
    """The stage is in no other region, nor is data that it left there: two would be two, one of them forgotten.

    Raises:
        Refused: there is one.
    """
    names = [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]]
    for role in BUCKETS:
        begin, end = f"{APP}-{role}-{at.account}-", f"-{at.stage}"
        for name in names:
            if name.startswith(begin) and name.endswith(end) and name != at.bucket(role):
                other = name.removeprefix(begin).removesuffix(end)
                raise Refused(
                    f"the stage {at.stage} is in {other} already, not in {at.region}: give REGION={other}, or remove "
                    f"it there first, by `make destroy STAGE={at.stage} REGION={other}`, with DATA=delete if {name} is "
                    "not to stay"
                )


def buckets(aws: Aws, at: Place, stacks: Stacks) -> None:
    """The names of the buckets are free, or the buckets are those of our stacks.

    Raises:
        Refused: one is somebody else's, or of no stack.
    """
    for role, kind in _STACK_OF.items():
        name = at.bucket(role)
        try:
            aws.s3.head_bucket(Bucket=name)
        except ClientError as error:
            if code(error) == "404":
                continue
            if code(error) in ("403", "301"):
                raise Refused(
                    f"the bucket {name} is taken: it is somebody else's, or {no_right('s3:ListBucket')}"
                ) from error
            raise
        if stacks.describe(at.stack(kind)) is None:
            raise Refused(
                f"the bucket {name} is there, but not the stack {at.stack(kind)}, which would make it: delete the "
                "bucket, or import it into a stack of that name"
            )
