"""Phrases in what was said: all phrases of a rulebook in one automaton, one pass over a call.

Text is compared in a plain form: characters, digits and letters only, full-width forms folded, Latin in lower case.
Punctuation, which speech engines set as they please, neither hides a phrase nor makes one. Phrases that may be known
by their sound are searched in the same pass, as codes of syllables (see ``sound``). ``*`` inside a phrase
stands for 0 to ``WILDCARD_CHARACTERS`` characters of the plain form. A phrase never reaches over the end of a turn.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, Implementation

from pipeline.features.dialogue import Dialogue, time_in_utterance
from pipeline.rules.folding import DROPPED, Codes, Table, codes_of, text_of
from pipeline.rules.sound import SOUND_TABLE, distance, is_chinese, readings
from pipeline.types import Utterance

WILDCARD = "*"
WILDCARD_CHARACTERS = 6
"""Long enough for 我不清楚你找(别的什么)地方问去, too short to join two sentences."""

SOUND_LEAST_CHARACTERS = 4
"""Shorter phrases never match by sound alone."""
SOUND_LEAST_IN_PIECE = 2
"""Nor do phrases of which a wildcard leaves a single character."""
CONFUSION_PER_CHARACTERS = 3
"""One of the usual confusions (n/l, zh/z …) is let pass for so many characters of a phrase, at least one."""
SAME_PER_CHARACTERS = 3
"""One character in so many must be as written: what only sounds alike from end to end is another sentence."""

QUICK_CHARACTERS = 20_000
"""Up to so many characters of phrases the quickest automaton is small; with more its memory would tell."""

TURN_END = "\n"
"""Stands between the turns of a call; no plain form holds it."""

CLAUSE_MARKS = frozenset("，。？！；、：…,.?!;:\n")
_CLAUSES = re.compile("[" + re.escape("".join(sorted(CLAUSE_MARKS))) + "]+")

Hits = Mapping[int, Sequence[tuple[int, int]]]
"""Where each piece of a phrase was found: piece number to (start, end) in the plain text of the call."""


def _folded(character: str) -> str:
    if character == _BETWEEN_TURNS:
        return TURN_END
    code = ord(character)
    plain_one = chr(code - 0xFEE0) if 0xFF01 <= code <= 0xFF5E else character
    if not plain_one.isalnum():
        return ""
    lower = plain_one.lower()
    return lower if len(lower) == 1 else plain_one


_BETWEEN_TURNS = "\x1e"
_TURN_END_CODE = ord(TURN_END)
_FOLD = Table(_folded)
"""Folds all turns of a call in one go, a record separator between them."""


def plain(text: str) -> str:
    """The plain form of a text: one character for each character that counts, none for the others."""
    return (text.replace(_BETWEEN_TURNS, " ") if _BETWEEN_TURNS in text else text).translate(_FOLD)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One wording of a phrase: the numbers of its literal pieces, between which a wildcard stands.

    ``longest`` is the place of the longest piece: the rarest, without which the wording cannot occur.
    """

    pieces: tuple[int, ...]
    longest: int = 0

    @property
    def keys(self) -> tuple[int, ...]:
        """Pieces of which one must occur before the wording can."""
        return (self.pieces[self.longest],)

    def find(self, text: SpokenText) -> Sequence[tuple[int, int]]:
        """Where the wording stands in a call, shortest reading of each wildcard, in order of place."""
        if len(self.pieces) == 1:
            return text.hits.get(self.pieces[0], ())
        return _joined([text.hits.get(piece, ()) for piece in self.pieces], text)


@dataclass(frozen=True, slots=True)
class SoundPattern:
    """One wording of a phrase by its sound; each piece can be read in one way or several.

    Attributes:
        pieces: the numbers of each piece's readings.
        texts: the plain text of each piece, to see how far what was heard is from it.
        most_confusions: more of the usual confusions than these are another phrase.
        least_same: fewer characters as written than these are another phrase.
    """

    pieces: tuple[tuple[int, ...], ...]
    texts: tuple[str, ...]
    most_confusions: int
    least_same: int

    @property
    def keys(self) -> tuple[int, ...]:
        """Pieces of which one must occur before the wording can."""
        return self.pieces[_longest(self.texts)]

    def find(self, text: SpokenText) -> list[tuple[int, int]]:
        """Where the wording sounds as it should and is not written so."""
        places = []
        for numbers, wanted in zip(self.pieces, self.texts, strict=True):
            here = [place for number in numbers for place in text.hits.get(number, ())]
            if not here:
                return []
            places.append(here if len(wanted) == here[0][1] - here[0][0] else [])
        return [place for place in _joined(places, text) if self._is_near(text, place, places)]

    def _is_near(self, text: SpokenText, place: tuple[int, int], pieces: list[list[tuple[int, int]]]) -> bool:
        changed = confused = length = 0
        as_written = True
        for here, wanted in zip(pieces, self.texts, strict=True):
            inside = [(start, end) for start, end in here if place[0] <= start and end <= place[1]]
            if not inside:
                return False
            heard = [text.plain[start:end] for start, end in inside]
            as_written = as_written and wanted in heard
            far = min(distance(one, wanted) for one in heard)
            changed, confused, length = changed + far[0], confused + far[1], length + len(wanted)
        return not as_written and changed <= length - self.least_same and confused <= self.most_confusions


def _longest(pieces: Sequence[str]) -> int:
    return max(range(len(pieces)), key=lambda place: len(pieces[place]))


def _joined(pieces: Sequence[Sequence[tuple[int, int]]], text: SpokenText) -> list[tuple[int, int]]:
    """Places where all pieces stand one after the other, no more than a wildcard between two of them."""
    first = pieces[0]
    if len(pieces) == 1 or not first:
        return list(first)
    found = []
    for start, end in first:
        ends = {end}
        for piece in pieces[1:]:
            ends = {
                next_end
                for next_start, next_end in piece
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
        self._sounds: set[int] = set()
        self._books: dict[int, list[int]] = {}
        self._last_book = 0

    def add(self, phrase: str) -> Pattern:
        """Register one wording.

        Raises:
            ValueError: when nothing but punctuation and wildcards is left of it.
        """
        pieces = _pieces(phrase)
        if not pieces:
            raise ValueError("expected at least one character, digit or letter")
        return Pattern(tuple(self._number(piece) for piece in pieces), _longest(pieces))

    def add_sound(self, phrase: str) -> SoundPattern | None:
        """Register the sound of one wording; None when it is too short to be known by its sound alone."""
        pieces = _pieces(phrase)
        length = sum(map(len, pieces))
        if not sounds_enough(phrase):
            return None
        numbers = []
        for piece in pieces:
            ways = tuple(self._number(reading) for reading in readings(piece))
            self._sounds.update(ways)
            numbers.append(ways)
        return SoundPattern(
            tuple(numbers), tuple(pieces), max(1, length // CONFUSION_PER_CHARACTERS), length // SAME_PER_CHARACTERS
        )

    def _number(self, piece: str) -> int:
        return self._numbers.setdefault(piece, len(self._numbers))

    def add_book(self, pieces: Iterable[int]) -> int:
        """A number for phrases that stand together; ``pieces`` are those of which one must occur for any of them."""
        self._last_book += 1
        for piece in pieces:
            self._books.setdefault(piece, []).append(self._last_book)
        return self._last_book

    def build(self) -> Lexicon:
        """The automaton over everything registered."""
        kind = Implementation.DFA if sum(map(len, self._numbers)) <= QUICK_CHARACTERS else None
        automaton = AhoCorasick(list(self._numbers), implementation=kind) if self._numbers else None
        books = {piece: tuple(numbers) for piece, numbers in self._books.items()}
        return Lexicon(automaton, len(self._numbers), frozenset(self._sounds), books)


def sounds_enough(phrase: str) -> bool:
    """Whether a phrase is long enough to be known by its sound: very short ones sound like half the language."""
    pieces = _pieces(phrase)
    chinese = [sum(map(is_chinese, piece)) for piece in pieces]
    return sum(chinese) >= SOUND_LEAST_CHARACTERS and min(chinese) >= SOUND_LEAST_IN_PIECE


def _pieces(phrase: str) -> list[str]:
    # A wildcard at either end asks for nothing, since it may stand for no character at all.
    return [piece for piece in map(plain, phrase.split(WILDCARD)) if piece]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases of a rulebook, as written and by sound, ready to be found in one pass."""

    automaton: AhoCorasick | None
    size: int
    by_sound: frozenset[int] = frozenset()
    books: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def scan(self, text: str, codes: Codes | None = None) -> dict[int, list[tuple[int, int]]]:
        """Every occurrence of every piece in a plain text, overlapping ones too, in order of place."""
        hits: dict[int, list[tuple[int, int]]] = {}
        if self.automaton is None:
            return hits
        if not self.by_sound:
            for number, start, end in self.automaton.find_matches_as_indexes(text, overlapping=True):
                if number in hits:
                    hits[number].append((start, end))
                else:
                    hits[number] = [(start, end)]
            return hits
        # The sounds stand behind the words, so that one pass over both finds both.
        length = len(text)
        both = text + text_of(SOUND_TABLE.of_all(codes_of(text) if codes is None else codes))
        by_sound = self.by_sound
        for number, start, end in self.automaton.find_matches_as_indexes(both, overlapping=True):
            if start >= length:
                if number not in by_sound:
                    continue
                start, end = start - length, end - length
            if number in hits:
                hits[number].append((start, end))
            else:
                hits[number] = [(start, end)]
        return hits


class SpokenText:
    """The words of a call in plain form with what was found in them, and the way back to each utterance.

    Attributes:
        turns: the turns of the call in order of time.
        texts: their words as they were written down.
        plain: their plain forms, each followed by ``TURN_END``.
        starts: where each turn starts in ``plain``.
        hits: every piece of the lexicon that occurs.
        ends: the place behind each turn's last character.
        books: for each group of phrases of which any can occur, the pieces of which one must occur.
    """

    __slots__ = ("_clauses", "_dialogue", "_offsets", "books", "ends", "hits", "plain", "starts", "texts", "turns")

    def __init__(self, dialogue: Dialogue, lexicon: Lexicon) -> None:
        """Fold and scan a call once."""
        turns = dialogue.turns
        self._dialogue = dialogue
        self.turns = turns
        self.texts = dialogue.texts
        joined = _BETWEEN_TURNS.join(self.texts)
        if turns and joined.count(_BETWEEN_TURNS) != len(turns) - 1:
            joined = _BETWEEN_TURNS.join(text.replace(_BETWEEN_TURNS, " ") for text in self.texts)
        folded = _FOLD.of_all(codes_of(joined + _BETWEEN_TURNS if turns else ""))
        codes = folded[folded != DROPPED]
        self.plain = text_of(codes)
        ends: list[int] = (codes == _TURN_END_CODE).nonzero()[0].tolist()
        self.ends = ends
        self.starts = [0, *[end + 1 for end in ends[:-1]]] if ends else []
        self.hits: Hits = lexicon.scan(self.plain, codes)
        self.books: dict[int, list[int]] = {}
        of_books, books = lexicon.books, self.books
        for piece in self.hits:
            for book in of_books.get(piece, ()):
                if book in books:
                    books[book].append(piece)
                else:
                    books[book] = [piece]
        self._offsets: dict[int, list[int]] = {}
        self._clauses: dict[int, list[int]] = {}

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
        return Wording(turn, self._dialogue.utterances_of(turn), offsets[first], offsets[last] + 1)

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
        for text in self._dialogue.texts_of(turn):
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
            text = self.texts[turn].replace(_BETWEEN_TURNS, " ")
            self._offsets[turn] = [place for place, kept in enumerate(map(_FOLD.__getitem__, map(ord, text))) if kept]
        return self._offsets[turn]


@dataclass(frozen=True, slots=True)
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
