"""String functions."""

from __future__ import annotations

from local.athena.functions.signature import scalar, table

# White space as in Java. By default DuckDB trims spaces only.
_SPACE = "'" + "".join(map(chr, (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007))))
_SPACE += "".join(map(chr, (*range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000))) + "'"

# A start outside the text returns an empty text in Trino; DuckDB clips it to the text.
_SUBSTRING = "CASE WHEN {1} = 0 OR {1} < -length({0}) OR {2} <= 0 THEN left({0}, 0) ELSE substring({0}, {1}, {2}) END"
_REST = _SUBSTRING.replace("{2}", "length({0})").replace(" OR length({0}) <= 0", "")

FUNCTIONS = table(
    scalar("concat(varchar, varchar...) -> varchar", "({joined})"),
    scalar("length(varchar) -> bigint"),
    scalar("lower(varchar(x)) -> varchar(x)"),
    scalar("ltrim(varchar(x)) -> varchar(x)", f"ltrim({{0}}, {_SPACE})"),
    scalar("rtrim(varchar(x)) -> varchar(x)", f"rtrim({{0}}, {_SPACE})"),
    scalar("starts_with(varchar, varchar) -> boolean"),
    scalar("strpos(varchar, varchar) -> bigint"),
    *(scalar(f"{name}(varchar(x), bigint) -> varchar(x)", _REST) for name in ("substr", "substring")),
    *(scalar(f"{name}(varchar(x), bigint, bigint) -> varchar(x)", _SUBSTRING) for name in ("substr", "substring")),
    scalar("trim(varchar(x)) -> varchar(x)", f"trim({{0}}, {_SPACE})"),
    scalar("upper(varchar(x)) -> varchar(x)"),
)
