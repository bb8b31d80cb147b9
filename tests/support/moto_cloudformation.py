"""Resources of our stacks that moto's CloudFormation does not know, and moto itself does: made where moto keeps them.

What is in neither (the budget, the policies of queue and topic) is passed over by moto, with a warning.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from moto.athena.models import athena_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.glue.models import glue_backends


class _Made:
    """A resource that CloudFormation made, and what it does with all of them alike."""

    type = ""

    def __init__(self, properties: dict[str, Any], account: str, region: str) -> None:
        self.properties = properties
        self.physical_resource_id = self.make(account, region)

    def make(self, account: str, region: str) -> str:
        """Make it, and give what `Ref` gives."""
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
    ) -> _Made:
        return cls(cloudformation_json["Properties"], account_id, region_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: _Made,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> _Made:
        original_resource.delete(account_id, region_name)
        return cls(cloudformation_json["Properties"], account_id, region_name)


class Database(_Made, CloudFormationModel):
    type = "AWS::Glue::Database"

    def make(self, account: str, region: str) -> str:
        described = self.properties["DatabaseInput"]
        glue_backends[account][region].create_database(described["Name"], described)
        return str(described["Name"])

    def delete(self, account: str, region: str) -> None:
        glue_backends[account][region].delete_database(self.physical_resource_id)


class Table(_Made, CloudFormationModel):
    type = "AWS::Glue::Table"

    def make(self, account: str, region: str) -> str:
        described = self.properties["TableInput"]
        glue_backends[account][region].create_table(self.properties["DatabaseName"], described["Name"], described)
        return str(described["Name"])

    def delete(self, account: str, region: str) -> None:
        # AWS deletes a database with its tables, and moto's CloudFormation deletes in any order.
        if self.properties["DatabaseName"] in glue_backends[account][region].databases:
            glue_backends[account][region].delete_table(self.properties["DatabaseName"], self.physical_resource_id)


class Job(_Made, CloudFormationModel):
    type = "AWS::Glue::Job"

    def make(self, account: str, region: str) -> str:
        backend: Any = glue_backends[account][region]
        given = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in self.properties.items()}
        backend.create_job(**{name: given.get(name) for name in inspect.signature(backend.create_job).parameters})
        return str(self.properties["Name"])

    def delete(self, account: str, region: str) -> None:
        glue_backends[account][region].delete_job(self.physical_resource_id)


class Workgroup(_Made, CloudFormationModel):
    type = "AWS::Athena::WorkGroup"

    def make(self, account: str, region: str) -> str:
        name, configuration = self.properties["Name"], self.properties["WorkGroupConfiguration"]
        athena_backends[account][region].create_work_group(name, configuration, self.properties["Description"], [])
        return str(name)

    def delete(self, account: str, region: str) -> None:
        athena_backends[account][region].work_groups.pop(self.physical_resource_id)


class Layer(_Made, CloudFormationModel):
    """Moto has it, but refers to it by its name; AWS by the ARN of its version."""

    type = "AWS::Lambda::LayerVersion"

    def make(self, account: str, region: str) -> str:
        return str(lambda_backends[account][region].publish_layer_version(self.properties).arn)

    def delete(self, account: str, region: str) -> None:
        *_, name, version = self.physical_resource_id.split(":")
        lambda_backends[account][region].delete_layer_version(name, version)


# Moto looks for its models once, and ours have come since. Of two for one type, it takes the last.
for found in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
    found.cache_clear()
