"""The members of each action's request, and the refusal of a request that does not fit them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.athena.errors import InvalidRequest

Shape = Mapping[str, Any]
"""Type by member: a class, a list of one class, or a shape; `!` after the name of those that must be there."""

SHAPES: Mapping[str, Shape] = {
    "BatchGetQueryExecution": {"QueryExecutionIds!": [str]},
    "GetQueryExecution": {"QueryExecutionId!": str},
    "GetQueryResults": {"QueryExecutionId!": str, "NextToken": str, "MaxResults": int},
    "ListQueryExecutions": {"WorkGroup": str, "NextToken": str, "MaxResults": int},
    "StartQueryExecution": {
        "QueryString!": str,
        "ClientRequestToken": str,
        "ExecutionParameters": [str],
        "QueryExecutionContext": {"Database": str, "Catalog": str},
        "ResultConfiguration": {"OutputLocation": str},
        "WorkGroup": str,
    },
    "StopQueryExecution": {"QueryExecutionId!": str},
}


def check(request: Any, shape: Shape, where: str = "the request") -> None:
    """Refuse a request that lacks a member, or has one of another type. Members of no shape are not looked at.

    Raises:
        InvalidRequest: names the member, what it is and what it must be.
    """
    if not isinstance(request, Mapping):
        raise InvalidRequest(f"{where} is {request!r}, it must be an object")
    for declared, type_ in shape.items():
        member = declared.rstrip("!")
        value = request.get(member)
        if value is None:
            if declared.endswith("!"):
                raise InvalidRequest(f"{member} is missing")
        elif isinstance(type_, Mapping):
            check(value, type_, member)
        elif isinstance(type_, list):
            if not isinstance(value, list) or not all(isinstance(entry, type_[0]) for entry in value):
                raise InvalidRequest(f"{member} is {value!r}, it must be a list of strings")
        elif not isinstance(value, type_) or isinstance(value, bool):
            raise InvalidRequest(f"{member} is {value!r}, it must be {'a string' if type_ is str else 'an integer'}")
