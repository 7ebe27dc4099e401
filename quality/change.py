"""Whether a rate changed between two times, with the interval of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from quality.intervals import Counts, wilson

LEAST_CALLS = 30
"""Calls on either side below which a change is not called one: of ten calls the interval is half the scale wide."""


class Change(StrEnum):
    """What may be said of a change."""

    FELL = "fell"
    ROSE = "rose"
    UNCLEAR = "unclear"
    NOT_ENOUGH_DATA = "not enough data"


@dataclass(frozen=True, slots=True)
class RateChange:
    """A rate before and after, and the difference with its interval (after less before).

    Rates, difference and interval are None where a side has no calls.
    """

    before: Counts
    after: Counts
    difference: float | None
    low: float | None
    high: float | None
    change: Change


def rate_change(before: Counts, after: Counts, confidence: float = 0.95) -> RateChange:
    """Compare two rates by the hybrid score interval (Newcombe, Stat Med 17, 1998, method 10).

    It holds its level for rare errors too, where the textbook interval of a difference does not.
    """
    first, second = before.share, after.share
    if first is None or second is None:
        return RateChange(before, after, None, None, None, Change.NOT_ENOUGH_DATA)
    (first_low, first_high), (second_low, second_high) = wilson(before, confidence), wilson(after, confidence)
    difference = second - first
    low = difference - float(((second - second_low) ** 2 + (first_high - first) ** 2) ** 0.5)
    high = difference + float(((second_high - second) ** 2 + (first - first_low) ** 2) ** 0.5)
    change = Change.FELL if high < 0 else Change.ROSE if low > 0 else Change.UNCLEAR
    if min(before.n, after.n) < LEAST_CALLS:
        change = Change.NOT_ENOUGH_DATA
    return RateChange(before, after, difference, low, high, change)
