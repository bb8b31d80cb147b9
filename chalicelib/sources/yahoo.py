"""Yahoo Finance, through yfinance."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import yfinance as yf

from chalicelib.errors import SourceError, SourceMalformed, SourceUnavailable

SYMBOL = "^BVSP"
CURRENCY = "BRL"
TIME_ZONE = "America/Sao_Paulo"

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
        session: what yfinance sends its requests with; its own where None.
        timeout: seconds until a request is given up.
    """

    session: Any = None
    timeout: float = 20.0

    @property
    def name(self) -> str:
        return "yahoo"

    def fetch(self, start: date | None) -> pd.DataFrame:
        # By default yfinance turns every failure into an empty frame and a line in a log.
        yf.config.debug.hide_exceptions = False
        # Its default folder is in the home, which Lambda does not let a function write.
        yf.set_tz_cache_location(str(Path(tempfile.gettempdir()) / "b3-dataflow-yfinance"))
        # It remembers answers about the past for as long as the process lives; Yahoo revises the past.
        yf.data.YfData.cache_get.cache_clear()
        ticker = yf.Ticker(SYMBOL, session=self.session)
        span: dict[str, Any] = {"period": "max"} if start is None else {"start": start}
        try:
            # keepna: without it yfinance drops the sessions that Yahoo has no prices for yet.
            bars = ticker.history(**span, auto_adjust=False, actions=False, keepna=True, timeout=self.timeout)
            metadata = ticker.get_history_metadata()
        except yf.exceptions.YFRateLimitError as error:
            raise SourceUnavailable(f"Yahoo refuses to answer for now (429 Too Many Requests): {error}") from error
        except (yf.exceptions.YFException, ValueError, KeyError, TypeError) as error:
            raise SourceMalformed(f"Yahoo gave no bars of {SYMBOL}: {type(error).__name__}: {error}") from error
        except Exception as error:
            # What a request can end with depends on the HTTP library that yfinance found; curl adds where to read on.
            said = str(error).partition(" See http")[0]
            raise SourceUnavailable(f"Yahoo did not answer: {type(error).__name__}: {said}") from error
        _check(metadata, len(bars))
        return _as_bars(bars)


def _check(metadata: Any, rows: int) -> None:
    for field, expected in (("symbol", SYMBOL), ("currency", CURRENCY), ("exchangeTimezoneName", TIME_ZONE)):
        if metadata.get(field) != expected:
            raise SourceMalformed(f"Yahoo answered with {field} {metadata.get(field)!r}; expected {expected!r}")
    if not rows:
        raise SourceError(f"Yahoo gave no bars of {SYMBOL}: the result is empty")


def _as_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """Yahoo's frame in our names. Its dates are midnights in São Paulo, or one o'clock where there was no midnight."""
    dates = pd.DatetimeIndex(bars.index).tz_convert(TIME_ZONE).tz_localize(None).normalize()
    renamed = bars[list(_COLUMNS)].rename(columns=_COLUMNS).astype({"volume_negociado": "Int64"})
    return renamed.assign(data=dates).reset_index(drop=True)
