"""Tables of statements with Athena's answers, in `tests/statements`.

A statement and its answer are separated from the next by an empty line. A line with `--` is a comment: what the
statement shows, and its reference. `:` has the names and types of the columns, each `=` a row (`null` without quotes is
null), and `!` the error: Trino's code, or `syntax` for a statement that StartQueryExecution refuses.

    -- The quotient of integers is truncated. functions/math.html
    SELECT 7 / 2
    = 3
"""

from __future__ import annotations

from dataclasses import dataclass, field

from common.paths import ROOT

FOLDER = ROOT / "tests" / "statements"


@dataclass(slots=True)
class Statement:
    """A statement and its answer. `columns` is None if the table does not have the columns of the answer."""

    table: str
    sql: str = ""
    columns: str | None = None
    rows: list[str] = field(default_factory=list)
    error: str = ""


def statements(pattern: str = "*.sql") -> list[Statement]:
    """Return the statements of the tables whose file names match a pattern."""
    result = []
    for path in sorted(FOLDER.glob(pattern)):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            statement = Statement(path.stem)
            for line in block.strip().splitlines():
                mark, _, rest = line.partition(" ")
                match mark:
                    case "--":
                        continue
                    case ":":
                        statement.columns = rest
                    case "=":
                        statement.rows.append(rest)
                    case "!":
                        statement.error = rest
                    case _:
                        statement.sql += line + "\n"
            if statement.sql:
                result.append(statement)
    return result


def row(values: tuple[str | None, ...]) -> str:
    """Return a row as the tables have it."""
    return " | ".join("null" if value is None else value for value in values)
