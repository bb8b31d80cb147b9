"""The sources that only the laptop has: what `--source` names."""

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
"""How long `auto` gives Yahoo before it takes the sample."""


def candidates(name: str) -> list[Source]:
    """The sources to try, in order, for a value of `--source`.

    Raises:
        ValueError: there is no such source.
    """
    if name.startswith("csv:") and name != "csv:":
        return [CsvFile(name.removeprefix("csv:"))]
    if name == "sample":
        return [_sample()]
    if name == "yahoo":
        return [_yahoo()]
    if name == "auto":
        return [Bounded(_yahoo(), YAHOO_SECONDS), _sample()]
    raise ValueError(f"there is no source {name!r}; allowed: {ALLOWED}")


def _sample() -> Source:
    # Yesterday's session is over whatever the time.
    return Sample(datetime.now(SAO_PAULO).date() - timedelta(days=1))


def _yahoo() -> Source:
    from chalicelib.ingest.sources.yahoo import Yahoo

    return Yahoo()


@dataclass(frozen=True, slots=True)
class Bounded:
    """A source that is given up after some seconds, however its library waits."""

    source: Source
    seconds: float

    @property
    def name(self) -> str:
        return self.source.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        answer: Future[pd.DataFrame] = Future()
        threading.Thread(target=_answer, args=[answer, lambda: self.source.fetch(start, end)], daemon=True).start()
        try:
            return answer.result(self.seconds)
        except TimeoutError:
            raise SourceUnavailable(f"{self.name} did not answer within {self.seconds:.0f} s") from None


def _answer(future: Future[pd.DataFrame], ask: Callable[[], pd.DataFrame]) -> None:
    try:
        future.set_result(ask())
    except Exception as error:  # noqa: BLE001
        # Raised again where the result is asked for.
        future.set_exception(error)
