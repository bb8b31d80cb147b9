"""The sources that `--source` names; `auto` and `sample` exist on the laptop only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from chalicelib.errors import SourceUnavailable
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.layout import SAO_PAULO
from local.sample import Sample

ALLOWED = "auto, yahoo, sample or csv:<path>"

YAHOO_SECONDS = 20.0
"""How long `auto` waits for Yahoo before it uses the sample."""


def candidates(name: str) -> list[Source]:
    """Return the sources to try, in order, for a value of `--source`.

    Raises:
        ValueError: the value names no source.
    """
    if name.startswith("csv:") and name != "csv:":
        return [CsvFile(name.removeprefix("csv:"))]
    if name == "sample":
        return [_sample()]
    if name == "yahoo":
        return [_yahoo()]
    if name == "auto":
        return [Bounded(_yahoo(), YAHOO_SECONDS), _sample()]
    raise ValueError(f"source is {name!r}; allowed: {ALLOWED}")


def _sample() -> Source:
    # Today's session may not be over.
    return Sample(datetime.now(SAO_PAULO).date() - timedelta(days=1))


def _yahoo() -> Source:
    from chalicelib.ingest.sources.yahoo import Yahoo

    return Yahoo()


@dataclass(frozen=True, slots=True)
class Bounded:
    """A source with a timeout of its own, because its library may wait longer."""

    source: Source
    seconds: float

    @property
    def name(self) -> str:
        return self.source.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        future: Future[pd.DataFrame] = Future()
        threading.Thread(target=_complete, args=[future, lambda: self.source.fetch(start, end)], daemon=True).start()
        try:
            return future.result(self.seconds)
        except TimeoutError:
            raise SourceUnavailable(f"{self.name} did not answer within {self.seconds:.0f} s") from None


def _complete(future: Future[pd.DataFrame], fetch: Callable[[], pd.DataFrame]) -> None:
    try:
        future.set_result(fetch())
    except Exception as error:  # noqa: BLE001
        # `Future.result` raises it again.
        future.set_exception(error)
