"""What CloudFormation creates on AWS, created in the local AWS: buckets, database, job, workgroup, notification."""

from __future__ import annotations

from typing import Any

import boto3

from chalicelib import layout
from chalicelib.lake.manifest import JOB_TIMEOUT
from chalicelib.settings import Settings
from local import moto_state

START_REFINE_ARN = f"arn:aws:lambda:{moto_state.REGION}:{moto_state.ACCOUNT}:function:b3-dataflow-local-start_refine"

JOB_SCRIPT = "glue/b3_etl_job.py"


def create(settings: Settings) -> None:
    """Create the stack that the settings name. The environment says where AWS is."""
    s3: Any = boto3.client("s3")
    glue: Any = boto3.client("glue")
    athena: Any = boto3.client("athena")
    for bucket in (settings.raw_bucket, settings.refined_bucket, settings.athena_bucket):
        s3.create_bucket(Bucket=bucket)
    glue.create_database(DatabaseInput={"Name": settings.database})
    glue.create_job(
        Name=settings.job,
        Role=f"arn:aws:iam::{moto_state.ACCOUNT}:role/{settings.job}",
        Command={"Name": "glueetl", "ScriptLocation": JOB_SCRIPT, "PythonVersion": "3"},
        DefaultArguments={"--DATABASE": settings.database, "--TABLE": settings.table},
        ExecutionProperty={"MaxConcurrentRuns": 1},
        GlueVersion="6.0",
        NumberOfWorkers=2,
        WorkerType="G.1X",
        Timeout=int(JOB_TIMEOUT.total_seconds() // 60),
    )
    athena.create_work_group(
        Name=settings.workgroup,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {"OutputLocation": f"s3://{settings.athena_bucket}/{layout.RESULTS_PREFIX}"},
        },
    )
    s3.put_bucket_notification_configuration(
        Bucket=settings.raw_bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": START_REFINE_ARN,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {
                        "Key": {
                            "FilterRules": [
                                {"Name": "prefix", "Value": layout.RAW_PREFIX},
                                {"Name": "suffix", "Value": layout.RAW_SUFFIX},
                            ]
                        }
                    },
                }
            ]
        },
    )
