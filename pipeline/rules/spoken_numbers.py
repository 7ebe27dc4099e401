"""Numbers as they are said and written in Chinese: 八十八块五, 幺三八零零一三八零零零, 3.5."""

from __future__ import annotations

import re

DIGITS = {**{str(number): number for number in range(10)}, **dict(zip("零一二三四五六七八九", range(10), strict=True))}
DIGITS |= {"〇": 0, "幺": 1, "两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}
MYRIADS = {"万": 10**4, "亿": 10**8}

READ_ALOUD = "0-9零〇一二三四五六七八九幺"
"""Characters of digits read one by one, for a character class; 两 is a number, never a digit."""
NUMBER = rf"(?:[{READ_ALOUD}两十百千万亿]+(?:点[{READ_ALOUD}]+)?)"
"""A number in a plain text. The decimal point of a written 3.5 is punctuation and is not there any more."""

_NUMBER = re.compile(NUMBER)


def digits_of(text: str) -> str:
    """Digits read one by one, as they are written: 幺三八 is 138."""
    return "".join(str(DIGITS[character]) for character in text)


def value_of(text: str) -> float | None:
    """The value of a number, None when it is none: 一百零五 is 105, 三点五 is 3.5, 一万二 is 12000.

    Digits without units are taken as written: 二零二六 is 2026.
    """
    if _NUMBER.fullmatch(text) is None:
        return None
    whole, _, decimals = text.partition("点")
    value = _whole(whole)
    if value is None:
        return None
    return float(f"{value}.{digits_of(decimals)}") if decimals else float(value)


def _whole(text: str) -> int | None:
    if all(character in DIGITS for character in text):
        return int(digits_of(text))
    total = section = 0
    number: int | None = None
    unit = 1
    for place, character in enumerate(text):
        if character in DIGITS:
            digit = DIGITS[character]
            # 12万: written digits stand together.
            number = digit if number in (None, 0) or not text[place - 1].isascii() else (number or 0) * 10 + digit
        elif character in UNITS:
            unit = UNITS[character]
            section += (1 if number is None else number) * unit
            number = None
        else:
            unit = MYRIADS[character]
            total = (
                (total + section + (number or 0)) * unit if total < unit else total + (section + (number or 0)) * unit
            )
            section, number = 0, None
    if number is not None and unit >= 100 and text[-2:-1] not in ("零", "〇"):
        # 一百五 is 150, 一万二 is 12000.
        number *= unit // 10
    return total + section + (number or 0)
