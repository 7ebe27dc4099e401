"""How much alike two sentences are: the share of character pairs that they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.rules.matching import plain
from pipeline.rules.spoken import CLAUSE_MARKS, SpokenText

SENTENCE_MARKS = frozenset("。？！；…?!;\n")
FULL = 100.0


@dataclass(frozen=True, slots=True)
class Pairs:
    """The character pairs of a plain text, with how often each occurs; a single character stands for itself."""

    counts: dict[str, int]
    total: int

    @classmethod
    def of(cls, text: str) -> Pairs:
        """The pairs of a plain text."""
        parts = [text[place : place + 2] for place in range(len(text) - 1)] or ([text] if text else [])
        return cls(dict(Counter(parts)), len(parts))

    def likeness(self, other: Pairs) -> float:
        """Dice's coefficient in percent: 100 for the same pairs, 0 for none in common."""
        if not self.total or not other.total:
            return 0.0
        small, large = (self, other) if len(self.counts) <= len(other.counts) else (other, self)
        common = sum(min(count, large.counts.get(pair, 0)) for pair, count in small.counts.items())
        return FULL * 2 * common / (self.total + other.total)


def stretches(
    text: SpokenText, turn: int, marks: frozenset[str] = CLAUSE_MARKS, most: int = 3
) -> Iterator[tuple[int, int]]:
    """Places in the plain text of one to ``most`` clauses in a row, and of the whole turn."""
    ends: list[int] = []
    at = 0
    written = text.texts[turn]
    utterance_ends, length = set(), 0
    for utterance in text.turns[turn].utterances:
        length += len(utterance.text)
        utterance_ends.add(length)
    for place, character in enumerate(written):
        at += bool(plain(character))
        if (character in marks or place + 1 in utterance_ends) and at and (not ends or at > ends[-1]):
            ends.append(at)
    if at and (not ends or ends[-1] < at):
        ends.append(at)
    starts, base = [0, *ends[:-1]], text.starts[turn]
    seen = set()
    for first in range(len(ends)):
        for last in range(first, min(first + most, len(ends))):
            seen.add((first, last))
            yield base + starts[first], base + ends[last]
    if ends and (0, len(ends) - 1) not in seen:
        yield base, base + ends[-1]
