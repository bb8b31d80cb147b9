"""Resource types of our stacks for moto's CloudFormation, which lacks them although moto has the services.

Moto skips types that it has no service for (the policies of queue and topic) with a warning.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from moto.apigateway.models import apigateway_backends
from moto.athena.models import athena_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.glue.models import glue_backends
from moto.glue.utils import Action
from moto.sns.models import sns_backends


class _Resource:
    """A resource in the form that moto's CloudFormation expects. A subclass creates and deletes it."""

    type = ""

    def __init__(self, properties: dict[str, Any], account: str, region: str) -> None:
        self.properties = properties
        self.physical_resource_id = self.create(account, region)

    def create(self, account: str, region: str) -> str:
        """Create the resource. Returns the value of `Ref`."""
        raise NotImplementedError

    def delete(self, account: str, region: str) -> None:
        raise NotImplementedError

    def is_created(self) -> bool:
        return True

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.type

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> _Resource:
        return cls(cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: _Resource,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> _Resource:
        original_resource.delete(account_id, region_name)
        return cls(cloudformation_json["Properties"], account_id, region_name)


class Database(_Resource, CloudFormationModel):
    type = "AWS::Glue::Database"

    def create(self, account: str, region: str) -> str:
        database_input = self.properties["DatabaseInput"]
        glue_backends[account][region].create_database(database_input["Name"], database_input)
        return str(database_input["Name"])

    def delete(self, account: str, region: str) -> None:
        glue_backends[account][region].delete_database(self.physical_resource_id)


class Table(_Resource, CloudFormationModel):
    type = "AWS::Glue::Table"

    def create(self, account: str, region: str) -> str:
        table_input = self.properties["TableInput"]
        glue_backends[account][region].create_table(self.properties["DatabaseName"], table_input["Name"], table_input)
        return str(table_input["Name"])

    def delete(self, account: str, region: str) -> None:
        # Moto deletes resources in any order, and a deleted database has deleted its tables.
        if self.properties["DatabaseName"] in glue_backends[account][region].databases:
            glue_backends[account][region].delete_table(self.properties["DatabaseName"], self.physical_resource_id)


class Job(_Resource, CloudFormationModel):
    type = "AWS::Glue::Job"

    def create(self, account: str, region: str) -> str:
        backend: Any = glue_backends[account][region]
        arguments = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in self.properties.items()}
        backend.create_job(**{name: arguments.get(name) for name in inspect.signature(backend.create_job).parameters})
        return str(self.properties["Name"])

    def delete(self, account: str, region: str) -> None:
        glue_backends[account][region].delete_job(self.physical_resource_id)


class Trigger(_Resource, CloudFormationModel):
    type = "AWS::Glue::Trigger"

    def create(self, account: str, region: str) -> str:
        backend: Any = glue_backends[account][region]
        arguments = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in self.properties.items()}
        arguments["trigger_type"] = arguments.pop("type")
        arguments["actions"] = [Action(action) for action in arguments["actions"]]
        backend.create_trigger(
            **{name: arguments.get(name) for name in inspect.signature(backend.create_trigger).parameters}
        )
        return str(self.properties["Name"])

    def delete(self, account: str, region: str) -> None:
        glue_backends[account][region].delete_trigger(self.physical_resource_id)


class Workgroup(_Resource, CloudFormationModel):
    type = "AWS::Athena::WorkGroup"

    def create(self, account: str, region: str) -> str:
        name, configuration = self.properties["Name"], self.properties["WorkGroupConfiguration"]
        athena_backends[account][region].create_work_group(name, configuration, self.properties["Description"], [])
        return str(name)

    def delete(self, account: str, region: str) -> None:
        athena_backends[account][region].work_groups.pop(self.physical_resource_id)


class Layer(_Resource, CloudFormationModel):
    """Moto has this type, but its `Ref` is the name; on AWS it is the ARN of the version."""

    type = "AWS::Lambda::LayerVersion"

    def create(self, account: str, region: str) -> str:
        return str(lambda_backends[account][region].publish_layer_version(self.properties).arn)

    def delete(self, account: str, region: str) -> None:
        *_, name, version = self.physical_resource_id.split(":")
        lambda_backends[account][region].delete_layer_version(name, version)


class Subscription(_Resource, CloudFormationModel):
    """A subscription by e-mail. On AWS its address has to confirm it; moto confirms every subscription at once."""

    type = "AWS::SNS::Subscription"

    def create(self, account: str, region: str) -> str:
        backend = sns_backends[account][region]
        subscription = backend.subscribe(
            self.properties["TopicArn"], self.properties["Endpoint"], self.properties["Protocol"]
        )
        arn = str(subscription.arn)
        subscription.arn = "PendingConfirmation"
        return arn

    def delete(self, account: str, region: str) -> None:
        sns_backends[account][region].subscriptions.pop(self.physical_resource_id, None)


class ApiGatewayAccount(_Resource, CloudFormationModel):
    type = "AWS::ApiGateway::Account"

    def create(self, account: str, region: str) -> str:
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": self.properties["CloudWatchRoleArn"]}
        apigateway_backends[account][region].account.apply_patch_operations([role])
        return "account"

    def delete(self, account: str, region: str) -> None:
        pass


_resource_diff: Any = parsing.ResourceMap.build_resource_diff
_update_resource: Any = parsing.parse_and_update_resource


def _diff_of_existing(self: parsing.ResourceMap, *arguments: Any) -> Any:
    """Return the changes of an update, without resources whose condition is false: moto would update them too."""
    diff = _resource_diff(self, *arguments)
    return {**diff, "Modify": [name for name in diff["Modify"] if self[name] is not None]}


def _update_known(logical_id: str, resource_json: Any, resources_map: Any, **arguments: Any) -> Any:
    """Update a resource, and return it. Moto forgets one whose type it cannot update."""
    before = resources_map[logical_id]
    return _update_resource(logical_id, resource_json, resources_map, **arguments) or before


parsing.ResourceMap.build_resource_diff = _diff_of_existing  # type: ignore[assignment,method-assign]
parsing.parse_and_update_resource = _update_known  # type: ignore[assignment]


# Moto caches its list of models. Of two models for one type, it uses the last.
for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
    cached.cache_clear()
