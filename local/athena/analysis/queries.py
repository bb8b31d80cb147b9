"""Queries: WITH, set operations, VALUES, ORDER BY and limits around the SELECT of `selects.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from local.athena import coercion
from local.athena.analysis import derived, relations, selects
from local.athena.analysis.catalog import Catalog, Read, Source
from local.athena.analysis.expressions import Expressions
from local.athena.analysis.scopes import Field, Relation, Scope
from local.athena.syntax import Node, failure, identifier, kind, parse, unsupported
from local.athena.types import Type
from local.athena.values import Value, coerce


@dataclass(frozen=True, slots=True)
class Tail:
    """Clauses at the end of a query: items of ORDER BY, and limits in DuckDB's SQL.

    Attributes:
        order: items of ORDER BY.
        limit: LIMIT and OFFSET, or nothing.
        ties: number of rows before ties with FETCH FIRST … WITH TIES, counted with those of OFFSET.
    """

    order: Sequence[Node] = ()
    limit: str = ""
    ties: int | None = None

    def __bool__(self) -> bool:
        return bool(self.order or self.limit or self.ties is not None)


class Queries:
    """Analysis of the queries of one statement.

    Args:
        catalog: tables and views.
        database: default database.
        parameters: values of the parameters by their position in the text.
        now: time of the statement, in UTC.
    """

    def __init__(self, catalog: Catalog, database: str | None, parameters: dict[int, Value], now: datetime) -> None:
        self.catalog = catalog
        self.database = database
        self.expressions = Expressions(self, parameters, now)
        self.reads: list[Read] = []
        self.keys: dict[int, set[str]] = {}
        self._names = 0
        self.views: list[tuple[str, str]] = []

    def alias(self) -> str:
        """Return a name of a relation, unique in the statement."""
        self._names += 1
        return f"s{self._names}"

    def level(self) -> int:
        """Return a number of a query, unique in the statement."""
        self._names += 1
        return self._names

    def read(self, database: str, name: str) -> Read:
        """Return a new use of a table."""
        read = Read(database, name, f"t{len(self.reads)}", self.alias())
        self.reads.append(read)
        return read

    def view(self, name: tuple[str, str], source: Source, node: Node) -> Relation:
        """Return the query of a view.

        Raises:
            QueryFailure: the view uses itself, or its columns are not those of its query.
        """
        if name in self.views:
            raise failure("VIEW_IS_RECURSIVE", node, f"Statement would create a recursive view: {'.'.join(name)}")
        before, self.database = self.database, source.database or self.database
        self.views.append(name)
        relation = self.query(parse(source.view or "").statement().query(), None)
        self.views.pop()
        self.database = before
        if source.columns and len(source.columns) != len(relation.fields):
            raise failure("VIEW_IS_STALE", node, f"View '{'.'.join(name)}' is stale or in invalid state")
        return relation

    def query(self, node: Node, parent: Scope | None) -> Relation:
        """Return a query with its WITH clause; its columns are c0, c1, …"""
        if not node.with_():
            return self.query_without_with(node.queryNoWith(), parent or Scope())
        clause = node.with_()
        if clause.RECURSIVE():
            raise unsupported(clause, "WITH RECURSIVE")
        scope = replace(parent or Scope())
        texts, here = [], set()
        for named in clause.namedQuery():
            name = identifier(named.name)
            if name.lower() in here:
                raise failure("DUPLICATE_NAMED_QUERY", named, f"WITH query name '{name}' specified more than once")
            here.add(name.lower())
            relation = self.query(named.query(), scope)
            fields = relation.fields
            if named.columnAliases():
                fields = relations.rename(named, name, fields, named.columnAliases())
            alias = f"w{self.level()}"
            columns = ", ".join(f"c{index}" for index in range(len(fields)))
            texts.append(f"{alias}({columns}) AS ({relation.sql})")
            scope = replace(scope, named={**scope.named, name.lower(): replace(relation, sql=alias, fields=fields)})
        inner = self.query_without_with(node.queryNoWith(), scope)
        return replace(inner, sql=f"WITH {', '.join(texts)} {inner.sql}")

    def query_without_with(self, node: Node, parent: Scope) -> Relation:
        """Return a query with its ORDER BY and limits."""
        term, tail = node.queryTerm(), _tail(node)
        if kind(term) == "queryTermDefault" and kind(term.queryPrimary()) == "queryPrimaryDefault":
            return selects.select(self, term.queryPrimary().querySpecification(), parent, tail)
        relation = self._term(term, parent)
        return self._ordered(relation, tail, parent) if tail else relation

    def _ordered(self, relation: Relation, tail: Tail, parent: Scope) -> Relation:
        """Return a set operation or VALUES with ORDER BY, which sees the columns of the result only."""
        inner = derived.subquery(self, relation)
        items = [Value(item.sql, item.type) for item in inner.fields if item.type is not None]
        scope = Scope(inner.fields, parent, self.level(), named=parent.named)
        order = selects.ordering(self, tail.order, scope, items)
        columns = ", ".join(f"{item.sql} AS c{index}" for index, item in enumerate(items))
        sql = f"SELECT {columns} FROM {inner.sql}{selects.tail_sql(order, tail)}"
        return replace(relation, sql=sql)

    def _term(self, node: Node, parent: Scope) -> Relation:
        # A loop over the left operands, because a long chain would exceed the limit of Python's stack.
        operations: list[Node] = []
        while kind(node) == "setOperation":
            operations.append(node)
            node = node.left
        result = self._primary(node.queryPrimary(), parent)
        for operation in reversed(operations):
            result = self._combine(operation, result, self._term(operation.right, parent))
        return result

    def _primary(self, node: Node, parent: Scope) -> Relation:
        match kind(node):
            case "queryPrimaryDefault":
                return selects.select(self, node.querySpecification(), parent, Tail())
            case "table":
                scope = Scope((), parent, self.level(), named=parent.named)
                return selects.all_columns(node, relations.table(self, node.qualifiedName(), scope), scope)
            case "inlineTable":
                return derived.values(self, node, replace(parent))
            case "subquery":
                return self.query_without_with(node.queryNoWith(), parent)
        raise unsupported(node)

    def _combine(self, node: Node, left: Relation, right: Relation) -> Relation:
        """Return UNION, INTERSECT or EXCEPT of two queries."""
        name = node.operator.text.upper()
        if len(left.fields) != len(right.fields):
            counts = f"{len(left.fields)}, {len(right.fields)}"
            raise failure("TYPE_MISMATCH", node, f"{name} query has different number of fields: {counts}")
        common: list[Type] = []
        for index, (a, b) in enumerate(zip(left.types, right.types, strict=True)):
            type_ = coercion.common(a, b)
            if type_ is None:
                message = f"column {index + 1} in {name} query has incompatible types: {a}, {b}"
                raise failure("TYPE_MISMATCH", node, message)
            common.append(type_)
        every = node.setQuantifier() is not None and node.setQuantifier().ALL() is not None
        if not every and not all(coercion.is_comparable(type_) for type_ in common):
            raise failure("TYPE_MISMATCH", node, f"{name} needs comparable columns")
        sides = [self._cast(side, common) for side in (left, right)]
        fields = [Field(item.name, "", type_) for item, type_ in zip(left.fields, common, strict=True)]
        sql = f"({sides[0]}) {name}{' ALL' if every else ''} ({sides[1]})"
        return Relation(sql, fields, left.outer | right.outer)

    def _cast(self, relation: Relation, target: Sequence[Type]) -> str:
        """Return the SQL of a query with its columns cast."""
        alias = self.alias()
        columns = [Value(f"{alias}.c{index}", type_) for index, type_ in enumerate(relation.types)]
        cast = [coerce(column, type_).sql for column, type_ in zip(columns, target, strict=True)]
        if cast == [column.sql for column in columns]:
            return relation.sql
        selected = ", ".join(f"{text} AS c{index}" for index, text in enumerate(cast))
        return f"SELECT {selected} FROM ({relation.sql}) AS {alias}"


def _tail(node: Node) -> Tail:
    order = list(node.sortItem())
    offset = _count(node.offset) if node.offset else 0
    skip = f" OFFSET {offset}" if offset else ""
    if node.limit and not node.limit.ALL():
        return Tail(order, f" LIMIT {_count(node.limit.rowCount())}{skip}")
    if not node.FETCH():
        return Tail(order, skip)
    count = _count(node.fetchFirst) if node.fetchFirst else 1
    if count == 0:
        raise failure("INVALID_LIMIT_CLAUSE", node, "FETCH FIRST row count must be positive (actual value: 0)")
    if not node.TIES():
        return Tail(order, f" LIMIT {count}{skip}")
    if not order:
        raise failure("MISSING_ORDER_BY", node, "FETCH FIRST WITH TIES clause requires ORDER BY")
    return Tail(order, skip, count + offset)


def _count(node: Node) -> int:
    if not node.INTEGER_VALUE() or not node.getText().isdecimal():
        raise unsupported(node, f"the number of rows {node.getText()}")
    return int(node.getText())
