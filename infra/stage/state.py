"""Chalice's record of what it deployed: kept in the artifact bucket, so that every clone deploys the same system.

Chalice writes its record only when a deploy has succeeded, and finds an API again by nothing else: after one that was
killed, the next would make a second API. And `chalice deploy` as somebody types it in a stage's folder writes the
record there alone. So what exists in AWS is looked up before each use of the record, which is made to say just that.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from infra.clients import Aws, code
from infra.errors import StateConflict
from infra.stage.names import APP, HANDLERS, Place

Resource = dict[str, Any]

_FORM = {"schema_version": "2.0", "backend": "api"}

NOTHING = json.dumps({"resources": [], **_FORM})
"""The record of a stage of which nothing is deployed."""


class State:
    """The record of one stage.

    Attributes:
        text: what it says, as it was fetched or last put; None if there is none.
    """

    def __init__(self, aws: Aws, place: Place, bucket: str) -> None:
        self._s3 = aws.s3
        self._place = place
        self._bucket = bucket
        self._tag: str | None = None
        self.text: str | None = None

    def fetch(self) -> str | None:
        """Read it from the bucket. None where there is no record, or no bucket."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=self._place.state_key)
        except ClientError as error:
            if code(error) not in ("NoSuchKey", "NoSuchBucket"):
                raise
            self.text, self._tag = None, None
        else:
            self.text, self._tag = found["Body"].read().decode(), found["ETag"]
        return self.text

    def put(self, text: str) -> None:
        """Replace what was fetched. What is stored is never the same twice, even where Chalice changed nothing of it.

        Raises:
            StateConflict: it is no longer what was fetched.
        """
        body = json.dumps({**json.loads(text), "put": uuid.uuid4().hex}, indent=2)
        condition = {"IfNoneMatch": "*"} if self._tag is None else {"IfMatch": self._tag}
        try:
            answer = self._s3.put_object(
                Bucket=self._bucket,
                Key=self._place.state_key,
                Body=body.encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            # 404: there was one, and there is none any more.
            if code(error) not in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                raise
            raise StateConflict(
                f"somebody else deployed the stage {self._place.stage} meanwhile: s3://{self._bucket}/"
                f"{self._place.state_key} is not as it was; see that nobody else does, and repeat the command"
            ) from error
        self.text, self._tag = text, answer["ETag"]


def as_found(recorded: str | None, aws: Aws, place: Place) -> str | None:
    """The record, made to say what exists. None if nothing does.

    Args:
        recorded: what it says, None if there is none.
    """
    said: list[Resource] = json.loads(recorded)["resources"] if recorded else []
    known = {resource["name"]: resource for resource in _expected(aws, place)} | {each["name"]: each for each in said}
    found = [resource for resource in known.values() if _exists(resource, aws)]
    if not any(resource["resource_type"] == "rest_api" for resource in found):
        found += apis(aws, place)[:1]
    if not found:
        return None
    return json.dumps({"resources": found, **_FORM}, indent=2) + "\n"


def rest_api(text: str) -> str:
    """The id of the API in a record."""
    (api,) = (each for each in json.loads(text)["resources"] if each["resource_type"] == "rest_api")
    return str(api["rest_api_id"])


def _expected(aws: Aws, place: Place) -> list[Resource]:
    """What may have been deployed, as Chalice would record it, but for the API, whose id AWS chooses."""
    expected: list[Resource] = []
    for name in (*HANDLERS, *_others(aws, place)):
        arn = f"arn:aws:lambda:{aws.region}:{place.account}:function:{place.function(name)}"
        rule, bucket = place.rule(name), place.bucket("raw")
        expected += [
            {"name": name, "resource_type": "lambda_function", "lambda_arn": arn},
            {"name": f"{name}-event", "resource_type": "cloudwatch_event", "rule_name": rule},
            {"name": f"{name}-s3event", "resource_type": "s3_event", "bucket": bucket, "lambda_arn": arn},
        ]
    return expected


def _others(aws: Aws, place: Place) -> list[str]:
    """The handlers that Chalice has deployed to the stage, and this version of the app does not have."""
    begin, mark = f"{place.name}-", f":stage={place.stage}:app={APP}"
    found = []
    for page in aws.functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            handler = function["FunctionName"].removeprefix(begin)
            if function["FunctionName"] == f"{begin}{handler}" and handler not in HANDLERS:
                tags = aws.functions.list_tags(Resource=function["FunctionArn"])["Tags"]
                # Somebody's own function may have such a name: Chalice tags what it deploys.
                if tags.get("aws-chalice", "").endswith(mark):
                    found.append(handler)
    return found


def _exists(resource: Resource, aws: Aws) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "lambda_function": lambda: bool(aws.functions.get_function_configuration(FunctionName=resource["lambda_arn"])),
        "rest_api": lambda: bool(aws.apigateway.get_rest_api(restApiId=resource["rest_api_id"])),
        "cloudwatch_event": lambda: bool(aws.events.describe_rule(Name=resource["rule_name"])),
        "s3_event": lambda: resource["lambda_arn"] in notified(aws.s3, resource["bucket"]),
    }
    check = checks.get(resource["resource_type"])
    if check is None:
        return True
    try:
        return check()
    except ClientError as error:
        if code(error) in ("ResourceNotFoundException", "NotFoundException", "404", "NoSuchBucket"):
            return False
        raise


def notified(s3: Any, bucket: str) -> list[str]:
    """The functions that a bucket tells of its objects."""
    said = s3.get_bucket_notification_configuration(Bucket=bucket)
    return [told["LambdaFunctionArn"] for told in said.get("LambdaFunctionConfigurations", [])]


def apis(aws: Aws, place: Place) -> list[Resource]:
    """The APIs that invoke the stage's function. Each stage's has the same name: the function tells them apart."""
    found = []
    for page in aws.apigateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api["name"] == APP and _invokes(aws, api["id"], place.function("api_handler")):
                url = f"https://{api['id']}.execute-api.{aws.region}.amazonaws.com/{place.stage}/"
                found.append(
                    {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api["id"], "rest_api_url": url}
                )
    return found


def _invokes(aws: Aws, api: str, function: str) -> bool:
    pages = aws.apigateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    return any(
        f":function:{function}/" in method.get("methodIntegration", {}).get("uri", "")
        for page in pages
        for resource in page["items"]
        for method in resource.get("resourceMethods", {}).values()
    )
