"""Choose the dialect of a text: the only one that fits."""

from __future__ import annotations

from chalicelib.errors import SourceMalformed
from chalicelib.ingest.sources.files.cells import Text, read_header
from chalicelib.ingest.sources.files.checks import check_tickers
from chalicelib.ingest.sources.files.dialects import DIALECTS, Dialect
from chalicelib.ingest.sources.files.header import Header
from chalicelib.ingest.sources.files.kinds import shown

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


def recognise(source: Text) -> tuple[Dialect, Header]:
    """Return the dialect of a text, and its header.

    Raises:
        SourceMalformed: no dialect fits, or more than one; the message has the first line, its separator, and the
            names of the dialects. Or the header names a ticker that is not that of the index.
    """
    separators = [source.declared] if source.declared else sorted({dialect.separator for dialect in DIALECTS})
    headers = [(separator, read_header(source, separator)) for separator in separators]
    for _, header in headers:
        if header:
            check_tickers(header.tickers, source.origin)
    fitting = [
        (dialect, header)
        for separator, header in headers
        for dialect in DIALECTS
        if header and dialect.separator == separator and dialect.has(header)
    ]
    if len(fitting) != 1:
        raise _unknown(source, [dialect for dialect, _ in fitting])
    return fitting[0]


def _unknown(source: Text, fitting: list[Dialect]) -> SourceMalformed:
    line = source.first_line
    count, separator = max((line.count(separator), name) for separator, name in _SEPARATORS.items())
    known = fitting or DIALECTS
    return SourceMalformed(
        f"{source.origin} is in {'more than one known form' if fitting else 'no known form'}; its first line: "
        f"{shown(line)}, separator: {separator if count else 'none'}; "
        f"{'these fit' if fitting else 'known'}: {', '.join(dialect.name for dialect in known)}"
    )
