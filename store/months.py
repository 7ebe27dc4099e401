"""Months as the call centre's calendar has them."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings

from pipeline.errors import UsageError


def zone() -> ZoneInfo:
    """The time zone in which days and months begin."""
    return ZoneInfo(settings.TIME_ZONE)


def bounds_of_month(month: str) -> tuple[datetime, datetime]:
    """First moment of a month ``YYYY-MM`` and of the one after it.

    Raises:
        UsageError: it is not written so.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"the month is {month!r}; expected one such as 2026-03.")
    year, number = int(month[:4]), int(month[5:])
    if year == 0 or year >= 9999:
        raise UsageError(f"the month is {month!r}; expected a year such as 2026.")
    following = date(year + number // 12, number % 12 + 1, 1)
    return midnight(date(year, number, 1)), midnight(following)


def month_of(moment: datetime) -> str:
    """The month ``YYYY-MM`` into which a moment falls."""
    return moment.astimezone(zone()).strftime("%Y-%m")


def midnight(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), zone())
