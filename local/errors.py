"""Errors of the laptop's commands."""

from __future__ import annotations

from chalicelib.errors import B3Error


class LocalError(B3Error):
    """A command fails, for example because the port is in use, the source is unknown or the job failed."""
