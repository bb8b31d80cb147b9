"""The source `yahoo`: Yahoo Finance through yfinance, with a limit on the number and the time of requests."""

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
from chalicelib.instrument import IBOV, Instrument
from chalicelib.schema import CLOSE, HIGH, LOW, OPEN
from chalicelib.sources import YAHOO

ATTEMPTS = 2
"""Lambda retries a failed function minutes later, so few attempts are enough here."""

PAUSE = (5.0, 15.0)
"""Range of the random seconds between attempts, so that many clients do not retry at the same time."""

REQUESTS = 9
"""Limit of requests in one attempt. Usually it takes three, and nine if Yahoo sets no cookie at first and yfinance
tries its second way to get one."""

_COLUMNS = {
    "Open": OPEN,
    "High": HIGH,
    "Low": LOW,
    "Close": CLOSE,
    "Volume": "volume_negociado",
}


@dataclass(frozen=True, slots=True)
class Yahoo:
    """The bars of an instrument as Yahoo returns them.

    Attributes:
        session: function that returns an HTTP session for yfinance.
        timeout: seconds before a request fails.
        sleep: function that pauses; tests replace it.
        attempts: requests for the bars before `fetch` fails.
        instrument: one that has a symbol at Yahoo.
    """

    session: Callable[[], Any] = new_session
    timeout: float = 10.0
    sleep: Callable[[float], None] = time.sleep
    attempts: int = ATTEMPTS
    instrument: Instrument = IBOV

    @property
    def name(self) -> str:
        return YAHOO.name

    @property
    def symbol(self) -> str:
        """The instrument's symbol at Yahoo."""
        return self.instrument.symbols[YAHOO.name]

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """See `Source`. Try again if Yahoo does not answer, or answers 429."""
        for _ in range(self.attempts - 1):
            try:
                return self._request(start, end)
            except SourceUnavailable:
                self.sleep(random.uniform(*PAUSE))  # noqa: S311 - jitter, not a secret
        return self._request(start, end)

    def _request(self, start: date | None, end: date | None) -> pd.DataFrame:
        # By default yfinance logs every failure and returns an empty frame.
        yf.config.debug.hide_exceptions = False
        # The default folder is in the home, which is read-only on Lambda.
        yf.set_tz_cache_location(str(Path(tempfile.gettempdir()) / "b3-dataflow-yfinance"))
        # This saves the request that yfinance sends for an unknown time zone.
        yf.cache.get_tz_cache().store(self.symbol, self.instrument.time_zone.key)
        # yfinance caches responses about the past for the life of the process, and Yahoo revises the past.
        YfData.cache_get.cache_clear()
        ticker = yf.Ticker(self.symbol, session=_limited(self.session(), self.timeout))
        span: dict[str, Any] = {"start": start} if start else {"period": "max"}
        if end is not None:
            # yfinance excludes the end.
            span["end"] = end + timedelta(days=1)
        try:
            # Without keepna yfinance drops sessions whose prices are still null.
            bars = ticker.history(**span, auto_adjust=False, actions=False, keepna=True, timeout=self.timeout)
            metadata = ticker.get_history_metadata()
        except SourceUnavailable:
            raise
        except yf.exceptions.YFRateLimitError as error:
            raise SourceUnavailable("Yahoo refused the request: 429 Too Many Requests") from error
        except yf.exceptions.YFPricesMissingError as error:
            raise SourceRefused(
                f"Yahoo has no bars of {self.symbol}: {error.yahoo_reason or error.rationale}"
            ) from error
        except yf.exceptions.YFDataException as error:
            raise SourceUnavailable(f"Yahoo is down: {error}") from error
        except (yf.exceptions.YFException, ValueError, KeyError, TypeError, OverflowError) as error:
            raise SourceMalformed(f"Yahoo's response cannot be read: {type(error).__name__}: {error}") from error
        except Exception as error:
            # The type depends on the HTTP library that yfinance uses; curl appends a link to its documentation.
            message = str(error).partition(" See http")[0]
            raise SourceUnavailable(f"Yahoo did not answer: {type(error).__name__}: {message}") from error
        self._check(metadata)
        if bars.empty:
            raise SourceEmpty(f"Yahoo returned no bars of {self.symbol}: the result is empty")
        return self._as_bars(bars)

    def _check(self, metadata: Any) -> None:
        for field, expected in (
            ("symbol", self.symbol),
            ("currency", self.instrument.currency),
            ("exchangeTimezoneName", self.instrument.time_zone.key),
            ("dataGranularity", "1d"),
        ):
            if metadata.get(field) != expected:
                raise SourceMalformed(f"Yahoo returned {field} {metadata.get(field)!r}; expected {expected!r}")

    def _as_bars(self, bars: pd.DataFrame) -> pd.DataFrame:
        """Return Yahoo's frame with the columns of the schema.

        Yahoo's dates are midnights in the exchange's time zone, or one o'clock on days that had no midnight.
        """
        dates = pd.DatetimeIndex(bars.index).tz_convert(self.instrument.time_zone).tz_localize(None).normalize()
        renamed = bars[list(_COLUMNS)].rename(columns=_COLUMNS).astype({"volume_negociado": "Int64"})
        return renamed.assign(data=dates).reset_index(drop=True)


def _limited(session: Any, timeout: float) -> Any:
    """Return the session with a limit on the number of its requests and on the time of each."""
    request = session.request
    left = REQUESTS

    def limited(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise SourceUnavailable(f"no bars after {REQUESTS} requests to Yahoo, the limit of an attempt")
        return request(*args, **kwargs | {"timeout": timeout})

    session.request = limited
    return session
