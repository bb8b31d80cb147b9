"""CloudFormation stacks: brought to what a template says, or deleted, from whatever state they are in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from common.paths import TEMPLATES
from infra.clients import code, one_line
from infra.errors import StepFailed

PAUSE, DEADLINE = 5.0, 1800.0
"""Seconds between two looks at a stack that changes, and until that is given up."""

_DEAD = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"}
"""States in which a stack was never whole, or no longer is: it can only be deleted."""

_WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}


class Stacks:
    """The stacks of one account and region.

    Args:
        client: CloudFormation's.
        sleep: how to pause; replaced in tests.
    """

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def describe(self, name: str) -> dict[str, Any] | None:
        """A stack as CloudFormation describes it, None if there is none."""
        try:
            (stack,) = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else dict(stack)

    def outputs(self, name: str) -> dict[str, str]:
        """The outputs of a stack, none if there is no such stack."""
        stack = self.describe(name) or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def parameters(self, name: str) -> dict[str, str]:
        """The parameters that a stack was made with, none if there is no such stack."""
        return _given(self.describe(name))

    def apply(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        kept: Iterable[str] = (),
    ) -> str:
        """Create the stack, or update it to the template. What another deploy has under way is waited for.

        Args:
            kept: parameters that stay as they are in a stack that is there.

        Returns:
            What came of it: created, updated or unchanged.

        Raises:
            StepFailed: it did not come to be; names the first resource that failed, and why.
        """
        stack = self._settled(name)
        if stack is not None and stack["StackStatus"] in _DEAD:
            self.delete(name)
            stack = None
        if stack is not None and stack["StackStatus"] not in _WHOLE:
            raise StepFailed(
                f"the stack {name} is {stack['StackStatus']}: let CloudFormation bring it back first, by `aws "
                f"cloudformation continue-update-rollback --stack-name {name}`, then repeat the command"
            )
        request = {
            "StackName": name,
            "TemplateBody": template,
            "Parameters": [
                *({"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()),
                *({"ParameterKey": key, "UsePreviousValue": True} for key in kept if key in _given(stack)),
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
        after = self._settled(name)
        wanted = "CREATE_COMPLETE" if stack is None else "UPDATE_COMPLETE"
        if after is None or after["StackStatus"] != wanted:
            status = "gone" if after is None else after["StackStatus"]
            raise StepFailed(f"the stack {name} is {status}: {self._reason(name)}")
        return "created" if stack is None else "updated"

    def delete(self, name: str) -> bool:
        """Delete a stack, and wait until it is gone.

        Returns:
            Whether there was one.

        Raises:
            StepFailed: it could not be deleted; names the first resource that failed, and why.
        """
        stack = self._settled(name)
        if stack is None:
            return False
        self._client.delete_stack(StackName=name)
        after = self._settled(name)
        if after is not None:
            raise StepFailed(f"the stack {name} is {after['StackStatus']}: {self._reason(name)}")
        return True

    def _settled(self, name: str) -> dict[str, Any] | None:
        """The stack once nothing changes it any more. Nothing ever changes one that is only being reviewed."""
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
        """The first resource that failed in what was done last, and why."""
        failed = "CloudFormation does not say why"
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=name):
            for event in page["StackEvents"]:
                status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
                if event["LogicalResourceId"] == name and status in _BEGINNINGS:
                    return failed
                if status.endswith("_FAILED") and "cancelled" not in reason:
                    failed = one_line(f"{event['LogicalResourceId']} ({event['ResourceType']}) {status}: {reason}")
        return failed


def _given(stack: dict[str, Any] | None) -> dict[str, str]:
    """The parameters of a stack."""
    return {given["ParameterKey"]: given["ParameterValue"] for given in (stack or {}).get("Parameters", [])}


_BEGINNINGS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}
"""What CloudFormation says of a stack first. Events come newest first, so that this ends those of one change."""


def template(kind: str) -> str:
    """The template of a stack."""
    return (TEMPLATES / f"{kind}.yaml").read_text(encoding="utf-8")
