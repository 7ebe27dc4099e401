"""The words of a call as the rules compare them, with every phrase that occurs, and the way back to what was said."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.features.dialogue import Dialogue, time_in_utterance
from pipeline.rules.folding import DROPPED, Codes, codes_of, text_of
from pipeline.rules.matching import BETWEEN_TURNS, FOLD, TURN_END, Hits, Lexicon, plain
from pipeline.rules.sound import SOUND_TABLE
from pipeline.types import Utterance

_TURN_END_CODE = ord(TURN_END)

CLAUSE_MARKS = frozenset("，。？！；、：…,.?!;:\n")
_CLAUSES = re.compile("[" + re.escape("".join(sorted(CLAUSE_MARKS))) + "]+")


@dataclass(slots=True)
class Folded:
    """The words of one call in plain form, each turn followed by ``TURN_END``.

    Attributes:
        plain: the words.
        sounded: the same by their sounds, None where no rule asks for them.
        ends: the place behind each turn's last character.
    """

    plain: str
    sounded: str | None
    ends: list[int]


def fold(calls: Sequence[Sequence[str]], *, by_sound: bool) -> list[Folded]:
    """The words of the turns of some calls, all in one go: a look at few characters costs as much as one at many."""
    codes = _plain_codes(calls)
    places: list[int] = (codes == _TURN_END_CODE).nonzero()[0].tolist()
    if len(places) != sum(map(len, calls)):
        # What stands between turns was said in one.
        codes = _plain_codes([[text.replace(BETWEEN_TURNS, " ") for text in texts] for texts in calls])
        places = (codes == _TURN_END_CODE).nonzero()[0].tolist()
    words = text_of(codes)
    sounded = text_of(SOUND_TABLE.of_all(codes)) if by_sound else None
    folded, turn, start = [], 0, 0
    for texts in calls:
        ends = places[turn : turn + len(texts)]
        end = ends[-1] + 1 if ends else start
        folded.append(
            Folded(
                words[start:end],
                None if sounded is None else sounded[start:end],
                [place - start for place in ends] if start else ends,
            )
        )
        turn, start = turn + len(texts), end
    return folded


def _plain_codes(calls: Sequence[Sequence[str]]) -> Codes:
    joined = "".join([BETWEEN_TURNS.join(texts) + BETWEEN_TURNS for texts in calls if texts])
    codes = FOLD.of_all(codes_of(joined))
    kept: Codes = codes[codes != DROPPED]
    return kept


class SpokenText:
    """The words of a call in plain form with what was found in them, and the way back to each utterance.

    Attributes:
        dialogue: the call.
        turns: its turns in order of time.
        texts: their words as they were written down.
        plain: their plain forms, each followed by ``TURN_END``.
        starts: where each turn starts in ``plain``.
        hits: every piece of the lexicon that occurs.
        ends: the place behind each turn's last character.
        books: for each group of phrases of which any can occur, the pieces of which one must occur.
    """

    __slots__ = ("_clauses", "_offsets", "books", "dialogue", "ends", "hits", "plain", "starts", "texts", "turns")

    def __init__(self, dialogue: Dialogue, lexicon: Lexicon, folded: Folded | None = None) -> None:
        """Scan a call once, and fold it where that is not done."""
        words = fold((dialogue.texts,), by_sound=bool(lexicon.by_sound))[0] if folded is None else folded
        self.dialogue = dialogue
        self.turns = dialogue.turns
        self.texts = dialogue.texts
        self.plain = words.plain
        self.ends = ends = words.ends
        self.starts = [0, *[end + 1 for end in ends[:-1]]] if ends else []
        self.hits: Hits = lexicon.scan(self.plain, words.sounded)
        # Kept for ``get``, which adds nothing to it.
        self.books: defaultdict[int, list[int]] = defaultdict(list)
        of_books, books = lexicon.books, self.books
        for piece in self.hits:
            for book in of_books[piece]:
                books[book].append(piece)
        self._offsets: dict[int, list[int]] = {}
        self._clauses: dict[int, list[int]] = {}

    @classmethod
    def of_all(cls, dialogues: Sequence[Dialogue], lexicon: Lexicon) -> list[SpokenText]:
        """Several calls: folded in one go, and scanned one after the other, while the automaton is at hand."""
        folded = fold([dialogue.texts for dialogue in dialogues], by_sound=bool(lexicon.by_sound))
        return [cls(dialogue, lexicon, words) for dialogue, words in zip(dialogues, folded, strict=True)]

    def turn_at(self, place: int) -> int:
        """Number of the turn that holds a place of the plain text."""
        return bisect_right(self.starts, place) - 1

    def end_of(self, turn: int) -> int:
        """Place behind the last character of a turn."""
        return self.ends[turn]

    def of_turn(self, turn: int) -> str:
        """The plain form of one turn."""
        return self.plain[self.starts[turn] : self.end_of(turn)]

    def wording(self, start: int, end: int) -> Wording:
        """The spoken words between two places of one turn."""
        turn = self.turn_at(start)
        first, last = start - self.starts[turn], end - self.starts[turn] - 1
        offsets = self._offsets_of(turn)
        return Wording(turn, self.dialogue.utterances_of(turn), offsets[first], offsets[last] + 1)

    def clause_length(self, start: int, end: int) -> int:
        """Characters of the clauses around the words between two places: to the next mark or the utterance's end."""
        turn = self.turn_at(start)
        if turn not in self._clauses:
            self._clauses[turn] = self._clause_starts(turn)
        starts = self._clauses[turn]
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1)
        return (starts[last] if last < len(starts) else self.ends[turn]) - starts[first]

    def _clause_starts(self, turn: int) -> list[int]:
        """Places in the plain text where the clauses of a turn start."""
        at = self.starts[turn]
        starts = [at]
        for text in self.dialogue.texts_of(turn):
            # What stands between two marks is a clause; an utterance ends one in any case.
            for part in _CLAUSES.split(text):
                length = len(plain(part))
                if length:
                    if at != starts[-1]:
                        starts.append(at)
                    at += length
        return starts

    def _offsets_of(self, turn: int) -> list[int]:
        if turn not in self._offsets:
            text = self.texts[turn].replace(BETWEEN_TURNS, " ")
            self._offsets[turn] = [place for place, kept in enumerate(map(FOLD.__getitem__, map(ord, text))) if kept]
        return self._offsets[turn]


@dataclass(slots=True)
class Wording:
    """Characters ``start`` to ``end`` of the words of one turn, as they were written down; ``turn`` is its number."""

    turn: int
    utterances: tuple[Utterance, ...]
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The words with the punctuation between them."""
        return "".join([utterance.text for utterance in self.utterances])[self.start : self.end]

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
        given = [utterance.confidence for utterance in self._inside() if utterance.confidence is not None]
        return min(given) if given else None

    def _utterance_at(self, place: int) -> tuple[Utterance, int]:
        for utterance in self.utterances:
            if place < len(utterance.text):
                return utterance, place
            place -= len(utterance.text)
        raise IndexError(place)

    def _inside(self) -> Sequence[Utterance]:
        if len(self.utterances) == 1:
            return self.utterances
        at, inside = 0, []
        for utterance in self.utterances:
            if at < self.end and at + len(utterance.text) > self.start:
                inside.append(utterance)
            at += len(utterance.text)
        return inside
