"""The function format, whose patterns are those of Java's Formatter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from local.athena.functions.date_formats import Field, render
from local.athena.functions.literals import invalid, quote, unsupported
from local.athena.functions.signature import Call, python, scalar, table
from local.athena.text import java_double
from local.athena.types import FLOATS, INTEGERS, duckdb, parse

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d*)(?:\.(\d+))?([tT]?[a-zA-Z%])|%")

# Fields of a date or time: %tY, %tB and so on.
_MOMENTS = {
    "A": Field("day of week", 0), "B": Field("month", 0), "H": Field("hour", 2), "I": Field("half hour from 1", 2),
    "M": Field("minute", 2), "S": Field("second", 2), "Y": Field("year", 4), "a": Field("day of week", -3),
    "b": Field("month", -3), "d": Field("day", 2), "e": Field("day"), "h": Field("month", -3),
    "j": Field("day of year", 3), "k": Field("hour"), "l": Field("half hour from 1"), "m": Field("month", 2),
    "y": Field("short year", 2),
}  # fmt: skip
_COMPOSED = {"D": "m/d/y", "F": "Y-m-d", "R": "H:M", "T": "H:M:S"}


def _call(call: Call) -> str:
    """Return a call with the texts of the arguments and the names of their types."""
    pattern, *args = call.args
    names = quote(";".join(str(arg.type) for arg in args))
    for arg in args:
        if arg.type.base not in {"varchar", "boolean", "date", "timestamp", "decimal", "unknown", *INTEGERS, *FLOATS}:
            raise unsupported(f"{arg.type} in format")
    texts = ", ".join(f"CAST(CAST({arg.sql} AS {duckdb(arg.type)}) AS VARCHAR)" for arg in args)
    return f"py_format_varchar_varchar_array_varchar({pattern.sql}, {names}, [{texts}])"


def _format(pattern: str, names: str, texts: Sequence[str | None]) -> str:
    bases = [parse(name).base for name in names.split(";")]
    result, end, following = "", 0, 0
    for match in _SPECIFIER.finditer(pattern):
        result += pattern[end : match.start()]
        end = match.end()
        index, flags, width, precision, kind = match.groups()
        if match[0] in {"%%", "%n"}:
            result += "%" if kind == "%" else "\n"
            continue
        if kind is None or kind in "%n" or not set(flags) <= set("-" if kind not in "df" else "-+ 0,("):
            raise unsupported(f"{match[0]} in format")
        if {"0", "-"} <= set(flags) or {"+", " "} <= set(flags) or (set(flags) & {"0", "-"} and not width):
            raise invalid(f"Invalid format string: {pattern} (Format specifier '{match[0]}')")
        number = int(index) - 1 if index else following
        following += index is None
        if not 0 <= number < len(texts):
            raise invalid(f"Invalid format string: {pattern} (Format specifier '{match[0]}')")
        shown = _show((texts[number], bases[number]), flags, width, precision, kind)
        result += shown.ljust(int(width or 0)) if "-" in flags else shown.rjust(int(width or 0))
    return result + pattern[end:]


def _show(value: tuple[str | None, str], flags: str, width: str, precision: str | None, kind: str) -> str:
    """Return the text of a value, given as a text and a type, without the spaces that fill its width."""
    text, base = value
    if text is None and kind in "sdf":
        return "null"[: int(precision or 4)] if kind == "s" else "null"
    if text is not None and kind in "sS" and base in {"varchar", "boolean", "date", "decimal", *INTEGERS, "double"}:
        if base in {"decimal", "double"}:
            text = java_double(float(text)) if base == "double" else str(Decimal(text))
        return (text.upper() if kind == "S" else text)[: int(precision) if precision else None]
    if text is not None and kind[0] == "t" and base in {"date", "timestamp"} and precision is None:
        return _moment(datetime.fromisoformat(text), kind[1:])
    whole = kind == "d" and base in INTEGERS and precision is None
    if text is not None and (whole or (kind == "f" and base in {"decimal", "double"})):
        return _number(text, flags, int(width or 0), 0 if whole else int(precision or 6))
    if text is not None and kind in "xX" and base in {"integer", "bigint"} and precision is None:
        return f"{int(text) % (1 << (32 if base == 'integer' else 64)):{kind}}"
    raise unsupported(f"%{kind} of {base} in format")


def _moment(moment: datetime, kind: str) -> str:
    parts = _COMPOSED.get(kind, kind)
    if not set(parts) <= {*_MOMENTS, *":/-"}:
        raise unsupported(f"%t{kind} in format")
    return render(tuple(_MOMENTS.get(part) or Field("text", text=part) for part in parts), moment)


def _number(text: str, flags: str, width: int, decimals: int) -> str:
    """Return a number: `,` groups digits, `+`, space and `(` show the sign, 0 fills the width."""
    number = Decimal(text)
    if not number.is_finite():
        raise unsupported("numbers that are not finite in format")
    digits = f"{abs(number).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):{',' if ',' in flags else ''}f}"
    before, after = "-" if text.startswith("-") else "+" if "+" in flags else " " if " " in flags else "", ""
    if before == "-" and "(" in flags:
        before, after = "(", ")"
    if "0" in flags:
        digits = digits.rjust(width - len(before) - len(after), "0")
    return before + digits + after


_ARGUMENTS = "ABCDFGHIJK"

FUNCTIONS = table(
    *(scalar(f"format(varchar, {', '.join(_ARGUMENTS[:count])}) -> varchar", _call)
      for count in range(1, len(_ARGUMENTS) + 1)),
)  # fmt: skip

# The function of the calls above.
python("format(varchar, varchar, array(varchar)) -> varchar", _format)
