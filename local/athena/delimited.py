"""Objects of delimited text, as Hive's LazySimpleSerDe reads and writes them, and as its OpenCSVSerde reads them."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from local.athena.errors import QueryFailure
from local.athena.glue_types import arrow
from local.athena.text import java_double
from local.athena.types import Type

MOST_BYTES = 100_000_000
"""Maximum number of bytes of an object after decompression, because it is parsed in this process."""

_INTEGERS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_DATE = r"\d{4}-\d\d-\d\d"
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
# Python reads other forms too, such as 1_000.
_FORMS = {
    **dict.fromkeys(_INTEGERS, r"[+-]?\d+"),
    **dict.fromkeys(("real", "double"), rf"{_NUMBER}|NaN|[+-]?Infinity"),
    "date": _DATE,
    "decimal": _NUMBER,
    "timestamp": rf"{_DATE} \d\d:\d\d:\d\d(\.\d+)?",
}

OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
"""SerDe of text with quotes; its columns are texts."""

_COMPRESSIONS: dict[str, Callable[[io.BytesIO], io.BufferedIOBase]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
}

PROPERTIES = {
    "colelction.delim", "escape.delim", "escapeChar", "field.delim", "mapkey.delim", "quoteChar", "separatorChar",
    "serialization.lib", "serialization.null.format", "skip.header.line.count",
}  # fmt: skip
"""Parameters of a table and of its SerDe, and the name of the SerDe, that determine how its text is read."""

Properties = Mapping[str, str]


def read(body: bytes, key: str, columns: Mapping[str, Type], properties: Properties) -> pa.Table:
    """Return the rows of an object. A field that is absent or not of its type is null.

    Args:
        body: bytes of the object.
        key: key of the object; its extension names the compression.
        columns: type of each column, in the order of the fields.
        properties: parameters of the table and of its SerDe, and the SerDe as `serialization.lib`.

    Raises:
        QueryFailure: the object is not compressed as its extension says, has another compression, or is too large; or
            the SerDe is OpenCSVSerde, and a column is not a string or a quote is not around a whole field.
    """
    if key.endswith((".lz4", ".snappy", ".zst", ".deflate")):
        raise QueryFailure(
            "NOT_SUPPORTED", f"the local Athena reads text without compression, with gzip or with bzip2 only: {key}"
        )
    content = _decompressed(body, key).decode("utf-8", "replace")
    lines = content.removesuffix("\n").split("\n") if content else []
    lines = lines[int(properties.get("skip.header.line.count", 0)) :]
    separators, null = _separators(properties), None
    rows: Iterable[list[str]]
    if properties.get("serialization.lib") == OPEN_CSV:
        other = next((f"{name} {type_}" for name, type_ in columns.items() if str(type_) != "varchar"), None)
        if other:
            raise QueryFailure(
                "NOT_SUPPORTED", f"with OpenCSVSerde the local Athena has string columns only, not {other}"
            )
        rows = _unquoted(lines, key, properties)
    else:
        null, escape = properties.get("serialization.null.format", r"\N"), properties.get("escape.delim")
        rows = [_split(line.removesuffix("\r") if escape is None else line, separators[0], escape) for line in lines]
    arrays = {}
    for index, (name, type_) in enumerate(columns.items()):
        fields = (row[index] if index < len(row) else None for row in rows)
        values = [None if field in (None, null) else _parse(field or "", type_, separators[1:]) for field in fields]
        arrays[name] = pa.array(values, arrow(type_))
    return pa.table(arrays)


def write(rows: pa.Table, serde: Mapping[str, Any]) -> bytes:
    """Return rows as an object of delimited text with gzip.

    Raises:
        QueryFailure: a column has a type that is not written as text here, or a value contains a delimiter.
    """
    properties = serde.get("Parameters") or {}
    separator, null = _separators(properties)[0], properties.get("serialization.null.format", r"\N")
    columns = [as_text(column).to_pylist() for column in rows.columns]
    lines = []
    for row in zip(*columns, strict=True):
        if any(value is not None and (separator in value or "\n" in value) for value in row):
            raise QueryFailure("NOT_SUPPORTED", "the local Athena does not write a text that contains a delimiter")
        lines.append(separator.join(null if value is None else value for value in row) + "\n")
    return gzip.compress("".join(lines).encode())


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as Hive's text of its values; null stays null."""
    type_ = column.type
    if pa.types.is_timestamp(type_):
        return pc.strftime(column, format="%Y-%m-%d %H:%M:%S")
    if pa.types.is_floating(type_):
        # Arrow's text has the fewest digits that are exact, as Java's, but for another format.
        return _mapped(column.cast(pa.string()), lambda value: java_double(float(value)))
    if pa.types.is_binary(type_):
        return _mapped(column, lambda value: base64.b64encode(value).decode())
    if pa.types.is_nested(type_):
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not write a column of {type_} as text")
    return column.cast(pa.string())


def _mapped(column: pa.ChunkedArray, of: Callable[[Any], str]) -> pa.ChunkedArray:
    values = [None if value is None else of(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(values, pa.string())])


def _decompressed(body: bytes, key: str) -> bytes:
    extension = key[key.rfind(".") :]
    if extension not in _COMPRESSIONS:
        return body
    try:
        with _COMPRESSIONS[extension](io.BytesIO(body)) as file:
            plain = file.read(MOST_BYTES + 1)
    except (OSError, EOFError) as error:
        name = {".gz": "gzip", ".bz2": "bzip2"}[extension]
        raise QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read {key}: not {name}") from error
    if len(plain) > MOST_BYTES:
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena reads at most {MOST_BYTES:,} bytes of text from {key}")
    return plain


def _unquoted(lines: Iterable[str], key: str, properties: Properties) -> list[list[str]]:
    """Return the fields of lines, which may be in quotes. An empty line has none.

    In quotes, two quotes are one, and an escape character stands before a quote or another escape character.

    Raises:
        QueryFailure: the characters are not distinct, or a quote or an escape is elsewhere, which OpenCSVSerde reads by
            rules that depend on the place in the line.
    """
    named = zip(("separatorChar", "quoteChar", "escapeChar"), ',"\\', strict=True)
    separator, quote, escape = ((properties.get(name) or default)[0] for name, default in named)
    # In Hive a double quote as the escape character means a backslash.
    escape = "\\" if escape == '"' else escape
    if len({separator, quote, escape}) < 3:
        raise QueryFailure("NOT_SUPPORTED", "CSV not supported: the separator, the quote and the escape must differ")
    s, q, e = map(re.escape, (separator, quote, escape))
    field = re.compile(rf"(?:{q}((?:[^{q}{e}]|{q}{q}|{e}.)*){q}|([^{s}{q}{e}]*))({s}|$)")
    rows = []
    for text in lines:
        line, row, end = text.removesuffix("\r"), [], not text.removesuffix("\r")
        position = 0
        while not end:
            match = field.match(line, position)
            if match is None:
                raise QueryFailure("NOT_SUPPORTED", f"the local Athena reads quotes around whole fields only: {key}")
            quoted, plain, after = match.groups()
            row.append(plain if quoted is None else re.sub(rf"{q}{q}|{e}(.)", lambda pair: pair[1] or quote, quoted))
            position, end = match.end(), not after
        rows.append(row)
    return rows


def _separators(properties: Properties) -> list[str]:
    """Return the delimiters of fields, of elements, of keys, and of the levels below."""
    named = [properties.get(name) for name in ("field.delim", "colelction.delim", "mapkey.delim")]
    defaults = [chr(code) for code in range(1, 9)]
    return [name or default for name, default in zip(named + [None] * 5, defaults, strict=True)]


def _split(text: str, separator: str, escape: str | None) -> list[str]:
    if escape is None:
        return text.split(separator)
    # A part ends at a delimiter that is not escaped.
    parts = re.split(rf"(?<!{re.escape(escape)}){re.escape(separator)}", text)
    return [re.sub(f"{re.escape(escape)}(.)", r"\1", part) for part in parts]


def _parse(text: str, type_: Type, separators: Sequence[str]) -> Any:
    """Return the value of a text, None if it is not of the type."""
    if type_.base == "array":
        return [_parse(part, type_.elements[0], separators[1:]) for part in text.split(separators[0])] if text else []
    if type_.base == "map":
        pairs = [part.partition(separators[1]) for part in text.split(separators[0])] if text else []
        key, value = type_.elements
        return [(_parse(left, key, separators[2:]), _parse(right, value, separators[2:])) for left, _, right in pairs]
    if type_.base == "row":
        parts: list[str | None] = [*text.split(separators[0])]
        parts += [None] * (len(type_.of) - len(parts))
        fields = zip(type_.names, type_.elements, parts, strict=False)
        return {name: None if part is None else _parse(part, of, separators[1:]) for name, of, part in fields}
    form = _FORMS.get(type_.base)
    if form is not None and not re.fullmatch(form, text, re.ASCII):
        return None
    with suppress(ValueError, InvalidOperation, binascii.Error):
        return _SCALARS[type_.base](text, type_)
    return None


def _integer(text: str, type_: Type) -> int:
    number, limit = int(text), 2 ** (_INTEGERS[type_.base] - 1)
    if not -limit <= number < limit:
        raise ValueError(text)
    return number


def _boolean(text: str, _: Type) -> bool:
    return {"true": True, "false": False}.get(text.lower())  # type: ignore[return-value]


def _decimal(text: str, type_: Type) -> Decimal:
    precision, scale = type_.numbers
    return Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, Context(prec=precision))


def _binary(text: str, _: Type) -> bytes:
    return base64.b64decode(text, validate=True)


def _limited(text: str, type_: Type) -> str:
    return text[: type_.numbers[0]] if type_.of else text


_SCALARS: dict[str, Callable[[str, Type], Any]] = {
    **dict.fromkeys(_INTEGERS, _integer),
    **dict.fromkeys(("varchar", "char"), _limited),
    **dict.fromkeys(("real", "double"), lambda text, _: float(text)),
    "boolean": _boolean,
    "date": lambda text, _: date.fromisoformat(text),
    "decimal": _decimal,
    "timestamp": lambda text, _: datetime.fromisoformat(text),
    "varbinary": _binary,
}
