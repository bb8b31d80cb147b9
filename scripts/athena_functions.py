"""Write docs/athena-functions.md: the functions of the local Athena, from their declarations. `make docs`."""

from __future__ import annotations

from itertools import groupby

from common.paths import ROOT
from local.athena.functions import TABLES

PATH = ROOT / "docs" / "athena-functions.md"

INTRODUCTION = """# Functions of the local Athena

Written by `make docs` from the tables in `local/athena/functions/`, each of which explains its part. A function has the
meaning that [Trino's documentation](https://trino.io/docs/current/functions.html) gives it. A capital letter stands for
any type, a small one for a precision, a scale or a length, `function(T,U)` for a lambda, and `...` for more arguments
of the last type. `date`, `if`, `now`, `nullif`, `try`, `typeof`, `cast`, `try_cast`, `extract`, `position`,
`substring`, `trim`, `normalize`, `listagg` and `grouping` are in the grammar.

Every other function is refused with `FUNCTION_NOT_FOUND`; a use of these that may differ from AWS, with
`NOT_SUPPORTED`:

- A regular expression with a part that Trino's library (Joni) reads otherwise than Python, such as `\\p{…}`, nested
  classes and `\\Q…\\E`, or whose result depends on whether `\\w`, `\\d`, `\\s` and `\\b` match beyond ASCII.
- `json_extract` of a text that starts as JSON and is not: Trino reads up to the value only.
- A date with microseconds in `date_format` and `format_datetime`, because Trino formats milliseconds; a name of a day
  or a half of the day that contradicts the rest of the date; years of two digits in `parse_datetime`; `z`, `G` and `C`
  in patterns.
- A time zone that is not a literal. All values of a column have one time zone.
- A URL that is not `scheme://host/…` in the characters of RFC 3986, and bytes that are not UTF-8.
- NaN in `array_max` and `array_min`, rows in `coalesce`, and a lambda of `reduce` that returns another type than that
  of the state.
- In `format`, other specifiers than `%s`, `%d`, `%f`, `%x`, `%n`, `%%` and those of dates.

Trino documents no order for the entries of a map and for the results of `array_intersect`, `combinations`, `ngrams`,
and `array_agg` without ORDER BY: here they are in order of appearance, and for arrays in that of Trino's code.
`max_by` and `min_by` may return another of several rows with the same key.
"""


def text() -> str:
    """Return the whole document."""
    sections = []
    for module in TABLES:
        title = module.__name__.rpartition(".")[2].replace("_", " ").capitalize()
        functions = [function for overloads in module.FUNCTIONS.values() for function in overloads]
        lines = []
        for name, overloads in groupby(sorted(functions, key=lambda function: function.name), lambda each: each.name):
            signatures = [function.signature.removeprefix(name) for function in overloads]
            lines.append(f"- `{name}`: {', '.join(f'`{signature}`' for signature in signatures)}")
        if lines:
            sections.append(f"\n## {title}\n\n" + "\n".join(lines) + "\n")
    return INTRODUCTION + "".join(sections)


def main() -> None:
    """Write the document."""
    PATH.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
