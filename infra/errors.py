"""Errors of the deployment.

    B3Error                     (chalicelib.errors)
    └── DeployError             base class
        ├── PreconditionError       the command stopped before it changed anything
        ├── PackageError            a package cannot be built, or does not fit its runtime
        ├── StepFailed              a step failed; repeat the command to continue
        │   └── NotificationRefused     S3 does not know yet that it may invoke a function
        ├── StateConflict           another deploy of the stage ran at the same time
        └── SmokeFailed             the stage is deployed, but its smoke test failed
            └── SourceFailed            the source sent no bars in the smoke test

A message names the thing, the value, and what is allowed or what to do.
"""

from __future__ import annotations

from chalicelib.errors import B3Error


class DeployError(B3Error):
    """Base class of the deployment's errors."""


class PreconditionError(DeployError):
    """The command stopped before it changed anything."""


class PackageError(DeployError):
    """A package cannot be built, or does not fit its runtime."""


class StepFailed(DeployError):
    """A step failed. Earlier steps stay done; repeat the command to continue."""


class NotificationRefused(StepFailed):
    """S3 refused a notification, because it does not know yet that it may invoke the function."""


class StateConflict(DeployError):
    """Another deploy of the stage ran at the same time."""


class SmokeFailed(DeployError):
    """The stage is deployed, but its smoke test failed."""


class SourceFailed(SmokeFailed):
    """The source sent no bars in the smoke test."""
