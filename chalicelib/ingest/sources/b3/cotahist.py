"""B3's daily history of the whole market (COTAHIST): a zip for each session, and one for each year."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import IO, TYPE_CHECKING

from chalicelib.errors import SourceMalformed, SourceUnavailable
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.market.files import MAGIC
from chalicelib.market.summary import Summary, summarise

if TYPE_CHECKING:
    from chalicelib.ingest.sources.b3.http import Client

LIMIT = 400 * 2**20
"""The maximum number of bytes of a zip. The largest year has about 100 MB; a Lambda function has 512 MB of disk."""

_FOLDER = "InstDados/SerHist"


@dataclass(slots=True)
class CotahistOnline:
    """The files of B3.

    Attributes:
        url: scheme, host and port of B3.
        limits: of all requests.
    """

    url: str
    limits: Limits
    _client: Client = field(init=False)

    def __post_init__(self) -> None:
        # curl takes a fifth of a second to import, and a run without requests does without it.
        from chalicelib.ingest.sources.b3.http import Client

        self._client = Client(f"{self.url}/", self.limits)

    def day(self, day: date) -> tuple[str, date, date]:
        """Return the name of a session's file, and its first and last date."""
        return f"COTAHIST_D{day:%d%m%Y}.ZIP", day, day

    def year(self, year: int) -> tuple[str, date, date]:
        """Return the name of a year's file, and the first and last date that it may have."""
        return f"COTAHIST_A{year}.ZIP", date(year, 1, 1), date(year, 12, 31)

    @contextmanager
    def download(self, name: str, first: date, last: date) -> Iterator[tuple[IO[bytes], Summary]]:
        """Download a file into a temporary one, and check it.

        Args:
            name: its name at B3.
            first, last: the dates that its records may have, both included.

        Raises:
            SourceRefused: B3 has no such file: there was no session, or the file is not there yet.
            SourceUnavailable: B3 did not answer, its filter refused the request, or it sent a page.
            SourceMalformed: the file is no zip of COTAHIST, was cut, or has other dates.
        """
        with tempfile.TemporaryFile() as file:
            self._client.download(f"{self.url}/{_FOLDER}/{name}", name, file, LIMIT)
            file.seek(0)
            start = file.read(100).lstrip()
            if not start.startswith(MAGIC):
                kind = SourceUnavailable if start.startswith(b"<") else SourceMalformed
                raise kind(f"{name} is no zip: it starts with {start[:40].decode('latin-1')!r}")
            file.seek(0)
            summary = summarise(file, name)
            if summary.first < first or summary.last > last:
                raise SourceMalformed(
                    f"{name} has records from {summary.first} to {summary.last}; allowed: {first} to {last}"
                )
            yield file, summary
