"""A stack's template as CloudFormation would create it: parameters, conditions and references resolved.

moto's CloudFormation creates nothing of Glue and Athena, nor alarms, budgets and policies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cfnlint.decode import cfn_yaml

from common.paths import ROOT
from local.moto_state import ACCOUNT, REGION

PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::Region": REGION}

# What Ref gives of a resource, where it is not the property that names it.
_REF: Mapping[str, Callable[[str, str], str]] = {
    "AWS::SNS::Topic": lambda name, _: f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}",
    "AWS::SQS::Queue": lambda name, _: f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}",
    "AWS::Lambda::LayerVersion": lambda name, _: f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}:1",
    "AWS::IAM::Role": lambda _, logical_id: logical_id,
}
_NAMED_BY = ("BucketName", "LayerName", "LogGroupName", "Name", "QueueName", "TopicName")
_ARN = {
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """The resources of a stack by logical id, those that a condition leaves out being absent, and its outputs."""

    resources: Mapping[str, Any]
    outputs: Mapping[str, str]

    def of(self, type_: str) -> dict[str, Any]:
        """The properties of each resource of a type."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == type_}


def stack(name: str, **parameters: str) -> Stack:
    """The stack that infra/templates/<name>.yaml describes.

    Raises:
        KeyError: a parameter without a default is not given, or the template refers to what is not there.
    """
    template = cfn_yaml.load(str(ROOT / "infra" / "templates" / f"{name}.yaml"))
    return _Resolver(template, parameters).stack()


def stacks(stage: str = "dev", **parameters: str) -> dict[str, Stack]:
    """All three, the main one with the outputs of the others."""
    bootstrap, data = stack("bootstrap", Stage=stage), stack("data", Stage=stage)
    artifacts = bootstrap.outputs["ArtifactBucket"]
    uploaded = {
        "LayerKey": "layer/1.zip",
        "LayerArchitecture": "x86_64",
        "JobScriptKey": "job/1/b3_etl_job.py",
        "JobLibraryKey": "job/1/chalicelib.zip",
        "JobModules": f"s3://{artifacts}/job/wheels/a.whl,s3://{artifacts}/job/wheels/b.whl",
    }
    main = stack("main", Stage=stage, **bootstrap.outputs, **data.outputs, **{**uploaded, **parameters})
    return {"bootstrap": bootstrap, "data": data, "main": main}


def all_outputs(stacks: Mapping[str, Stack]) -> dict[str, str]:
    """The outputs of all stacks together."""
    return {name: value for each in stacks.values() for name, value in each.outputs.items()}


class _Resolver:
    def __init__(self, template: Any, parameters: Mapping[str, str]) -> None:
        self._template = template
        unknown = parameters.keys() - template["Parameters"].keys()
        if unknown:
            raise KeyError(f"no parameter of this template: {sorted(unknown)}")
        defaults = {name: each["Default"] for name, each in template["Parameters"].items() if "Default" in each}
        self._names = {**PSEUDO, **defaults, **parameters}
        self._resources: dict[str, Any] = {}
        self._resources = {
            name: each
            for name, each in template["Resources"].items()
            if "Condition" not in each or self._condition(each["Condition"])
        }

    def stack(self) -> Stack:
        resources = {name: self._value(each) for name, each in self._resources.items()}
        outputs = {name: self._value(each["Value"]) for name, each in self._template["Outputs"].items()}
        return Stack(resources, outputs)

    def _condition(self, name: str) -> bool:
        return bool(self._value(self._template["Conditions"][name]))

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._value(each) for each in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function in _FUNCTIONS:
                return _FUNCTIONS[function](self, argument)
        return {name: self._value(each) for name, each in node.items()}

    def ref(self, name: str) -> Any:
        if name not in self._resources:
            return self._names[name]
        type_ = self._resources[name]["Type"]
        return _REF[type_](self._name(name), name) if type_ in _REF else self._name(name)

    def get_att(self, argument: list[str]) -> str:
        name, attribute = argument
        if attribute == "Arn":
            return _ARN[self._resources[name]["Type"]].format(self._name(name))
        return str(self._value(self._resources[name]["Properties"][attribute]))

    def sub(self, text: str) -> str:
        def replace(found: re.Match[str]) -> str:
            name, _, attribute = found[1].partition(".")
            return str(self.get_att([name, attribute]) if attribute else self.ref(name))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def join(self, argument: list[Any]) -> str:
        separator, parts = argument
        return str(separator).join(self._value(parts))

    def if_(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self._value(then if self._condition(condition) else otherwise)

    def equals(self, argument: list[Any]) -> bool:
        left, right = self._value(argument)
        return bool(left == right)

    def not_(self, argument: list[Any]) -> bool:
        return not self._value(argument[0])

    def _name(self, logical_id: str) -> str:
        properties = self._resources[logical_id]["Properties"]
        # Glue's database and table have their names one floor down.
        properties = properties.get("DatabaseInput") or properties.get("TableInput") or properties
        return str(self._value(next((properties[key] for key in _NAMED_BY if key in properties), logical_id)))


_FUNCTIONS: Mapping[str, Callable[[_Resolver, Any], Any]] = {
    "Ref": _Resolver.ref,
    "Fn::GetAtt": _Resolver.get_att,
    "Fn::Sub": _Resolver.sub,
    "Fn::Join": _Resolver.join,
    "Fn::If": _Resolver.if_,
    "Fn::Equals": _Resolver.equals,
    "Fn::Not": _Resolver.not_,
}
