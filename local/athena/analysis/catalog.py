"""What the analysis knows of the tables and views of the catalog, and which of them a query reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from local.athena.types import Type


@dataclass(frozen=True, slots=True)
class Column:
    """Column of a table.

    Attributes:
        name: its name in lower case.
        type: its type; None if the local Athena does not know it.
        declared: name of the type in the catalog.
        key: whether it is a partition key.
        hidden: whether `*` leaves it out, as `$path`.
    """

    name: str
    type: Type | None
    declared: str = ""
    key: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Table or view.

    Attributes:
        columns: columns of a table, or declared columns of a view.
        view: query of a view; None for a table.
        database: default database of the query of a view.
    """

    columns: Sequence[Column] = ()
    view: str | None = None
    database: str | None = None


class Catalog(Protocol):
    """Catalog of tables and views."""

    def source(self, database: str, name: str) -> Source:
        """Return a table or view.

        Raises:
            QueryFailure: there is none with this name.
        """
        ...


@dataclass(slots=True)
class Read:
    """Use of a table in a FROM clause.

    Attributes:
        database, name: the table.
        table: name that the SQL of the query has for the table.
        alias: name that the conditions have for it.
        used: columns that the query uses.
        conditions: conditions of WHERE on its partition keys only, which its rows in the result satisfy.
    """

    database: str
    name: str
    table: str
    alias: str
    used: set[str] = field(default_factory=set)
    conditions: list[str] = field(default_factory=list)
