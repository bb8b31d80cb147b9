"""SQL types of Athena (Trino's), their names, and the types of DuckDB that hold their values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import cast

from local.athena.errors import QueryFailure


@dataclass(frozen=True, slots=True)
class Type:
    """SQL type.

    Attributes:
        base: name without parameters, such as `decimal`, `array` or `timestamp with time zone`.
        of: parameters: precision and scale of a decimal, length of a varchar (none if unbounded), precision of a
            timestamp, types of the elements of an array, map or row.
        names: name of each field of a row; None for a field without a name.
        zone: time zone in which a timestamp with time zone is shown. In Trino each value has its own zone; here all
            values of an expression have the same one.
    """

    base: str
    of: tuple[Type | int, ...] = ()
    names: tuple[str | None, ...] = ()
    zone: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.base == "row":
            fields = zip(self.names, self.of, strict=True)
            return f"row({', '.join(f'{name} {type_}' if name else str(type_) for name, type_ in fields)})"
        if self.base in ZONED:
            return self.base.replace(" ", f"({self.of[0]}) ", 1)
        separator = "," if self.base == "decimal" else ", "
        return f"{self.base}({separator.join(map(str, self.of))})" if self.of else self.base

    @property
    def elements(self) -> tuple[Type, ...]:
        """Types of the elements of an array, map or row."""
        return cast("tuple[Type, ...]", self.of)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numeric parameters."""
        return cast("tuple[int, ...]", self.of)

    def at(self, zone: str) -> Type:
        """Return the same type, shown in another time zone."""
        return replace(self, zone=zone)


ZONED = ("timestamp with time zone", "time with time zone")
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
FLOATS = ("real", "double")
NESTED = ("array", "map", "row")

UNKNOWN, BOOLEAN = Type("unknown"), Type("boolean")
TINYINT, SMALLINT, INTEGER, BIGINT = map(Type, INTEGERS)
REAL, DOUBLE = map(Type, FLOATS)
VARCHAR, VARBINARY, JSON, DATE = Type("varchar"), Type("varbinary"), Type("json"), Type("date")
DAY_TO_SECOND, YEAR_TO_MONTH = Type("interval day to second"), Type("interval year to month")
TIMESTAMP, TIME = Type("timestamp", (3,)), Type("time", (3,))

MAX_PRECISION = 38
"""Maximum precision of a decimal."""


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def varchar(length: int) -> Type:
    return Type("varchar", (length,))


def timestamp(precision: int) -> Type:
    return Type("timestamp", (precision,))


def array(element: Type) -> Type:
    return Type("array", (element,))


def row(types: tuple[Type, ...], names: tuple[str | None, ...] = ()) -> Type:
    return Type("row", types, names or (None,) * len(types))


# Names of the types in Glue and other names in SQL.
_ALIASES = {
    "int": "integer",
    "float": "real",
    "string": "varchar",
    "binary": "varbinary",
    "struct": "row",
    "double precision": "double",
    "dec": "decimal",
    "numeric": "decimal",
}
_DEFAULTS: dict[str, tuple[int, ...]] = {"decimal": (38, 0), "char": (1,), "timestamp": (3,), "time": (3,)}
_DEFAULTS |= dict.fromkeys(ZONED, (3,))
_PLAIN = {
    *INTEGERS, *FLOATS, "boolean", "varbinary", "json", "date", "unknown", DAY_TO_SECOND.base, YEAR_TO_MONTH.base
}  # fmt: skip
_LEFT_OUT = {
    "uuid", "ipaddress", "geometry", "sphericalgeography", "hyperloglog", "p4hyperloglog", "qdigest", "tdigest",
    "setdigest",
}  # fmt: skip
_TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|[\w ]*\w|[(),<>:])')


def parse(text: str) -> Type:
    """Return the type with a name in SQL, such as `array(integer)`, or in Glue, such as `array<int>`.

    Raises:
        QueryFailure: there is no such type.
    """
    tokens = _TOKEN.findall(text) if _TOKEN.sub("", text).strip() == "" else []
    try:
        type_ = _parse(tokens)
    except (IndexError, ValueError):
        tokens, type_ = [""], UNKNOWN
    if tokens:
        known = text.partition("(")[0].strip().lower() in _LEFT_OUT
        code = "NOT_SUPPORTED" if known else "TYPE_NOT_FOUND"
        raise QueryFailure(
            code, f"the local Athena does not support the type {text}" if known else f"Unknown type: {text}"
        )
    return type_


def _parse(tokens: list[str]) -> Type:
    base = tokens.pop(0).lower()
    inner: list[Type | int] = []
    names: list[str | None] = []
    base = _ALIASES.get(base, base)
    if tokens[:1] in (["("], ["<"]):
        closing = {"(": ")", "<": ">"}[tokens.pop(0)]
        while True:
            name, type_ = _field(tokens) if base == "row" else (None, _parameter(tokens))
            names.append(name)
            inner.append(type_)
            if tokens[0] == closing:
                break
            if tokens.pop(0) != ",":
                raise ValueError
        tokens.pop(0)
    if tokens and tokens[0].lower().startswith("with time zone"):
        base = f"{base} {tokens.pop(0).lower()}"
    base = " ".join(base.split())
    if base.endswith(" without time zone"):
        base = base.removesuffix(" without time zone")
    return build(base, tuple(inner), tuple(names))


def _parameter(tokens: list[str]) -> Type | int:
    return int(tokens.pop(0)) if tokens[0].isdecimal() else _parse(tokens)


def _field(tokens: list[str]) -> tuple[str | None, Type]:
    if tokens[1] == ":" or tokens[0].startswith('"'):
        name = tokens.pop(0).strip('"')
        if tokens[0] == ":":
            tokens.pop(0)
        return name, _parse(tokens)
    name, _, type_ = tokens[0].partition(" ")
    if type_ and tokens[0].lower() not in _PLAIN:
        tokens[0] = type_.strip()
        return name.lower(), _parse(tokens)
    return None, _parse(tokens)


def build(base: str, of: tuple[Type | int, ...] = (), names: tuple[str | None, ...] = ()) -> Type:
    """Return a type by its base and parameters; those that are missing have their defaults.

    Raises:
        ValueError: there is no such type.
    """
    base = _ALIASES.get(base, base)
    if base == "decimal" and len(of) == 1:
        of = (*of, 0)
    of = of or _DEFAULTS.get(base, ())
    if base in NESTED:
        count = {"array": 1, "map": 2}.get(base, max(len(of), 1))
        valid = len(of) == count and all(isinstance(type_, Type) for type_ in of)
    else:
        numbers = [number for number in of if isinstance(number, int)]
        valid = len(numbers) == len(of) and _valid(base, numbers)
    if not valid:
        raise ValueError(base)
    return Type(base, of, names if base == "row" else (), "UTC" if base in ZONED else "")


def _valid(base: str, numbers: list[int]) -> bool:
    if base == "decimal":
        return len(numbers) == 2 and 1 <= numbers[0] <= MAX_PRECISION and 0 <= numbers[1] <= numbers[0]
    if base in {"timestamp", "time", *ZONED}:
        return len(numbers) == 1 and numbers[0] <= 12
    if base in {"varchar", "char"}:
        return len(numbers) <= 1
    return base in _PLAIN and not numbers


_DUCKDB = {
    "integer": "INTEGER",
    "real": "FLOAT",
    "varbinary": "BLOB",
    "json": "VARCHAR",
    "char": "VARCHAR",
    "varchar": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "time": "TIME",
    # NULL has this type in DuckDB.
    "unknown": "INTEGER",
    DAY_TO_SECOND.base: "INTERVAL",
    YEAR_TO_MONTH.base: "INTERVAL",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
}


def duckdb(type_: Type) -> str:
    """Return the name of the DuckDB type that holds the values of a type. The fields of a row are f0, f1, …

    Raises:
        QueryFailure: DuckDB has no such type.
    """
    if type_.base == "decimal":
        return f"DECIMAL({type_.of[0]}, {type_.of[1]})"
    if type_.base == "array":
        return f"{duckdb(type_.elements[0])}[]"
    if type_.base == "map":
        return f"MAP({duckdb(type_.elements[0])}, {duckdb(type_.elements[1])})"
    if type_.base == "row":
        return f"STRUCT({', '.join(f'f{index} {duckdb(of)}' for index, of in enumerate(type_.elements))})"
    exact = type_.base not in {"timestamp", "time", *ZONED} or type_.numbers[0] <= 6
    if not exact or type_.base == "time with time zone":
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not support the type {type_}")
    return _DUCKDB.get(type_.base, type_.base.upper())
