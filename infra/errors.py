"""Every error that building the packages raises on purpose.

    B3Error                 (chalicelib.errors)
    └── PackageError        a package cannot be built, or would not be accepted or run where it goes

The message names the thing, the value and what is allowed.
"""

from __future__ import annotations

from chalicelib.errors import B3Error


class PackageError(B3Error):
    """A package cannot be built, or would not be accepted or run where it goes."""
