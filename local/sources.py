"""The sources that `--source` names; `auto` and `sample` exist on the laptop only."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from chalicelib import wiring
from chalicelib.errors import SourceUnavailable
from chalicelib.ingest.official_closes import online
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.b3.closes import ClosesSource
from chalicelib.ingest.sources.b3.files import File
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.ingest.sources.location import require_file
from chalicelib.layout import SAO_PAULO
from chalicelib.sources import B3
from local.sample import Sample

ALLOWED = "auto, yahoo, sample or csv:<path>"
"""The values of `--source` of `make run`, all of which have bars. Its help contains this text."""

BACKFILL_ALLOWED = "yahoo, sample, csv:<path>, b3, b3:<path> or cotahist:<path>"
"""The values of `--source` of `backfill`. Its help contains this text."""

CONTACT_SECONDS = 2.0
"""How long `auto` waits for the first response of Yahoo, of any status, before it uses the sample."""

YAHOO_SECONDS = 20.0
"""How long `auto` waits for Yahoo's bars before it uses the sample."""


def candidates(name: str) -> list[Source]:
    """Return the sources to try, in order, for a value of `--source` of `make run`.

    Raises:
        ValueError: the value names no source.
        SourceUnavailable: the value names a file that does not exist.
    """
    if name == "auto":
        return [bounded_yahoo(), _sample()]
    return [named(name, ALLOWED)]


def of_backfill(name: str) -> Source | ClosesSource:
    """Return the source for a value of `--source` of `backfill`.

    Raises:
        ValueError: the value names no source.
        SourceUnavailable: the file cannot be read.
    """
    if name == B3.name:
        return online(wiring.settings(), datetime.now(SAO_PAULO))
    kind, _, location = name.partition(":")
    if kind == B3.name and location:
        return closes_file(location)
    return named(name, BACKFILL_ALLOWED)


def named(name: str, allowed: str) -> Source:
    """Return the one source of bars that a value of `--source` names. `auto` names two.

    Args:
        name: the value.
        allowed: the allowed values, for the message of the error.

    Raises:
        ValueError: the value names no source.
        SourceUnavailable: the value names a file that does not exist.
    """
    if name.startswith("csv:") and name != "csv:":
        file = CsvFile(name.removeprefix("csv:"))
        # Before anything is started for it.
        file.check()
        return file
    if name == "sample":
        return _sample()
    if name == "yahoo":
        return _yahoo()
    raise ValueError(f"source is {name!r}; allowed: {allowed}")


def closes_file(location: str) -> ClosesSource:
    """Return the official closes in a file: a path, or `s3://bucket/key`.

    Raises:
        SourceUnavailable: the file cannot be read.
    """
    require_file(location)
    return File(location, datetime.now(SAO_PAULO).date())


def _sample() -> Source:
    # Today's session may not be over.
    return Sample(datetime.now(SAO_PAULO).date() - timedelta(days=1))


def _yahoo() -> Source:
    from chalicelib.ingest.sources.yahoo import Yahoo

    return Yahoo()


class Contact:
    """Whether a source has sent a request, and has received a response."""

    def __init__(self) -> None:
        self.requested, self.responded = threading.Event(), threading.Event()

    def watch(self, session: Any) -> Any:
        """Return the HTTP session, whose requests set the events from now on."""
        request = session.request

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.requested.set()
            response = request(*args, **kwargs)
            self.responded.set()
            return response

        session.request = watched
        return session

    def end(self) -> None:
        """Set both events, so that no thread waits any longer."""
        self.requested.set()
        self.responded.set()


def bounded_yahoo() -> Source:
    """Return Yahoo with one attempt, which fails soon without a network."""
    from yfinance.data import new_session

    from chalicelib.ingest.sources.yahoo import Yahoo

    contact = Contact()
    yahoo = Yahoo(session=lambda: contact.watch(new_session()), attempts=1)
    return Bounded(yahoo, contact, CONTACT_SECONDS, YAHOO_SECONDS)


@dataclass(frozen=True, slots=True)
class Bounded:
    """A source with additional timeouts, because its library may wait longer.

    Attributes:
        contact_seconds: timeout from the first request to the first response.
        seconds: timeout of the first request, and then of the bars.
    """

    source: Source
    contact: Contact
    contact_seconds: float
    seconds: float

    @property
    def name(self) -> str:
        return self.source.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        future: Future[pd.DataFrame] = Future()
        threading.Thread(target=self._complete, args=[future, start, end], daemon=True).start()
        self.contact.requested.wait(self.seconds)
        if not self.contact.responded.wait(self.contact_seconds):
            raise SourceUnavailable(f"{self.name} did not answer within {self.contact_seconds:.0f} s")
        try:
            return future.result(self.seconds)
        except TimeoutError:
            raise SourceUnavailable(f"{self.name} sent no bars within {self.seconds:.0f} s") from None

    def _complete(self, future: Future[pd.DataFrame], start: date | None, end: date | None) -> None:
        try:
            future.set_result(self.source.fetch(start, end))
        except Exception as error:  # noqa: BLE001
            # `Future.result` raises it again.
            future.set_exception(error)
        finally:
            self.contact.end()
