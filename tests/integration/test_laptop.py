"""Two laptops in one process, one after the other."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
from moto.s3 import notifications

from local.laptop import Laptop


def test_a_second_laptop_starts_empty_and_the_process_is_restored(running: Laptop):
    before = dict(os.environ), notifications._invoke_awslambda
    with Laptop() as first:
        first.create_stack()
        assert notifications._invoke_awslambda == first.aws.events._receive

    with Laptop() as second:
        s3: Any = boto3.client("s3")
        glue: Any = boto3.client("glue")
        assert s3.list_buckets()["Buckets"] == []
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            glue.get_job(JobName="b3-etl-job")
        second.create_stack()

    assert (dict(os.environ), notifications._invoke_awslambda) == before
    assert second.aws.endpoint != running.aws.endpoint
