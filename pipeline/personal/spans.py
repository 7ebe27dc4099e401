"""Where personal data stands in a transcript: by character, so that text and sound can be masked by one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.types import Utterance


@dataclass(frozen=True, slots=True, order=True)
class PersonalSpan:
    """Characters ``first`` up to ``last`` (not included) of one utterance's text.

    Attributes:
        utterance: index of the utterance among those that were given to the detector.
        first, last: places in its text.
        kind: ``phone``, ``identity_card``, ``bank_card``, ``number``, or whatever else a detector finds.
    """

    utterance: int
    first: int
    last: int
    kind: str


class Detector(Protocol):
    """Finds personal data in what was said; ``find_numbers`` is one, a fuller one can take its place.

    It sees all utterances of a call in order of time, since a number is often read out over several turns.
    """

    def __call__(self, utterances: Sequence[Utterance], /) -> tuple[PersonalSpan, ...]:
        """Spans in order; those of one utterance do not overlap."""
        ...


def find_words(utterances: Sequence[Utterance], words: Sequence[str], kind: str) -> tuple[PersonalSpan, ...]:
    """Every place of some words, such as an agent's name, as they are written."""
    found: list[PersonalSpan] = []
    for number, utterance in enumerate(utterances):
        for word in words:
            at = utterance.text.find(word) if word else -1
            while at >= 0:
                found.append(PersonalSpan(number, at, at + len(word), kind))
                at = utterance.text.find(word, at + len(word))
    return tuple(sorted(found))
