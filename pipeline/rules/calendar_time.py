"""Dates of a rulebook as moments: a date is a day in the rulebook's own time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pipeline.rules.rulebook import ALWAYS, Period


def period(start: str | None, end: str | None, utc_offset: str) -> Period:
    """The stretch from the start of one day to the end of another, or between two moments."""
    if start is None and end is None:
        return ALWAYS
    return Period(
        None if start is None else first_moment(start, utc_offset),
        None if end is None else end_moment(end, utc_offset),
    )


def first_moment(text: str, utc_offset: str) -> datetime:
    """When a day starts, or the moment itself."""
    zone = datetime.fromisoformat(f"2000-01-01T00:00:00{utc_offset}").tzinfo
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def end_moment(text: str, utc_offset: str) -> datetime:
    """When a day is over, or the moment itself."""
    moment = first_moment(text, utc_offset)
    return moment + timedelta(days=1) if is_day(text) else moment


def is_day(text: str) -> bool:
    """Whether a text names a day and no time of it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
