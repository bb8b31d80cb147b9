"""Upload of the packages to the artifact bucket. Keys have digests, so an existing object is not sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.clients import error_code
from infra.packaging.packages import Packages


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The packages in the artifact bucket.

    Attributes:
        layer, job_script, market_script, job_library: Their keys.
        job_modules: URIs of the jobs' wheels.
        sent: Number of objects that were uploaded.
        total: Number of objects.
    """

    layer: str
    job_script: str
    market_script: str
    job_library: str
    job_modules: tuple[str, ...]
    sent: int
    total: int


def upload(s3: Any, bucket: str, packages: Packages) -> Artifacts:
    """Upload the objects that the bucket does not have.

    Args:
        s3: boto3 client of S3.
    """
    layer = f"layer/{packages.layer_digest}.zip"
    job = packages.job
    sources = (job.script, job.market_script, job.library)
    script, market_script, library = keys = [f"job/{job.digest}/{each.name}" for each in sources]
    wheels = {f"job/wheels/{wheel.name}": wheel for wheel in job.wheels}
    files = {layer: packages.layer, **dict(zip(keys, sources, strict=True)), **wheels}
    missing = [key for key in files if not _exists(s3, bucket, key)]
    for key in missing:
        s3.upload_file(str(files[key]), bucket, key)
    return Artifacts(
        layer,
        script,
        market_script,
        library,
        tuple(f"s3://{bucket}/{key}" for key in wheels),
        len(missing),
        len(files),
    )


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) == "404":
            return False
        raise
    return True
