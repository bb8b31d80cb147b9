"""What everything of a deployment is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.errors import Refused

APP = "b3-dataflow"

STACKS = ("bootstrap", "data", "main")
HANDLERS = ("api_handler", "ingest", "start_refine")
BUCKETS = ("artifacts", "raw", "refined", "athena")

_STAGE = re.compile(r"[a-z][a-z0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stage of b3-dataflow is: its name, the account and the region.

    Raises:
        Refused: no stage can have this name.
    """

    stage: str
    account: str
    region: str

    def __post_init__(self) -> None:
        if not _STAGE.fullmatch(self.stage) or self.stage == "local":
            raise Refused(
                f"STAGE is {self.stage!r}; allowed: 2 to 10 of a-z 0-9, starting with a letter, but not 'local'"
            )

    @property
    def name(self) -> str:
        """The name of what there is one of: the API's function, its key and its usage plan."""
        return f"{APP}-{self.stage}"

    @property
    def tags(self) -> dict[str, str]:
        """By what the monthly budget knows the cost of a stage."""
        return {APP: self.stage}

    def bucket(self, role: str) -> str:
        """The bucket of a role. Names of buckets are the whole world's: account and region make this one ours."""
        return f"{APP}-{role}-{self.account}-{self.region}-{self.stage}"

    def stack(self, kind: str) -> str:
        """The CloudFormation stack of a kind."""
        return f"{APP}-{kind}-{self.stage}"

    def function(self, handler: str) -> str:
        """The Lambda function of a handler, as Chalice names it."""
        return self.name if handler == "api_handler" else f"{self.name}-{handler}"

    def log_group(self, handler: str) -> str:
        """Where a function logs, as Lambda names it."""
        return f"/aws/lambda/{self.function(handler)}"

    def rule(self, handler: str) -> str:
        """EventBridge's rule that starts a handler, as Chalice names it."""
        return f"{self.name}-{handler}-event"

    @property
    def state_key(self) -> str:
        """Where in the artifact bucket Chalice's state lies."""
        return f"chalice/{self.stage}.json"
