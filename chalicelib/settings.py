"""The settings of one deployment, read from the environment once and checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from chalicelib.errors import SettingsError

PREFIX = "B3_"

_BUCKET = (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "3 to 63 of a-z 0-9 . -, the rule of S3 for a bucket")
_IDENTIFIER = (r"[a-z_][a-z0-9_]{0,254}", "a-z 0-9 _, not starting with a digit, the rule of Athena for a name")
_NAME = (r"[A-Za-z0-9_.-]{1,128}", "1 to 128 of A-Z a-z 0-9 _ . -")

_URL = (
    r"https://[A-Za-z0-9.-]+(:\d+)?|http://127\.0\.0\.1:\d+",
    "the https URL of a host, or the http URL of a port of 127.0.0.1",
)

_RULES = {
    "raw_bucket": _BUCKET,
    "refined_bucket": _BUCKET,
    "athena_bucket": _BUCKET,
    "database": _IDENTIFIER,
    "table": _IDENTIFIER,
    "job": _NAME,
    "market_job": _NAME,
    "workgroup": _NAME,
    "api_access": (r"open|key", "open, or key: /ibov/*, /acoes* and /status require an API key"),
    "cors_origin": (
        r"\*|https?://[A-Za-z0-9.:-]+|none",
        "an origin that may send requests, * for any, or none",
    ),
    "official_closes": (r"yes|no", "yes, or no: the scheduled ingest does not request official closes from B3"),
    "official_closes_url": _URL,
    "market": (
        r"yes|no",
        "yes, or no: the ingest does not request the files of the market from B3, and /acoes* is 404",
    ),
    "cotahist_url": _URL,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that differ between deployments. The defaults are those of the local AWS.

    Each is read from the environment variable of its name, in capitals after `B3_`: `B3_RAW_BUCKET`.

    Raises:
        SettingsError: a value is not what S3, Athena or Glue accepts, or a `B3_` variable is not a setting.
    """

    raw_bucket: str = "b3-dataflow-raw"
    refined_bucket: str = "b3-dataflow-refined"
    athena_bucket: str = "b3-dataflow-athena"
    database: str = "b3_refined_db"
    table: str = "ibov_refined"
    job: str = "b3-etl-job"
    market_job: str = "b3-market-job"
    workgroup: str = "b3-dataflow"
    api_access: str = "open"
    cors_origin: str = "*"
    official_closes: str = "yes"
    official_closes_url: str = "https://sistemaswebb3-listados.b3.com.br"
    market: str = "no"
    cotahist_url: str = "https://bvmf.bmfbovespa.com.br"

    def __post_init__(self) -> None:
        for name, (pattern, allowed) in _RULES.items():
            value = getattr(self, name)
            if not re.fullmatch(pattern, value, re.ASCII):
                raise SettingsError(f"{PREFIX}{name.upper()} is {value!r}; allowed: {allowed}")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; a variable that is absent keeps its default."""
        known = {f"{PREFIX}{field.name.upper()}": field.name for field in fields(cls)}
        variables = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        unknown = sorted(variables.keys() - known.keys())
        if unknown:
            raise SettingsError(f"{unknown[0]} is not a setting; allowed: {', '.join(known)}")
        return cls(**{known[name]: value for name, value in variables.items()})
