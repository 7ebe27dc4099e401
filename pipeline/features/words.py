"""Words of Mandarin text, for the rate in words per minute.

The segmentation is the most probable sequence of dictionary words, by jieba's dictionary and its frequencies. jieba
itself would hold every prefix of every word in memory, three times as much, for the same count.
"""

from __future__ import annotations

import math
import re
from functools import cache
from importlib.resources import files

from pipeline.asr.text import HAN

# Rarer words are names and compounds that spoken service hardly holds; without them the table is a fifth of the size.
_RAREST = 20
_LONGEST = 6
_RUN = re.compile(rf"[{HAN}]+|\d|[^\W\d_{HAN}]+(?:['’][^\W\d_{HAN}]+)*")


@cache
def _costs() -> dict[str, float]:
    """Minus log probability of every word kept."""
    counts: dict[str, int] = {}
    for line in files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines():
        word, count, *_ = line.split(" ")
        if len(word) <= _LONGEST and int(count) >= _RAREST:
            counts[word] = int(count)
    total = math.log(sum(counts.values()))
    return {word: total - math.log(count) for word, count in counts.items()}


def word_count(text: str) -> int:
    """Number of words spoken: Chinese ones by dictionary, each digit and each Latin word one, punctuation none."""
    runs = _RUN.findall(text)
    return sum(_han_words(run) if re.match(rf"[{HAN}]", run) else 1 for run in runs)


@cache
def _unknown_cost() -> float:
    """What a character costs that is no word of the table: more than any word."""
    return max(_costs().values()) + 1.0


def _han_words(run: str) -> int:
    costs, unknown = _costs(), _unknown_cost()
    # best[i]: cost and number of words of the first i characters.
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(run) + 1):
        options = []
        for start in range(max(0, end - _LONGEST), end):
            word = run[start:end]
            cost = costs.get(word, unknown if len(word) == 1 else None)
            if cost is not None:
                options.append((best[start][0] + cost, best[start][1] + 1))
        best.append(min(options))
    return best[-1][1]
