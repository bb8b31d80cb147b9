"""Stacks in states that moto cannot produce. botocore's stubs validate each request and response."""

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


def add_states(stubber: Stubber, *states: str, parameters: list[Any] | None = None) -> None:
    """Add responses of DescribeStacks, one per state. An empty state is a stack that does not exist."""
    for state in states:
        if not state:
            message = f"Stack with id {NAME} does not exist"
            stubber.add_client_error("describe_stacks", "ValidationError", message)
            continue
        stack = {"StackName": NAME, "CreationTime": NOW, "StackStatus": state, "Parameters": parameters or []}
        stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": NAME})


def add_events(stubber: Stubber, first_status: str, *events: tuple[str, str, str]) -> None:
    """Add the events of a change, oldest first, after those of an earlier change that failed."""
    changes = [
        ("Old", "CREATE_FAILED", "an earlier reason"),
        (NAME, first_status, "User Initiated"),
        *events,
    ]
    entries = [
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
        for number, (resource, status, reason) in enumerate(changes)
    ]
    stubber.add_response("describe_stack_events", {"StackEvents": entries[::-1]}, {"StackName": NAME})


def add_create_stack(stubber: Stubber) -> None:
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


def apply(stubber: Stubber, pauses: list[float] | None = None, use_previous: tuple[str, ...] = ()) -> str:
    client = Stacks(stubber.client, (pauses if pauses is not None else []).append)
    return client.apply(NAME, "T", {"Stage": "dev"}, {"b3-dataflow": "dev"}, use_previous)


def test_apply_waits_for_the_creation(cloudformation: Stubber):
    add_states(cloudformation, "")
    add_create_stack(cloudformation)
    add_states(cloudformation, "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    pauses: list[float] = []

    assert apply(cloudformation, pauses) == "created"
    assert pauses == [stacks.PAUSE] * 2


def test_apply_waits_for_the_change_of_another_deploy(cloudformation: Stubber):
    add_states(cloudformation, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
    cloudformation.add_client_error("update_stack", "ValidationError", "No updates are to be performed.")

    assert apply(cloudformation) == "unchanged"


@pytest.mark.parametrize("state", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_stack_that_was_never_complete_is_created_again(state: str, cloudformation: Stubber):
    add_states(cloudformation, state, state)
    cloudformation.add_response("delete_stack", {}, {"StackName": NAME})
    add_states(cloudformation, "DELETE_IN_PROGRESS", "")
    add_create_stack(cloudformation)
    add_states(cloudformation, "CREATE_COMPLETE")

    assert apply(cloudformation) == "created"


def test_the_first_resource_that_failed_is_named(cloudformation: Stubber):
    add_states(cloudformation, "")
    add_create_stack(cloudformation)
    add_states(cloudformation, "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE")
    add_events(
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


def test_an_update_that_is_rolled_back_fails(cloudformation: Stubber):
    add_states(cloudformation, "UPDATE_ROLLBACK_COMPLETE")
    cloudformation.add_response("update_stack", {"StackId": "s"})
    add_states(cloudformation, "UPDATE_ROLLBACK_COMPLETE")
    add_events(cloudformation, "UPDATE_IN_PROGRESS", ("Job", "UPDATE_FAILED", "no such worker type"))

    with pytest.raises(StepFailed, match=r"UPDATE_ROLLBACK_COMPLETE: Job .* UPDATE_FAILED: no such worker type$"):
        apply(cloudformation)


def test_a_failed_rollback_needs_an_operator(cloudformation: Stubber):
    add_states(cloudformation, "UPDATE_ROLLBACK_FAILED")

    with pytest.raises(StepFailed, match="aws cloudformation continue-update-rollback --stack-name b3-dataflow-main"):
        apply(cloudformation)


def test_parameters_can_keep_their_previous_values(cloudformation: Stubber):
    add_states(
        cloudformation, "CREATE_COMPLETE", parameters=[{"ParameterKey": "AlarmEmail", "ParameterValue": "a@b.org"}]
    )
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
    add_states(cloudformation, "UPDATE_COMPLETE")

    # The stack has no parameter Crawler: a later version of the template added it.
    assert apply(cloudformation, use_previous=("AlarmEmail", "Crawler")) == "updated"


def test_a_failed_deletion_has_its_reason(cloudformation: Stubber):
    add_states(cloudformation, "CREATE_COMPLETE")
    cloudformation.add_response("delete_stack", {}, {"StackName": NAME})
    add_states(cloudformation, "DELETE_FAILED")
    add_events(cloudformation, "DELETE_IN_PROGRESS", ("AthenaBucket", "DELETE_FAILED", "The bucket is not empty"))

    with pytest.raises(StepFailed, match=r"is DELETE_FAILED: AthenaBucket .* The bucket is not empty$"):
        Stacks(cloudformation.client).delete(NAME)


def test_a_stack_that_does_not_exist_is_not_deleted(cloudformation: Stubber):
    add_states(cloudformation, "")

    assert Stacks(cloudformation.client).delete(NAME) is False


@pytest.mark.parametrize("kind", ["account", "bootstrap"])
def test_a_template_fits_into_a_request(kind: str):
    assert len(stacks.template(kind).encode()) <= 51_200


def test_a_template_in_s3_is_sent_as_its_url(cloudformation: Stubber):
    url = "https://b3-dataflow-artifacts-1-us-east-1-dev.s3.us-east-1.amazonaws.com/templates/main.yaml"
    add_states(cloudformation, "")
    expected = {"StackName": NAME, "TemplateURL": url, "Parameters": [], "Tags": [], "Capabilities": ANY}
    cloudformation.add_response("create_stack", {"StackId": "s"}, expected)
    add_states(cloudformation, "CREATE_COMPLETE")

    assert Stacks(cloudformation.client).apply(NAME, url, {}, {}) == "created"
