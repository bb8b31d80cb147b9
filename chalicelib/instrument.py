"""Instrument: an index or a security, and the facts about it that are not in its bars. Passed to the pipeline as an
argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from chalicelib.sources import YAHOO


@dataclass(frozen=True, slots=True)
class Instrument:
    """An index or a security of B3. A date that is None turns off the rule that needs it.

    Attributes:
        ticker: B3's code; the value of the column `ticker`.
        currency: ISO 4217 code of the prices.
        time_zone: time zone of the exchange; a session is a date in it.
        first_session: no session is before this date.
        symbols: the symbol at each source that needs one, by the source's name.
        whole_points_since: from this date on, final prices are whole numbers at a source with `whole_points`.
        volume_since: from this date on, a session without volume gets a warning.
        opens_at_previous_close_since: from this date on, a session opens near the official close of the previous one,
            so the next open shows whether a close is wrong.
        official_closes_since: from this date on, official closes have the scale of the bars; earlier ones are refused.
        close_tolerance: an official close within this distance of the close of a bar, in its unit, confirms it.
        known_gaps: sessions of the calendar that no source has, with the reason.
    """

    ticker: str
    currency: str
    time_zone: ZoneInfo
    first_session: date
    symbols: Mapping[str, str] = field(default_factory=dict)
    whole_points_since: date | None = None
    volume_since: date | None = None
    opens_at_previous_close_since: date | None = None
    official_closes_since: date | None = None
    close_tolerance: float = 0.0
    known_gaps: Mapping[date, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The ticker as it appears in the names of objects in S3."""
        return self.ticker.lower()


_ASH_WEDNESDAY = "Ash Wednesday: no trading in those years"
_MAUNDY_THURSDAY = "Maundy Thursday: no trading in those years"
_NOT_AT_YAHOO = "Yahoo has no bar of this session"

IBOV = Instrument(
    ticker="IBOV",
    currency="BRL",
    time_zone=ZoneInfo("America/Sao_Paulo"),
    first_session=date(1968, 1, 2),
    symbols={YAHOO.name: "^BVSP"},
    # Yahoo's final bars are whole numbers from here on, and its unfinished bars are not.
    whole_points_since=date(1997, 3, 1),
    # Until September 2006 Yahoo lacks the volume of most days. The rule starts with the first complete year.
    volume_since=date(2007, 1, 1),
    opens_at_previous_close_since=date(2008, 1, 1),
    # Levels before March 1997 are not adjusted for the divisions of the index by ten.
    official_closes_since=date(1998, 1, 1),
    # The closes that B3 publishes for years before 2017 may be whole numbers, many of them one point off the bars.
    close_tolerance=1.01,
    # Either the calendar has a session and B3 had none, or Yahoo lacks the session. In the first case the next session
    # opens exactly at the close before the gap, except after 1996-04-04, 1996-10-03, 1997-07-09 and 1999-04-01.
    # The reason for 1997-10-06 is unknown.
    known_gaps={
        date(1994, 2, 16): _ASH_WEDNESDAY,
        date(1994, 3, 31): _MAUNDY_THURSDAY,
        date(1994, 7, 1): "introduction of the real (BRL): a bank holiday",
        date(1994, 10, 3): "general election: no trading",
        date(1995, 3, 1): _ASH_WEDNESDAY,
        date(1995, 4, 13): _MAUNDY_THURSDAY,
        date(1996, 2, 21): _ASH_WEDNESDAY,
        date(1996, 4, 4): _MAUNDY_THURSDAY,
        date(1996, 10, 3): "municipal elections: no trading",
        date(1997, 3, 27): _MAUNDY_THURSDAY,
        date(1997, 7, 9): "holiday of the state of São Paulo, in its first year",
        date(1998, 4, 9): _MAUNDY_THURSDAY,
        date(1999, 4, 1): _MAUNDY_THURSDAY,
        date(2001, 9, 11): f"attacks in the United States, trading was suspended. {_NOT_AT_YAHOO}",
        date(2012, 1, 2): _NOT_AT_YAHOO,
        date(2012, 2, 22): f"Ash Wednesday, a short session. {_NOT_AT_YAHOO}",
        date(2020, 11, 20): f"a holiday of São Paulo that the pandemic moved to May. {_NOT_AT_YAHOO}",
    },
)
"""IBOVESPA, the index of B3."""
