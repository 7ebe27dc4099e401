"""What the encoder learns to name in every frame: the initial and the tonal final of the syllable that sounds."""

from __future__ import annotations

from functools import cache

from pypinyin import Style, lazy_pinyin

INITIALS = (
    "", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x",
    "zh", "ch", "sh", "r", "z", "c", "s", "y", "w",
)  # fmt: skip

# Characters of everyday writing (GB 2312 level 1, 3,755 of them) and the few that call-centre speech adds.
CHARACTERS = (
    "".join(
        bytes((high, low)).decode("gb2312")
        for high in range(0xB0, 0xD8)
        for low in range(0xA1, 0xFF)
        if (high, low) <= (0xD7, 0xF9)
    )
    + "呃喽嘛唔嗯哎喂咯咱甭瞅哟嗨欸诶佟嘀嗒咦"
)
CHARACTERS = "".join(dict.fromkeys(CHARACTERS)) + "幺圳莞靓嗓啰咔"


def split_syllable(syllable: str) -> tuple[str, str]:
    """Initial and tonal final of a syllable such as zhuang1: ("zh", "uang1")."""
    for length in (2, 1):
        if syllable[:length] in INITIALS:
            return syllable[:length], syllable[length:]
    return "", syllable


@cache
def finals() -> tuple[str, ...]:
    """Every tonal final that the readings of CHARACTERS show, sorted; the last one stands for any other."""
    found = set()
    for character in CHARACTERS:
        reading = lazy_pinyin(character, style=Style.TONE3, neutral_tone_with_five=True)[0]
        if reading.isascii() and reading[-1:].isdigit():
            base = split_syllable(reading)[1][:-1]
            found.update(f"{base}{tone}" for tone in range(1, 6))
    return (*sorted(found), "?")


@cache
def _final_index() -> dict[str, int]:
    return {final: index for index, final in enumerate(finals())}


def labels(syllable: str) -> tuple[int, int]:
    """Class of the initial and of the final; 0 is kept for frames without speech."""
    initial, final = split_syllable(syllable)
    index = _final_index()
    return INITIALS.index(initial) + 1, index.get(final, len(index) - 1) + 1
