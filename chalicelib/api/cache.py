"""What a warm function keeps: the manifest for some seconds, and the answers it gave.

The data changes once a day, and the manifest says when: while it names one version, an answer stays as it is.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.lake.manifest import Contents, Manifest
from chalicelib.lake.store import Lake

HELD_SECONDS = 5.0
"""How old the manifest may be that an answer is made from."""

KEPT_BYTES = 32 << 20
"""The memory that remembered answers may take."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The manifest as it was at some moment, with its ETag; both None before the first run."""

    manifest: Manifest | None = None
    etag: str | None = None

    @property
    def contents(self) -> Contents | None:
        """What the last commit holds."""
        return self.manifest.contents if self.manifest else None

    @property
    def settled(self) -> bool:
        """Whether the table holds these contents, and no run is changing them."""
        return self.manifest is not None and self.manifest.state == "ready"


class HeldManifest:
    """The manifest, asked for at most every `HELD_SECONDS`, and then only whether it changed.

    Args:
        clock: seconds that pass; replaced in tests.
    """

    def __init__(self, lake: Lake, clock: Callable[[], float] = time.monotonic) -> None:
        self._lake = lake
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = Seen()
        self._asked_at = float("-inf")

    def held(self) -> Seen:
        """The manifest, `HELD_SECONDS` old at the most."""
        with self._lock:
            return self._seen if self._clock() - self._asked_at < HELD_SECONDS else self._ask()

    def now(self) -> Seen:
        """The manifest at this moment."""
        with self._lock:
            return self._ask()

    def _ask(self) -> Seen:
        asked_at = self._clock()
        found = self._lake.manifest_after(self._seen.etag) if self._seen.etag else self._lake.manifest()
        if found is not None:
            self._seen = Seen(*found)
        self._asked_at = asked_at
        return self._seen


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given."""

    body: str
    headers: Mapping[str, str | list[str]]


class Answers:
    """Answers by ETag, the least recently used forgotten first."""

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._bytes = 0

    def get(self, etag: str) -> Kept | None:
        """The answer of this ETag, if it is remembered."""
        with self._lock:
            if etag in self._kept:
                self._kept.move_to_end(etag)
            return self._kept.get(etag)

    def keep(self, etag: str, answer: Kept) -> None:
        """Remember an answer."""
        with self._lock:
            if etag not in self._kept:
                self._kept[etag] = answer
                self._bytes += len(answer.body)
            while self._bytes > self._most:
                _, forgotten = self._kept.popitem(last=False)
                self._bytes -= len(forgotten.body)


def etag(*parts: str) -> str:
    """The strong ETag of what these parts determine."""
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f'"{digest[:32]}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether a client has the representation of this ETag already (RFC 9110, section 13.1.2)."""
    if if_none_match is None:
        return False
    theirs = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return "*" in theirs or tag in theirs
