"""API key of a stage, and the usage plan that connects it with the API."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from infra.stage.names import StageTarget
from infra.stage.throttling import BURST, RATE

DAILY = 10_000
"""The maximum number of requests a day with one key."""


def ensure_key(client: Any, api: str, target: StageTarget) -> str:
    """Create the usage plan and the key of a stage unless they exist. Return the key's id.

    Args:
        client: boto3 client of API Gateway.
        api: Id of the API.
    """
    plan = _plan(client, target.name)
    stage = {"apiId": api, "stage": target.stage}
    if plan is None:
        plan = client.create_usage_plan(
            name=target.name,
            apiStages=[stage],
            throttle={"rateLimit": RATE, "burstLimit": BURST},
            quota={"limit": DAILY, "period": "DAY"},
            tags=target.tags,
        )
    elif stage not in [{"apiId": each["apiId"], "stage": each["stage"]} for each in plan.get("apiStages", [])]:
        client.update_usage_plan(
            usagePlanId=plan["id"],
            patchOperations=[{"op": "add", "path": "/apiStages", "value": f"{api}:{target.stage}"}],
        )
    key = next((key for key in _keys(client, target.name) if key["enabled"]), None)
    if key is None:
        key = client.create_api_key(name=target.name, enabled=True, tags=target.tags)
    pages = client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan["id"])
    if key["id"] not in [member["id"] for page in pages for member in page["items"]]:
        client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    return str(key["id"])


def delete_keys(client: Any, target: StageTarget, apis: Collection[str]) -> int:
    """Delete the usage plan and the keys of a stage. Return their number.

    Remove its APIs from other usage plans too: an API in a usage plan cannot be deleted.

    Args:
        client: boto3 client of API Gateway.
        apis: Ids of the stage's APIs.
    """
    for plan in _plans(client):
        for stage in plan.get("apiStages", []):
            if stage["apiId"] in apis or plan["name"] == target.name:
                operation = {"op": "remove", "path": "/apiStages", "value": f"{stage['apiId']}:{stage['stage']}"}
                client.update_usage_plan(usagePlanId=plan["id"], patchOperations=[operation])
    plan_of_stage = _plan(client, target.name)
    if plan_of_stage is not None:
        client.delete_usage_plan(usagePlanId=plan_of_stage["id"])
    keys = _keys(client, target.name)
    for key in keys:
        client.delete_api_key(apiKey=key["id"])
    return len(keys) + (plan_of_stage is not None)


def _keys(client: Any, name: str) -> list[dict[str, Any]]:
    """Return the keys of this name, newest first. `nameQuery` also matches longer names."""
    pages = client.get_paginator("get_api_keys").paginate(nameQuery=name)
    keys = [key for page in pages for key in page["items"] if key["name"] == name]
    return sorted(keys, key=lambda key: str(key["createdDate"]), reverse=True)


def _plan(client: Any, name: str) -> dict[str, Any] | None:
    return next((plan for plan in _plans(client) if plan["name"] == name), None)


def _plans(client: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("get_usage_plans").paginate()
    return [plan for page in pages for plan in page["items"]]
