"""Functions of binary strings and of URLs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote_plus, unquote, unquote_plus

from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.signature import Function, python, scalar, table

_HASHES = ("md5", "sha1", "sha256", "sha512")
# Name of a number format, Trino's type of the number, and the format in Python's `struct`.
_FORMATS = (
    ("big_endian_32", "integer", ">i"),
    ("big_endian_64", "bigint", ">q"),
    ("ieee754_32", "real", ">f"),
    ("ieee754_64", "double", ">d"),
)

# A URL that Java's URI reads as this pattern does. Other texts are refused: a text that is no URL is null.
_HEX = "%[0-9A-Fa-f]{2}"
_CHARACTER = rf"[A-Za-z0-9\-._~!$&'()*+,;=:@]|{_HEX}"
_URL = re.compile(
    r"(?P<protocol>[A-Za-z][A-Za-z0-9+.\-]*):"
    r"//(?:[A-Za-z0-9\-._~!$&'()*+,;=:]*@)?(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)*"
    r"[A-Za-z](?:[A-Za-z0-9\-]*[A-Za-z0-9])?|[0-9]{1,3}(?:\.[0-9]{1,3}){3})(?::(?P<port>[0-9]{0,5}))?"
    rf"(?P<path>(?:/(?:{_CHARACTER})*)*)(?:\?(?P<query>(?:{_CHARACTER}|[/?])*))?(?:#(?P<fragment>(?:{_CHARACTER}|[/?])*))?"
)


def _hash(name: str) -> Callable[[bytes], bytes]:
    return lambda data: getattr(hashlib, name)(data, usedforsecurity=False).digest()


def _hmac(name: str) -> Callable[[bytes, bytes], bytes]:
    return lambda data, key: hmac.digest(key, data, name)


def _decode(function: Callable[[str], bytes], alphabet: str, size: int) -> Callable[[str], bytes]:
    """Return a function that decodes texts of an alphabet, in units of this size with or without the padding."""

    def decode(text: str) -> bytes:
        if not re.fullmatch(f"[{alphabet}]*=*", text) or ("=" in text and len(text) % size):
            raise invalid("the text has a character that is not in the alphabet")
        try:
            return function(text if "=" in text else text + "=" * (-len(text) % size))
        except (ValueError, binascii.Error) as error:
            raise invalid(f"the text cannot be decoded: {error}") from None

    return decode


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise unsupported("bytes that are not UTF-8 in from_utf8") from None


def _unpack(layout: str) -> Callable[[bytes], Any]:
    def unpack(data: bytes) -> Any:
        size = struct.calcsize(layout)
        if len(data) != size:
            raise invalid(f"expected {size}-byte input, but got instead: {len(data)}")
        return struct.unpack(layout, data)[0]

    return unpack


def _numbers(name: str, type_: str, layout: str) -> Iterable[Function]:
    yield python(f"from_{name}(varbinary) -> {type_}", _unpack(layout))
    yield python(f"to_{name}({type_}) -> varbinary", lambda number: struct.pack(layout, number))


def _part(name: str) -> Callable[[str], str]:
    def part(url: str) -> str:
        text = _parse(url)[name] or ""
        try:
            return unquote(text, errors="strict")
        except UnicodeDecodeError:
            raise unsupported("a URL with bytes that are not UTF-8") from None

    return part


def _parse(url: str) -> re.Match[str]:
    match = _URL.fullmatch(url)
    if match is None:
        raise unsupported("this form of a URL")
    return match


def _port(url: str) -> int | None:
    port = _parse(url)["port"]
    return int(port) if port else None


def _parameter(url: str, name: str) -> str | None:
    for argument in (_parse(url)["query"] or "").split("&") if _parse(url)["query"] is not None else ():
        key, _, text = argument.partition("=")
        if key == name:
            return _url_decode(text)
    return None


def _url_decode(text: str) -> str:
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise invalid("URLDecoder: Illegal hex characters in escape (%) pattern")
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise unsupported("a URL with bytes that are not UTF-8") from None


FUNCTIONS = table(
    python("crc32(varbinary) -> bigint", zlib.crc32),
    python("from_base32(varchar) -> varbinary", _decode(base64.b32decode, "A-Z2-7", 8)),
    python("from_base64(varchar) -> varbinary", _decode(base64.b64decode, "A-Za-z0-9+/", 4)),
    python("from_base64url(varchar) -> varbinary", _decode(base64.urlsafe_b64decode, r"A-Za-z0-9\-_", 4)),
    python("from_hex(varchar) -> varbinary", _decode(bytes.fromhex, "0-9A-Fa-f", 1)),
    python("from_utf8(varbinary) -> varchar", _utf8),
    *(python(f"hmac_{name}(varbinary, varbinary) -> varbinary", _hmac(name)) for name in _HASHES),
    *(python(f"{name}(varbinary) -> varbinary", _hash(name)) for name in _HASHES),
    *(function for declared in _FORMATS for function in _numbers(*declared)),
    python("reverse(varbinary) -> varbinary", lambda data: data[::-1]),
    python("to_base32(varbinary) -> varchar", lambda data: base64.b32encode(data).decode()),
    python("to_base64(varbinary) -> varchar", lambda data: base64.b64encode(data).decode()),
    python("to_base64url(varbinary) -> varchar", lambda data: base64.urlsafe_b64encode(data).decode()),
    scalar("to_hex(varbinary) -> varchar", "hex"),
    scalar("to_utf8(varchar) -> varbinary", "encode"),
    python("url_decode(varchar) -> varchar", _url_decode),
    python("url_encode(varchar) -> varchar", lambda text: quote_plus(text, safe="*").replace("~", "%7E")),
    *(python(f"url_extract_{name}(varchar) -> varchar", _part(name))
      for name in ("fragment", "host", "path", "protocol", "query")),
    python("url_extract_parameter(varchar, varchar) -> varchar", _parameter),
    python("url_extract_port(varchar) -> bigint", _port),
)  # fmt: skip
