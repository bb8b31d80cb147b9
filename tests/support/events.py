"""Events of the functions, in the format of Lambda's developer guide."""

from __future__ import annotations

from typing import Any

SCHEDULE = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2025-10-14T01:30:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/b3-dataflow-dev-ingest-event"],
    "detail": {},
}


def proxy(path: str, resource: str | None = None, **parameters: str) -> dict[str, Any]:
    """Return a REST API proxy event for a GET request.

    Args:
        path: path of the request.
        resource: route, if it differs from the path.
        parameters: query parameters.
    """
    query = parameters or None
    parts = zip((resource or path).split("/"), path.split("/"), strict=True)
    path_parameters = {name.strip("{}"): part for name, part in parts if name.startswith("{")} or None
    headers = {
        "Accept": "application/json",
        "Host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
    }
    return {
        "resource": resource or path,
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {header: [value] for header, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": query and {key: [value] for key, value in query.items()},
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "a1b2c3",
            "resourcePath": resource or path,
            "httpMethod": "GET",
            "requestTime": "14/Oct/2025:12:00:00 +0000",
            "path": f"/dev{path}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "dev",
            "domainPrefix": "abcdef1234",
            "requestTimeEpoch": 1760443200000,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "curl/8.10.1"},
            "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "apiId": "abcdef1234",
        },
        "body": None,
        "isBase64Encoded": False,
    }
