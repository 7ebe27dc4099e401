"""The stored form of recognised text: simplified characters, half-width letters and digits, no stray spaces.

No word is deleted or rewritten: fillers, repetitions and the way a number was written are evidence.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pipeline.asr.text import HAN

_HALF_WIDTH = {
    full: full - 0xFEE0
    for block in (range(0xFF10, 0xFF1A), range(0xFF21, 0xFF3B), range(0xFF41, 0xFF5B))
    for full in block
} | dict(zip(range(0xFF61, 0xFF66), map(ord, "。「」、・"), strict=True))
# Chinese punctuation: the CJK and full-width marks, and the general ones that Chinese text shares.
_MARKS = "\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0f\uff1a-\uff1f\uff5b-\uff65…—·“”‘’"
_SPACE_INSIDE = re.compile(rf"(?<=[{HAN}{_MARKS}])\s+(?=[{HAN}{_MARKS}])")
# A zero byte breaks databases, a lone surrogate breaks UTF-8, and the replacement character stands for broken bytes
# of a recogniser; none of them was ever spoken.
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffd]+")
_SPACES = re.compile(r"\s+")


@cache
def _converter() -> Any:
    import opencc  # 0.1 s, and only needed where text is made

    return opencc.OpenCC("t2s")


def normalise(text: str) -> str:
    """Give the text in simplified characters with half-width letters and digits and without stray spaces.

    Chinese punctuation stays as it is; a space stays only where a letter or digit stands beside it.
    """
    tidy = _SPACES.sub(" ", _UNWRITABLE.sub(" ", text).translate(_HALF_WIDTH)).strip()
    return str(_converter().convert(_SPACE_INSIDE.sub("", tidy)))
