"""What the laptop cannot do."""

from __future__ import annotations

from chalicelib.errors import B3Error


class LocalError(B3Error):
    """The command line asks for what cannot be had: a port in use, a source unknown, a job that failed."""
