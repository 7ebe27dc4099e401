"""How long a text is when it is spoken, the unit of every rate; and the derived form in which texts are compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters as ranges for a character class: 々 and 〇, the main blocks, the compatibility forms, the rest."""

_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_COUNTED = re.compile(rf"[{HAN}]|\d|[{_LATIN}]+(?:['’][{_LATIN}]+)*")


def character_count(text: str) -> int:
    """Number of spoken characters: a Chinese character, a digit and a Latin word are one each, punctuation is none."""
    # Full-width letters and digits are letters and digits; compatibility forms of Han are Han.
    return sum(1 for _ in _COUNTED.finditer(unicodedata.normalize("NFKC", text)))


class _Fold(dict[int, str]):
    """A ``str.translate`` table that is filled as characters are met; each gives one character or none."""

    def __missing__(self, code: int) -> str:
        character = chr(code - 0xFEE0) if 0xFF01 <= code <= 0xFF5E else chr(code)
        folded = ""
        if character.isalnum():
            lower = character.lower()
            folded = lower if len(lower) == 1 else character
        self[code] = folded
        return folded


_FOLD = _Fold()
_FOLD.update({ord(digit): spoken for digit, spoken in zip("0123456789", "零一二三四五六七八九", strict=True)})
_FOLD.update({ord(digit): _FOLD[ord("0") + at] for at, digit in enumerate("０１２３４５６７８９")})
_FOLD[ord("〇")] = "零"
_FOLD[ord("幺")] = "一"


def plain(text: str) -> str:
    """The form in which texts are compared: one character for each that counts, none for marks and spaces.

    Full-width forms are folded, Latin is in lower case, and a digit is the character that it is read as, so that
    10086, １００８６ and 一零零八六 are one. Numbers are not computed: 100 is 一零零 and never 一百.
    """
    return text.translate(_FOLD)


@dataclass(frozen=True, slots=True)
class MatchingForm:
    """The plain form of a text with the way back: ``offsets[i]`` is where character ``i`` stands in the original."""

    original: str
    text: str
    offsets: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters ``start`` to ``end`` of the plain form stand in the original, marks in between included.

        Raises:
            IndexError: the stretch is empty or not inside the text.
        """
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"{start} to {end} is no stretch of {len(self.text)} characters")
        return self.offsets[start], self.offsets[end - 1] + 1


def matching_form(text: str) -> MatchingForm:
    """Derive the plain form of a stored text and keep the offsets; the stored text itself is never changed."""
    pairs = [(at, folded) for at, character in enumerate(text) if (folded := plain(character))]
    return MatchingForm(text, "".join(folded for _, folded in pairs), tuple(at for at, _ in pairs))
