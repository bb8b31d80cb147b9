"""Names that an expression can use: columns of relations, output columns in ORDER BY, parameters of lambdas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from local.athena.errors import QueryFailure
from local.athena.syntax import Node, failure
from local.athena.types import Type
from local.athena.values import Reference, Value


@dataclass(frozen=True, slots=True)
class Field:
    """Column of a relation.

    Attributes:
        name: name as it is written, or None for a column without a name.
        sql: column in DuckDB's SQL.
        type: its type; None for a column of a table whose type the local Athena does not know.
        qualifier: names before the column: `("a",)` for an alias, or catalog, database and table.
        relation: number of the relation.
        column: name of the column in its table.
        value: expression of an output column.
        declared: name of a type that is not known.
        hidden: whether `*` leaves it out.
        used: columns of its table that the statement uses.
    """

    name: str | None
    sql: str
    type: Type | None
    qualifier: tuple[str, ...] = ()
    relation: int = 0
    column: str = ""
    value: Value | None = None
    declared: str = ""
    hidden: bool = False
    used: set[str] | None = None

    def matches(self, names: Sequence[str]) -> bool:
        """Return whether a name, perhaps with a qualifier, is that of this column."""
        if self.name is None or self.name.lower() != names[-1].lower():
            return False
        return self.belongs_to(names[:-1])

    def belongs_to(self, qualifier: Sequence[str]) -> bool:
        """Return whether a qualifier ends that of this column."""
        lowered = tuple(part.lower() for part in qualifier)
        return not lowered or tuple(part.lower() for part in self.qualifier[-len(lowered) :]) == lowered


@dataclass(frozen=True, slots=True)
class Relation:
    """Analysed query or item of FROM.

    Attributes:
        sql: in DuckDB's SQL: a query whose columns are c0, c1, …, or an item of FROM.
        fields: its columns.
        outer: columns that it uses of the queries around it.
        joined: whether it has an outer join.
        padded: whether it has a row of nulls where LEFT JOIN adds one, so that an inner join gives the same.
    """

    sql: str
    fields: Sequence[Field]
    outer: frozenset[Reference] = frozenset()
    joined: bool = False
    padded: bool = False

    @property
    def types(self) -> list[Type]:
        """Types of the columns of a query, which are all known."""
        return [item.type for item in self.fields if item.type is not None]


@dataclass(slots=True)
class Scope:
    """Names in one query, and in the queries around it.

    Attributes:
        fields: columns of the FROM clause.
        parent: scope of the query around this one.
        level: number of the query, unique in the statement.
        outputs: output columns, which ORDER BY sees before the others.
        groups: expressions of GROUP BY in DuckDB's SQL.
        locals: parameters of the lambdas around an expression.
        in_aggregate: whether the expression is within the arguments of an aggregate in ORDER BY.
        windows: specifications of the WINDOW clause by name.
        named: queries of the WITH clauses around the query by name.
    """

    fields: Sequence[Field] = ()
    parent: Scope | None = None
    level: int = 0
    outputs: Sequence[Field] = ()
    groups: frozenset[str] = frozenset()
    locals: Mapping[str, Value] = field(default_factory=dict)
    in_aggregate: bool = False
    windows: Mapping[str, Node] = field(default_factory=dict)
    named: Mapping[str, Relation] = field(default_factory=dict)

    def grouped(self, value: Value) -> Value:
        """Return an expression without its columns if it is an expression of GROUP BY."""
        if value.columns and value.sql in self.groups:
            others = frozenset(column for column in value.columns if column.level != self.level)
            return replace(value, columns=others)
        return value

    def find(self, names: Sequence[str], node: Node) -> Value | None:
        """Return the value of a name, or None if it is not that of a column.

        Raises:
            QueryFailure: several columns have the name, or the type of the column is not known.
        """
        if len(names) == 1 and names[0].lower() in self.locals:
            return self.locals[names[0].lower()]
        for fields in (self.outputs, self.fields):
            matching = [item for item in fields if item.matches(names)]
            if len(matching) > 1:
                raise failure("AMBIGUOUS_NAME", node, f"Column '{'.'.join(names)}' is ambiguous")
            if matching:
                if self.in_aggregate and fields is self.outputs and self.outputs:
                    raise failure(
                        "COLUMN_NOT_FOUND",
                        node,
                        "Invalid reference to output projection attribute from ORDER BY aggregation",
                    )
                return self.use(matching[0], node)
        return self.parent.find(names, node) if self.parent else None

    def use(self, item: Field, node: Node) -> Value:
        """Return the value of a column."""
        if item.type is None:
            raise QueryFailure(
                "NOT_SUPPORTED",
                f"column '{item.name}' has the type '{item.declared}', which the local Athena does not support",
            )
        if item.value is not None:
            return item.value
        if item.used is not None:
            item.used.add(item.column)
        place = f"line {node.start.line}:{node.start.column + 1}"
        reference = Reference(self.level, item.relation, item.column, place, item.name or item.column)
        return self.grouped(Value(item.sql, item.type, frozenset({reference})))
