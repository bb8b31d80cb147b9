"""Yahoo Finance, through yfinance: few requests, bounded in number and in time, and errors that say what happened."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import yfinance as yf
from yfinance.data import YfData, new_session

from chalicelib.errors import SourceEmpty, SourceMalformed, SourceRefused, SourceUnavailable

SYMBOL = "^BVSP"
CURRENCY = "BRL"
TIME_ZONE = "America/Sao_Paulo"

ATTEMPTS = 2
"""Lambda tries a failed function again, minutes later: more attempts here would only be more requests."""

PAUSE = (5.0, 15.0)
"""Seconds between attempts, drawn at random so that many clients do not come back at once."""

REQUESTS = 9
"""Requests that an attempt may send: three as a rule, and nine where Yahoo gives no cookie and yfinance tries another
way to one."""

_COLUMNS = {
    "Open": "preco_abertura",
    "High": "preco_maximo",
    "Low": "preco_minimo",
    "Close": "preco_fechamento",
    "Volume": "volume_negociado",
}


@dataclass(frozen=True, slots=True)
class Yahoo:
    """^BVSP as Yahoo gives it.

    Attributes:
        session: gives a session of yfinance's kind.
        timeout: seconds until a request is given up.
        sleep: how to pause; replaced in tests.
    """

    session: Callable[[], Any] = new_session
    timeout: float = 10.0
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        return "yahoo"

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """See `Source`. Tries once more where that can help: no answer, or 429."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._ask(start, end)
            except SourceUnavailable:
                self.sleep(random.uniform(*PAUSE))  # noqa: S311 - jitter, not a secret
        return self._ask(start, end)

    def _ask(self, start: date | None, end: date | None) -> pd.DataFrame:
        # By default yfinance turns every failure into an empty frame and a line in a log.
        yf.config.debug.hide_exceptions = False
        # Its default folder is in the home, which Lambda does not let a function write.
        yf.set_tz_cache_location(str(Path(tempfile.gettempdir()) / "b3-dataflow-yfinance"))
        # It asks for the time zone first, unless it knows it.
        yf.cache.get_tz_cache().store(SYMBOL, TIME_ZONE)
        # It remembers answers about the past for as long as the process lives; Yahoo revises the past.
        YfData.cache_get.cache_clear()
        ticker = yf.Ticker(SYMBOL, session=_bounded(self.session(), self.timeout))
        span: dict[str, Any] = {"start": start} if start else {"period": "max"}
        if end is not None:
            # To yfinance, the end is the first day that is not asked for.
            span["end"] = end + timedelta(days=1)
        try:
            # keepna: without it yfinance drops the sessions that Yahoo has no prices for yet.
            bars = ticker.history(**span, auto_adjust=False, actions=False, keepna=True, timeout=self.timeout)
            metadata = ticker.get_history_metadata()
        except SourceUnavailable:
            raise
        except yf.exceptions.YFRateLimitError as error:
            raise SourceUnavailable("Yahoo refuses to answer for now: 429 Too Many Requests") from error
        except yf.exceptions.YFPricesMissingError as error:
            raise SourceRefused(f"Yahoo gives no bars of {SYMBOL}: {error.yahoo_reason or error.rationale}") from error
        except yf.exceptions.YFDataException as error:
            raise SourceUnavailable(f"Yahoo is down: {error}") from error
        except (yf.exceptions.YFException, ValueError, KeyError, TypeError) as error:
            raise SourceMalformed(f"Yahoo's answer cannot be read: {type(error).__name__}: {error}") from error
        except Exception as error:
            # What a request can end with depends on the HTTP library that yfinance found; curl adds where to read on.
            said = str(error).partition(" See http")[0]
            raise SourceUnavailable(f"Yahoo did not answer: {type(error).__name__}: {said}") from error
        _check(metadata, len(bars))
        return _as_bars(bars)


def _bounded(session: Any, timeout: float) -> Any:
    """The session, with an end to the number of its requests and to the time of each."""
    request = session.request
    left = REQUESTS

    def bounded(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise SourceUnavailable(f"given up after {REQUESTS} requests to Yahoo")
        return request(*args, **kwargs | {"timeout": timeout})

    session.request = bounded
    return session


def _check(metadata: Any, rows: int) -> None:
    for field, expected in (("symbol", SYMBOL), ("currency", CURRENCY), ("exchangeTimezoneName", TIME_ZONE)):
        if metadata.get(field) != expected:
            raise SourceMalformed(f"Yahoo answered with {field} {metadata.get(field)!r}; expected {expected!r}")
    if not rows:
        raise SourceEmpty(f"Yahoo gave no bars of {SYMBOL}: the result is empty")


def _as_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """Yahoo's frame in our names. Its dates are midnights in São Paulo, or one o'clock where there was no midnight."""
    dates = pd.DatetimeIndex(bars.index).tz_convert(TIME_ZONE).tz_localize(None).normalize()
    renamed = bars[list(_COLUMNS)].rename(columns=_COLUMNS).astype({"volume_negociado": "Int64"})
    return renamed.assign(data=dates).reset_index(drop=True)
