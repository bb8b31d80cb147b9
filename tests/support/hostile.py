"""Requests for fuzz tests of the API: all parameters of all routes with valid and invalid values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import quote

import msgspec
from hypothesis import strategies as st

from chalicelib.api import assets
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.api.route import Route
from chalicelib.api.routes import ROUTES

ESTIMATORS = ["close_to_close", "parkinson", "garman_klass", "garman_klass_yang_zhang", "rogers_satchell", "yang_zhang"]
WINDOWS = ["5", "10", "21", "42", "63", "126", "252"]
SORTS = [
    f"{sign}{column}"
    for column in (
        "data",
        "volatilidade_pct",
        "vol_anualizada",
        "volume_negociado",
        "drawdown",
        "volatilidade_pico",
    )
    for sign in ("", "-")
]
PERIOD_SORTS = [
    f"{sign}{column}"
    for column in ("periodo", "retorno_log", "vol_realizada", "volume_negociado")
    for sign in ("", "-")
]
PERIOD_COLUMNS = ["periodo", "pregoes", "preco_fechamento", "retorno_pct", "vol_media", "volume_negociado"]
COLUMNS = ["data", "ticker", "preco_fechamento", "volume_negociado", "avisos", "coletado_em", "month", "vol_anualizada"]

SHARE_COLUMNS = ["data", "ticker", "nome", "classe", "isin", "negocios", "evento", "noites_21", "vol_zscore"]
TICKER_SORTS = [f"{sign}{column}" for column in ("ticker", "volume_mediano", "ultimo_pregao") for sign in ("", "-")]

TICKER = "PETR4"

ROUTE_OF: Mapping[str, Route] = {
    path.replace("{ticker}", TICKER): route for path, route in {**ROUTES, **MARKET_ROUTES}.items()
}
"""The routes by path, with a ticker that the table has."""

PARAMETERS: Mapping[str, Sequence[str]] = {
    **{
        path: [field.encode_name for field in msgspec.structs.fields(route.parameters)]
        for path, route in ROUTE_OF.items()
    },
    f"/{assets.path()}/docs.js": [],
}
"""The parameters of each path. `VALID` needs values for each of them."""

TABLE = [path for path in PARAMETERS if path.startswith(("/ibov/", "/acoes"))]

TEXT = "q"
"""The parameter that may have any text."""

# Values that are invalid for every parameter but `TEXT`.
HOSTILE = [
    "",
    " ",
    ",",
    "null",
    "None",
    "undefined",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "Infinity",
    "1e400",
    "-1",
    "9" * 19,
    "9" * 5000,
    "1" + "0" * 400,
    "0x10",
    "1_000",
    "5001.5",
    "+21",
    " 21",
    "21 ",
    "21\n",
    "21\x00",
    "٢١",
    "２１",
    "²",
    "21;",
    "'",
    '"',
    "''",
    "?",
    "--",
    "/*",
    "\\",
    "data; DROP TABLE ibov_refined",
    "1 OR 1=1",
    "' OR '1'='1",
    "' UNION SELECT * FROM information_schema.tables --",
    'data" FROM "ibov_refined" --',
    "data,data",
    "data,preco_abertura desc",
    "DATE '2025-01-01'",
    "2025-01-01' --",
    "2025-01-01T00:00:00",
    "2025-01-01Z",
    "2025-02-30",
    "20250101",
    "2025-1-1",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "0000-01",
    "2025-0",
    "2025-00",
    "2025-13",
    "2025-W09",
    "2025-",
    "-2025",
    "2025-02-29",
    "99999",
    "-2025-01-01",
    "２０２５-０１-０１",
    "2025‐01‐01",
    "DATA",
    "-DATA",
    "--data",
    "data desc",
    "json,csv",
    "Yang_Zhang",
    "../../app.py",
    "s3://b3-dataflow-raw/",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "\x00",
    "\x01\x1f\x7f",
    "\r\nSet-Cookie: a=b",
    "\u202e\ufeff\u2028",
    "\U0010ffff",
    "😀" * 100,
    "A" * 16,
    "A" * 201,
    "[]",
    '["a"]',
    "a" * 8000,
]

# Malformed and unusual percent-encodings.
ENCODED = ["%", "%zz", "%FF", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "%u0027", "%2527", "+", "%00%00", "=", "=="]

days = st.dates(date(2023, 1, 1), date(2026, 1, 1)).map(date.isoformat)
bounds = days | days.map(lambda day: day[:7]) | days.map(lambda day: day[:4])

VALID: Mapping[str, st.SearchStrategy[str]] = {
    "start": bounds,
    "end": bounds,
    "year": st.sampled_from(["1900", "2024", "2025", "2199"]),
    "format": st.sampled_from(["json", "csv"]),
    "last": st.integers(1, 10_000).map(str) | st.integers(1, 300).map(str),
    "limit": st.integers(1, 10_000).map(str),
    "by": st.sampled_from(["week", "month", "quarter", "year"]),
    "class": st.sampled_from(["acao", "unit", "fii", "etf", "bdr"]),
    "date": days,
    "order": st.sampled_from(["asc", "desc"]),
    TEXT: st.sampled_from(["petro", "VALE", "céu", "fii ce", "3", "' OR '1'='1", "%", "ß", "\x00"]),
    "sort": st.sampled_from([*SORTS, *PERIOD_SORTS]),
    "fields": st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=6, unique=True).map(",".join)
    | st.lists(st.sampled_from(PERIOD_COLUMNS), min_size=1, unique=True).map(",".join),
    "estimator": st.sampled_from([*ESTIMATORS, "ewma"]),
    "window": st.sampled_from(WINDOWS),
    "method": st.sampled_from(["zscore", "zscore_range"]),
    "threshold": st.one_of(
        st.floats(0, 100).map(str), st.sampled_from(["0", "-0", "1e-300", "1E2", "0.1e+1", "1e-999"])
    ),
    "cursor": st.just("A" * 24),
}

_OF_TICKERS: Mapping[str, Mapping[str, st.SearchStrategy[str]]] = {
    "/acoes": {"sort": st.sampled_from(TICKER_SORTS)},
    "/acoes/ranking": {
        "by": st.sampled_from(["preco_fechamento", "vol_yang_zhang_21d", "negocios"]),
        "fields": st.lists(st.sampled_from(SHARE_COLUMNS), min_size=1, unique=True).map(",".join),
    },
}
"""The values of parameters that have other values in these paths."""


def valid(path: str, name: str) -> st.SearchStrategy[str]:
    """Return the values of a parameter of a path. Not all of them are valid together."""
    return {**VALID, **_OF_TICKERS.get(path, {})}[name]


anything = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30)).map(lambda text: quote(text, safe=""))


@st.composite
def query_strings(draw: st.DrawFn, path: str) -> str:
    """Return a query string of a route: mostly valid, sometimes with malformed, repeated or unknown parameters."""
    names = draw(st.lists(st.sampled_from(PARAMETERS[path] or [""]), max_size=4, unique=True))
    parts = [f"{name}={quote(draw(valid(path, name)))}" for name in names if name]
    odd = st.one_of(
        st.tuples(
            st.sampled_from([*VALID, "year ", "YEAR", "limit[]", "__proto__"]), anything | st.sampled_from(ENCODED)
        ),
        st.tuples(anything, anything),
    )
    for name, value in draw(st.sampled_from([[], [], []]) | st.lists(odd, max_size=2)):
        parts.insert(draw(st.integers(0, len(parts))), f"{name}={value}")
    if parts and draw(st.integers(0, 9)) == 0:
        parts.append(draw(st.sampled_from(parts)))
    return "&".join(parts)


headers = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(
            [
                "",
                "text/csv",
                "*/*",
                "text/csv;q=nan",
                "text/csv;q=1e999, */*;q=-1",
                "a;;=;q",
                ",",
                "application/json;q=٣",
            ]
        ),
        "If-None-Match": st.sampled_from(["", "*", '"', 'W/"x", "y"', "a" * 5000]),
    },
)
