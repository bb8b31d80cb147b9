"""Keys of the objects in S3. The names of the buckets are in `settings`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from chalicelib.instrument import IBOV

SAO_PAULO = IBOV.time_zone
"""The time zone of sessions and of the folders of raw. The schedule is in UTC."""

RAW_PREFIX = "raw/"
RAW_SUFFIX = ".parquet"
REFINED_PREFIX = "refined/"
QUARANTINE_KEY = f"quarantine/{IBOV.slug}.parquet"
REVISIONS_KEY = f"revisions/{IBOV.slug}.parquet"
MANIFEST_KEY = f"manifests/{IBOV.slug}.json"
LEDGER_PREFIX = "manifests/ledger/"
RESULTS_PREFIX = "results/"

COMPRESSION = "zstd"
"""The compression of every parquet object."""

_REFINED_KEY = re.compile(rf"{REFINED_PREFIX}year=(\d{{4}})/{IBOV.slug}\.parquet")


def raw_key(collected_at: datetime, attempt: int = 0) -> str:
    """Return the key of a run's raw object: folders by date in São Paulo, name by second in UTC.

    Args:
        collected_at: time of the request to the source, with a time zone.
        attempt: seconds to add to the name, if another run has used that second.
    """
    day = collected_at.astimezone(SAO_PAULO)
    second = collected_at.astimezone(UTC) + timedelta(seconds=attempt)
    return f"{raw_month(collected_at)}day={day:%d}/{IBOV.slug}-{second:%Y%m%dT%H%M%SZ}{RAW_SUFFIX}"


def raw_month(moment: datetime) -> str:
    """Return the prefix of all raw objects of a month, by date in São Paulo."""
    return f"{RAW_PREFIX}{moment.astimezone(SAO_PAULO):year=%Y/month=%m/}"


def is_raw(key: str) -> bool:
    """Return whether a key of the raw bucket is of a raw object: the filter of the S3 notification."""
    return key.startswith(RAW_PREFIX) and key.endswith(RAW_SUFFIX)


def refined_key(year: int) -> str:
    """Return the key of a year's refined bars."""
    return f"{REFINED_PREFIX}year={year:04d}/{IBOV.slug}.parquet"


def refined_year(key: str) -> int | None:
    """Return the year of a refined key, or None if the key has another form."""
    match = _REFINED_KEY.fullmatch(key)
    return int(match[1]) if match else None
