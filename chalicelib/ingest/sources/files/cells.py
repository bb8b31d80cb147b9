"""The cells of a text with separators, and the error about one of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from chalicelib.errors import SourceEmpty, SourceMalformed
from chalicelib.ingest.sources.files.header import HEADER_ROWS, Header, header

# Excel reads the separator in this line. It is in quotes if the file was written by a CSV library.
_DECLARED = re.compile(r'"?sep=([,;|\t])"?[,;\t ]*(?:\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file.

    Attributes:
        body: the text, without the line that declares the separator.
        origin: its name in messages.
        declared: the separator that the text declares, or nothing.
    """

    body: str
    origin: str
    declared: str = ""

    @property
    def first_line(self) -> str:
        return next((line for line in self.body.splitlines() if line.strip()), "").strip()

    @property
    def first_number(self) -> int:
        """The number of the first line of the body in the file."""
        return 2 if self.declared else 1


def text(body: str, origin: str) -> Text:
    """Return a text, with the separator that its first line may declare."""
    match = _DECLARED.match(body)
    return Text(body[match.end() :], origin, match[1]) if match else Text(body, origin)


def read_header(source: Text, separator: str) -> Header | None:
    """Return the header of a text, None if its first row is no CSV with this separator."""
    rows = []
    # A later row may be malformed: `read_cells` names it.
    with suppress(SourceMalformed):
        for _, row in islice(_rows(source, separator), HEADER_ROWS):
            rows.append(row)
    return header(rows)


def read_cells(source: Text, separator: str, heading: Header) -> pd.DataFrame:
    """Return all cells as text, with the names of the columns, and the number of the line as index.

    Raises:
        SourceMalformed: a line has another number of cells, or quotes that do not end.
        SourceEmpty: no line follows the header.
    """
    rows = list(_rows(source, separator))
    names = heading.names
    lines = rows[heading.rows :]
    for line, row in lines:
        if len(row) != len(names):
            raise SourceMalformed(
                f"{source.origin}, line {line}: {len(row)} cells; allowed: {len(names)}, as columns are named"
            )
    if not lines:
        raise SourceEmpty(f"{source.origin} holds no bars: only the line with the names of the columns")
    return pd.DataFrame([row for _, row in lines], [line for line, _ in lines], list(names))


def _rows(source: Text, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that have content, each with the number of its last line."""
    reader = csv.reader(io.StringIO(source.body, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num + source.first_number - 1, cells
    except csv.Error as error:
        line = reader.line_num + source.first_number - 1
        raise SourceMalformed(f"{source.origin}, line {line}: {error}; allowed: a CSV") from error


def refuse(column: pd.Series[str], bad: pd.Series[bool], origin: str, allowed: str) -> None:
    """Raise SourceMalformed for the first bad value, with its line and what is allowed."""
    if bad.any():
        line = bad.idxmax()
        raise SourceMalformed(f"{origin}, line {line}, {column.name}: {column[line]!r}; allowed: {allowed}")
