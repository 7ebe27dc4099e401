"""Words with which statistics are asked for; apart, so that the command line knows them without the formulas."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How a sample size becomes a whole number.

    ``article`` rounds to the nearest, as the training literature does, so "at least n" is often one too few;
    ``guarantee`` rounds up.
    """

    ARTICLE = "article"
    GUARANTEE = "guarantee"


class Allocation(StrEnum):
    """How the reviews are divided.

    ``equal``: the same number for every agent. ``precision``: more where scores spread more, so that every agent's
    interval has the same width. ``neyman``: in proportion to calls times spread, the most precise mean of the centre
    as a whole, at the price of unequal intervals.
    """

    EQUAL = "equal"
    PRECISION = "precision"
    NEYMAN = "neyman"


class Quantity(StrEnum):
    """What is estimated of an agent's month."""

    SCORE = "score"
    PASS_RATE = "pass_rate"
    FATAL_RATE = "fatal_rate"
