"""Chalice's deployed state, shared by all clones in the artifact bucket.

Chalice writes its state only after a successful deploy, and finds an API only by its state: after an interrupted
deploy, the next one would create a second API. `chalice deploy` in a stage's folder updates only the state in that
folder. Therefore `reconcile` compares the state with AWS before each use.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.lake.store import CONFLICTS
from infra.clients import Aws, error_code
from infra.errors import StateConflict
from infra.stage.names import APP, HANDLERS, StageTarget

Resource = dict[str, Any]

_FORMAT = {"schema_version": "2.0", "backend": "api"}

EMPTY = json.dumps({"resources": [], **_FORMAT})
"""State of a stage without resources."""


class State:
    """The state of one stage in the artifact bucket.

    Attributes:
        text: The state after the last `fetch` or `put`, None if it does not exist.
    """

    def __init__(self, aws: Aws, target: StageTarget, bucket: str) -> None:
        self._s3 = aws.s3
        self._target = target
        self._bucket = bucket
        self._etag: str | None = None
        self.text: str | None = None

    def fetch(self) -> str | None:
        """Read the state. Return None if it or the bucket does not exist."""
        try:
            response = self._s3.get_object(Bucket=self._bucket, Key=self._target.state_key)
        except ClientError as error:
            if error_code(error) not in ("NoSuchKey", "NoSuchBucket"):
                raise
            self.text, self._etag = None, None
        else:
            self.text, self._etag = response["Body"].read().decode(), response["ETag"]
        return self.text

    def put(self, text: str) -> None:
        """Replace the state. A random field gives each version its own ETag, also if Chalice changed nothing.

        Raises:
            StateConflict: the state in the bucket has changed since `fetch`.
        """
        body = json.dumps({**json.loads(text), "put": uuid.uuid4().hex}, indent=2)
        condition = {"IfNoneMatch": "*"} if self._etag is None else {"IfMatch": self._etag}
        try:
            response = self._s3.put_object(
                Bucket=self._bucket,
                Key=self._target.state_key,
                Body=body.encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            # NoSuchKey: the state was deleted after `fetch`.
            if error_code(error) not in CONFLICTS:
                raise
            raise StateConflict(
                f"another deploy of the stage {self._target.stage} ran at the same time and changed s3://{self._bucket}/"
                f"{self._target.state_key}; wait until it has ended, and repeat the command"
            ) from error
        self.text, self._etag = text, response["ETag"]


def reconcile(state: str | None, aws: Aws, target: StageTarget) -> str | None:
    """Return a state with the resources that exist in AWS, None if no resource exists.

    Args:
        state: Chalice's state, None if it does not exist.
    """
    recorded: list[Resource] = json.loads(state)["resources"] if state else []
    candidates = {each["name"]: each for each in [*_candidates(aws, target), *recorded]}
    existing = [resource for resource in candidates.values() if _exists(resource, aws)]
    if not any(resource["resource_type"] == "rest_api" for resource in existing):
        existing += find_apis(aws, target)[:1]
    if not existing:
        return None
    return json.dumps({"resources": existing, **_FORMAT}, indent=2) + "\n"


def rest_api(state: str) -> str:
    """Return the id of the API in a state."""
    (api,) = (each for each in json.loads(state)["resources"] if each["resource_type"] == "rest_api")
    return str(api["rest_api_id"])


def _candidates(aws: Aws, target: StageTarget) -> list[Resource]:
    """Return every resource that Chalice may have deployed. The API is not among them: AWS chooses its id."""
    candidates: list[Resource] = []
    for name in (*HANDLERS, *_former_handlers(aws, target)):
        arn = f"arn:aws:lambda:{aws.region}:{target.account}:function:{target.function(name)}"
        rule, bucket = target.rule(name), target.bucket("raw")
        candidates += [
            {"name": name, "resource_type": "lambda_function", "lambda_arn": arn},
            {"name": f"{name}-event", "resource_type": "cloudwatch_event", "rule_name": rule},
            {"name": f"{name}-s3event", "resource_type": "s3_event", "bucket": bucket, "lambda_arn": arn},
        ]
    return candidates


def _former_handlers(aws: Aws, target: StageTarget) -> list[str]:
    """Return the handlers that Chalice has deployed to the stage, but that this version of the app does not have."""
    prefix, tag = f"{target.name}-", f":stage={target.stage}:app={APP}"
    handlers = []
    for page in aws.functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            handler = function["FunctionName"].removeprefix(prefix)
            if function["FunctionName"] == f"{prefix}{handler}" and handler not in HANDLERS:
                tags = aws.functions.list_tags(Resource=function["FunctionArn"])["Tags"]
                # Another function of the account may have such a name. Chalice tags its own.
                if tags.get("aws-chalice", "").endswith(tag):
                    handlers.append(handler)
    return handlers


def _exists(resource: Resource, aws: Aws) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "lambda_function": lambda: bool(aws.functions.get_function_configuration(FunctionName=resource["lambda_arn"])),
        "rest_api": lambda: bool(aws.apigateway.get_rest_api(restApiId=resource["rest_api_id"])),
        "cloudwatch_event": lambda: bool(aws.events.describe_rule(Name=resource["rule_name"])),
        "s3_event": lambda: resource["lambda_arn"] in _notification_targets(aws.s3, resource["bucket"]),
    }
    check = checks.get(resource["resource_type"])
    if check is None:
        return True
    try:
        return check()
    except ClientError as error:
        if error_code(error) in ("ResourceNotFoundException", "NotFoundException", "404", "NoSuchBucket"):
            return False
        raise


def _notification_targets(s3: Any, bucket: str) -> list[str]:
    """Return the ARNs of the functions in a bucket's notification configuration."""
    response = s3.get_bucket_notification_configuration(Bucket=bucket)
    return [each["LambdaFunctionArn"] for each in response.get("LambdaFunctionConfigurations", [])]


def find_apis(aws: Aws, target: StageTarget) -> list[Resource]:
    """Return the APIs of a stage. All stages' APIs have the same name, so their functions are compared."""
    apis = []
    for page in aws.apigateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api["name"] == APP and _invokes(aws, api["id"], target.function("api_handler")):
                url = f"https://{api['id']}.execute-api.{aws.region}.amazonaws.com/{target.stage}/"
                apis.append(
                    {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api["id"], "rest_api_url": url}
                )
    return apis


def _invokes(aws: Aws, api: str, function: str) -> bool:
    pages = aws.apigateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    return any(
        f":function:{function}/" in method.get("methodIntegration", {}).get("uri", "")
        for page in pages
        for resource in page["items"]
        for method in resource.get("resourceMethods", {}).values()
    )
