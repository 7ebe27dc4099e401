"""How Chinese characters sound: toneless syllables, and the pairs that recognition and dialects confuse.

Each character stands for one code; characters whose syllables are the same, or are told apart only by a usual
confusion (n/l, zh/z, ch/c, sh/s, in/ing, en/eng, f/h before u), share it. Codes are characters of a private use area,
so that sounds can be searched like text, in the same pass: one code for one character, places stay the same.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from pipeline.rules.folding import Table

_FIRST_CODE = 0xE000
_MOST_READINGS = 8
"""So many ways to read a phrase are searched; one with more polyphonic characters is read as in its context."""

_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
_SAME_SYLLABLE = {"幺": "yi", "〇": "ling"}
"""幺 is the one of telephone numbers."""

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_MERGED_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_MERGED_FINALS = {"ing": "in", "eng": "en"}
_F_AS_H = {"a": "ua", "an": "uan", "ang": "uang", "ei": "ui", "en": "un", "o": "uo", "u": "u", "ou": "ou"}
"""The finals after f as they stand after the h that it is confused with: fang, huang."""


@lru_cache(maxsize=65536)
def syllable(character: str) -> str | None:
    """The usual syllable of a character without its tone (a digit is read aloud), None for what is not Chinese."""
    character = _DIGITS.get(character, character)
    if character in _SAME_SYLLABLE:
        return _SAME_SYLLABLE[character]
    if not character.isalpha() or character.isascii():
        return None
    read = lazy_pinyin(character, style=Style.NORMAL, errors="ignore")
    return read[0] if len(read) == 1 and read[0].isalpha() else None


def _split(sound: str) -> tuple[str, str]:
    initial = next((one for one in _INITIALS if sound.startswith(one) and len(sound) > len(one)), "")
    return initial, sound[len(initial) :]


@lru_cache(maxsize=4096)
def confusions(one: str, other: str) -> int:
    """How many of the usual confusions lie between two syllables of one class; 0 when they are the same."""
    if one == other:
        return 0
    (initial, final), (other_initial, other_final) = _split(one), _split(other)
    nasal = (final[-2:] in ("ng",)) != (other_final[-2:] in ("ng",))
    return max(1, int(initial != other_initial) + int(nasal))


def _class_of(sound: str) -> str:
    initial, final = _split(sound)
    final = _MERGED_FINALS.get(final, final)
    if initial == "f":
        return "h" + _F_AS_H.get(final, final)
    return _MERGED_INITIALS.get(initial, initial) + final


_FINALS = (
    "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu o ong ou u ua uai uan uang ue ui un uo v ve"
).split()

_WITHOUT_VOWEL = {"m", "n", "ng", "hm"}

_BY_CLASS: dict[str, str] = {
    # All of them beforehand, in one order: what one run writes down of sounds, another compares with its own.
    name: chr(_FIRST_CODE + number)
    for number, name in enumerate(
        sorted(
            {_class_of(initial + final) for initial in ("", *_INITIALS) for final in _FINALS} | {"m", "n", "ng", "hm"}
        )
    )
}


def _code_of_syllable(sound: str) -> str:
    """The code of a syllable's class."""
    return _BY_CLASS.setdefault(_class_of(sound), chr(_FIRST_CODE + len(_BY_CLASS)))


def _code(character: str) -> str:
    """The code of a character; what is not Chinese stays itself."""
    sound = syllable(character)
    return character if sound is None else _code_of_syllable(sound)


SOUND_TABLE = Table(_code)


def sounds(text: str) -> str:
    """A plain text as codes, one for each character."""
    return text.translate(SOUND_TABLE)


def readings(text: str) -> tuple[str, ...]:
    """The codes of a phrase: as its characters are usually read, and as they are read in its context.

    A character that is read otherwise here than by itself (觉 in 睡觉) may be heard as any other of either sound.
    """
    alone = sounds(text)
    choices: list[tuple[str, ...]] = []
    for chinese, group in itertools.groupby(text, _read_in_context):
        part = "".join(group)
        read = lazy_pinyin(part, style=Style.NORMAL) if chinese else ()
        usual = alone[len(choices) : len(choices) + len(part)]
        if len(read) == len(part):
            choices += (
                tuple(dict.fromkeys((code, _code_of_syllable(one)))) for code, one in zip(usual, read, strict=True)
            )
        else:
            # 幺 is a one, and sounds like 要 when it is not known for a number.
            choices += (
                (code, _code_of_syllable("yao")) if character == "幺" else (code,)
                for character, code in zip(part, usual, strict=True)
            )
    ways = 1
    for choice in choices:
        ways *= len(choice)
    if ways > _MOST_READINGS:
        return tuple(dict.fromkeys((alone, "".join(choice[-1] for choice in choices))))
    return tuple("".join(way) for way in itertools.product(*choices))


def _read_in_context(character: str) -> bool:
    return character not in _DIGITS and character not in _SAME_SYLLABLE and syllable(character) is not None


def is_chinese(character: str) -> bool:
    """Whether a character has a syllable of its own, digits left out."""
    return character not in _DIGITS and syllable(character) is not None


def distance(heard: str, wanted: str) -> tuple[int, int]:
    """Characters that differ between two texts of one sound, and usual confusions among them."""
    changed = total = 0
    for one, other in zip(heard, wanted, strict=True):
        if one == other:
            continue
        first, second = syllable(one), syllable(other)
        if first is not None and first == second and (one in _DIGITS or other in _DIGITS):
            # 10086 and 一零零八六 are the same words.
            continue
        changed += 1
        if first is not None and second is not None and first != second:
            total += confusions(first, second)
    return changed, total
