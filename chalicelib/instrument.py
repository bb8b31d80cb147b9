"""Instrument: an index or a security, and the facts about it that are not in its bars. Passed to the pipeline as an
argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from chalicelib.sources import YAHOO


@dataclass(frozen=True, slots=True)
class Scale:
    """The level of the prices, as far as it is known: `refine.scale` refuses prices far from it.

    Attributes:
        year_ends: the close of the last session of each year, in order.
        factor: how many times a price may be above or below the expected level.
        factors: the factor of a year that needs another.
        before: the lowest and the highest price before the first of `year_ends`.
        valid_for: the number of sessions after the last of `year_ends` to which its level applies.
    """

    year_ends: Mapping[date, float]
    factor: float
    factors: Mapping[int, float]
    before: tuple[float, float]
    valid_for: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """An index or a security of B3. A date that is None turns off the rule that needs it.

    Attributes:
        ticker: B3's code; the value of the column `ticker`.
        currency: ISO 4217 code of the prices.
        time_zone: time zone of the exchange; a session is a date in it.
        first_session: no session is before this date.
        symbols: the symbol at each source that needs one, by the source's name.
        first_bars: the first session of each source whose first session is known, by the source's name.
        scale: the level of its prices; None turns off the rule.
        whole_points_since: from this date on, final prices are whole numbers at a source with `whole_points`.
        volume_since: from this date on, a session without volume gets a warning.
        volume_comparable_since: from this date on, the source gives the volume in its present unit.
        opens_at_previous_close_since: from this date on, a session opens near the official close of the previous one,
            so the next open shows whether a close is wrong.
        official_closes_since: from this date on, official closes have the scale of the bars; earlier ones are refused.
        close_tolerance: an official close within this distance of the close of a bar, in its unit, confirms it.
        closures: sessions of the calendar on which there was no trading, with the reason.
        absences: sessions that no source has a bar of, with the reason.
    """

    ticker: str
    currency: str
    time_zone: ZoneInfo
    first_session: date
    symbols: Mapping[str, str] = field(default_factory=dict)
    first_bars: Mapping[str, date] = field(default_factory=dict)
    scale: Scale | None = None
    whole_points_since: date | None = None
    volume_since: date | None = None
    volume_comparable_since: date | None = None
    opens_at_previous_close_since: date | None = None
    official_closes_since: date | None = None
    close_tolerance: float = 0.0
    closures: Mapping[date, str] = field(default_factory=dict)
    absences: Mapping[date, str] = field(default_factory=dict)

    @property
    def known_gaps(self) -> Mapping[date, str]:
        """The sessions of the calendar without a bar whose reason is known."""
        return {**self.closures, **self.absences}

    @property
    def slug(self) -> str:
        """The ticker as it appears in the names of objects in S3."""
        return self.ticker.lower()


_ASH_WEDNESDAY = "Ash Wednesday: no trading in those years"
_MAUNDY_THURSDAY = "Maundy Thursday: no trading in those years"
_NOT_AT_YAHOO = "Yahoo has no bar of this session"

_SCALE = Scale(
    # Yahoo's closes of ^BVSP to 2007, B3's official closes from 2008 on.
    year_ends={
        date(1993, 12, 30): 375.5,
        date(1994, 12, 29): 4353.899902,
        date(1995, 12, 28): 4299.0,
        date(1996, 12, 30): 7039.899902,
        date(1997, 12, 30): 10197.0,
        date(1998, 12, 30): 6784.0,
        date(1999, 12, 30): 17092.0,
        date(2000, 12, 28): 15259.0,
        date(2001, 12, 28): 13578.0,
        date(2002, 12, 30): 11268.0,
        date(2003, 12, 30): 22236.0,
        date(2004, 12, 30): 26196.0,
        date(2005, 12, 29): 33456.0,
        date(2006, 12, 28): 44474.0,
        date(2007, 12, 28): 63886.0,
        date(2008, 12, 30): 37550.0,
        date(2009, 12, 30): 68588.0,
        date(2010, 12, 30): 69304.0,
        date(2011, 12, 29): 56754.0,
        date(2012, 12, 28): 60952.0,
        date(2013, 12, 30): 51507.0,
        date(2014, 12, 30): 50007.0,
        date(2015, 12, 30): 43349.0,
        date(2016, 12, 29): 60227.0,
        date(2017, 12, 28): 76402.08,
        date(2018, 12, 28): 87887.27,
        date(2019, 12, 30): 115645.34,
        date(2020, 12, 30): 119017.24,
        date(2021, 12, 30): 104822.44,
        date(2022, 12, 29): 109734.6,
        date(2023, 12, 28): 134185.24,
        date(2024, 12, 30): 120283.4,
    },
    # The largest factors of the real history are 3.084 in 1994, 2.06 in 1995 and 1.89 in 2020; 1.68 in other years.
    factor=3.0,
    factors={1994: 3.16},
    # In 1993 the lowest price is 23.7, the highest 373.7.
    before=(15.0, 500.0),
    valid_for=250,
)

IBOV = Instrument(
    ticker="IBOV",
    currency="BRL",
    time_zone=ZoneInfo("America/Sao_Paulo"),
    first_session=date(1968, 1, 2),
    symbols={YAHOO.name: "^BVSP"},
    first_bars={YAHOO.name: date(1993, 4, 27)},
    scale=_SCALE,
    # Yahoo's final bars are whole numbers from here on, and its unfinished bars are not.
    whole_points_since=date(1997, 3, 1),
    # Until September 2006 Yahoo lacks the volume of most days. The rule starts with the first complete year.
    volume_since=date(2007, 1, 1),
    # The medians of the months are near 1.0e8 until June 2007, 4.8e7 in July and August, 6e6 to December, 2e6 to 3e6 to
    # March 2008, and 1e6 from April on.
    volume_comparable_since=date(2008, 4, 1),
    opens_at_previous_close_since=date(2008, 1, 1),
    # Levels before March 1997 are not adjusted for the divisions of the index by ten.
    official_closes_since=date(1998, 1, 1),
    # The closes that B3 publishes for years before 2017 may be whole numbers, many of them one point off the bars.
    close_tolerance=1.01,
    # Either the calendar has a session and B3 had none, or Yahoo lacks the session. In the first case the next session
    # opens exactly at the close before the gap, except after 1996-04-04, 1996-10-03, 1997-07-09 and 1999-04-01.
    # The reason for 1997-10-06 is unknown.
    closures={
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
    },
    absences={
        date(2001, 9, 11): f"attacks in the United States, trading was suspended. {_NOT_AT_YAHOO}",
        date(2012, 1, 2): _NOT_AT_YAHOO,
        date(2012, 2, 22): f"Ash Wednesday, a short session. {_NOT_AT_YAHOO}",
        date(2020, 11, 20): f"a holiday of São Paulo that the pandemic moved to May. {_NOT_AT_YAHOO}",
    },
)
"""IBOVESPA, the index of B3."""
