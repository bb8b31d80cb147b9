"""Questions to Athena: started, polled, and read back as Python values."""

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
"""Rows that one GetQueryResults gives, the line with the names among them. Longer results are read from S3."""

DEADLINE = 25.0
"""Seconds that a question may take: API Gateway gives up after 29."""

ATTEMPTS = 3
"""How often a question is asked again after it failed, or after its result is gone."""

LONGEST_PAUSE = 2.0
"""Seconds between two calls while Athena has too much to do."""

_BUSY = {"ThrottlingException", "TooManyRequestsException"}

_READ: dict[str, Callable[[str], Value]] = {
    "bigint": int,
    "boolean": lambda text: text == "true",
    "double": float,
    "integer": int,
    # Athena's timestamps have no zone; the lake's are in UTC.
    "timestamp": lambda text: text.replace(" ", "T") + "Z",
}
"""How the text of each type is read; the text of any other stays as it is."""

# A cell of the result object: in quotes, which are doubled inside, or nothing at all for null.
_CELL = re.compile(r'("[^"]*(?:""[^"]*)*"|)[,\n]')


@dataclass(frozen=True, slots=True)
class Athena:
    """Asks questions in one workgroup, about one database.

    Attributes:
        clock, sleep: seconds that pass, and how to let them; replaced in tests.
    """

    athena: AthenaClient
    s3: S3Client
    workgroup: str
    database: str
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def rows(self, query: Query, version: str | None = None, deadline: float | None = None) -> list[Row]:
        """The rows of the answer, by column name.

        Args:
            version: of the data that is asked. The same question about the same version is one execution, paid for
                once, whoever asks and how often, as long as Athena remembers it. None: an execution of its own.
            deadline: when to give up, by the clock; None: in `DEADLINE` seconds.

        Raises:
            QueryRefused: Athena or S3 has too much to do, or does not answer.
            QueryFailed: Athena failed or cancelled the query, or lost its result, at each of `ATTEMPTS`.
            QueryTimeout: it was still running at the deadline.
        """
        deadline = self.clock() + DEADLINE if deadline is None else deadline
        for attempt in range(ATTEMPTS - 1):
            try:
                # The token of an execution that failed would give that one for ever: each attempt has another.
                return self._ask(query, version and f"{version} {attempt}", deadline)
            except QueryFailed:
                continue
        # The last has none: what was wrong earlier must not stay wrong for all who ask the same.
        return self._ask(query, None, deadline)

    def _ask(self, query: Query, version: str | None, deadline: float) -> list[Row]:
        execution_id = self._start(query, version, deadline)
        try:
            output = self._wait(execution_id, deadline)
        except QueryTimeout:
            if version is None:
                # Nobody can find it again.
                self.athena.stop_query_execution(QueryExecutionId=execution_id)
            raise
        # A long answer is read from its object, and the first page gives the types alone.
        size = 1 if query.most >= PAGE_ROWS else PAGE_ROWS
        try:
            page = self._call("get_query_results", deadline, QueryExecutionId=execution_id, MaxResults=size)
            columns = [(info["Name"], info["Type"]) for info in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
            if "NextToken" in page:
                texts = self._read_object(output, len(columns))
            else:
                texts = [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        except (self.athena.exceptions.InvalidRequestException, self.s3.exceptions.NoSuchKey) as error:
            raise QueryFailed(f"the result of query {execution_id} is gone: {error}") from error
        readers = [(name, _READ.get(type_, str)) for name, type_ in columns]
        return [
            {name: None if text is None else read(text) for (name, read), text in zip(readers, row, strict=True)}
            for row in texts[1:]  # after the names of the columns
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
            said = json.dumps([request, version], sort_keys=True)
            request["ClientRequestToken"] = hashlib.sha256(said.encode()).hexdigest()
        return str(self._call("start_query_execution", deadline, **request)["QueryExecutionId"])

    def _wait(self, execution_id: str, deadline: float) -> str:
        """Poll until the query has succeeded. Returns where its result lies."""
        began = self.clock()
        while True:
            try:
                described = self._call("get_query_execution", deadline, QueryExecutionId=execution_id)
            except self.athena.exceptions.InvalidRequestException as error:
                # A token can outlive its execution, which went with a workgroup that was deleted and made again.
                raise QueryFailed(f"query {execution_id} is gone: {error}") from error
            execution = described["QueryExecution"]
            state = execution["Status"]["State"]
            if state == "SUCCEEDED":
                return str(execution["ResultConfiguration"]["OutputLocation"])
            if state in ("FAILED", "CANCELLED"):
                reason = execution["Status"].get("StateChangeReason", "no reason given")
                raise QueryFailed(f"query {execution_id} {state}: {reason}")
            now = self.clock()
            if now >= deadline:
                raise QueryTimeout(f"query {execution_id} is still {state} at the deadline, after {now - began:.1f} s")
            self.sleep(min(_pause(now - began), deadline - now))

    def _call(self, operation: str, deadline: float, **request: Any) -> Any:
        """A call to Athena, again and again with longer pauses while it has too much to do."""
        pause = 0.05
        while True:
            try:
                return getattr(self.athena, operation)(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _BUSY:
                    raise
                left = deadline - self.clock()
                if left <= 0:
                    raise QueryRefused(f"Athena is too busy: {error}") from error
            self.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _read_object(self, location: str, width: int) -> list[list[str | None]]:
        url = urlsplit(location)
        body = self.s3.get_object(Bucket=url.netloc, Key=url.path.lstrip("/"))["Body"].read().decode()
        cells = [cell[1:-1].replace('""', '"') if cell else None for cell in _CELL.findall(body)]
        return [cells[start : start + width] for start in range(0, len(cells), width)]


def _pause(waited: float) -> float:
    """Seconds until the next poll: short while most questions end, longer for those that take their time."""
    if waited < 0.25:
        return 0.025
    return 0.05 if waited < 3 else 0.25
