"""The key of the API: a usage plan that holds the API's stage, and an API key of the plan."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from infra.stage.gateway import BURST, RATE
from infra.stage.names import Place

DAILY = 10_000
"""Requests a day that a key is good for."""


def give(client: Any, api: str, place: Place) -> str:
    """See that the API has a usage plan and the plan a key, both named as the stage.

    Returns:
        The key's id.
    """
    plan = _plan(client, place.name)
    stage = {"apiId": api, "stage": place.stage}
    if plan is None:
        plan = client.create_usage_plan(
            name=place.name,
            apiStages=[stage],
            throttle={"rateLimit": RATE, "burstLimit": BURST},
            quota={"limit": DAILY, "period": "DAY"},
            tags=place.tags,
        )
    elif stage not in [{"apiId": held["apiId"], "stage": held["stage"]} for held in plan.get("apiStages", [])]:
        client.update_usage_plan(
            usagePlanId=plan["id"],
            patchOperations=[{"op": "add", "path": "/apiStages", "value": f"{api}:{place.stage}"}],
        )
    key = next((key for key in _keys(client, place.name) if key["enabled"]), None)
    if key is None:
        key = client.create_api_key(name=place.name, enabled=True, tags=place.tags)
    pages = client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan["id"])
    if key["id"] not in [held["id"] for page in pages for held in page["items"]]:
        client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    return str(key["id"])


def take(client: Any, place: Place, apis: Collection[str]) -> int:
    """Delete the usage plan and the keys of a stage, and take its API out of the plans that others made.

    While any plan holds an API's stage, the API cannot be deleted.

    Args:
        apis: the ids of the stage's APIs.

    Returns:
        How many there were.
    """
    for plan in _plans(client):
        for held in plan.get("apiStages", []):
            if held["apiId"] in apis or plan["name"] == place.name:
                removed = {"op": "remove", "path": "/apiStages", "value": f"{held['apiId']}:{held['stage']}"}
                client.update_usage_plan(usagePlanId=plan["id"], patchOperations=[removed])
    ours = _plan(client, place.name)
    if ours is not None:
        client.delete_usage_plan(usagePlanId=ours["id"])
    found = _keys(client, place.name)
    for key in found:
        client.delete_api_key(apiKey=key["id"])
    return len(found) + (ours is not None)


def _keys(client: Any, name: str) -> list[dict[str, Any]]:
    """The keys of this name, the newest first. AWS itself finds all whose names begin so."""
    pages = client.get_paginator("get_api_keys").paginate(nameQuery=name)
    found = [key for page in pages for key in page["items"] if key["name"] == name]
    return sorted(found, key=lambda key: str(key["createdDate"]), reverse=True)


def _plan(client: Any, name: str) -> dict[str, Any] | None:
    return next((plan for plan in _plans(client) if plan["name"] == name), None)


def _plans(client: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("get_usage_plans").paginate()
    return [plan for page in pages for plan in page["items"]]
