"""Keys of the objects in S3, and raw objects as S3 has them. The names of the buckets are in `settings`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

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

COTAHIST_PREFIX = "cotahist/"
"""Of B3's files of the whole market, in the raw bucket. The notification of S3 is for `RAW_PREFIX` only."""

SHARES_MANIFEST_KEY = "manifests/acoes.json"
SHARES_LEDGER_PREFIX = "manifests/acoes/ledger/"
SHARES_QUARANTINE_KEY = "quarantine/acoes.parquet"
SHARES_PREFIX = "acoes/"
"""Of the table of shares, in the refined bucket: a folder for each run that wrote, and in it one for each year."""

PARSED_PREFIX = "cotahist-bars/"
"""Of the bars in the files of COTAHIST, in the refined bucket: a folder for each file, so that it is parsed once."""

COMPRESSION = "zstd"
"""The compression of every parquet object."""

MAX_RAW_BYTES = 64 * 2**20
"""A larger raw object is refused, and not even downloaded. The whole history takes 0.3 MB."""

_RAW_TIME = re.compile(rf"/{IBOV.slug}-([0-9]{{8}}T[0-9]{{6}})Z{re.escape(RAW_SUFFIX)}")
_COTAHIST_KEY = re.compile(
    rf"{COTAHIST_PREFIX}year=[0-9]{{4}}/([0-9]{{8}})-([0-9]{{8}})-([0-9]{{8}}T[0-9]{{6}})Z\.(?:zip|txt)"
)
_REFINED_KEY = re.compile(rf"{REFINED_PREFIX}year=(\d{{4}})/{IBOV.slug}\.parquet")


@dataclass(frozen=True, slots=True)
class RawObject:
    """A raw object.

    Attributes:
        key: its key.
        body: its bytes; None if it is larger than `MAX_RAW_BYTES`.
        size: its number of bytes.
        modified: the LastModified of S3; None if the object is not in S3. Refined depends on it, as on the body: a
            copy of raw has later times, which refuse no more objects.
    """

    key: str
    body: bytes | None
    size: int
    modified: datetime | None = None


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


def raw_time(key: str) -> datetime | None:
    """Return the time in the key of a raw object, or None if the key has another form or an impossible time."""
    match = _RAW_TIME.search(key)
    if match is None or match.end() != len(key):
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class CotahistFile:
    """A file of COTAHIST: the first and the last date of its records, both included, and when it was stored."""

    first: date
    last: date
    collected_at: datetime


def cotahist_key(file: CotahistFile, suffix: str, attempt: int = 0) -> str:
    """Return the key of a file of COTAHIST in the raw bucket, in the folder of its last year.

    Args:
        suffix: zip or txt.
        attempt: seconds to add to the time in the name, if another run has used that second.
    """
    second = file.collected_at.astimezone(UTC) + timedelta(seconds=attempt)
    days = f"{file.first:%Y%m%d}-{file.last:%Y%m%d}"
    return f"{COTAHIST_PREFIX}year={file.last:%Y}/{days}-{second:%Y%m%dT%H%M%SZ}.{suffix}"


def cotahist_file(key: str) -> CotahistFile | None:
    """Return what the key of a file of COTAHIST says, or None if the key has another form or an impossible time."""
    match = _COTAHIST_KEY.fullmatch(key)
    if match is None:
        return None
    try:
        first, last = (datetime.strptime(day, "%Y%m%d").date() for day in match.groups()[:2])  # noqa: DTZ007
        return CotahistFile(first, last, datetime.strptime(match[3], "%Y%m%dT%H%M%S").replace(tzinfo=UTC))
    except ValueError:
        return None


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
