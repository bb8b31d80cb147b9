"""Bars as files of each dialect, written as the programs and sites write them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pandas as pd

from chalicelib.schema import PRICES
from tests.support.bars import csv_text

ENGLISH = ("Open", "High", "Low", "Close")
TICKER = "^BVSP"


def frame(bars: pd.DataFrame, time_zone: str | None = None) -> pd.DataFrame:
    """Return bars as yfinance returns them: English names, dates as the index."""
    names = dict(zip(PRICES, ENGLISH, strict=True)) | {"volume_negociado": "Volume"}
    return bars.set_index(pd.DatetimeIndex(bars["data"], name="Date", tz=time_zone))[list(names)].rename(columns=names)


def yahoo(bars: pd.DataFrame) -> bytes:
    table = frame(bars)
    table.insert(4, "Adj Close", table["Close"])
    return table.to_csv(float_format="%.6f", na_rep="null").encode()


def history(bars: pd.DataFrame) -> bytes:
    table = frame(bars, "America/Sao_Paulo").assign(**{"Dividends": 0.0, "Stock Splits": 0.0})
    return table.to_csv().encode()


def downloaded(bars: pd.DataFrame) -> pd.DataFrame:
    """Return bars as `yfinance.download` returns them."""
    columns = pd.MultiIndex.from_product([["Close", "High", "Low", "Open", "Volume"], [TICKER]])
    table = frame(bars)[["Close", "High", "Low", "Open", "Volume"]]
    return table.set_axis(columns.set_names(["Price", "Ticker"]), axis=1)


def download(bars: pd.DataFrame) -> bytes:
    return downloaded(bars).to_csv().encode()


def download_by_ticker(bars: pd.DataFrame) -> bytes:
    return downloaded(bars).swaplevel(axis=1).to_csv().encode()


def download_without_names(bars: pd.DataFrame) -> bytes:
    return download(bars).replace(b"Price,", b",", 1).replace(b"Ticker,", b",", 1)


def download_without_index(bars: pd.DataFrame) -> bytes:
    return downloaded(bars).reset_index().to_csv(index=False).encode()


def brazilian(text: str) -> str:
    """Exchange the decimal point and the comma between thousands."""
    return text.translate(str.maketrans(".,", ",."))


def quoted(header: str, rows: list[list[str]]) -> bytes:
    lines = [",".join(f'"{cell}"' for cell in row) for row in (header.split("|"), *rows)]
    return "\n".join(lines).encode("utf-8-sig")


def investing_rows(bars: pd.DataFrame, day: str) -> list[list[str]]:
    """Return rows of Investing.com in English, newest first: price, open, high, low."""
    return [
        [bar["data"].strftime(day), *(price(bar[name]) for name in (PRICES[3], *PRICES[:3])), volume(bar), "0.1%"]
        for bar in bars[::-1].to_dict("records")
    ]


def price(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.2f}"


def volume(bar: Mapping[Hashable, Any]) -> str:
    number = bar["volume_negociado"]
    return "-" if pd.isna(number) else f"{number / 1e6:.2f}M"


def investing_en(bars: pd.DataFrame) -> bytes:
    return quoted("Date|Price|Open|High|Low|Vol.|Change %", investing_rows(bars, "%m/%d/%Y"))


def investing_pt(bars: pd.DataFrame) -> bytes:
    rows = [[row[0], *map(brazilian, row[1:])] for row in investing_rows(bars, "%d.%m.%Y")]
    return quoted("Data|Último|Abertura|Máxima|Mínima|Vol.|Var%", rows)


def excel(bars: pd.DataFrame, separator: str = ";") -> str:
    names = ["Data", "Abertura", "Máximo", "Mínimo", "Fechamento", "Volume"]
    text: str = bars.set_axis(names, axis=1).to_csv(
        sep=separator, decimal=",", date_format="%d/%m/%Y", index=False, lineterminator="\r\n"
    )
    return text


def api(bars: pd.DataFrame) -> bytes:
    return bars[::-1].assign(retorno_log=0.001, drawdown=None, avisos="", fonte="yahoo").to_csv(index=False).encode()


WRITERS: Mapping[str, tuple[str, Callable[[pd.DataFrame], bytes]]] = {
    "plain.csv": ("plain", lambda bars: csv_text(bars).encode()),
    "yahoo.csv": ("yahoo", yahoo),
    "yfinance-history.csv": ("yfinance-history", history),
    "yfinance-download.csv": ("yfinance-download", download),
    "yfinance-download-by-ticker.csv": ("yfinance-download", download_by_ticker),
    "yfinance-download-without-names.csv": ("yfinance-download", download_without_names),
    "yfinance-download-two-rows.csv": ("yfinance-download", download_without_index),
    "investing-en.csv": ("investing-en", investing_en),
    "investing-pt.csv": ("investing-pt", investing_pt),
    "excel-semicolons.csv": ("excel-semicolons", lambda bars: excel(bars).encode("cp1252")),
    "excel-tabs.txt": ("excel-tabs", lambda bars: excel(bars, "\t").encode("utf-16")),
    "b3-dataflow.csv": ("b3-dataflow", api),
}
"""For each file of tests/files its dialect, and the function that writes bars in the same form."""
