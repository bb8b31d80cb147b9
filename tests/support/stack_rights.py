"""Permissions that CloudFormation uses for the resources of the stacks, from the schemas of their types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local.moto_state import ACCOUNT, REGION
from tests.support.deployer import arn_of
from tests.support.rights import Right
from tests.support.template import Stack

NOT_CALLED: Mapping[str, str] = {
    r"kms:.*|logs:(Disa|A)ssociateKmsKey": "nothing has a KMS key",
    r"s3tables:.*|s3:.*MetadataTable.*|s3:UpdateBucketMetadata.*": "no bucket has a metadata table",
    r"s3:(Put|DeleteBucket)(Bucket)?(Abac|Acl|Accelerate|Analytics|Cors|CORS|IntelligentTiering|Inventory|Logging"
    r"|Metrics|ObjectLock|Replication|Website)(Configuration)?": "no bucket has these",
    r"s3:(PutBucketNotification|PutObjectAcl|DeleteObject)": "no bucket has a notification or a log in its template",
    r"s3:DeleteBucket(Encryption|Lifecycle)|s3:REST.*": "no actions of IAM: the Put action covers them",
    r"firehose:.*|logs:(Put|Create|Delete)(DataProtectionPolicy|IndexPolicy|ResourcePolicy|LogDelivery"
    r"|BearerTokenAuthentication|LogGroupDeletionProtection)|logs:GetDataProtectionPolicy": "no log group has these",
    r"glue:(.*Connection|GetSchemaVersion)": "the database is not federated, and the table has no schema registry",
    r"lakeformation:(CreateTable|GetDataAccess)": "only where Lake Formation governs the catalog (docs/operations.md)",
    r"iam:CreateServiceLinkedRole": "the workgroup has no Spark engine",
    r"sns:(PutDataProtectionPolicy|SetSubscriptionAttributes)": "the topic and its subscription have none",
}
"""Permissions in CloudFormation's resource types for properties that the templates do not use, with the reason."""

_NOT_CALLED_BY_TYPE: Mapping[str, str] = {
    "AWS::Glue::Table": r"s3:(Get|Put)Object|glue:UpdateDatabase",
    "AWS::SNS::Subscription": r"iam:GetRole",
    "AWS::SNS::Topic": r"iam:GetRole",
}
"""The same for one type: an Iceberg table, a subscription of Firehose, the delivery logs of a topic."""

_FOR_MANAGED_POLICIES = {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}

_WITH_ROLE = {"AWS::ApiGateway::Account": "CloudWatchRoleArn", "AWS::Glue::Job": "Role"}
"""The property with the role that a resource has."""

_WITHOUT_RESOURCE = {
    *("cloudwatch:DescribeAlarms", "logs:DescribeIndexPolicies", "logs:DescribeLogGroups"),
    *("logs:DescribeResourcePolicies", "lakeformation:DescribeLakeFormationIdentityCenterConfiguration"),
    *("lakeformation:DescribeResource", "lakeformation:ListResources", "xray:GetSamplingRules"),
}


def stack_rights(stack: Stack, name: str, artifacts: str) -> Iterator[Right]:
    """Yield the permissions for all resources of a stack, from the schemas of their types.

    Args:
        name: Name of the stack.
        artifacts: Name of the artifact bucket.
    """
    for logical_id, resource in stack.resources.items():
        kind = resource["Type"]
        for action in handler_permissions(kind):
            skipped = any(re.fullmatch(pattern, action) for pattern in NOT_CALLED)
            if skipped or re.fullmatch(_NOT_CALLED_BY_TYPE.get(kind, ""), action):
                continue
            if action in _FOR_MANAGED_POLICIES and "ManagedPolicyArns" not in resource["Properties"]:
                continue
            if action in _WITHOUT_RESOURCE:
                yield action, "*"
            elif action != "iam:PassRole" or kind in _WITH_ROLE:
                for arn in _arns(kind, logical_id, resource["Properties"], name, action, artifacts):
                    yield action, arn


def handler_permissions(kind: str) -> set[str]:
    """Return the permissions that CloudFormation uses to create, read, update and delete a resource of a type."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["handlers"]
    return {action for name, handler in handlers.items() if name != "list" for action in handler.get("permissions", ())}


def _arns(kind: str, logical_id: str, properties: Any, stack: str, action: str, artifacts: str) -> list[str]:
    """Return the ARNs that an action on a resource is checked against."""
    if action.startswith("iam:"):
        # CloudFormation ends the names that it makes with random characters.
        role = properties[_WITH_ROLE[kind]].rpartition("/")[2] if kind in _WITH_ROLE else logical_id
        return [f"arn:aws:iam::{ACCOUNT}:role/{stack}-{role}-1ABCDEF2GHIJ"]
    if action.startswith("s3:"):
        return [_s3_arn(kind, properties, action, artifacts)]
    if kind in ("AWS::Glue::Database", "AWS::Glue::Table"):
        database = properties.get("DatabaseName") or properties["DatabaseInput"]["Name"]
        arns = [arn_of("glue", "catalog"), arn_of("glue", f"database/{database}")]
        return [*arns, arn_of("glue", f"table/{database}/ibov_refined")] if kind.endswith("Table") else arns
    if kind == "AWS::Lambda::LayerVersion":
        layer = arn_of("lambda", f"layer:{properties['LayerName']}")
        return [layer if action == "lambda:PublishLayerVersion" else f"{layer}:1"]
    return [_ARNS[kind](properties)]


def _s3_arn(kind: str, properties: Any, action: str, artifacts: str) -> str:
    if kind == "AWS::Lambda::LayerVersion":
        return f"arn:aws:s3:::{artifacts}/{properties['Content']['S3Key']}"
    if kind != "AWS::Athena::WorkGroup":
        return f"arn:aws:s3:::{properties.get('BucketName') or properties['Bucket']}"
    location = properties["WorkGroupConfiguration"]["ResultConfiguration"]["OutputLocation"]
    bucket = location.removeprefix("s3://").partition("/")[0]
    on_objects = action in ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
    return f"arn:aws:s3:::{bucket}/results/1" if on_objects else f"arn:aws:s3:::{bucket}"


_ARNS: Mapping[str, Any] = {
    "AWS::ApiGateway::Account": lambda _: f"arn:aws:apigateway:{REGION}::/account",
    "AWS::Athena::WorkGroup": lambda properties: arn_of("athena", f"workgroup/{properties['Name']}"),
    "AWS::CloudWatch::Alarm": lambda properties: arn_of("cloudwatch", f"alarm:{properties['AlarmName']}"),
    "AWS::Events::Rule": lambda properties: arn_of("events", f"rule/{properties['Name']}"),
    "AWS::Glue::Job": lambda properties: arn_of("glue", f"job/{properties['Name']}"),
    "AWS::Glue::Trigger": lambda properties: arn_of("glue", f"trigger/{properties['Name']}"),
    "AWS::Logs::LogGroup": lambda properties: arn_of("logs", f"log-group:{properties['LogGroupName']}:*"),
    "AWS::SNS::Subscription": lambda properties: f"{properties['TopicArn']}:1",
    "AWS::SNS::Topic": lambda properties: arn_of("sns", properties["TopicName"]),
    "AWS::SNS::TopicPolicy": lambda properties: properties["Topics"][0],
    "AWS::SQS::Queue": lambda properties: arn_of("sqs", properties["QueueName"]),
    "AWS::SQS::QueuePolicy": lambda properties: arn_of("sqs", properties["Queues"][0].rpartition("/")[2]),
    "AWS::XRay::SamplingRule": lambda properties: arn_of(
        "xray", f"sampling-rule/{properties['SamplingRule']['RuleName']}"
    ),
}
