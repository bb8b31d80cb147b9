"""What a file of COTAHIST has, after it has been read to its end: nothing of a file that was cut is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import IO

import numpy as np

from chalicelib.errors import SourceEmpty
from chalicelib.market.columns import dates, field
from chalicelib.market.files import open_file


@dataclass(frozen=True, slots=True)
class Summary:
    """A file of COTAHIST.

    Attributes:
        first, last: the first and the last date of its records up to the date of its header. Later ones are refused.
        records: the number of its records.
        generated: the date of its header.
    """

    first: date
    last: date
    records: int
    generated: date


def summarise(file: IO[bytes], origin: str) -> Summary:
    """Read a zip or text of COTAHIST to its end, in the memory of a block.

    Args:
        file: at its start; seekable if it is a zip.
        origin: name of the file in error messages.

    Raises:
        SourceMalformed: it is no such file, or it was cut.
        SourceEmpty: it has no record with a date up to that of its header.
    """
    bounds: list[date] = []
    with open_file(file, origin) as cotahist:
        for records in cotahist.blocks():
            days, wrong = dates(field(records, "DATA"))
            known = np.unique(days[~wrong & (days <= np.datetime64(cotahist.generated))]).astype(object)
            bounds += [*known[:1], *known[-1:]]
    if not bounds:
        raise SourceEmpty(f"{origin} has no record with a date up to that of its header; allowed: at least one")
    return Summary(min(bounds), max(bounds), cotahist.records, cotahist.generated)
