"""A job of the local Glue with a script of the test."""

from __future__ import annotations

from typing import Any

from local.glue_jobs import GlueJobs

SECONDS = 30.0
BUCKET = "b3-dataflow-athena"


def create(glue: Any, script: str, **more: Any) -> None:
    glue.create_job(
        Name="try",
        Role="arn:aws:iam::123456789012:role/x",
        Command={"Name": "glueetl", "ScriptLocation": script},
        **more,
    )


def stored(s3: Any, script: str) -> str:
    """Store a script in S3 and return its location."""
    s3.put_object(Bucket=BUCKET, Key="scripts/a b?#.py", Body=script.encode())
    return f"s3://{BUCKET}/scripts/a b?#.py"


def run(jobs: GlueJobs, **request: Any) -> Any:
    return jobs.wait(jobs.start({"JobName": "try"} | request), SECONDS)
