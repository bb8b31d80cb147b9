"""The local AWS's resources, created from infra/templates, and the S3 notification, created from the Chalice app."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ParamValidationError
from chalice.app import Chalice, S3EventConfig

from chalicelib.settings import Settings
from common import templates
from common.paths import TEMPLATES
from common.templates import Stack
from local import bucket_policies
from local.differences import DIFFERENCES, OMITTED, OMITTED_STATEMENTS, STACKS, STAGE
from local.errors import LocalError
from local.moto_state import ACCOUNT, REGION


def create(settings: Settings, app: Chalice, folder: Path = TEMPLATES) -> None:
    """Create the resources of the templates and the app's S3 notifications in an empty local AWS.

    boto3 reads the endpoint of the local AWS from the environment.

    Args:
        settings: the names of the resources.
        app: its S3 event handlers are notified.
        folder: the folder of the templates.

    Raises:
        LocalError: a template has a resource type or a property that the laptop neither creates nor omits.
    """
    clients: dict[str, Any] = {service: boto3.client(service) for service in ("s3", "glue", "athena")}
    # AWS has this database too. Clients use it unless they name another.
    clients["glue"].create_database(DatabaseInput={"Name": "default"})
    outputs: dict[str, str] = {}
    for name in STACKS:
        stack = resolve(folder / f"{name}.yaml", settings, outputs)
        outputs |= stack.outputs
        for type_, create_resource in CREATED.items():
            for logical_id, properties in stack.of(type_).items():
                try:
                    create_resource(clients, properties)
                except ParamValidationError as error:
                    reason = " ".join(str(error).split())
                    raise LocalError(f"the laptop cannot create {logical_id} of {name}.yaml: {reason}") from error
    _notify(clients["s3"], app)


def resolve(path: Path, settings: Settings, outputs: Mapping[str, str]) -> Stack:
    """Return the resources of a template that the laptop creates, with the laptop's values.

    Args:
        path: the template.
        settings: the names of the resources.
        outputs: of the stacks before; those that the template has parameters for become their values.

    Raises:
        LocalError: the template has a resource type that the laptop neither creates nor omits.
        KeyError: the template does not have a property of `DIFFERENCES`.
    """
    template = templates.load(path)
    resources = template["Resources"]
    unknown = {each["Type"] for each in resources.values()} - CREATED.keys() - OMITTED.keys()
    if unknown:
        raise LocalError(
            f"{path.name} has resources of type {', '.join(sorted(unknown))}; allowed: the types of CREATED in "
            "local/stack.py and of OMITTED in local/differences.py"
        )
    for (logical_id, *parents, name), difference in DIFFERENCES.items():
        if logical_id in resources:
            properties = resources[logical_id]["Properties"]
            for parent in parents:
                properties = properties[parent]
            # A property that the template no longer has is an error, also where it would get a value.
            if not difference.added:
                del properties[name]
            if (value := difference.value(settings)) is not None:
                properties[name] = value
    for each in resources.values():
        properties = each.get("Properties", {})
        for name in [name for name in properties if f"{each['Type']}.{name}" in OMITTED]:
            del properties[name]
    known = {name: value for name, value in outputs.items() if name in template["Parameters"]}
    return templates.resolve(template, {"Stage": STAGE, **known}, ACCOUNT, REGION, CREATED)


def function_arn(handler: str) -> str:
    """Return the ARN of the Lambda function of a handler, named as Chalice names it."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:b3-dataflow-{STAGE}-{handler}"


def _create_bucket(clients: Mapping[str, Any], properties: dict[str, Any]) -> None:
    s3, bucket = clients["s3"], properties.pop("BucketName")
    s3.create_bucket(Bucket=bucket)
    if properties:
        s3.put_bucket_versioning(Bucket=bucket, **properties)


def _create_bucket_policy(clients: Mapping[str, Any], properties: dict[str, Any]) -> None:
    document = properties["PolicyDocument"]
    statements = [each for each in document["Statement"] if each["Sid"] not in OMITTED_STATEMENTS]
    for statement in statements:
        if not bucket_policies.is_applied(statement):
            raise LocalError(
                f"the policy of {properties['Bucket']} has the statement {statement['Sid']}; allowed: those that "
                "local/bucket_policies.py applies, and OMITTED_STATEMENTS in local/differences.py"
            )
    if statements:
        policy = json.dumps({**document, "Statement": statements})
        clients["s3"].put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)


def _create_workgroup(clients: Mapping[str, Any], properties: dict[str, Any]) -> None:
    configuration = properties.pop("WorkGroupConfiguration")
    clients["athena"].create_work_group(Configuration=configuration, **properties)


CREATED: Mapping[str, Callable[[Mapping[str, Any], dict[str, Any]], object]] = {
    "AWS::S3::Bucket": _create_bucket,
    "AWS::S3::BucketPolicy": _create_bucket_policy,
    "AWS::Athena::WorkGroup": _create_workgroup,
    "AWS::Glue::Database": lambda clients, properties: clients["glue"].create_database(**properties),
    "AWS::Glue::Table": lambda clients, properties: clients["glue"].create_table(**properties),
    "AWS::Glue::Job": lambda clients, properties: clients["glue"].create_job(**properties),
}
"""The resource types that the laptop creates, in the order in which it creates them."""


def _notify(s3: Any, app: Chalice) -> None:
    """Put the notification of each S3 event handler, as `chalice deploy` does."""
    for source in app.event_sources:
        if isinstance(source, S3EventConfig):
            rules = [{"Name": "prefix", "Value": source.prefix}, {"Name": "suffix", "Value": source.suffix}]
            notification = {
                "LambdaFunctionArn": function_arn(source.name),
                "Events": source.events,
                "Filter": {"Key": {"FilterRules": rules}},
            }
            s3.put_bucket_notification_configuration(
                Bucket=source.bucket,
                NotificationConfiguration={"LambdaFunctionConfigurations": [notification]},
            )
