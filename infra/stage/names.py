"""Names of a stage's resources."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.errors import PreconditionError

APP = "b3-dataflow"

STACKS = ("bootstrap", "data", "main", "market")
"""Kinds of stacks. A stage has that of the market with MARKET=yes."""

HANDLERS = ("api_handler", "ingest", "restart_refine", "start_refine")
BUCKETS = ("artifacts", "raw", "refined", "athena")

_STAGE = re.compile(r"[a-z][a-z0-9]{1,9}", re.ASCII)


def check_stage(name: str) -> None:
    """Raise unless a stage can have this name.

    Raises:
        PreconditionError: the name is invalid.
    """
    if not _STAGE.fullmatch(name) or name == "local":
        raise PreconditionError(
            f"STAGE is {name!r}; allowed: 2 to 10 of a-z 0-9, starting with a letter, but not 'local'"
        )


@dataclass(frozen=True, slots=True)
class StageTarget:
    """A stage in an account and a region.

    Raises:
        PreconditionError: the name of the stage is invalid.
    """

    stage: str
    account: str
    region: str

    def __post_init__(self) -> None:
        check_stage(self.stage)

    @property
    def name(self) -> str:
        """Name of the API's function, its key and its usage plan."""
        return f"{APP}-{self.stage}"

    @property
    def tags(self) -> dict[str, str]:
        """Tag by which the monthly budget filters the cost of the stage."""
        return {APP: self.stage}

    def bucket(self, role: str) -> str:
        """Return the bucket of a role. Names of buckets are global, so they have the account and the region."""
        return f"{APP}-{role}-{self.account}-{self.region}-{self.stage}"

    def stack(self, kind: str) -> str:
        """Return the CloudFormation stack of a kind."""
        return f"{APP}-{kind}-{self.stage}"

    def function(self, handler: str) -> str:
        """Return the Lambda function of a handler, as Chalice names it."""
        return self.name if handler == "api_handler" else f"{self.name}-{handler}"

    def log_group(self, handler: str) -> str:
        """Return the log group of a handler's function, as Lambda names it."""
        return f"/aws/lambda/{self.function(handler)}"

    def rule(self, handler: str) -> str:
        """Return the EventBridge rule that invokes a handler, as Chalice names it."""
        return f"{self.name}-{handler}-event"

    @property
    def state_key(self) -> str:
        """Key of Chalice's state in the artifact bucket."""
        return f"chalice/{self.stage}.json"
