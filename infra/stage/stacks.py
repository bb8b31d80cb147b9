"""Create, update and delete CloudFormation stacks, from any state."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from common.paths import TEMPLATES
from infra.clients import error_code, one_line
from infra.errors import StepFailed
from infra.stage.names import StageTarget

PAUSE, DEADLINE = 5.0, 1800.0
"""Seconds between two polls of a stack that changes, and the maximum wait."""

_BROKEN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"}
"""States of a stack that can only be deleted: its creation or its deletion failed."""

_STABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}

_STARTS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}
"""Status of the stack in the first event of a change."""


class Stacks:
    """Stacks of one account and region.

    Args:
        client: boto3 client of CloudFormation.
        sleep: Pauses for some seconds; tests replace it.
    """

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def describe(self, name: str) -> dict[str, Any] | None:
        """Return CloudFormation's description of a stack, None if it does not exist."""
        try:
            (stack,) = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else dict(stack)

    def outputs(self, name: str) -> dict[str, str]:
        """Return the outputs of a stack, none if it does not exist."""
        stack = self.describe(name) or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def parameters(self, name: str) -> dict[str, str]:
        """Return the parameters of a stack, none if it does not exist."""
        return _parameters(self.describe(name))

    def apply(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        use_previous: Iterable[str] = (),
    ) -> str:
        """Create a stack, or update it. If another deploy is changing it, wait for the end of that change first.

        Args:
            template: Its text, up to 51,200 bytes, or its URL in S3, up to 1 MB.
            use_previous: Names of parameters that keep their previous values in an update.

        Returns:
            `created`, `updated` or `unchanged`.

        Raises:
            StepFailed: the change failed; the message names the first resource that failed, and the reason.
        """
        stack = self._wait(name)
        if stack is not None and stack["StackStatus"] in _BROKEN:
            self.delete(name)
            stack = None
        if stack is not None and stack["StackStatus"] not in _STABLE:
            raise StepFailed(
                f"the stack {name} is {stack['StackStatus']}: finish its rollback first: `aws "
                f"cloudformation continue-update-rollback --stack-name {name}`. Then repeat the command"
            )
        request = {
            "StackName": name,
            "TemplateURL" if template.startswith("https://") else "TemplateBody": template,
            "Parameters": [
                *({"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()),
                *({"ParameterKey": key, "UsePreviousValue": True} for key in use_previous if key in _parameters(stack)),
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        if stack is None:
            self._client.create_stack(**request)
        else:
            try:
                self._client.update_stack(**request)
            except ClientError as error:
                if "No updates are to be performed" in str(error):
                    return "unchanged"
                raise
        after = self._wait(name)
        expected = "CREATE_COMPLETE" if stack is None else "UPDATE_COMPLETE"
        if after is None or after["StackStatus"] != expected:
            status = "deleted" if after is None else after["StackStatus"]
            raise StepFailed(f"the stack {name} is {status}: {self._reason(name)}")
        return "created" if stack is None else "updated"

    def delete(self, name: str) -> bool:
        """Delete a stack, and wait for the end of the deletion.

        Returns:
            Whether the stack existed.

        Raises:
            StepFailed: the deletion failed; the message names the first resource that failed, and the reason.
        """
        stack = self._wait(name)
        if stack is None:
            return False
        self._client.delete_stack(StackName=name)
        after = self._wait(name)
        if after is not None:
            raise StepFailed(f"the stack {name} is {after['StackStatus']}: {self._reason(name)}")
        return True

    def _wait(self, name: str) -> dict[str, Any] | None:
        """Return the stack when no change is in progress. REVIEW_IN_PROGRESS is no change: it never ends by itself."""
        deadline = time.monotonic() + DEADLINE
        while True:
            stack = self.describe(name)
            status = stack["StackStatus"] if stack else ""
            if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
                return stack
            if time.monotonic() > deadline:
                raise StepFailed(f"the stack {name} is still {status} after {DEADLINE:.0f} s: repeat the command later")
            self._sleep(PAUSE)

    def _reason(self, name: str) -> str:
        """Return the first resource that failed in the last change, and the reason. Events are newest first."""
        reason = "CloudFormation gives no reason"
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=name):
            for event in page["StackEvents"]:
                status, text = event["ResourceStatus"], event.get("ResourceStatusReason", "")
                if event["LogicalResourceId"] == name and status in _STARTS:
                    return reason
                if status.endswith("_FAILED") and "cancelled" not in text:
                    reason = one_line(f"{event['LogicalResourceId']} ({event['ResourceType']}) {status}: {text}")
        return reason


def _parameters(stack: dict[str, Any] | None) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in (stack or {}).get("Parameters", [])}


def template(kind: str) -> str:
    """Return the text of a stack's template."""
    return (TEMPLATES / f"{kind}.yaml").read_text(encoding="utf-8")


def upload_template(s3: Any, kind: str, target: StageTarget) -> str:
    """Write the template of a stack into the artifact bucket unless it is there already, and return its URL.

    Args:
        s3: boto3 client of S3.
    """
    bucket, key, body = target.bucket("artifacts"), f"templates/{kind}.yaml", template(kind).encode()
    # The ETag of an object under SSE-S3 is the MD5 of its content.
    if _etag(s3, bucket, key) != f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"':
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    return f"https://{bucket}.s3.{target.region}.amazonaws.com/{key}"


def _etag(s3: Any, bucket: str, key: str) -> str | None:
    try:
        return str(s3.head_object(Bucket=bucket, Key=key)["ETag"])
    except ClientError as error:
        if error_code(error) != "404":
            raise
        return None
