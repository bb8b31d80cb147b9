"""Bucket policies that deny a write of an object by its headers, as S3 evaluates them. `s3_writes` applies them.

Source: the S3 user guide, "Enforce conditional writes on Amazon S3 buckets".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ACTION = "s3:PutObject"
"""The action whose denial is applied."""

IF_MATCH, IF_NONE_MATCH, CREATION = "s3:if-match", "s3:if-none-match", "s3:ObjectCreationOperation"

_KEYS = {IF_MATCH, IF_NONE_MATCH, CREATION}
_OPERATORS = {"Bool", "Null"}


def is_applied(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement is one that `denies` applies."""
    condition: Mapping[str, Mapping[str, Any]] = statement.get("Condition", {})
    return (
        statement["Effect"] == "Deny"
        and statement.get("Principal") == "*"
        and _list(statement.get("Action", [])) == [ACTION]
        and "Resource" in statement
        and condition.keys() <= _OPERATORS
        and all(values.keys() <= _KEYS for values in condition.values())
    )


def denies(policy: Mapping[str, Any], resource: str, context: Mapping[str, str | None]) -> bool:
    """Return whether a policy denies a write of an object. Statements that are not applied deny nothing.

    Args:
        policy: the document.
        resource: the ARN of the object.
        context: the value of each condition key of the request, None where it has none.
    """
    return any(
        is_applied(statement)
        and any(_matches(pattern, resource) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, context[key], str(expected).lower())
            for operator, values in statement.get("Condition", {}).items()
            for key, expected in values.items()
        )
        for statement in _list(policy["Statement"])
    )


def unconditional(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy with only the statements that have no condition."""
    return {**policy, "Statement": [each for each in _list(policy["Statement"]) if "Condition" not in each]}


def _holds(operator: str, value: str | None, expected: str) -> bool:
    if operator == "Null":
        return str(value is None).lower() == expected
    return value == expected


def _matches(pattern: str, resource: str) -> bool:
    """Return whether an ARN matches a pattern, in which `*` is any text and `?` one character."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, resource, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
