"""CloudFormation templates, resolved without AWS: parameters, conditions and references become values.

Supports the intrinsic functions and resource types of infra/templates only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_REF: Mapping[str, str] = {
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
    "AWS::Lambda::LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{name}:1",
}
"""The value of Ref by resource type; the resource's name for all others."""

_ARN: Mapping[str, str] = {
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
}

_NAME_PROPERTIES = ("BucketName", "LayerName", "LogGroupName", "Name", "QueueName", "TopicName")


@dataclass(frozen=True, slots=True)
class Stack:
    """A resolved template: resources by logical id, without those whose condition is false, and outputs."""

    resources: Mapping[str, Any]
    outputs: Mapping[str, str]

    def of(self, type_: str) -> dict[str, Any]:
        """Return the properties of each resource of a type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == type_}


def load(path: Path) -> Any:
    """Return a template as JSON would write it: `!Ref X` becomes `{"Ref": "X"}`, `!Sub` becomes `{"Fn::Sub": …}`."""
    return yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - a SafeLoader with the tags of CloudFormation


def resolve(
    template: Any, parameters: Mapping[str, str], account: str, region: str, types: Collection[str] | None = None
) -> Stack:
    """Return the resources and outputs that CloudFormation would create from a template.

    Args:
        template: as `load` returns it.
        parameters: by name; those with a default may be missing.
        account: the value of `AWS::AccountId`.
        region: the value of `AWS::Region`.
        types: the resource types to return, None for all. Parameters that only other types use may be missing.

    Raises:
        KeyError: a parameter is unknown or missing, or a reference has no target.
    """
    return _Resolver(template, parameters, account, region).stack(types)


class _Resolver:
    def __init__(self, template: Any, parameters: Mapping[str, str], account: str, region: str) -> None:
        self._template = template
        unknown = parameters.keys() - template["Parameters"].keys()
        if unknown:
            raise KeyError(f"unknown parameters {sorted(unknown)}; allowed: {', '.join(template['Parameters'])}")
        self._place = {"account": account, "region": region}
        pseudo = {"AWS::AccountId": account, "AWS::NoValue": None, "AWS::Partition": "aws", "AWS::Region": region}
        defaults = {name: each["Default"] for name, each in template["Parameters"].items() if "Default" in each}
        self._values = {**pseudo, **defaults, **parameters}
        # Conditions refer to parameters only, so that they resolve before there are resources.
        self._resources: dict[str, Any] = {}
        self._resources = {
            name: each
            for name, each in template["Resources"].items()
            if "Condition" not in each or self.condition(each["Condition"])
        }

    def stack(self, types: Collection[str] | None) -> Stack:
        resources = {
            name: self._value(each) for name, each in self._resources.items() if types is None or each["Type"] in types
        }
        outputs = {
            name: self._value(each["Value"])
            for name, each in self._template["Outputs"].items()
            if "Condition" not in each or self.condition(each["Condition"])
        }
        return Stack(resources, outputs)

    def condition(self, name: str) -> bool:
        return bool(self._value(self._template["Conditions"][name]))

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for each in node if (value := self._value(each)) is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function in _FUNCTIONS:
                return _FUNCTIONS[function](self, argument)
        values = {name: self._value(each) for name, each in node.items()}
        # A property that is AWS::NoValue does not exist. No property of a template is null otherwise.
        return {name: value for name, value in values.items() if value is not None}

    def ref(self, name: str) -> Any:
        if name not in self._resources:
            return self._values[name]
        return self._format(_REF.get(self._resources[name]["Type"], "{name}"), name)

    def get_att(self, argument: str | list[str]) -> str:
        name, attribute = argument.split(".") if isinstance(argument, str) else argument
        if attribute == "Arn":
            return self._format(_ARN[self._resources[name]["Type"]], name)
        return str(self._value(self._resources[name]["Properties"][attribute]))

    def sub(self, text: str) -> str:
        def replace(match: re.Match[str]) -> str:
            return str(self.get_att(match[1]) if "." in match[1] else self.ref(match[1]))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def join(self, argument: list[Any]) -> str:
        separator, parts = argument
        return str(separator).join(self._value(parts))

    def if_(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self._value(then if self.condition(condition) else otherwise)

    def equals(self, argument: list[Any]) -> bool:
        left, right = self._value(argument)
        return bool(left == right)

    def not_(self, argument: list[Any]) -> bool:
        return not self._value(argument[0])

    def and_(self, argument: list[Any]) -> bool:
        return all(self._value(each) for each in argument)

    def _format(self, pattern: str, logical_id: str) -> str:
        return pattern.format(name=self._name(logical_id), **self._place)

    def _name(self, logical_id: str) -> str:
        properties = self._resources[logical_id]["Properties"]
        # Glue's database and table have their names one level down.
        properties = properties.get("DatabaseInput") or properties.get("TableInput") or properties
        return str(self._value(next((properties[key] for key in _NAME_PROPERTIES if key in properties), logical_id)))


_FUNCTIONS: Mapping[str, Callable[[_Resolver, Any], Any]] = {
    "Ref": _Resolver.ref,
    "Fn::GetAtt": _Resolver.get_att,
    "Fn::Sub": _Resolver.sub,
    "Fn::Join": _Resolver.join,
    "Fn::And": _Resolver.and_,
    "Fn::Condition": _Resolver.condition,
    "Fn::If": _Resolver.if_,
    "Fn::Equals": _Resolver.equals,
    "Fn::Not": _Resolver.not_,
}


# libyaml's loader parses the templates in a tenth of the time. Every wheel of PyYAML has it.
_Loader = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})


def _construct_tag(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        argument: Any = loader.construct_sequence(node, deep=True)
    else:
        argument = loader.construct_scalar(node)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": argument}


yaml.add_multi_constructor("!", _construct_tag, Loader=_Loader)
