"""The bars in a file of COTAHIST, its refused records, and the number of those that are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.errors import SourceError
from chalicelib.market import rules
from chalicelib.market.columns import Bytes, Flags, Integers, codes, dates, field, integers, strings
from chalicelib.market.files import open_file
from chalicelib.refine.parquet import arrow_schema
from chalicelib.schema import CLOSE, HIGH, LOW, OPEN
from chalicelib.shares import BARS, CENTS, REFUSED

_PRICES = {OPEN: "PREABE", HIGH: "PREMAX", LOW: "PREMIN", CLOSE: "PREULT"}
_NUMBERS = [*_PRICES.values(), "TOTNEG", "QUATOT", "VOLTOT", "FATCOT", "DISMES"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """The content of a file.

    Attributes:
        bars: one row a bar, in the columns of `shares.BARS`, in the order of the file.
        refused: one row a refused record, in the columns of `shares.REFUSED`.
        left_out: the number of records left out, by each of `rules.LEFT_OUT`.
        records: the number of records of the file.
        generated: the date of its header.
        synthetic: whether its prices are generated.
    """

    bars: pa.Table
    refused: pa.Table
    left_out: Mapping[str, int]
    records: int
    generated: date
    synthetic: bool


def parse(file: IO[bytes], key: str, collected_at: datetime, *, check_total: bool = True) -> Parsed:
    """Return the content of a zip or text of COTAHIST. The memory that it takes is that of a block and of the result.

    Args:
        file: at its start; seekable if it is a zip.
        key: name of the file, the value of the column `chave`, and in error messages.
        collected_at: when the file was stored, with a time zone: the value of the column `coletado_em`.
        check_total: whether the number of records has to be that of the trailer.

    Raises:
        SourceMalformed: the whole file is refused: it is no such file, or it was cut.
    """
    bars, refused = [arrow_schema(BARS).empty_table()], [arrow_schema(REFUSED).empty_table()]
    counts: Counter[str] = Counter()
    with open_file(file, key, check_total=check_total) as cotahist:
        line = 2
        for records in cotahist.blocks():
            cash = rules.in_cash_market(records)
            lines = np.flatnonzero(cash) + line
            line += len(records)
            counts[rules.OTHER_MARKET] += int((~cash).sum())
            candidates = records[cash]
            reasons = rules.left_out(candidates)
            counts.update(reasons[reasons != ""].tolist())
            kept = reasons == ""
            block = _Block(candidates[kept], lines[kept], cotahist.generated, key, collected_at)
            bars.append(block.bars())
            refused.append(block.refused())
    left_out = {reason: counts[reason] for reason in rules.LEFT_OUT}
    rows, rejected = pa.concat_tables(bars), pa.concat_tables(refused)
    return Parsed(rows, rejected, left_out, cotahist.records, cotahist.generated, cotahist.synthetic)


def refused_file(key: str, error: SourceError) -> pa.Table:
    """Return the row of a file that `parse` refuses, in the columns of `shares.REFUSED`."""
    row = {"motivo": rules.INVALID_FILE, "chave": key, "linha": None, "registro": str(error)}
    return pa.Table.from_pylist([row], arrow_schema(REFUSED))


class _Block:
    """Records that may be bars."""

    def __init__(self, records: Bytes, lines: Integers, generated: date, key: str, collected_at: datetime) -> None:
        self._records, self._lines = records, lines
        self._constants = {"chave": key, "gerado_em": generated, "coletado_em": collected_at}
        self._numbers = {name: integers(field(records, name)) for name in _NUMBERS}
        self._days, no_date = dates(field(records, "DATA"))
        self._tickers = strings(field(records, "CODNEG"))
        board = codes(field(records, "CODBDI"))
        self._classes = rules.classes(rules.types(records), board)
        self._reasons = self._first_reasons(no_date, np.datetime64(generated))

    def _first_reasons(self, no_date: Flags, generated: np.datetime64) -> npt.NDArray[np.str_]:
        quotes = [self._numbers[name].values for name in _PRICES.values()]
        opened, high, low, close = quotes
        unreadable = no_date | self._tickers.is_null().to_numpy(zero_copy_only=False)
        for number in self._numbers.values():
            unreadable |= number.malformed
        cases = {
            rules.UNREADABLE: unreadable,
            rules.FUTURE: self._days > generated,
            rules.NO_CLASS: self._classes == "",
            rules.NO_FACTOR: self._numbers["FATCOT"].values == 0,
            rules.NULL_PRICE: np.any([quote == 0 for quote in quotes], axis=0),
            rules.HIGH_LOW: (high < np.maximum(opened, close)) | (low > np.minimum(opened, close)),
            rules.WIDE: high > rules.WIDEST * low,
        }
        return np.select(list(cases.values()), list(cases), "")

    def bars(self) -> pa.Table:
        """Return the accepted records, in the columns of `BARS`."""
        good = self._reasons == ""
        values = {name: number.values[good] for name, number in self._numbers.items()}
        records, count = self._records[good], int(good.sum())
        # One division of whole numbers, so that a price has the same bits with every number of quoted shares.
        unit = (CENTS * values["FATCOT"]).astype(np.float64)
        names = strings(field(records, "NOMRES")), strings(field(records, "ESPECI")[:, :3])
        columns = {
            "data": self._days[good],
            "ticker": self._tickers.filter(pa.array(good)),
            **{column: values[name] / unit for column, name in _PRICES.items()},
            "volume_negociado": values["QUATOT"],
            "classe": pa.array(self._classes[good].astype(object), pa.string()),
            "nome": pc.binary_join_element_wise(*names, " ", null_handling="skip"),
            "isin": strings(field(records, "CODISI")),
            "negocios": values["TOTNEG"],
            "volume_financeiro": values["VOLTOT"] / CENTS,
            "fator_cotacao": values["FATCOT"].astype(np.int32),
            "distribuicao": values["DISMES"].astype(np.int32),
            "linha": self._lines[good],
            **{name: pa.repeat(value, count) for name, value in self._constants.items()},
        }
        schema = arrow_schema(BARS)
        return pa.table([pa.array(columns[name]).cast(schema.field(name).type) for name in schema.names], schema)

    def refused(self) -> pa.Table:
        """Return the refused records, in the columns of `REFUSED`."""
        bad = np.flatnonzero(self._reasons)
        schema = arrow_schema(REFUSED)
        columns = {
            "motivo": self._reasons[bad].tolist(),
            "chave": [self._constants["chave"]] * len(bad),
            "linha": self._lines[bad].tolist(),
            "registro": [self._records[at, :245].tobytes().decode("latin-1") for at in bad],
        }
        return pa.table([pa.array(columns[name], schema.field(name).type) for name in schema.names], schema)
