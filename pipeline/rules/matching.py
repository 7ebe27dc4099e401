"""Phrases in what was said: all phrases of a rulebook in one automaton, one pass over a call.

Text is compared in a plain form: characters, digits and letters only, full-width forms folded, Latin in lower case.
Punctuation, which speech engines set as they please, neither hides a phrase nor makes one. Phrases that may be known
by their sound are searched in the same pass, as codes of syllables (see ``sound``). ``*`` inside a phrase
stands for 0 to ``WILDCARD_CHARACTERS`` characters of the plain form. A phrase never reaches over the end of a turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick, Implementation

from pipeline.rules.folding import Table
from pipeline.rules.sound import distance, is_chinese, readings, sounds

if TYPE_CHECKING:
    from pipeline.rules.spoken import SpokenText

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

Hits = Mapping[int, Sequence[tuple[int, int]]]
"""Where each piece of a phrase was found: piece number to (start, end) in the plain text of the call."""


def _folded(character: str) -> str:
    if character == BETWEEN_TURNS:
        return TURN_END
    code = ord(character)
    plain_one = chr(code - 0xFEE0) if 0xFF01 <= code <= 0xFF5E else character
    if not plain_one.isalnum():
        return ""
    lower = plain_one.lower()
    return lower if len(lower) == 1 else plain_one


BETWEEN_TURNS = "\x1e"
FOLD = Table(_folded)
"""Folds all turns of a call in one go, a record separator between them."""


def plain(text: str) -> str:
    """The plain form of a text: one character for each character that counts, none for the others."""
    return (text.replace(BETWEEN_TURNS, " ") if BETWEEN_TURNS in text else text).translate(FOLD)


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
        books = tuple(tuple(self._books.get(piece, ())) for piece in range(len(self._numbers)))
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
    books: Sequence[tuple[int, ...]] = ()
    """By piece, the groups of phrases that it is the key of."""

    def scan(self, text: str, sounded: str | None = None) -> dict[int, list[tuple[int, int]]]:
        """Every occurrence of every piece in a plain text, overlapping ones too, in order of place.

        ``sounded`` is the text by its sounds, where that is known.
        """
        hits: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        if self.automaton is None:
            return hits
        if not self.by_sound:
            for number, start, end in self.automaton.find_matches_as_indexes(text, overlapping=True):
                hits[number].append((start, end))
            return hits
        # The sounds stand behind the words, so that one pass over both finds both.
        length = len(text)
        both = text + (sounds(text) if sounded is None else sounded)
        by_sound = self.by_sound
        for number, start, end in self.automaton.find_matches_as_indexes(both, overlapping=True):
            if start < length:
                hits[number].append((start, end))
            elif number in by_sound:
                hits[number].append((start - length, end - length))
        return hits
