"""How sample sizes become whole numbers; apart, so that the command line knows the words without the formulas."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """How a sample size becomes a whole number.

    ``article`` rounds to the nearest, as the training literature does, so "at least n" is often one too few;
    ``guarantee`` rounds up.
    """

    ARTICLE = "article"
    GUARANTEE = "guarantee"
