"""Made-up files of B3 in the form of real ones: answers of its index statistics, and index reports."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import pandas as pd

from chalicelib.refine.calendar import sessions

Closes = Mapping[date, float]


@cache
def _calendar() -> pd.DatetimeIndex:
    """Return the sessions of all years of the tests. One call is much faster than one for each year."""
    return sessions(date(1998, 1, 1), date(2034, 12, 31))


def year_closes(year: int, through: date | None = None, level: float = 100_000.0) -> dict[date, float]:
    """Return a close for every session of a year, up to a day. Each year begins where the year before ends."""
    days = _calendar()
    days = days[(days.year == year) & (days <= pd.Timestamp(through or date(year, 12, 31)))]
    return {day.date(): round(level + 7.13 * number % 500, 2) for number, day in enumerate(days)}


def written(value: float, language: str) -> str:
    """Return a number as B3 writes it in a language: 101.005,64 or 101,005.64."""
    text = f"{value:,.2f}"
    return text if language == "en-us" else text.translate(str.maketrans(",.", ".,"))


def answer(closes: Closes, language: str = "pt-br") -> dict[str, Any]:
    """Return the answer of B3's index statistics with the closes of a year."""

    def row(day: int, values: Mapping[int, float]) -> dict[str, Any]:
        months = {month: values.get(month) for month in range(1, 13)}
        texts = {month: None if value is None else written(value, language) for month, value in months.items()}
        return {"day": day, **{f"rateValue{month}": text for month, text in texts.items()}}

    by_month = {month: [value for day, value in closes.items() if day.month == month] for month in range(1, 13)}
    return {
        "min": row(0, {month: min(values) for month, values in by_month.items() if values}),
        "max": row(0, {month: max(values) for month, values in by_month.items() if values}),
        "results": [
            row(number, {day.month: value for day, value in closes.items() if day.day == number})
            for number in range(1, 32)
        ],
    }


def answer_body(closes: Closes, language: str = "pt-br") -> bytes:
    """Return the bytes of `answer`."""
    return json.dumps(answer(closes, language), separators=(",", ":")).encode()


def report_xml(session: str, close: str | None, created: str = "T17:27:00", ticker: str = "IBOV") -> str:
    """Return the XML of an index report with the closes of two indices.

    Args:
        session: the date.
        close: the close of the index; None for a report from before it.
        created: when the report was made, as the end of a timestamp of that day.
    """
    closing = "" if close is None else f'<ClsgPric Ccy="BRL">{close}</ClsgPric>'
    return f"""<?xml version="1.0" encoding="utf-8" ?>
<Document xmlns="urn:bvmf.052.01.xsd">
  <BizFileHdr><Xchg>
    <BizGrpDesc><BizGrpDtls>
      <BizGrpTp>BVBG.087.01</BizGrpTp><CreDtAndTm>{session}{created}</CreDtAndTm>
    </BizGrpDtls></BizGrpDesc>
    <BizGrp><Document xmlns="urn:bvmf.218.01.xsd"><IndxRpt>
      <TradDt><Dt>{session}</Dt></TradDt>
      <IndxInf><SctyInf>
        <SctyId><TckrSymb>IFNC</TckrSymb></SctyId><ClsgPric Ccy="BRL">11418.47</ClsgPric>
      </SctyInf></IndxInf>
      <IndxInf><SctyInf><SctyId><TckrSymb>{ticker}</TckrSymb></SctyId>{closing}</SctyInf></IndxInf>
    </IndxRpt></Document></BizGrp>
  </Xchg></BizFileHdr>
</Document>
"""


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """Return a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
