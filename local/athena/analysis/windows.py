"""Windows: OVER, PARTITION BY, ORDER BY and frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.athena import coercion
from local.athena.analysis.scopes import Scope
from local.athena.functions.signature import Function
from local.athena.syntax import Node, failure, identifier, kind, unsupported
from local.athena.types import DAY_TO_SECOND, INTEGERS, UNKNOWN, YEAR_TO_MONTH, Type
from local.athena.values import Value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions

WITH_NULLS = {"first_value", "lag", "last_value", "lead", "nth_value"}
"""Functions that take IGNORE NULLS."""


@dataclass(slots=True)
class Window:
    """Specification of a window.

    Attributes:
        partition: expressions of PARTITION BY.
        order: expressions of ORDER BY, with their direction.
        frame: the frame, or nothing.
        parts: all expressions in the specification.
    """

    partition: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    frame: str = ""
    parts: list[Value] = field(default_factory=list)
    keys: list[Type] = field(default_factory=list)

    @property
    def sql(self) -> str:
        clauses = [f"PARTITION BY {', '.join(self.partition)}"] if self.partition else []
        clauses += [f"ORDER BY {', '.join(self.order)}"] if self.order else []
        return f" OVER ({' '.join([*clauses, self.frame]).strip()})"


def sort_item(expressions: Expressions, node: Node, scope: Scope) -> tuple[Value, str]:
    """Return the expression of an item of ORDER BY, and the item in DuckDB's SQL."""
    key = expressions.analyse(node.expression(), scope)
    return key, direction(node, key)


def direction(node: Node, key: Value) -> str:
    """Return an item of ORDER BY. In Trino nulls are last by default, in both directions."""
    if not coercion.is_orderable(key.type):
        raise failure(
            "TYPE_MISMATCH", node, f"Type {key.type} is not orderable, and therefore cannot be used in ORDER BY"
        )
    way = "DESC" if node.DESC() else "ASC"
    return f"{key.sql} {way} NULLS {'FIRST' if node.FIRST() else 'LAST'}"


def order_by(items: Sequence[tuple[Value, str]]) -> str:
    """Return ` ORDER BY …`. Literals are left out: they have no effect, and DuckDB refuses them."""
    texts = [text for key, text in items if key.literal is None and key.type != UNKNOWN]
    return f" ORDER BY {', '.join(texts)}" if texts else ""


def over(expressions: Expressions, node: Node, function: Function, scope: Scope) -> Window:
    """Return the window of an OVER clause.

    Raises:
        QueryFailure: the window is wrong, or the function does not take it.
    """
    specification = node.windowSpecification()
    if node.windowName is not None:
        window = _named(expressions, node.windowName, scope)
    else:
        window = _specify(expressions, specification, scope)
    if function.ordered:
        if not window.order:
            raise failure("MISSING_ORDER_BY", node, f"{function.name} function requires an ORDER BY window clause")
        if window.frame:
            raise failure("INVALID_WINDOW_FRAME", node, f"Cannot specify window frame for {function.name} function")
    return window


def _named(expressions: Expressions, node: Node, scope: Scope) -> Window:
    name = identifier(node)
    if name.lower() not in scope.windows:
        raise failure("INVALID_WINDOW_REFERENCE", node, f"Cannot resolve WINDOW name {name}")
    return _specify(expressions, scope.windows[name.lower()], scope)


def _specify(expressions: Expressions, node: Node, scope: Scope) -> Window:
    window = Window()
    if node.existingWindowName is not None:
        window = _named(expressions, node.existingWindowName, scope)
        for clause, text in ((node.partition, "PARTITION BY"), (node.ORDER() and window.order, "ORDER BY")):
            if clause:
                raise failure("INVALID_WINDOW_REFERENCE", node, f"WINDOW specification with {text} references another")
        if window.frame:
            raise failure("INVALID_WINDOW_REFERENCE", node, "Cannot reference named WINDOW containing frame")
    for each in node.partition:
        key = expressions.analyse(each, scope)
        if not coercion.is_comparable(key.type):
            raise failure(
                "TYPE_MISMATCH", each, f"{key.type} is not comparable, and therefore cannot be used in PARTITION BY"
            )
        window.partition.append(key.sql)
        window.parts.append(key)
    for each in node.sortItem():
        key, text = sort_item(expressions, each, scope)
        window.order.append(text)
        window.parts.append(key)
        window.keys.append(key.type)
    if node.windowFrame():
        window.frame = _frame(expressions, node.windowFrame(), window, scope)
    return window


def _frame(expressions: Expressions, node: Node, window: Window, scope: Scope) -> str:
    if node.getChildCount() != 1:
        raise unsupported(node, "pattern recognition")
    extent = node.frameExtent()
    mode, start, end = extent.frameType.text.upper(), extent.frameBound(0), extent.frameBound(1)
    texts = [_bound(expressions, each, mode, window, scope) for each in (start, end) if each is not None]
    _check_bounds(node, start, end)
    if mode == "GROUPS" and not window.order:
        raise failure("MISSING_ORDER_BY", node, "Window frame of type GROUPS requires ORDER BY")
    return f"{mode} {f'BETWEEN {texts[0]} AND {texts[1]}' if end is not None else texts[0]}"


def _check_bounds(node: Node, start: Node, end: Node | None) -> None:
    ranks = [_rank(start), _rank(end) if end is not None else 2]
    if ranks[0] == 4 or ranks[1] == 0 or ranks[0] > ranks[1]:
        raise failure("INVALID_WINDOW_FRAME", node, "Window frame cannot start after its end or at UNBOUNDED FOLLOWING")


def _rank(bound: Node) -> int:
    """Return the position of a bound, from 0 for UNBOUNDED PRECEDING to 4 for UNBOUNDED FOLLOWING."""
    if kind(bound) == "currentRowBound":
        return 2
    preceding = bound.boundType.text.upper() == "PRECEDING"
    if kind(bound) == "unboundedFrame":
        return 0 if preceding else 4
    return 1 if preceding else 3


def _bound(expressions: Expressions, node: Node, mode: str, window: Window, scope: Scope) -> str:
    if kind(node) == "currentRowBound":
        return "CURRENT ROW"
    way = node.boundType.text.upper()
    if kind(node) == "unboundedFrame":
        return f"UNBOUNDED {way}"
    offset = expressions.analyse(node.expression(), scope)
    window.parts.append(offset)
    if mode == "RANGE":
        _check_range(node, offset, window)
    elif offset.type.base not in INTEGERS:
        raise failure(
            "TYPE_MISMATCH", node, f"Window frame {mode} value type must be exact numeric type: {offset.type}"
        )
    elif not isinstance(offset.literal, int):
        raise unsupported(node, f"a {mode} frame whose offset is not a literal")
    if isinstance(offset.literal, int | float) and offset.literal < 0:
        raise failure("INVALID_WINDOW_FRAME", node, "Window frame offset value must not be negative")
    return f"{offset.sql} {way}"


def _check_range(node: Node, offset: Value, window: Window) -> None:
    if len(window.keys) != 1:
        code = "MISSING_ORDER_BY" if not window.keys else "INVALID_ORDER_BY"
        raise failure(
            code, node, "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in ORDER BY"
        )
    key = window.keys[0]
    moment = coercion.is_moment(key) and offset.type in (DAY_TO_SECOND, YEAR_TO_MONTH)
    if not moment and not (coercion.is_number(key) and coercion.coerces(offset.type, key)):
        raise failure("TYPE_MISMATCH", node, f"Window frame of type RANGE does not match: {offset.type} and {key}")
    if not moment and offset.literal is None:
        raise unsupported(node, "a RANGE frame whose offset is not a literal")
