"""How the laptop's stack differs from infra/templates: other values, and resources and properties that it omits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.settings import Settings

STACKS = ("data", "main", "market")
"""The templates that the laptop creates.

`bootstrap` is omitted, because it is for uploads, and the laptop uploads nothing. `market` is created whatever
`B3_MARKET` is, because its job costs nothing until `make market` starts it.
"""

STAGE = "local"

JOB_SCRIPT, MARKET_SCRIPT = "glue/b3_etl_job.py", "glue/b3_market_job.py"


@dataclass(frozen=True, slots=True)
class Difference:
    """A property that has another value on the laptop.

    Attributes:
        value: returns the laptop's value; None removes the property.
        reason: why the template's value does not fit the laptop.
        added: whether the laptop adds the property, which the template does not have.
    """

    value: Callable[[Settings], str | None]
    reason: str
    added: bool = False


_NAME = "the laptop has one stage and one account, so its names contain neither; a B3_ variable can change each"
_SCRIPT = "the local Glue runs the script of the checkout, without an upload"
_PACKAGES = "the job imports chalicelib from the checkout and all else from the laptop's Python"

DIFFERENCES: Mapping[tuple[str, ...], Difference] = {
    ("RawBucket", "BucketName"): Difference(lambda settings: settings.raw_bucket, _NAME),
    ("RefinedBucket", "BucketName"): Difference(lambda settings: settings.refined_bucket, _NAME),
    ("AthenaBucket", "BucketName"): Difference(lambda settings: settings.athena_bucket, _NAME),
    ("Workgroup", "Name"): Difference(lambda settings: settings.workgroup, _NAME),
    ("Database", "DatabaseInput", "Name"): Difference(lambda settings: settings.database, _NAME),
    ("Table", "TableInput", "Name"): Difference(lambda settings: settings.table, _NAME),
    ("Job", "Name"): Difference(lambda settings: settings.job, _NAME),
    ("Job", "Command", "ScriptLocation"): Difference(lambda _: JOB_SCRIPT, _SCRIPT),
    ("Job", "DefaultArguments", "--extra-py-files"): Difference(lambda _: None, _PACKAGES),
    ("Job", "DefaultArguments", "--additional-python-modules"): Difference(lambda _: None, _PACKAGES),
    ("Job", "DefaultArguments", "--python-modules-installer-option"): Difference(lambda _: None, _PACKAGES),
    ("Job", "DefaultArguments", "--LOG_FORMAT"): Difference(lambda _: None, "a person reads the laptop's output"),
    ("MarketJob", "Name"): Difference(lambda settings: settings.market_job, _NAME),
    ("MarketJob", "Command", "ScriptLocation"): Difference(lambda _: MARKET_SCRIPT, _SCRIPT),
    ("MarketJob", "DefaultArguments", "--MASTER"): Difference(
        lambda _: "local[*,4]",
        "Glue says where Spark runs. Here it has all cores, and a task four attempts, as on a cluster",
        added=True,
    ),
    ("MarketJob", "DefaultArguments", "--extra-py-files"): Difference(lambda _: None, _PACKAGES),
    ("MarketJob", "DefaultArguments", "--additional-python-modules"): Difference(lambda _: None, _PACKAGES),
    ("MarketJob", "DefaultArguments", "--python-modules-installer-option"): Difference(lambda _: None, _PACKAGES),
}
"""Properties with another value, by the logical id of the resource and the path of the property."""

_PERMISSIONS = "the local AWS checks no permissions, and listens on loopback only, over HTTP"
_NO_METRICS = "the laptop has no metrics, and its errors are on the terminal"
_UNUSED = "nothing on the laptop reads it"

OMITTED: Mapping[str, str] = {
    "AWS::Athena::WorkGroup.RecursiveDeleteOption": "CloudFormation alone reads it",
    "AWS::CloudWatch::Alarm": _NO_METRICS,
    "AWS::Events::Rule": _NO_METRICS,
    "AWS::Glue::Crawler": "optional, and only started by hand",
    "AWS::Glue::Trigger": "nothing on the laptop runs on a schedule: `make market` starts the job of the market",
    "AWS::IAM::Role": _PERMISSIONS,
    "AWS::Lambda::LayerVersion": "the functions run with the packages of the laptop's Python",
    "AWS::Logs::LogGroup": "functions and job print to the terminal",
    "AWS::S3::Bucket.BucketEncryption": _UNUSED,
    "AWS::S3::Bucket.LifecycleConfiguration": "nothing expires: objects last until Ctrl-C, or in the folder of LAKE=",
    "AWS::S3::Bucket.OwnershipControls": _PERMISSIONS,
    "AWS::S3::Bucket.PublicAccessBlockConfiguration": _PERMISSIONS,
    "AWS::S3::Bucket.Tags": _UNUSED,
    "AWS::SNS::Subscription": _NO_METRICS,
    "AWS::SNS::Topic": _NO_METRICS,
    "AWS::XRay::SamplingRule": "the laptop has no traces",
    "AWS::SNS::TopicPolicy": _NO_METRICS,
    "AWS::SQS::Queue": "the laptop prints an event whose last attempt failed",
    "AWS::SQS::QueuePolicy": _PERMISSIONS,
}
"""Resource types that the laptop does not create, and properties that it ignores, with the reason."""

OMITTED_STATEMENTS: Mapping[str, str] = {"TlsOnly": "the local AWS listens on loopback only, over HTTP"}
"""Statements of bucket policies that the laptop does not have, by Sid, with the reason. All others are applied."""
