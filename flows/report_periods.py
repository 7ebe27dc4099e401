"""The times that reports are of: months and ISO weeks of the centre's calendar, each with the one before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.errors import UsageError
from quality.report_types import Kind
from store.months import bounds_of_month, midnight


@dataclass(frozen=True, slots=True)
class Period:
    """A month or week: its name, its bounds, and the one before."""

    kind: Kind
    name: str
    begin: datetime
    end: datetime
    before_name: str
    before: tuple[datetime, datetime]


def month_period(month: str) -> Period:
    """A month ``YYYY-MM``.

    Raises:
        UsageError: it is not written so.
    """
    begin, end = bounds_of_month(month)
    earlier = (begin.date() - timedelta(days=1)).strftime("%Y-%m")
    return Period(Kind.MONTH, month, begin, end, earlier, bounds_of_month(earlier))


def week_period(week: str) -> Period:
    """An ISO week ``YYYY-Www``, Monday to Sunday.

    Raises:
        UsageError: it is not written so, or the year has no such week.
    """
    found = re.fullmatch(r"(\d{4})-W(\d{2})", week)
    try:
        if found is None:
            raise ValueError
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        last = monday - timedelta(days=7)
    except (ValueError, OverflowError):
        raise UsageError(f"the week is {week!r}; expected an ISO week such as 2026-W10.") from None
    year, number, _ = last.isocalendar()
    bounds = midnight(monday), midnight(monday + timedelta(days=7))
    return Period(Kind.WEEK, week, *bounds, f"{year}-W{number:02d}", (midnight(last), midnight(monday)))
