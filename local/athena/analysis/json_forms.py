"""Forms of SQL for JSON: json_array, json_object, json_exists, json_query and json_value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis import casts
from local.athena.analysis.scopes import Scope
from local.athena.functions.json_casts import to_json
from local.athena.functions.literals import quote
from local.athena.syntax import Node, failure, kind, source, string, unsupported
from local.athena.types import BOOLEAN, INTEGERS, VARCHAR, Type
from local.athena.values import Value, coerce, fail, value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions

_JSON_FORMS = {"jsonArray", "jsonObject", "jsonQuery"}
_PLAIN = {*INTEGERS, "boolean", "double", "decimal", "varchar", "unknown"}


def _item(expressions: Expressions, node: Node, scope: Scope) -> tuple[str, Value]:
    """Return the JSON text of a value of an array or object, which is null for null, and the value."""
    expression = node.expression()
    item = expressions.analyse(expression, scope)
    if node.FORMAT():
        return f"py_json_text_varchar({_text(node, item)})", item
    inner = expression
    while inner.getChildCount() == 1 and kind(inner) not in _JSON_FORMS:
        inner = inner.getChild(0)
    if kind(inner) in _JSON_FORMS:
        return item.sql, item
    if item.type.base == "json":
        raise unsupported(node, "a value of the type JSON here")
    return to_json(item if item.type.base in _PLAIN else casts.cast(item, VARCHAR)), item


def _text(node: Node, item: Value) -> str:
    if item.type.base == "varbinary":
        return f"py_json_decode_varbinary_varchar({item.sql}, '{_encoding(node)}')"
    if node.jsonRepresentation() and node.jsonRepresentation().ENCODING():
        raise unsupported(node, "ENCODING of a text")
    if item.type.base not in {"varchar", "unknown"}:
        raise unsupported(node, f"JSON of the type {item.type}")
    return coerce(item, VARCHAR).sql


def _encoding(node: Node) -> str:
    """Return Python's name of the encoding of a FORMAT JSON clause."""
    encoding = node.jsonRepresentation().getText().upper() if node.jsonRepresentation() else "UTF8"
    return {"UTF16": "utf-16-le", "UTF32": "utf-32-le"}.get(encoding[-5:], "utf-8")


def _returning(node: Node, text: str, *parts: Value) -> Value:
    """Return a JSON text as the type of the RETURNING clause."""
    target = types.parse(source(node.type_())) if node.type_() else VARCHAR
    if target.base == "varbinary":
        return value(f"py_json_encode_varchar_varchar({text}, '{_encoding(node)}')", target, *parts)
    if target.base != "varchar":
        raise unsupported(node, f"RETURNING {target}")
    if target.of:
        refusal = fail("JSON_OUTPUT_CONVERSION_ERROR", "the text is longer than the type", VARCHAR)
        text = f"CASE WHEN length({text}) > {target.numbers[0]} THEN {refusal} ELSE {text} END"
    return value(text, target, *parts)


def _joined(texts: list[str], *, with_nulls: bool) -> str:
    items = [f"coalesce({text}, 'null')" if with_nulls else text for text in texts]
    return f"py_join_array_varchar_varchar(CAST([{', '.join(items)}] AS VARCHAR[]), ',')"


def _array(expressions: Expressions, node: Node, scope: Scope) -> Value:
    items = [_item(expressions, each, scope) for each in node.jsonValueExpression()]
    text = _joined([text for text, _ in items], with_nulls=bool(node.NULL()) and not node.ABSENT())
    return _returning(node, f"('[' || {text} || ']')", *(item for _, item in items))


def _object(expressions: Expressions, node: Node, scope: Scope) -> Value:
    if node.WITH():
        raise unsupported(node, "WITH UNIQUE KEYS")
    texts, parts = [], []
    refusal = fail(
        "INVALID_FUNCTION_ARGUMENT", "null value passed for JSON object key to JSON_OBJECT function", VARCHAR
    )
    for member in node.jsonObjectMember():
        key = expressions.analyse(member.expression(), scope)
        if key.type.base not in {"varchar", "unknown"}:
            raise failure("INVALID_FUNCTION_ARGUMENT", member, f"Invalid type of JSON object key: {key.type}")
        text, item = _item(expressions, member.jsonValueExpression(), scope)
        text = f"coalesce({text}, 'null')" if not node.ABSENT() else text
        texts.append(f"(py_json_quote_varchar(coalesce({coerce(key, VARCHAR).sql}, {refusal})) || ':' || {text})")
        parts += [key, item]
    return _returning(node, f"('{{' || {_joined(texts, with_nulls=False)} || '}}')", *parts)


def _path(expressions: Expressions, node: Node, scope: Scope) -> tuple[str, Value]:
    """Return the input and the path, as the first arguments of a function."""
    invocation = node.jsonPathInvocation()
    if invocation.PASSING() or invocation.pathName is not None:
        raise unsupported(node, "PASSING and names of paths")
    item = expressions.analyse(invocation.jsonValueExpression().expression(), scope)
    text = _text(invocation.jsonValueExpression(), item)
    return f"{text}, {quote(string(invocation.path))}", item


def _exists(expressions: Expressions, node: Node, scope: Scope) -> Value:
    arguments, item = _path(expressions, node, scope)
    option = node.jsonExistsErrorBehavior().getText().lower() if node.jsonExistsErrorBehavior() else "false"
    return value(f"py_json_exists_varchar_varchar_varchar({arguments}, '{option}')", BOOLEAN, item)


def _option(node: Node | None) -> str:
    return " ".join(child.getText().lower() for child in node.children) if node is not None else "null"


def _query(expressions: Expressions, node: Node, scope: Scope) -> Value:
    arguments, item = _path(expressions, node, scope)
    wrapper, words = "without", node.jsonQueryWrapperBehavior()
    if words and words.WITH():
        wrapper = "conditional" if words.CONDITIONAL() else "unconditional"
    quotes = "omit" if node.OMIT() else "keep"
    options = f"{_option(node.emptyBehavior)},{_option(node.errorBehavior)}"
    text = f"py_json_query_varchar_varchar_varchar_varchar_varchar({arguments}, '{wrapper}', '{quotes}', '{options}')"
    return _returning(node, text, item)


def _value(expressions: Expressions, node: Node, scope: Scope) -> Value:
    arguments, item = _path(expressions, node, scope)
    target = types.parse(source(node.type_())) if node.type_() else VARCHAR
    if target.base not in {"varchar", "char", *INTEGERS}:
        raise unsupported(node, f"RETURNING {target} in json_value")
    result = f"py_json_value_varchar_varchar({arguments})"
    found = f"{result}[2]"
    branches, parts, sql = "", [item], "NULL"
    for option, clause in (("empty", node.emptyBehavior), ("error", node.errorBehavior)):
        sql, default = _default(expressions, clause, target, scope)
        branches += f"WHEN '{option}' THEN {sql} "
        parts += [default] if default else []
    if target != VARCHAR:
        # A scalar that is not of the type is an error of ON ERROR too.
        scalar = casts.cast(value(found, VARCHAR, item), target, safe=True).sql
        found = f"CASE WHEN {found} IS NOT NULL THEN coalesce({scalar}, {sql}) END"
    if target.base in INTEGERS:
        refusal = fail("NOT_SUPPORTED", "the local Athena does not support booleans as numbers in json_value", target)
        branches += f"WHEN 'boolean' THEN {refusal} "
    return value(f"(CASE {result}[1] {branches}ELSE {found} END)", target, *parts)


def _default(expressions: Expressions, clause: Node | None, target: Type, scope: Scope) -> tuple[str, Value | None]:
    """Return the value of an ON EMPTY or ON ERROR clause."""
    if clause is None or clause.NULL():
        return "NULL", None
    if clause.ERROR():
        return fail("PATH_EVALUATION_ERROR", "JSON path found no item, or not the right one", target), None
    default = expressions.analyse(clause.expression(), scope)
    return coerce(default, target).sql, default


FORMS: dict[str, Callable[[Expressions, Node, Scope], Value]] = {
    "jsonArray": _array,
    "jsonObject": _object,
    "jsonExists": _exists,
    "jsonQuery": _query,
    "jsonValue": _value,
}
