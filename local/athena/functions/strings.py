"""String functions. Positions and lengths count code points."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.signature import python, scalar, table

# White space as in Java. By default DuckDB trims spaces only.
_SPACE = "'" + "".join(map(chr, (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007))))
_SPACE += "".join(map(chr, (*range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000))) + "'"

# A start outside the text returns an empty text in Trino; DuckDB clips it to the text.
_SUBSTRING = "CASE WHEN {1} = 0 OR {1} < -length({0}) OR {2} <= 0 THEN left({0}, 0) ELSE substring({0}, {1}, {2}) END"
_REST = _SUBSTRING.replace("{2}", "length({0})").replace(" OR length({0}) <= 0", "")

LONGEST = 2**31 - 1
"""Maximum length of a text."""


def _chr(code: int) -> str:
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code < 0xE000:
        raise invalid(f"Not a valid Unicode code point: {code}")
    return chr(code)


def _codepoint(text: str) -> int:
    if len(text) != 1:
        raise invalid("Input string must be a single character string")
    return ord(text)


def _pad(text: str, size: int, padding: str, *, left: bool) -> str:
    if not 0 <= size <= LONGEST:
        raise invalid("Target length must be in the range [0..2147483647]")
    if not padding:
        raise invalid("Padding string must not be empty")
    missing = size - len(text)
    if missing <= 0:
        return text[:size]
    filled = (padding * (missing // len(padding) + 1))[:missing]
    return filled + text if left else text + filled


def _split(text: str, delimiter: str, limit: int = LONGEST) -> list[str]:
    if not 0 < limit <= LONGEST:
        raise invalid("Limit must be positive" if limit <= 0 else "Limit is too large")
    if not delimiter:
        raise invalid("The delimiter may not be the empty string")
    return text.split(delimiter, limit - 1)


def _split_part(text: str, delimiter: str, index: int) -> str | None:
    if index <= 0:
        raise invalid("Index must be greater than zero")
    parts = text.split(delimiter) if delimiter else list(text)
    return parts[index - 1] if index <= len(parts) else None


def _entries(text: str, between: str, within: str) -> list[tuple[str, str]]:
    """Return the pairs of key and value in a text."""
    if not between or not within:
        raise invalid("entryDelimiter is empty" if not between else "keyValueDelimiter is empty")
    if between == within:
        raise invalid("entryDelimiter and keyValueDelimiter must not be the same")
    entries = text.split(between)
    if entries[-1] == "":
        del entries[-1]
    pairs = []
    for entry in entries:
        key, found, value = entry.partition(within)
        if not found or within in value:
            raise invalid(f"Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'")
        pairs.append((key, value))
    return pairs


def _split_to_map(text: str, between: str, within: str) -> dict[str, str]:
    pairs = _entries(text, between, within)
    result: dict[str, str] = {}
    for key, value in pairs:
        if key in result:
            raise invalid(f"Duplicate keys ({key}) are not allowed")
        result[key] = value
    return result


def _split_to_multimap(text: str, between: str, within: str) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for key, value in _entries(text, between, within):
        result.setdefault(key, []).append(value)
    return result


def _position(text: str, part: str, instance: int) -> int:
    if instance == 0:
        raise invalid("'instance' must be a positive or negative number.")
    if not part:
        return 1
    # Occurrences may overlap.
    starts = [match.start() for match in re.finditer(f"(?={re.escape(part)})", text)]
    if abs(instance) > len(starts):
        return 0
    return starts[instance - 1 if instance > 0 else instance] + 1


def _levenshtein(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def _hamming(left: str, right: str) -> int:
    if len(left) != len(right):
        raise invalid("The input strings to hamming_distance function must have the same length")
    return sum(a != b for a, b in zip(left, right, strict=True))


def _luhn(digits: str) -> bool:
    if not digits:
        return False
    if not re.fullmatch("[0-9]+", digits):
        raise invalid("Input contains non-digit characters")
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _soundex(text: str) -> str:
    """Return the code of Apache Commons Codec's Soundex."""
    letters = [letter for letter in text.upper() if letter.isalpha()]
    if not all("A" <= letter <= "Z" for letter in letters):
        raise unsupported("letters beyond ASCII in soundex")
    if not letters:
        return ""
    codes = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))
    result, last = letters[0], codes[letters[0]]
    for letter in letters[1:]:
        if letter in "HW":
            continue
        if codes[letter] not in {"0", last}:
            result += codes[letter]
        last = codes[letter]
    return result[:4].ljust(4, "0")


def _translate(text: str, source: str, target: str) -> str:
    characters: dict[int, str | None] = {}
    for index, character in enumerate(source):
        characters.setdefault(ord(character), target[index] if index < len(target) else None)
    return text.translate(characters)


# DuckDB's functions suffice for ASCII.
_ASCII = "CASE WHEN strlen({{0}}) = length({{0}}) THEN {name}({{0}}) ELSE py_{name}_varchar({{0}}) END"


def _upper(text: str) -> str:
    """Return a text in capitals letter by letter, as in Java: a letter without a single capital stays, such as ß."""
    if re.search("[\u1f80-\u1fff]", text):
        raise unsupported("Greek letters with an iota subscript in upper")
    return "".join(capital if len(capital := letter.upper()) == 1 else letter for letter in text)


def _lower(text: str) -> str:
    return "".join("i" if letter == "İ" else letter.lower() for letter in text)


def _normalize(text: str, form: str) -> str:
    if form not in {"NFC", "NFD", "NFKC", "NFKD"}:
        raise invalid("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


_STRIP: dict[str, Callable[[str, str], str]] = {"trim": str.strip, "ltrim": str.lstrip, "rtrim": str.rstrip}


FUNCTIONS = table(
    python("chr(bigint) -> varchar(1)", _chr),
    python("codepoint(varchar(1)) -> integer", _codepoint),
    scalar("concat(varchar, varchar...) -> varchar", "({joined})"),
    scalar("concat_ws(varchar, array(varchar)) -> varchar", "py_join_array_varchar_varchar({1}, {0})"),
    scalar("concat_ws(varchar, varchar...) -> varchar"),
    python("hamming_distance(varchar, varchar) -> bigint", _hamming),
    scalar("length(varchar) -> bigint"),
    scalar("length(varbinary) -> bigint", "octet_length"),
    python("levenshtein_distance(varchar, varchar) -> bigint", _levenshtein),
    scalar("lower(varchar(x)) -> varchar(x)", _ASCII.format(name="lower")),
    python("lpad(varchar, bigint, varchar) -> varchar", lambda *args: _pad(*args, left=True)),
    scalar("ltrim(varchar(x)) -> varchar(x)", f"ltrim({{0}}, {_SPACE})"),
    python("luhn_check(varchar) -> boolean", _luhn),
    python("normalize(varchar) -> varchar", lambda text: _normalize(text, "NFC")),
    python("normalize(varchar, varchar) -> varchar", _normalize),
    python("replace(varchar, varchar) -> varchar", lambda text, part: text.replace(part, "")),
    python("replace(varchar, varchar, varchar) -> varchar", str.replace),
    python("reverse(varchar(x)) -> varchar(x)", lambda text: text[::-1]),
    python("rpad(varchar, bigint, varchar) -> varchar", lambda *args: _pad(*args, left=False)),
    scalar("rtrim(varchar(x)) -> varchar(x)", f"rtrim({{0}}, {_SPACE})"),
    python("soundex(varchar) -> varchar(4)", _soundex),
    python("split(varchar, varchar) -> array(varchar)", _split),
    python("split(varchar, varchar, bigint) -> array(varchar)", _split),
    python("split_part(varchar, varchar, bigint) -> varchar", _split_part),
    python("split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)", _split_to_map),
    python("split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))", _split_to_multimap),
    scalar("starts_with(varchar, varchar) -> boolean"),
    scalar("strpos(varchar, varchar) -> bigint"),
    python("strpos(varchar, varchar, bigint) -> bigint", _position),
    *(scalar(f"{name}(varchar(x), bigint) -> varchar(x)", _REST) for name in ("substr", "substring")),
    *(scalar(f"{name}(varchar(x), bigint, bigint) -> varchar(x)", _SUBSTRING) for name in ("substr", "substring")),
    python("translate(varchar, varchar, varchar) -> varchar", _translate),
    scalar("trim(varchar(x)) -> varchar(x)", f"trim({{0}}, {_SPACE})"),
    *(python(f"{name}(varchar(x), varchar(y)) -> varchar(x)", strip) for name, strip in _STRIP.items()),
    scalar("upper(varchar(x)) -> varchar(x)", _ASCII.format(name="upper")),
)  # fmt: skip

# Functions for the templates above.
python("lower(varchar) -> varchar", _lower)
python("upper(varchar) -> varchar", _upper)
