"""Access logs of API Gateway: a line of JSON for each request, in a log group of the stage's main stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.errors import StepFailed
from infra.stage.names import APP, StageTarget
from infra.stage.stacks import Stacks, template

STACK = f"{APP}-account"
"""Stack with the role of API Gateway, one for all stages of an account and a region."""

ATTEMPTS = 3
"""Attempts to create that stack: API Gateway may refuse a role that was created some seconds ago."""

_FIELDS = {
    "requestId": "requestId",
    "time": "requestTime",
    "ip": "identity.sourceIp",
    "method": "httpMethod",
    "path": "path",
    "status": "status",
    "error": "error.responseType",
    "latency": "responseLatency",
    "bytes": "responseLength",
    "apiKeyId": "identity.apiKeyId",
    "trace": "xrayTraceId",
}
"""Variable of API Gateway for each field of a line.

The key itself, the other headers and the query string are not among them, and the body is never.
"""

FORMAT = json.dumps({name: f"$context.{variable}" for name, variable in _FIELDS.items()})


def set_access_logs(client: Any, stacks: Stacks, api: str, target: StageTarget, outputs: Mapping[str, str]) -> str:
    """Turn the access logs of a stage on or off, as its main stack says. Return a text about them.

    The account needs a role for API Gateway. If it has none, the stack `STACK` creates it; a role that it has stays.

    Args:
        client: boto3 client of API Gateway.
        api: Id of the API.
        outputs: Outputs of the main stack.

    Raises:
        StepFailed: the stack with the role cannot be created.
    """
    stage = {"restApiId": api, "stageName": target.stage}
    if outputs["AccessLogs"] == "no":
        if client.get_stage(**stage).get("accessLogSettings"):
            client.update_stage(**stage, patchOperations=[{"op": "remove", "path": "/accessLogSettings"}])
        return "no access logs"
    if not client.get_account().get("cloudwatchRoleArn"):
        _create_role(stacks, stacks.parameters(target.stack("main")).get("PermissionsBoundary", ""))
    # API Gateway refuses the `:*` at the end of a group's ARN.
    settings = {"destinationArn": outputs["AccessLogArn"].removesuffix(":*"), "format": FORMAT}
    client.update_stage(
        **stage,
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()
        ],
    )
    return "access logs"


def _create_role(stacks: Stacks, boundary: str) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            stacks.apply(STACK, template("account"), {"PermissionsBoundary": boundary}, {APP: "account"})
        except StepFailed:
            if attempt == ATTEMPTS:
                raise
        else:
            return
