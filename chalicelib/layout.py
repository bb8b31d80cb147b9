"""Where each thing lies in S3. Keys only: the buckets are in `settings`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SAO_PAULO = ZoneInfo("America/Sao_Paulo")

RAW_PREFIX = "raw/"
RAW_SUFFIX = ".parquet"
REFINED_PREFIX = "refined/"
QUARANTINE_KEY = "quarantine/ibov.parquet"
REVISIONS_KEY = "revisions/ibov.parquet"
MANIFEST_KEY = "manifests/ibov.json"
LEDGER_PREFIX = "manifests/ledger/"
RESULTS_PREFIX = "results/"

COMPRESSION = "zstd"
"""The compression of every parquet object."""

_REFINED_KEY = re.compile(rf"{REFINED_PREFIX}year=(\d{{4}})/ibov\.parquet")


def raw_key(collected_at: datetime, attempt: int = 0) -> str:
    """The key of a run's raw object: folders by the run's date in São Paulo, name by its second in UTC.

    Args:
        collected_at: when the source was asked, with a time zone.
        attempt: seconds to add to the name, for a second that another run has taken.
    """
    day = collected_at.astimezone(SAO_PAULO)
    second = collected_at.astimezone(ZoneInfo("UTC")) + timedelta(seconds=attempt)
    return f"{raw_month(collected_at)}day={day:%d}/ibov-{second:%Y%m%dT%H%M%SZ}{RAW_SUFFIX}"


def raw_month(moment: datetime) -> str:
    """The prefix of all raw objects of a month, by the date in São Paulo."""
    return f"{RAW_PREFIX}{moment.astimezone(SAO_PAULO):year=%Y/month=%m/}"


def is_raw(key: str) -> bool:
    """Whether a key of the raw bucket holds bars: what the S3 notification is filtered by."""
    return key.startswith(RAW_PREFIX) and key.endswith(RAW_SUFFIX)


def refined_key(year: int) -> str:
    """The one fixed key of a year's refined bars."""
    return f"{REFINED_PREFIX}year={year:04d}/ibov.parquet"


def refined_year(key: str) -> int | None:
    """The year of a refined key, or None if the key is not of that form."""
    match = _REFINED_KEY.fullmatch(key)
    return int(match[1]) if match else None
