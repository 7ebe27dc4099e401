"""Where personal data stands in a transcript: by character, so that text and sound can be masked by one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.rules.sound import syllable
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
    """Every place of some words, such as an agent's name, in whatever characters of the same sound it is written."""
    found: set[PersonalSpan] = set()
    wanted = [_sounds(word) for word in words if len(word) > 1]
    for number, utterance in enumerate(utterances):
        heard = _sounds(utterance.text)
        for word in wanted:
            for at in range(len(heard) - len(word) + 1):
                if heard[at : at + len(word)] == word:
                    found.add(PersonalSpan(number, at, at + len(word), kind))
    return tuple(sorted(found))


def joined(*groups: Sequence[PersonalSpan]) -> tuple[PersonalSpan, ...]:
    """Spans of several detectors in order, those that overlap made one, of the kind of the first."""
    apart: list[PersonalSpan] = []
    for span in sorted(span for group in groups for span in group):
        if apart and apart[-1].utterance == span.utterance and span.first < apart[-1].last:
            last = apart[-1]
            apart[-1] = PersonalSpan(last.utterance, last.first, max(last.last, span.last), last.kind)
        else:
            apart.append(span)
    return tuple(apart)


def _sounds(text: str) -> tuple[str, ...]:
    return tuple(syllable(one) or one.lower() for one in text)
