"""Statements that create and drop databases and tables. Hive runs them in Athena."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local import moto_catalog
from local.athena import types
from local.athena.errors import InvalidRequest
from local.athena.formats import FORMATS, TEXT
from local.athena.glue_types import arrow
from local.athena.reader import Reader
from local.athena.session import DDL_TASK, Outcome, Session, Statement, hive_failure, require_database
from local.athena.storage import read_location, table_input
from local.athena.stored_views import is_view

_DELIMITERS = {
    ("FIELDS", "TERMINATED", "BY"): ("field.delim", "serialization.format"),
    ("ESCAPED", "BY"): ("escape.delim",),
    ("COLLECTION", "ITEMS", "TERMINATED", "BY"): ("colelction.delim",),
    ("MAP", "KEYS", "TERMINATED", "BY"): ("mapkey.delim",),
    ("LINES", "TERMINATED", "BY"): ("line.delim",),
    ("NULL", "DEFINED", "AS"): ("serialization.null.format",),
}
"""Properties of Hive's text SerDe for the clauses of ROW FORMAT DELIMITED; Hive itself misspells one."""

_OUTPUT_FORMATS = {"org.openx.data.jsonserde.JsonSerDe": "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat"}
"""Output formats of text that Athena stores instead of the default, by the SerDe in the statement."""


def create_database(reader: Reader) -> Statement:
    """Read CREATE DATABASE [IF NOT EXISTS] name [COMMENT text] [LOCATION text] [WITH DBPROPERTIES (…)]."""
    exists = reader.take("IF", "NOT", "EXISTS")
    database: dict[str, Any] = {"Name": reader.identifier(), "Parameters": {}}
    if reader.take("COMMENT"):
        database["Description"] = reader.string()
    if reader.take("LOCATION"):
        database["LocationUri"] = reader.string()
    if reader.take("WITH", "DBPROPERTIES"):
        database["Parameters"] = reader.pairs()
    reader.end()

    def run(session: Session) -> Outcome:
        with session.transaction():
            if moto_catalog.database(database["Name"]) is None:
                moto_catalog.create_database(database)
            elif not exists:
                raise hive_failure(f"{DDL_TASK}Database {database['Name']} already exists")
        return Outcome()

    return Statement("DDL", "CREATE_DATABASE", run)


def drop_database(reader: Reader) -> Statement:
    """Read DROP DATABASE [IF EXISTS] name [RESTRICT | CASCADE]."""
    missing = reader.take("IF", "EXISTS")
    name = reader.identifier()
    cascade = reader.take("CASCADE")
    if not cascade:
        reader.take("RESTRICT")
    reader.end()

    def run(session: Session) -> Outcome:
        with session.transaction():
            if missing and moto_catalog.database(name) is None:
                return Outcome()
            require_database(name)
            if not cascade and moto_catalog.tables(name):
                raise hive_failure(
                    f"{DDL_TASK}InvalidOperationException(message:Database {name} is not empty. One or more tables "
                    "exist.)"
                )
            moto_catalog.delete_database(name)
        return Outcome()

    return Statement("DDL", "DROP_DATABASE", run)


def create_table(reader: Reader) -> Statement:
    """Read what follows CREATE EXTERNAL TABLE. A table that the local Athena does not read can be created too."""
    exists = reader.take("IF", "NOT", "EXISTS")
    name = reader.name()
    columns = reader.columns()
    # Hive squeezes the white space of the comment of a table.
    comment = {"comment": " ".join(reader.string().split())} if reader.take("COMMENT") else {}
    keys = reader.columns() if reader.take("PARTITIONED", "BY") else []
    buckets = _buckets(reader) if reader.take("CLUSTERED", "BY") else ([], -1)
    form, serde = _format(reader)
    reader.expect("LOCATION")
    location = read_location(reader)
    properties = reader.pairs() if reader.take("TBLPROPERTIES") else {}
    reader.end()
    if properties.get("table_type", "").upper() == "ICEBERG":
        raise InvalidRequest("the local Athena has no Iceberg tables: 'table_type'='ICEBERG'")
    names = [column["Name"] for column in columns + keys]
    repeated = next((name for name in names if names.count(name) > 1), None)
    table = table_input(
        name.name,
        location,
        columns=columns,
        keys=keys,
        form=form,
        properties={**comment, **properties},
        serde=serde,
        buckets=buckets,
    )

    def run(session: Session) -> Outcome:
        database, table_name = name.of(session.database)
        for column in columns + keys:
            arrow(types.parse(column["Type"]))
        if repeated is not None:
            raise hive_failure(f"SemanticException [Error 10036]: Duplicate column name: {repeated}")
        if not set(buckets[0]) <= {column["Name"] for column in columns}:
            raise hive_failure("SemanticException [Error 10002]: Invalid column reference")
        with session.transaction():
            require_database(database)
            if moto_catalog.table(database, table_name) is None:
                moto_catalog.put_table(database, table)
            elif not exists:
                raise hive_failure(f"{DDL_TASK}AlreadyExistsException(message:Table {table_name} already exists)")
        return Outcome()

    return Statement("DDL", "CREATE_TABLE", run)


def _buckets(reader: Reader) -> tuple[list[str], int]:
    """Read what follows CLUSTERED BY: (column, …) INTO number BUCKETS."""
    reader.expect("(")
    columns = [reader.identifier()]
    while reader.take(","):
        columns.append(reader.identifier())
    reader.expect(")")
    reader.expect("INTO")
    count = reader.value()
    reader.expect("BUCKETS")
    if not count.isdecimal():
        raise InvalidRequest(f"INTO {count} BUCKETS: the number of buckets must be a positive integer")
    return columns, int(count)


def _format(reader: Reader) -> tuple[Mapping[str, str], dict[str, str]]:
    """Read ROW FORMAT and STORED AS, and return the format and the properties of its SerDe."""
    serde, delimited = "", False
    properties: dict[str, str] = {}
    if reader.take("ROW", "FORMAT"):
        delimited = reader.take("DELIMITED")
        if delimited:
            while clause := next((words for words in _DELIMITERS if reader.take(*words)), None):
                properties |= dict.fromkeys(_DELIMITERS[clause], reader.string())
        else:
            reader.expect("SERDE")
            serde = reader.string()
            properties = reader.pairs() if reader.take("WITH", "SERDEPROPERTIES") else {}
    # Hive's default is text.
    form = TEXT
    if reader.take("STORED", "AS"):
        if reader.take("INPUTFORMAT"):
            stored = reader.string()
            reader.expect("OUTPUTFORMAT")
            form = {**TEXT, "InputFormat": stored, "OutputFormat": reader.string()}
        else:
            stored = reader.identifier()
            if stored not in FORMATS:
                raise InvalidRequest(f"the local Athena has no STORED AS {stored}; allowed: {', '.join(FORMATS)}")
            form = FORMATS[stored]
    if delimited and form["InputFormat"] != TEXT["InputFormat"]:
        raise InvalidRequest(f"ROW FORMAT DELIMITED is a format of text, not of {form['InputFormat']}")
    output = _OUTPUT_FORMATS.get(serde, form["OutputFormat"]) if form is TEXT else form["OutputFormat"]
    return {**form, "OutputFormat": output, "Serde": serde or form["Serde"]}, properties


def drop_table(reader: Reader) -> Statement:
    """Read DROP TABLE [IF EXISTS] name. The objects of the table stay."""
    missing = reader.take("IF", "EXISTS")
    name = reader.name()
    reader.end()

    def run(session: Session) -> Outcome:
        database, table_name = name.of(session.database)
        with session.transaction():
            table = moto_catalog.table(database, table_name)
            if table is None and not missing:
                raise hive_failure(f"SemanticException [Error 10001]: Table not found {table_name}")
            if table is not None:
                if is_view(table):
                    raise hive_failure("SemanticException [Error 10133]: Cannot drop a view with DROP TABLE")
                moto_catalog.delete_table(database, table_name)
        return Outcome()

    return Statement("DDL", "DROP_TABLE", run)
