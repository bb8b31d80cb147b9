"""What the table of shares is a function of, and the prefixes that are named after it.

Every object below such a prefix is a function of the prefix. So a task that is repeated, doubled or late writes the
bytes that are there already, and no writer needs to know another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from chalicelib import layout
from chalicelib.lake.manifest import code_version

_LIBRARIES = ("exchange_calendars", "numpy", "pandas", "pyarrow")
"""The libraries that decide bytes. Spark moves rows and decides none."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of COTAHIST.

    Attributes:
        files: the ETag of each file, by key.
    """

    files: Mapping[str, str]

    @property
    def folder(self) -> str:
        """The folder of the table below `layout.SHARES_PREFIX`, with the slash."""
        files = [f"{key} {self.files[key]}" for key in sorted(self.files)]
        return _digest(*files, code_version("job", "market", "refine")) + "/"

    @property
    def prefix(self) -> str:
        """The prefix of the table in the refined bucket."""
        return layout.SHARES_PREFIX + self.folder


def parsed_prefix(key: str, etag: str) -> str:
    """Return the prefix of the bars of a file in the refined bucket."""
    return f"{layout.PARSED_PREFIX}{_digest(key, etag, code_version('market'))}/"


def _digest(*parts: str) -> str:
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    return hashlib.sha256("\n".join([*parts, *libraries]).encode()).hexdigest()[:24]
