"""Statements that describe the catalog: SHOW and DESCRIBE. Their result is text, with a tab between columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from local import moto_catalog
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.reader import Name, Reader
from local.athena.session import DDL_TASK, Outcome, Session, Statement, hive_failure, require_database
from local.athena.storage import partition_path, require_table
from local.athena.stored_views import definition, is_view

_BLANK = "\t \t "


def show(reader: Reader) -> Statement:
    """Read what follows SHOW."""
    for words, read in _SHOWS.items():
        if reader.take(*words):
            statement = read(reader)
            reader.end()
            return statement
    raise InvalidRequest(f"the local Athena has no SHOW {reader.token.text.upper()}")


def describe(reader: Reader) -> Statement:
    """Read what follows DESCRIBE: the name of a table or view."""
    if reader.peek("FORMATTED") or reader.peek("EXTENDED"):
        raise InvalidRequest(f"the local Athena has no DESCRIBE {reader.token.text.upper()}")
    name = reader.name()
    reader.end()
    return _statement("DESCRIBE_TABLE", ("col_name", "data_type", "comment"), partial(_describe, name))


Lines = Callable[[Session], Sequence[str]]


def _statement(name: str, columns: Sequence[str], lines: Lines) -> Statement:
    def run(session: Session) -> Outcome:
        return Outcome(tuple(columns), ("string",) * len(columns), "\n".join(lines(session)).encode())

    return Statement("UTILITY", name, run)


def _pattern(reader: Reader) -> re.Pattern[str]:
    """Read a pattern of names, in which * is any text and | separates alternatives. Without one, every name matches."""
    text = reader.string() if reader.token.kind in ("string", "quoted") else "*"
    return re.compile("|".join(re.sub(r"(?<!\.)\*", ".*", part.strip()) for part in text.split("|")), re.IGNORECASE)


def _databases(reader: Reader) -> Statement:
    reader.take("LIKE")
    pattern = _pattern(reader)

    def lines(_: Session) -> list[str]:
        return [each["Name"] for each in moto_catalog.databases() if pattern.fullmatch(each["Name"])]

    return _statement("SHOW_DATABASES", ["database_name"], lines)


def _names(reader: Reader, name: str, column: str, views_only: bool) -> Statement:
    """Read [IN database] [LIKE] ['pattern'] of SHOW TABLES, or of SHOW VIEWS."""
    database = reader.identifier() if reader.take("IN") or reader.take("FROM") else None
    reader.take("LIKE")
    pattern = _pattern(reader)

    def lines(session: Session) -> list[str]:
        of, _ = Name("", database).of(session.database)
        require_database(of)
        tables = moto_catalog.tables(of)
        if views_only:
            tables = [table for table in tables if is_view(table)]
        return [table["Name"] for table in tables if pattern.fullmatch(table["Name"])]

    return _statement(name, [column], lines)


def _columns(reader: Reader) -> Statement:
    if not reader.take("IN"):
        reader.expect("FROM")
    name = reader.name()
    if reader.take("IN") or reader.take("FROM"):
        name = Name(name.name, reader.identifier())

    def lines(session: Session) -> list[str]:
        # Hive pads the names.
        return [f"{column['Name']:<20}" for column in _all_columns(require_table(name, session)[1])]

    return _statement("SHOW_COLUMNS", ["field"], lines)


def _partitions(reader: Reader) -> Statement:
    name = reader.name()

    def lines(session: Session) -> list[str]:
        database, table = require_table(name, session)
        if not table.get("PartitionKeys"):
            raise hive_failure(f"{DDL_TASK}Table {table['Name']} is not a partitioned table")
        partitions = moto_catalog.partitions(database, table["Name"])
        return sorted("/".join(partition_path(table, each["Values"])) for each in partitions)

    return _statement("SHOW_PARTITIONS", ["partition"], lines)


def _properties(reader: Reader) -> Statement:
    name = reader.name()
    only = None
    if reader.take("("):
        only = reader.string()
        reader.expect(")")

    def lines(session: Session) -> list[str]:
        _, table = require_table(name, session)
        properties = table.get("Parameters") or {}
        if only is None:
            return [f"{key}\t{value}" for key, value in sorted(properties.items())]
        return [properties.get(only, f"Table {table['Name']} does not have property: {only}")]

    return _statement("SHOW_TBLPROPERTIES", ["prpt_name", "prpt_value"], lines)


def _create_table(reader: Reader) -> Statement:
    name = reader.name()

    def lines(session: Session) -> list[str]:
        _, table = require_table(name, session)
        if is_view(table):
            raise QueryFailure("NOT_SUPPORTED", "SHOW CREATE TABLE of a view: use SHOW CREATE VIEW")
        shown = f"{name.database}.{name.name}" if name.database else name.name
        return _ddl(shown, table)

    return _statement("SHOW_CREATE_TABLE", ["createtab_stmt"], lines)


def _create_view(reader: Reader) -> Statement:
    name = reader.name()

    def lines(session: Session) -> list[str]:
        database, view_name = name.of(session.database)
        view = definition(database, view_name)
        if view is None:
            raise QueryFailure(
                "TABLE_NOT_FOUND", f"line 1:1: View 'awsdatacatalog.{database}.{view_name}' does not exist"
            )
        return [f"CREATE VIEW {_name(database)}.{_name(view_name)} AS", *view["originalSql"].splitlines()]

    return _statement("SHOW_CREATE_VIEW", ["Create View"], lines)


_SHOWS: dict[tuple[str, ...], Callable[[Reader], Statement]] = {
    ("DATABASES",): _databases,
    ("SCHEMAS",): _databases,
    ("TABLES",): partial(_names, name="SHOW_TABLES", column="tab_name", views_only=False),
    ("VIEWS",): partial(_names, name="SHOW_VIEWS", column="views", views_only=True),
    ("COLUMNS",): _columns,
    ("PARTITIONS",): _partitions,
    ("TBLPROPERTIES",): _properties,
    ("CREATE", "TABLE"): _create_table,
    ("CREATE", "VIEW"): _create_view,
}


def _name(identifier: str) -> str:
    """Return an identifier as Trino formats it: in quotes only if it needs them."""
    return identifier if re.fullmatch("[a-z_][a-z0-9_]*", identifier) else '"' + identifier.replace('"', '""') + '"'


def _all_columns(table: dict[str, Any]) -> list[dict[str, str]]:
    return [*(table.get("StorageDescriptor") or {}).get("Columns", ()), *(table.get("PartitionKeys") or ())]


def _describe(name: Name, session: Session) -> list[str]:
    """Return the columns in Hive's format: padded to 20 characters, and the keys of partitions twice."""
    _, table = require_table(name, session)

    def line(column: dict[str, str]) -> str:
        return "\t".join(f"{text:<20}" for text in (column["Name"], column["Type"], column.get("Comment", "")))

    lines = [line(column) for column in _all_columns(table)]
    if table.get("PartitionKeys"):
        header = {"Name": "# col_name", "Type": "data_type", "Comment": "comment"}
        lines += [_BLANK, f"# Partition Information{_BLANK}", line(header), _BLANK]
        lines += [line(key) for key in table["PartitionKeys"]]
    return lines


def _ddl(name: str, table: dict[str, Any]) -> list[str]:
    """Return the statement that creates a table, in the lines of Hive."""
    storage, keys = table["StorageDescriptor"], table.get("PartitionKeys") or ()

    def listed(entries: Sequence[str], close: str) -> list[str]:
        return [f"  {entry}, " for entry in entries[:-1]] + [f"  {entry}{close}" for entry in entries[-1:]]

    def columns(entries: Sequence[dict[str, str]]) -> list[str]:
        comments = [f" COMMENT '{_quoted(each['Comment'])}'" if each.get("Comment") else "" for each in entries]
        texts = [f"`{each['Name']}` {each['Type']}{text}" for each, text in zip(entries, comments, strict=True)]
        return listed(texts, ")")

    def pairs(properties: dict[str, str]) -> list[str]:
        return listed([f"'{_quoted(key)}'='{_quoted(value)}'" for key, value in sorted(properties.items())], ")")

    parameters = dict(table.get("Parameters") or {})
    comment = parameters.pop("comment", None)
    parameters.pop("EXTERNAL", None)
    serde = storage.get("SerdeInfo") or {}
    clusters, count = storage.get("BucketColumns") or [], storage.get("NumberOfBuckets")
    of_serde = {key: value for key, value in (serde.get("Parameters") or {}).items() if (key, value) != _DEFAULT}
    return [
        f"CREATE EXTERNAL TABLE `{name}`(",
        *columns(storage["Columns"]),
        *([f"COMMENT '{_quoted(comment)}'"] if comment else []),
        *(["PARTITIONED BY ( ", *columns(keys)] if keys else []),
        *([f"CLUSTERED BY ({', '.join(clusters)}) ", f"INTO {count} BUCKETS"] if clusters else []),
        "ROW FORMAT SERDE ",
        f"  '{serde.get('SerializationLibrary', '')}' ",
        *(["WITH SERDEPROPERTIES ( ", *pairs(of_serde)] if of_serde else []),
        "STORED AS INPUTFORMAT ",
        f"  '{storage.get('InputFormat', '')}' ",
        "OUTPUTFORMAT ",
        f"  '{storage.get('OutputFormat', '')}'",
        "LOCATION",
        f"  '{storage.get('Location', '')}'",
        *(["TBLPROPERTIES (", *pairs(parameters)] if parameters else []),
    ]


_DEFAULT = ("serialization.format", "1")


def _quoted(text: str) -> str:
    return text.translate({ord("\\"): "\\\\", ord("'"): "\\'", ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r"})
