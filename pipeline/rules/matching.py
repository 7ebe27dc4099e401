"""Phrases in what was said: all phrases of a rulebook in one automaton, one pass over a call.

Text is compared in a plain form: characters, digits and letters only, full-width forms folded, Latin in lower case.
Punctuation, which speech engines set as they please, neither hides a phrase nor makes one. ``*`` inside a phrase
stands for 0 to ``WILDCARD_CHARACTERS`` characters of the plain form. A phrase never reaches over the end of a turn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ahocorasick_rs import AhoCorasick

from pipeline.features.dialogue import SpokenTurn, time_in_utterance
from pipeline.types import Utterance

WILDCARD = "*"
WILDCARD_CHARACTERS = 6
"""Long enough for 我不清楚你找(别的什么)地方问去, too short to join two sentences."""

TURN_END = "\n"
"""Stands between the turns of a call; no plain form holds it."""

CLAUSE_MARKS = frozenset("，。？！；、：…,.?!;:\n")

Hits = Mapping[int, Sequence[tuple[int, int]]]
"""Where each piece of a phrase was found: piece number to (start, end) in the plain text of the call."""


class _Fold(dict[int, str]):
    """A ``str.translate`` table that is filled as characters are met; each gives one character or none."""

    def __missing__(self, code: int) -> str:
        character = chr(code - 0xFEE0) if 0xFF01 <= code <= 0xFF5E else chr(code)
        plain = ""
        if character.isalnum():
            lower = character.lower()
            plain = lower if len(lower) == 1 else character
        self[code] = plain
        return plain


_FOLD = _Fold()


def plain(text: str) -> str:
    """The plain form of a text: one character for each character that counts, none for the others."""
    return text.translate(_FOLD)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One wording of a phrase: the numbers of its literal pieces, between which a wildcard stands."""

    pieces: tuple[int, ...]

    def find(self, text: SpokenText) -> list[tuple[int, int]]:
        """Where the wording stands in a call, shortest reading of each wildcard, in order of place."""
        first = text.hits.get(self.pieces[0])
        if first is None:
            return []
        if len(self.pieces) == 1:
            return list(first)
        found = []
        for start, end in first:
            ends = {end}
            for piece in self.pieces[1:]:
                ends = {
                    next_end
                    for next_start, next_end in text.hits.get(piece, ())
                    for so_far in ends
                    if 0 <= next_start - so_far <= WILDCARD_CHARACTERS and TURN_END not in text.plain[so_far:next_start]
                }
                if not ends:
                    break
            if ends:
                found.append((start, min(ends)))
        return found


class LexiconBuilder:
    """Collects the phrases of a rulebook; each literal piece is numbered once."""

    def __init__(self) -> None:
        """Start empty."""
        self._numbers: dict[str, int] = {}

    def add(self, phrase: str) -> Pattern:
        """Register one wording.

        Raises:
            ValueError: when nothing but punctuation and wildcards is left of it.
        """
        # A wildcard at either end asks for nothing, since it may stand for no character at all.
        pieces = [piece for piece in map(plain, phrase.split(WILDCARD)) if piece]
        if not pieces:
            raise ValueError("expected at least one character, digit or letter")
        return Pattern(tuple(self._numbers.setdefault(piece, len(self._numbers)) for piece in pieces))

    def build(self) -> Lexicon:
        """The automaton over everything registered."""
        return Lexicon(AhoCorasick(list(self._numbers)) if self._numbers else None, len(self._numbers))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases of a rulebook, ready to be found in one pass."""

    automaton: AhoCorasick | None
    size: int

    def scan(self, text: str) -> dict[int, list[tuple[int, int]]]:
        """Every occurrence of every piece in a plain text, overlapping ones too, in order of place."""
        hits: dict[int, list[tuple[int, int]]] = {}
        if self.automaton is not None:
            for number, start, end in self.automaton.find_matches_as_indexes(text, overlapping=True):
                hits.setdefault(number, []).append((start, end))
        return hits


@dataclass(frozen=True)
class SpokenText:
    """The words of a call in plain form with what was found in them, and the way back to each utterance.

    Attributes:
        turns: the turns of the call in order of time.
        plain: their plain forms, each followed by ``TURN_END``.
        starts: where each turn starts in ``plain``.
        hits: every piece of the lexicon that occurs.
    """

    turns: tuple[SpokenTurn, ...]
    plain: str
    starts: tuple[int, ...]
    hits: Hits

    @classmethod
    def read(cls, turns: tuple[SpokenTurn, ...], lexicon: Lexicon) -> SpokenText:
        """Fold and scan a call once."""
        texts = [plain(turn.text) for turn in turns]
        starts, at = [], 0
        for text in texts:
            starts.append(at)
            at += len(text) + 1
        joined = "".join(text + TURN_END for text in texts)
        return cls(turns, joined, tuple(starts), lexicon.scan(joined))

    def turn_at(self, place: int) -> int:
        """Number of the turn that holds a place of the plain text."""
        return bisect_right(self.starts, place) - 1

    def end_of(self, turn: int) -> int:
        """Place behind the last character of a turn."""
        return self.starts[turn + 1] - 1 if turn + 1 < len(self.starts) else len(self.plain) - 1

    def wording(self, start: int, end: int) -> Wording:
        """The spoken words between two places of one turn."""
        turn = self.turn_at(start)
        first, last = start - self.starts[turn], end - self.starts[turn] - 1
        offsets = self._offsets(turn)
        return Wording(self.turns[turn], offsets[first], offsets[last] + 1)

    def _offsets(self, turn: int) -> list[int]:
        if turn not in self._known_offsets:
            text = self.turns[turn].text
            self._known_offsets[turn] = [place for place, character in enumerate(text) if plain(character)]
        return self._known_offsets[turn]

    @cached_property
    def _known_offsets(self) -> dict[int, list[int]]:
        return {}


@dataclass(frozen=True, slots=True)
class Wording:
    """Characters ``start`` to ``end`` of the text of one turn, as they were written down."""

    turn: SpokenTurn
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The words with the punctuation between them."""
        return self.turn.text[self.start : self.end]

    @property
    def start_s(self) -> float:
        """When the first character starts, its utterance taken as spoken evenly."""
        utterance, offset = self._utterance_at(self.start)
        return time_in_utterance(utterance, offset, offset + 1).start_s

    @property
    def end_s(self) -> float:
        """When the last character ends."""
        utterance, offset = self._utterance_at(self.end - 1)
        return time_in_utterance(utterance, offset, offset + 1).end_s

    @property
    def confidence(self) -> float | None:
        """Lowest confidence of the utterances that the words stand in, None where the engine gives none."""
        given = [utterance.confidence for utterance in self._utterances() if utterance.confidence is not None]
        return min(given) if given else None

    @property
    def clause_length(self) -> int:
        """Characters of the clause around the words: up to the next mark, or the end of the utterance."""
        text, breaks = self.turn.text, self._utterance_ends()
        start, end = self.start, self.end
        while start > 0 and start not in breaks and text[start - 1] not in CLAUSE_MARKS:
            start -= 1
        while end < len(text) and end not in breaks and text[end] not in CLAUSE_MARKS:
            end += 1
        return len(plain(text[start:end]))

    def _utterance_ends(self) -> set[int]:
        ends, at = set(), 0
        for utterance in self.turn.utterances:
            at += len(utterance.text)
            ends.add(at)
        return ends

    def _utterance_at(self, place: int) -> tuple[Utterance, int]:
        for utterance in self.turn.utterances:
            if place < len(utterance.text):
                return utterance, place
            place -= len(utterance.text)
        raise IndexError(place)

    def _utterances(self) -> list[Utterance]:
        at, inside = 0, []
        for utterance in self.turn.utterances:
            if at < self.end and at + len(utterance.text) > self.start:
                inside.append(utterance)
            at += len(utterance.text)
        return inside
