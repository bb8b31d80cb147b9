"""Stacks in states that moto's CloudFormation never comes to. Botocore checks each request and each answer by AWS's
own description of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from infra.errors import StepFailed
from infra.stage import stacks
from infra.stage.stacks import Stacks

NAME = "b3-dataflow-main-dev"
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def cloudformation() -> Iterator[Stubber]:
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def is_in(stubber: Stubber, *states: str, parameters: list[Any] | None = None) -> None:
    """What the next looks at the stack find; an empty state is no stack."""
    for state in states:
        if not state:
            message = f"Stack with id {NAME} does not exist"
            stubber.add_client_error("describe_stacks", "ValidationError", message)
            continue
        stack = {"StackName": NAME, "CreationTime": NOW, "StackStatus": state, "Parameters": parameters or []}
        stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": NAME})


def failed(stubber: Stubber, beginning: str, *events: tuple[str, str, str]) -> None:
    """The events of a change, newest last; before it, a change that failed for another reason."""
    told = [
        ("Old", "CREATE_FAILED", "the reason of another day"),
        (NAME, beginning, "User Initiated"),
        *events,
    ]
    described = [
        {
            "StackId": "s",
            "EventId": f"{number}",
            "StackName": NAME,
            "LogicalResourceId": resource,
            "ResourceType": "AWS::CloudFormation::Stack" if resource == NAME else "AWS::S3::Bucket",
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "Timestamp": NOW,
        }
        for number, (resource, status, reason) in enumerate(told)
    ]
    stubber.add_response("describe_stack_events", {"StackEvents": described[::-1]}, {"StackName": NAME})


def creates(stubber: Stubber) -> None:
    stubber.add_response(
        "create_stack",
        {"StackId": "s"},
        {
            "StackName": NAME,
            "TemplateBody": "T",
            "Parameters": [{"ParameterKey": "Stage", "ParameterValue": "dev"}],
            "Tags": [{"Key": "b3-dataflow", "Value": "dev"}],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        },
    )


def apply(stubber: Stubber, paused: list[float] | None = None, kept: tuple[str, ...] = ()) -> str:
    made = Stacks(stubber.client, (paused if paused is not None else []).append)
    return made.apply(NAME, "T", {"Stage": "dev"}, {"b3-dataflow": "dev"}, kept)


def test_a_stack_that_takes_its_time_is_waited_for(cloudformation: Stubber):
    is_in(cloudformation, "")
    creates(cloudformation)
    is_in(cloudformation, "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    paused: list[float] = []

    assert apply(cloudformation, paused) == "created"
    assert paused == [stacks.PAUSE] * 2


def test_what_another_deploy_has_under_way_is_waited_for(cloudformation: Stubber):
    is_in(cloudformation, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
    cloudformation.add_client_error("update_stack", "ValidationError", "No updates are to be performed.")

    assert apply(cloudformation) == "unchanged"


@pytest.mark.parametrize("state", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_stack_that_never_was_whole_is_made_anew(state: str, cloudformation: Stubber):
    is_in(cloudformation, state, state)
    cloudformation.add_response("delete_stack", {}, {"StackName": NAME})
    is_in(cloudformation, "DELETE_IN_PROGRESS", "")
    creates(cloudformation)
    is_in(cloudformation, "CREATE_COMPLETE")

    assert apply(cloudformation) == "created"


def test_the_first_resource_that_failed_is_named(cloudformation: Stubber):
    is_in(cloudformation, "")
    creates(cloudformation)
    is_in(cloudformation, "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE")
    failed(
        cloudformation,
        "CREATE_IN_PROGRESS",
        ("Layer", "CREATE_FAILED", "the zip is\ntoo large"),
        ("Job", "CREATE_FAILED", "Resource creation cancelled"),
        (NAME, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Layer, Job]"),
    )

    with pytest.raises(StepFailed) as raised:
        apply(cloudformation)

    assert str(raised.value) == (
        f"the stack {NAME} is ROLLBACK_COMPLETE: Layer (AWS::S3::Bucket) CREATE_FAILED: the zip is too large"
    )


def test_an_update_that_was_rolled_back_failed(cloudformation: Stubber):
    is_in(cloudformation, "UPDATE_ROLLBACK_COMPLETE")
    cloudformation.add_response("update_stack", {"StackId": "s"})
    is_in(cloudformation, "UPDATE_ROLLBACK_COMPLETE")
    failed(cloudformation, "UPDATE_IN_PROGRESS", ("Job", "UPDATE_FAILED", "no such worker type"))

    with pytest.raises(StepFailed, match=r"UPDATE_ROLLBACK_COMPLETE: Job .* UPDATE_FAILED: no such worker type$"):
        apply(cloudformation)


def test_a_stack_that_only_an_operator_can_bring_back(cloudformation: Stubber):
    is_in(cloudformation, "UPDATE_ROLLBACK_FAILED")

    with pytest.raises(StepFailed, match="aws cloudformation continue-update-rollback --stack-name b3-dataflow-main"):
        apply(cloudformation)


def test_what_is_kept_is_said_to_be_kept(cloudformation: Stubber):
    is_in(cloudformation, "CREATE_COMPLETE", parameters=[{"ParameterKey": "AlarmEmail", "ParameterValue": "a@b.org"}])
    expected = {
        "StackName": NAME,
        "TemplateBody": ANY,
        "Parameters": [
            {"ParameterKey": "Stage", "ParameterValue": "dev"},
            {"ParameterKey": "AlarmEmail", "UsePreviousValue": True},
        ],
        "Tags": ANY,
        "Capabilities": ANY,
    }
    cloudformation.add_response("update_stack", {"StackId": "s"}, expected)
    is_in(cloudformation, "UPDATE_COMPLETE")

    # The stack does not know the other: it came with a later version of the template.
    assert apply(cloudformation, kept=("AlarmEmail", "Crawler")) == "updated"


def test_a_stack_that_cannot_be_deleted_says_why(cloudformation: Stubber):
    is_in(cloudformation, "CREATE_COMPLETE")
    cloudformation.add_response("delete_stack", {}, {"StackName": NAME})
    is_in(cloudformation, "DELETE_FAILED")
    failed(cloudformation, "DELETE_IN_PROGRESS", ("AthenaBucket", "DELETE_FAILED", "The bucket is not empty"))

    with pytest.raises(StepFailed, match=r"is DELETE_FAILED: AthenaBucket .* The bucket is not empty$"):
        Stacks(cloudformation.client).delete(NAME)


def test_a_stack_that_is_gone_need_not_be_deleted(cloudformation: Stubber):
    is_in(cloudformation, "")

    assert Stacks(cloudformation.client).delete(NAME) is False


@pytest.mark.parametrize("kind", ["bootstrap", "data", "main"])
def test_a_template_is_small_enough_to_be_sent(kind: str):
    assert len(stacks.template(kind).encode()) <= 51_200
