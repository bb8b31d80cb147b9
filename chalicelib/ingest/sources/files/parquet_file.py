"""Bars in a parquet file: the columns of a dialect, with the types of numbers and dates."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chalicelib.errors import SourceEmpty, SourceMalformed
from chalicelib.ingest.sources.files import checks
from chalicelib.ingest.sources.files.dialects import COLUMNS, DATE, TYPED, VOLUME
from chalicelib.ingest.sources.files.header import Header
from chalicelib.ingest.sources.files.kinds import shown
from chalicelib.ingest.sources.files.numbers import VOLUME_LIMIT
from chalicelib.layout import SAO_PAULO
from chalicelib.schema import PRICES

SIGNATURE = b"PAR1"


def parse(body: bytes, origin: str) -> pd.DataFrame:
    """Return the bars in a parquet file, in its order, as `Source.fetch` returns them.

    Raises:
        SourceMalformed: names the column or the row, and what is allowed.
        SourceEmpty: it has no rows.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(body)).read()
    except (pa.ArrowException, OSError) as error:
        message = str(error).partition("\n")[0]
        raise SourceMalformed(f"{origin} is not a valid parquet file: {message}") from error
    header = Header(tuple(name.casefold() for name in table.column_names))
    repeated = sorted(name for name in set(header.names) if header.names.count(name) > 1)
    if repeated:
        raise SourceMalformed(f"{origin} has more than one column {repeated[0]!r}; allowed: each name once")
    table = table.rename_columns(list(header.names))
    cells: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    checks.check_tickers(checks.tickers_in(cells), origin)
    fitting = [dialect for dialect in TYPED if dialect.has(header)]
    if len(fitting) != 1:
        raise SourceMalformed(
            f"{origin} is a parquet file in no known form; its columns: {shown(', '.join(header.names))}; "
            f"known: the columns of {', '.join(dialect.name for dialect in TYPED)}"
        )
    if not table.num_rows:
        raise SourceEmpty(f"{origin} holds no bars: it has no rows")
    names = fitting[0].names
    bars = pd.DataFrame({names[name]: _typed(table, name, names[name], origin) for name in names})
    checks.check_index(cells.drop(columns=list(names)), bars, origin)
    return bars[list(COLUMNS)]


def _typed(table: pa.Table, name: str, column: str, origin: str) -> pd.Series[Any]:
    values = table.column(name)
    if column == DATE:
        return _dates(values, name, origin)
    kind = values.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise SourceMalformed(f"{origin}, {name}: the type is {kind}; allowed: a number")
    numbers: pd.Series[float] = values.cast(pa.float64(), safe=False).to_pandas().astype(float)
    if column in PRICES:
        _refuse(numbers.abs() == math.inf, numbers, name, origin, "a finite number, or null")
        return numbers
    whole = (numbers % 1 == 0) & (numbers >= 0) & (numbers < VOLUME_LIMIT)
    _refuse(~whole & numbers.notna(), numbers, VOLUME, origin, "a whole number from 0 to 2**53 - 1, or null")
    volume: pd.Series[Any] = numbers.astype("Int64")
    return volume


def _dates(values: pa.ChunkedArray, name: str, origin: str) -> pd.Series[pd.Timestamp]:
    kind = values.type
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        raise SourceMalformed(f"{origin}, {name}: the type is {kind}; allowed: a date or a timestamp")
    read = pd.to_datetime(values.cast(pa.timestamp("us", getattr(kind, "tz", None))).to_pandas())
    if read.dt.tz is not None:
        read = read.dt.tz_convert(SAO_PAULO).dt.tz_localize(None)
    days: pd.Series[pd.Timestamp] = read.dt.normalize()
    # Some days had no midnight in São Paulo, and begin at one o'clock.
    midnight = (read - days).isin([pd.Timedelta(0), pd.Timedelta(hours=1)])
    bounded = read.between(pd.Timestamp.min, pd.Timestamp.max)
    _refuse(~midnight | ~bounded, read, name, origin, "a date, or midnight in São Paulo")
    return days.astype("datetime64[ns]")


def _refuse(bad: pd.Series[bool], values: pd.Series[Any], name: str, origin: str, allowed: str) -> None:
    if bad.any():
        row = bad.idxmax()
        raise SourceMalformed(f"{origin}, row {row}, {name}: {values[row]}; allowed: {allowed}")
