"""Reader of the words of a statement that is not a query: DDL in Hive's SQL, SHOW, DESCRIBE, INSERT, UNLOAD, views."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.athena.errors import InvalidRequest

CATALOG = "awsdatacatalog"

_PATTERN = r"""\s+|--[^\n]*|/\*.*?\*/
    |(?P<quoted>`(?:[^`]|``)*`|"(?:[^"]|"")*")
    |(?P<string>'(?:%s)*')
    |(?P<word>[^\W\d][\w$]*|\d[\w.]*)
    |(?P<symbol>.)"""
# A quote in a string is escaped by a quote in Trino's SQL, and by a backslash in Hive's.
_TRINO = re.compile(_PATTERN % "[^']|''", re.VERBOSE | re.DOTALL)
_HIVE = re.compile(_PATTERN % r"[^'\\]|\\.", re.VERBOSE | re.DOTALL)
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a"}


@dataclass(frozen=True, slots=True)
class Token:
    """Token of a statement: its kind (quoted, string, word, symbol or end), its text and its position."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Name:
    """Name of a table or view, and the name of its database if the statement has it. Both in lower case."""

    name: str
    database: str | None = None

    def of(self, default: str | None) -> tuple[str, str]:
        """Return the database and the name.

        Raises:
            InvalidRequest: the statement has no database, and there is no default.
        """
        database = self.database or default
        if not database:
            raise InvalidRequest("line 1:1: Schema must be specified when session schema is not set")
        return database, self.name


class Reader:
    """Reader of a statement from left to right.

    Every method that reads what is not there raises InvalidRequest, as Athena does for a syntax error.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = _tokens(_TRINO, text)
        if self._tokens and self._tokens[0].text.upper() != "UNLOAD":
            self._tokens = _tokens(_HIVE, text)
        self._end = Token("end", "<EOF>", len(text))
        self._next = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    def peek(self, *words: str) -> bool:
        """Return whether the next tokens are these words, which may be symbols."""
        tokens = self._tokens[self._next : self._next + len(words)]
        return [token.text.upper() for token in tokens if token.kind in ("word", "symbol")] == list(words)

    def take(self, *words: str) -> bool:
        """Skip these words if they are next, and return whether they were."""
        is_next = self.peek(*words)
        self._next += len(words) if is_next else 0
        return is_next

    def expect(self, *words: str) -> None:
        """Skip these words, which must be next."""
        if not self.take(*words):
            raise self.error(" ".join(words))

    def error(self, expected: str) -> InvalidRequest:
        """Return the error that the next token is not what was expected."""
        before = self.text[: self.token.start]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return InvalidRequest(f"line {line}:{column}: mismatched input '{self.token.text}'. Expecting: {expected}")

    def end(self) -> None:
        """Check that nothing follows."""
        if self.token.kind != "end":
            raise self.error("<EOF>")

    def identifier(self) -> str:
        """Read an identifier, in lower case as Glue stores it."""
        token = self.token
        if token.kind not in ("word", "quoted"):
            raise self.error("an identifier")
        self._next += 1
        quote = token.text[0]
        return (token.text if token.kind == "word" else token.text[1:-1].replace(quote * 2, quote)).lower()

    def name(self) -> Name:
        """Read the name of a table: `table`, `database.table` or `awsdatacatalog.database.table`."""
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        if len(parts) == 3 and parts[0] == CATALOG:
            parts.pop(0)
        if len(parts) > 2:
            raise self.error(f"a name of the catalog {CATALOG}")
        return Name(parts[-1], parts[0] if len(parts) == 2 else None)

    def string(self) -> str:
        """Read a string in single quotes, with the escapes of Hive."""
        token = self.token
        if token.kind == "quoted" and token.text.startswith('"'):
            self._next += 1
            return token.text[1:-1]
        if token.kind != "string":
            raise self.error("a string")
        self._next += 1
        text = token.text[1:-1].replace("''", "'")
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.DOTALL)

    def value(self) -> str:
        """Read a string, or a word such as a number or `true`, as its text."""
        if self.token.kind in ("string", "quoted"):
            return self.string()
        sign = "-" if self.take("-") else ""
        return sign + self.identifier()

    def parenthesised(self) -> str:
        """Read a text in balanced parentheses, and return it without these."""
        self.expect("(")
        start, depth = self.token.start, 1
        while depth:
            if self.token.kind == "end":
                raise self.error(")")
            depth += {"(": 1, ")": -1}.get(self.token.text, 0)
            self._next += 1
        return self.text[start : self._tokens[self._next - 1].start]

    def pairs(self) -> dict[str, str]:
        """Read `('name' = 'value', …)`; the values of an array are joined by commas."""
        self.expect("(")
        pairs: dict[str, str] = {}
        while True:
            is_name = self.token.kind == "word" or self.token.text.startswith("`")
            name = self.identifier() if is_name else self.string()
            self.expect("=")
            if self.take("ARRAY", "["):
                values = [self.value()]
                while self.take(","):
                    values.append(self.value())
                self.expect("]")
                pairs[name] = ",".join(values)
            else:
                pairs[name] = self.value()
            if not self.take(","):
                self.expect(")")
                return pairs

    def columns(self) -> list[dict[str, str]]:
        """Read `(name type [COMMENT 'text'], …)` in the form of Glue's columns."""
        self.expect("(")
        columns = []
        while True:
            column = {"Name": self.identifier(), "Type": self._type()}
            if self.take("COMMENT"):
                column["Comment"] = self.string()
            columns.append(column)
            if not self.take(","):
                self.expect(")")
                return columns

    def _type(self) -> str:
        """Read a type of Hive, and return it in lower case without spaces."""
        parts, depth = [self.identifier()], 0
        while self.token.kind != "end" and (depth or self.token.text in ("<", "(")):
            depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(self.token.text, 0)
            parts.append(self.token.text.lower().strip("`"))
            self._next += 1
        # Hive's default; Trino's is decimal(38,0).
        return re.sub(r"\bdecimal\b(?![(:])", "decimal(10,0)", "".join(parts))

    def rest(self) -> str:
        """Return the text that follows, without a semicolon at its end."""
        start, end = self.token.start, self._tokens[-1]
        self._next = len(self._tokens)
        return self.text[start : end.start + len(end.text)] if self._tokens else ""


def _tokens(pattern: re.Pattern[str], text: str) -> list[Token]:
    """Return the tokens of a statement without semicolons at its end."""
    matches = (match for match in pattern.finditer(text) if match.lastgroup)
    tokens = [Token(match.lastgroup or "", match[0], match.start()) for match in matches]
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    return tokens
