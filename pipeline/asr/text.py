"""How long a text is when it is spoken: the unit of every rate."""

from __future__ import annotations

import re
import unicodedata

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters as ranges for a character class: 々 and 〇, the main blocks, the compatibility forms, the rest."""

_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_COUNTED = re.compile(rf"[{HAN}]|\d|[{_LATIN}]+(?:['’][{_LATIN}]+)*")


def character_count(text: str) -> int:
    """Number of spoken characters: a Chinese character, a digit and a Latin word are one each, punctuation is none."""
    # Full-width letters and digits are letters and digits; compatibility forms of Han are Han.
    return sum(1 for _ in _COUNTED.finditer(unicodedata.normalize("NFKC", text)))
