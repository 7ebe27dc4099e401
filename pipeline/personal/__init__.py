"""What must not be heard or read outside the centre: personal numbers in a call, found, masked and bleeped."""

from __future__ import annotations

from pipeline.personal.bleeping import bleeped
from pipeline.personal.hearing import hearable_at, with_rejected
from pipeline.personal.masking import masked, masked_text
from pipeline.personal.numbers import find_numbers
from pipeline.personal.spans import Detector, PersonalSpan, find_words, joined

__all__ = [
    "Detector",
    "PersonalSpan",
    "bleeped",
    "find_numbers",
    "find_words",
    "hearable_at",
    "joined",
    "masked",
    "masked_text",
    "with_rejected",
]
