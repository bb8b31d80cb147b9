"""Rows in DuckDB: in expressions their fields are f0, f1, …; in the objects of tables they have their names."""

from __future__ import annotations

from local.athena.types import Type


def _has_rows(type_: Type) -> bool:
    return type_.base == "row" or any(_has_rows(of) for of in type_.of if isinstance(of, Type))


def positional(sql: str, type_: Type) -> str:
    """Return a value of a table with the names of fields that expressions use."""
    return _convert(sql, type_, to_names=False)


def named(sql: str, type_: Type) -> str:
    """Return a value of an expression with the names of its type."""
    return _convert(sql, type_, to_names=True)


def _convert(sql: str, type_: Type, *, to_names: bool) -> str:
    if not _has_rows(type_):
        return sql
    if type_.base == "array":
        return f"list_transform({sql}, lambda e: {_convert('e', type_.elements[0], to_names=to_names)})"
    if type_.base == "map":
        key, value = (
            _convert(f"e.{part}", of, to_names=to_names)
            for part, of in zip(("key", "value"), type_.elements, strict=True)
        )
        return f"map_from_entries(list_transform(map_entries({sql}), lambda e: row({key}, {value})))"
    parts = []
    for index, (name, of) in enumerate(zip(type_.names, type_.elements, strict=True)):
        pair = f"f{index}", (name or f"field{index}")
        source, target = pair if to_names else pair[::-1]
        field = f"struct_extract({sql}, '{source.replace(chr(39), chr(39) * 2)}')"
        quoted = target.replace('"', '""')
        parts.append(f'"{quoted}" := {_convert(field, of, to_names=to_names)}')
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"
