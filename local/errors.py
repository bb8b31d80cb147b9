"""Errors of the laptop's commands."""

from __future__ import annotations

from chalicelib.errors import B3Error


class LocalError(B3Error):
    """A command cannot do its work: the port is in use, the source is unknown, the job failed."""
