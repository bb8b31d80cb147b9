"""Caches of a warm Lambda function: the manifest and the list of years for some seconds, and responses by ETag.

The data changes about once a day. Each change gives the manifest a new version, and a response is valid while the
version stays the same.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalice.app import Response

from chalicelib.api.headers import CACHE_CONTROL, ETAG, NO_STORE, Headers
from chalicelib.api.stored import IndexYears, Stored
from chalicelib.errors import NotReady, SchemaMismatch
from chalicelib.lake.manifest import Contents, Manifest
from chalicelib.lake.store import Lake
from chalicelib.schema import SCHEMA_VERSION

MANIFEST_TTL = 5.0
"""TTL of the cached manifest and of the cached list of years, in seconds."""

MAX_CACHED_BYTES = 32 << 20
"""The maximum size of all cached bodies."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The manifest at one moment, with its ETag. Both are None before the first run.

    Attributes:
        schema_version: the version of the columns that this code reads.
    """

    manifest: Manifest | None = None
    etag: str | None = None
    schema_version: int = SCHEMA_VERSION

    @property
    def contents(self) -> Contents | None:
        """The contents of the last commit, None before the first."""
        return self.manifest.contents if self.manifest else None

    @property
    def ready(self) -> bool:
        """Whether no run is writing, so that the table has these contents."""
        return self.manifest is not None and self.manifest.state == "ready"

    @property
    def version(self) -> str | None:
        """The version of the last commit, None before the first.

        It includes the run id: a rollback can restore an old version, and Athena must not reuse results from before it.
        """
        return f"{self.contents.version} {self.contents.run.id}" if self.contents else None

    def require_contents(self) -> Contents:
        """Return the contents of the last commit.

        Raises:
            NotReady: nothing has been committed yet.
            SchemaMismatch: the last commit has another schema version than this code, older or newer: columns can be
                missing or have another meaning. The next run of the job, or the end of the deployment, resolves it.
        """
        contents = self.contents
        if contents is None:
            raise NotReady("the lake has no committed manifest")
        if contents.schema_version != self.schema_version:
            raise SchemaMismatch(
                f"the lake has schema version {contents.schema_version}; allowed: {self.schema_version}"
            )
        return contents


class ManifestCache:
    """The manifest: `get` reads it from S3 at most every `MANIFEST_TTL` seconds, `refresh` at each call.

    Each read after the first is a conditional GET.

    While a run writes, the years are listed as often.

    Args:
        clock: monotonic time in seconds; replaced in tests.
        stored: lists the years; by default those of the index.
        schema_version: as in `Snapshot`.
    """

    def __init__(
        self,
        lake: Lake,
        clock: Callable[[], float] = time.monotonic,
        stored: Stored | None = None,
        schema_version: int = SCHEMA_VERSION,
    ) -> None:
        self._lake = lake
        self._clock = clock
        self._stored = stored or IndexYears(lake)
        self._lock = threading.Lock()
        self._snapshot = Snapshot(schema_version=schema_version)
        self._read_at = float("-inf")
        self._years: dict[str, str] = {}
        self._listed_at = float("-inf")

    def get(self) -> Snapshot:
        """Return the manifest, at most `MANIFEST_TTL` seconds old."""
        with self._lock:
            return self._snapshot if self._clock() - self._read_at < MANIFEST_TTL else self._read()

    def refresh(self) -> Snapshot:
        """Read the manifest again, and return it. The next `table_version` lists the years again."""
        with self._lock:
            self._listed_at = float("-inf")
            return self._read()

    def table_version(self, snapshot: Snapshot) -> str:
        """Return the version of the table that Athena reads, for idempotency tokens.

        It is the version of the last commit, unless a run is writing and has changed a year: then it is a digest of
        the stored years.

        Args:
            snapshot: a manifest with contents.
        """
        contents = snapshot.require_contents()
        version = f"{snapshot.version}"
        if snapshot.ready:
            return version
        years = self._list_years()
        if years == self._stored.expected(contents):
            return version
        return hashlib.sha256(repr(sorted(years.items())).encode()).hexdigest()

    def _list_years(self) -> dict[str, str]:
        """Return what `Stored.years` returns, at most `MANIFEST_TTL` seconds old."""
        with self._lock:
            now = self._clock()
            if now - self._listed_at >= MANIFEST_TTL:
                self._years = self._stored.years()
                self._listed_at = now
            return self._years

    def _read(self) -> Snapshot:
        read_at = self._clock()
        etag = self._snapshot.etag
        change = self._lake.manifest_after(etag) if etag else self._lake.manifest()
        if change is not None:
            self._snapshot = Snapshot(*change, self._snapshot.schema_version)
        self._read_at = read_at
        return self._snapshot


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """The body and the headers of a 200 response."""

    body: str
    headers: Mapping[str, str | list[str]]

    def response(self) -> Response:
        """Return a response that the client may store."""
        return Response(self.body, dict(self.headers), 200)

    def uncacheable(self) -> Response:
        """Return the response with no-store and without an ETag."""
        headers: Headers = {name: value for name, value in self.headers.items() if name != ETAG.name}
        return Response(self.body, headers | {CACHE_CONTROL: NO_STORE}, 200)


class ResponseCache:
    """Responses by ETag. Evicts the least recently used ones."""

    def __init__(self, max_bytes: int = MAX_CACHED_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._responses: OrderedDict[str, CachedResponse] = OrderedDict()
        self._bytes = 0

    def get(self, etag: str) -> CachedResponse | None:
        """Return the response with this ETag, None if it is not cached."""
        with self._lock:
            if etag in self._responses:
                self._responses.move_to_end(etag)
            return self._responses.get(etag)

    def put(self, etag: str, response: CachedResponse) -> None:
        """Cache a response, and evict others to stay below `max_bytes`."""
        with self._lock:
            if etag not in self._responses:
                self._responses[etag] = response
                self._bytes += len(response.body.encode())
            while self._bytes > self._max_bytes:
                _, evicted = self._responses.popitem(last=False)
                self._bytes -= len(evicted.body.encode())


def make_etag(*parts: str) -> str:
    """Return a strong ETag: a digest of the parts."""
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f'"{digest[:32]}"'


def etag_matches(if_none_match: str | None, etag: str) -> bool:
    """Return whether `If-None-Match` has this ETag (RFC 9110, section 13.1.2)."""
    if if_none_match is None:
        return False
    etags = [item.strip().removeprefix("W/") for item in if_none_match.split(",")]
    return "*" in etags or etag in etags
