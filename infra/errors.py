"""Every error that putting b3-dataflow on AWS raises on purpose.

    B3Error                 (chalicelib.errors)
    └── DeployError         the deploy command cannot go on
        ├── Refused             what is asked for cannot be had here: nothing was changed
        ├── PackageError        a package cannot be built, or would not be accepted or run where it goes
        ├── StepFailed          a step failed: what was done stays, and the same command goes on from there
        ├── StateConflict       somebody else deployed the stage meanwhile
        └── SmokeFailed         what was deployed stands, but does not work

The message names the thing, the value and what is allowed or what to do.
"""

from __future__ import annotations

from chalicelib.errors import B3Error


class DeployError(B3Error):
    """The deploy command cannot go on."""


class Refused(DeployError):
    """What is asked for cannot be had here. Nothing was changed."""


class PackageError(DeployError):
    """A package cannot be built, or would not be accepted or run where it goes."""


class StepFailed(DeployError):
    """A step failed. What was done stays, and the same command goes on from there."""


class StateConflict(DeployError):
    """Somebody else deployed the stage meanwhile."""


class SmokeFailed(DeployError):
    """What was deployed stands, but does not work."""
