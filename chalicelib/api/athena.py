"""Run queries on Athena: start, poll, and read the result as Python values."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from chalicelib.api.queries import Query, Row, Value
from chalicelib.errors import QueryFailed, QueryRefused, QueryTimeout

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client

PAGE_ROWS = 1000
"""The maximum number of rows of a GetQueryResults response, header row included. Longer results are read from S3."""

DEADLINE = 25.0
"""The timeout of a request, in seconds. API Gateway has a timeout of 29 s."""

ATTEMPTS = 3
"""The maximum number of executions of a query, including the first: 3 means at most 2 retries. A query is executed
again if it fails or if its result is gone."""

MAX_BACKOFF = 2.0
"""The longest delay between two calls that Athena throttles, in seconds."""

_THROTTLED = {"ThrottlingException", "TooManyRequestsException"}

_CONVERTERS: dict[str, Callable[[str], Value]] = {
    "bigint": int,
    "boolean": lambda text: text == "true",
    "double": float,
    "integer": int,
    # Athena's timestamps have no time zone; the lake's timestamps are in UTC.
    "timestamp": lambda text: text.replace(" ", "T") + "Z",
}
"""The converter of each type's text. Values of other types stay text."""

# A cell of the result object: quoted, with inner quotes doubled, or empty for null.
_CELL = re.compile(r'("[^"]*(?:""[^"]*)*"|)[,\n]')


@dataclass(frozen=True, slots=True)
class Athena:
    """A client that runs queries in one workgroup and one database.

    Attributes:
        clock: monotonic time in seconds; replaced in tests.
        sleep: waits for some seconds; replaced in tests.
    """

    athena: AthenaClient
    s3: S3Client
    workgroup: str
    database: str
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def rows(self, query: Query, version: str | None = None, deadline: float | None = None) -> list[Row]:
        """Return the rows of a query, as values by column name.

        Args:
            version: the version of the data, part of the idempotency token: equal queries of one version share one
                execution, which is billed once. None disables the token.
            deadline: the end of the timeout, by the clock; None means in `DEADLINE` seconds.

        Raises:
            QueryRefused: Athena throttles a call until the deadline.
            QueryFailed: each of `ATTEMPTS` executions failed, was cancelled, or has no result any more.
            QueryTimeout: the query was still running at the deadline.
        """
        deadline = self.clock() + DEADLINE if deadline is None else deadline
        for attempt in range(ATTEMPTS - 1):
            try:
                # A reused token returns the failed execution: each attempt has its own.
                return self._execute(query, version and f"{version} {attempt}", deadline)
            except QueryFailed:
                continue
        # The last attempt has no token: otherwise a query that failed once could fail until the tokens expire.
        return self._execute(query, None, deadline)

    def _execute(self, query: Query, version: str | None, deadline: float) -> list[Row]:
        execution_id = self._start(query, version, deadline)
        try:
            output = self._wait(execution_id, deadline)
        except QueryTimeout:
            if version is None:
                # Without a token, no later request can reuse the execution.
                self.athena.stop_query_execution(QueryExecutionId=execution_id)
            raise
        # A result that may exceed one page is read from its object in S3; GetQueryResults then returns only the types.
        size = 1 if query.max_rows >= PAGE_ROWS else PAGE_ROWS
        try:
            page = self._call("get_query_results", deadline, QueryExecutionId=execution_id, MaxResults=size)
            columns = [(info["Name"], info["Type"]) for info in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
            if "NextToken" in page:
                texts = self._read_object(output, len(columns))
            else:
                texts = [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        except (self.athena.exceptions.InvalidRequestException, self.s3.exceptions.NoSuchKey) as error:
            raise QueryFailed(f"the result of query {execution_id} is gone: {error}") from error
        converters = [(name, _CONVERTERS.get(type_, str)) for name, type_ in columns]
        return [
            {
                name: None if text is None else convert(text)
                for (name, convert), text in zip(converters, row, strict=True)
            }
            for row in texts[1:]  # without the header row
        ]

    def _start(self, query: Query, version: str | None, deadline: float) -> str:
        request: dict[str, Any] = {
            "QueryString": query.sql,
            "QueryExecutionContext": {"Database": self.database},
            "WorkGroup": self.workgroup,
        }
        if query.parameters:
            request["ExecutionParameters"] = list(query.parameters)
        if version is not None:
            identity = json.dumps([request, version], sort_keys=True)
            request["ClientRequestToken"] = hashlib.sha256(identity.encode()).hexdigest()
        return str(self._call("start_query_execution", deadline, **request)["QueryExecutionId"])

    def _wait(self, execution_id: str, deadline: float) -> str:
        """Poll until the query has succeeded. Return the location of its result."""
        started_at = self.clock()
        while True:
            try:
                response = self._call("get_query_execution", deadline, QueryExecutionId=execution_id)
            except self.athena.exceptions.InvalidRequestException as error:
                # A token can outlive its execution, which is deleted with its workgroup.
                raise QueryFailed(f"query {execution_id} is gone: {error}") from error
            execution = response["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                return str(execution["ResultConfiguration"]["OutputLocation"])
            if state in ("FAILED", "CANCELLED"):
                reason = execution["Status"].get("StateChangeReason", "no reason given")
                raise QueryFailed(f"query {execution_id} {state}: {reason}")
            now = self.clock()
            if now >= deadline:
                raise QueryTimeout(
                    f"query {execution_id} is still {state} at the deadline, after {now - started_at:.1f} s"
                )
            self.sleep(min(_poll_delay(now - started_at), deadline - now))

    def _call(self, operation: str, deadline: float, **request: Any) -> Any:
        """Call Athena, and retry with exponential backoff while it throttles the call."""
        backoff = 0.05
        while True:
            try:
                return getattr(self.athena, operation)(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _THROTTLED:
                    raise
                remaining = deadline - self.clock()
                if remaining <= 0:
                    raise QueryRefused(f"Athena throttles {operation}: {error}") from error
            self.sleep(min(backoff, remaining))
            backoff = min(2 * backoff, MAX_BACKOFF)

    def _read_object(self, location: str, width: int) -> list[list[str | None]]:
        """The cells of a result object in S3, the header row included, in rows of `width` cells."""
        url = urlsplit(location)
        body = self.s3.get_object(Bucket=url.netloc, Key=url.path.lstrip("/"))["Body"].read().decode()
        cells = [cell[1:-1].replace('""', '"') if cell else None for cell in _CELL.findall(body)]
        return [cells[start : start + width] for start in range(0, len(cells), width)]


def _poll_delay(waited: float) -> float:
    """Seconds until the next poll: most queries end soon, so that the first delays are short."""
    if waited < 0.25:
        return 0.025
    return 0.05 if waited < 3 else 0.25
