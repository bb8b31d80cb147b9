"""One execution of a statement: the checks of its request, its state, and the files of its result."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local import moto_state
from local.athena import metadata, statements
from local.athena.errors import InvalidRequest
from local.athena.locations import bucket_and_key
from local.athena.reader import CATALOG
from local.athena.session import Outcome, Statement

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
FINAL = {SUCCEEDED, FAILED, CANCELLED}

_LONGEST_QUERY, _LONGEST_PARAMETER = 262_144, 1024
"""Maximum number of bytes of a query and of characters of an execution parameter, as on AWS."""


@dataclass(slots=True)
class Execution:
    """Execution of a statement. Times are seconds since 1970, `files` are the locations of the files of its result."""

    id: str
    request: Mapping[str, Any]
    workgroup: str
    statement: Statement
    output: str
    enforced: bool
    cutoff: int | None
    state: str = QUEUED
    reason: str | None = None
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    outcome: Outcome | None = None
    files: tuple[str, ...] = ()
    reused: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    size: int = 0

    @property
    def database(self) -> str | None:
        # awswrangler quotes it as Hive does.
        database: str | None = (self.request.get("QueryExecutionContext") or {}).get("Database")
        return database and database.strip("`").lower()

    @property
    def reuse(self) -> dict[str, Any]:
        """The maximum age of an earlier result that the request accepts, in the form of StartQueryExecution."""
        reuse = (self.request.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration")
        return reuse or {"Enabled": False}

    def has_the_query_of(self, other: Execution) -> bool:
        """Return whether both run the same query with the same parameters in the same database and workgroup."""
        members = ("QueryString", "QueryExecutionContext", "ExecutionParameters")
        place = (self.workgroup, self.output) == (other.workgroup, other.output)
        return place and all(self.request.get(name) == other.request.get(name) for name in members)

    @property
    def output_location(self) -> str:
        """Location of the result file."""
        return f"{self.output}/{self.statement.result.format(self.id)}"

    @property
    def manifest_location(self) -> str:
        """Location of the list of the objects that the statement wrote."""
        return f"{self.output_location}-manifest.csv"

    def succeed(self, outcome: Outcome) -> None:
        """Write the files of the result. On AWS a manifest has a file of metadata with it."""
        files = {self.output_location: outcome.body}
        if outcome.manifest is not None:
            lines = "".join(f"{location}\n" for location in outcome.manifest)
            files = {self.manifest_location: lines.encode(), f"{self.output_location}.metadata": b""}
        for location, body in files.items():
            moto_state.write(*bucket_and_key(location), body)
        self.outcome, self.files, self.size = replace(outcome, body=b""), tuple(files), len(outcome.body)


def accept(request: Mapping[str, Any]) -> Execution:
    """Return a new execution for a request, after the checks that Athena makes before it returns an id.

    Raises:
        InvalidRequest: a check fails.
    """
    name = request.get("WorkGroup") or "primary"
    workgroup = metadata.workgroup(name)
    if workgroup["State"] != "ENABLED":
        raise InvalidRequest(f"WorkGroup {name} is disabled.")
    configuration = workgroup["Configuration"]
    enforced = configuration.get("EnforceWorkGroupConfiguration", True)
    of_workgroup = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    of_request = (request.get("ResultConfiguration") or {}).get("OutputLocation")
    output = (of_workgroup or of_request) if enforced else (of_request or of_workgroup)
    if not output:
        raise InvalidRequest(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    bucket, _ = bucket_and_key(output)
    if not moto_state.bucket_exists(bucket):
        raise InvalidRequest(f"Unable to verify/create output bucket {bucket}")
    catalog = (request.get("QueryExecutionContext") or {}).get("Catalog") or CATALOG
    if catalog.lower() != CATALOG:
        raise InvalidRequest(f"Catalog {catalog} is not found: the local Athena has AwsDataCatalog only")
    _check_size("queryString", len(request["QueryString"].encode()), _LONGEST_QUERY)
    for parameter in request.get("ExecutionParameters") or ():
        _check_size("executionParameters", len(parameter), _LONGEST_PARAMETER)
    statement = statements.parse(request["QueryString"])
    if statement.external and enforced and of_workgroup:
        raise InvalidRequest(
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query."
        )
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    return Execution(str(uuid.uuid4()), request, name, statement, output.rstrip("/"), enforced, cutoff)


def _check_size(name: str, size: int, most: int) -> None:
    if size > most:
        raise InvalidRequest(
            f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}"
        )
