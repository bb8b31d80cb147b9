"""Outputs of the stacks of a stage."""

from __future__ import annotations

from infra.errors import PreconditionError
from infra.stage.names import STACKS, StageTarget
from infra.stage.stacks import Stacks


class StageOutputs(dict[str, str]):
    """Outputs of all stacks of a stage, by name.

    A stage may be without one of its stacks: its first deploy was stopped, or somebody deleted the stack.

    Raises:
        PreconditionError: at a lookup of an output that no stack has.
    """

    def __init__(self, stacks: Stacks, target: StageTarget) -> None:
        self._stage = target.stage
        super().__init__(item for kind in STACKS for item in stacks.outputs(target.stack(kind)).items())

    def __missing__(self, name: str) -> str:
        raise PreconditionError(
            f"no stack of the stage {self._stage} has the output {name}: `make deploy STAGE={self._stage}` creates it"
        )
