"""Calls of service talk made by chance, as the store keeps them: what the benchmark of the rules judges.

Every call comes from its number alone. Its sentences are those of the speech model's training text, which no author of
rules wrote as an example; now and then somebody says one of the phrases that are planted.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import numpy as np

from models.demo_speech.sentences import Writer, frequent_words, read_lines
from pipeline.metadata import parse_metadata
from pipeline.rules.example_calls import call_from_lines
from pipeline.rules.matching import plain
from pipeline.types import Call

CHARACTERS = 600
"""Of a call, about."""
SENTENCES = 4000
PLANTED_SHARE = 0.1
"""Calls in which one of the planted phrases is said."""
GREETING = "agent: 您好，很高兴为您服务，请问有什么可以帮您？"
FAREWELL = ("agent: 请问还有什么可以帮您？", "customer: 没有了，谢谢。", "agent: 感谢您的来电，再见。")
_CHARACTERS_PER_S = 1.95
_GAPS_S = (0.2, 1.4)


@cache
def sentences() -> dict[str, tuple[str, ...]]:
    """Sentences of either party: who says 您 or asks somebody to wait is the agent."""
    writer = Writer(np.random.default_rng(5), rulebook_phrases=False)
    chance = random.Random(5)
    templates = read_lines("templates.txt") + read_lines("talk.txt")
    found: dict[str, dict[str, None]] = {"agent": {}, "customer": {}}
    for _ in range(SENTENCES):
        text = writer.fill(chance.choice(templates))
        found["agent" if "您" in text or "请" in text else "customer"][text] = None
    return {role: tuple(texts) for role, texts in found.items()}


def lines_of(number: int, planted: Sequence[str]) -> list[str]:
    """The dialogue of the call of this number, with times."""
    chance = random.Random(number)
    said, count = [GREETING], 0
    while count < CHARACTERS - 60:
        for role in ("customer", "agent"):
            text = "".join(chance.choices(sentences()[role], k=chance.choice((1, 1, 2))))
            count += len(plain(text))
            said.append(f"{role}: {text}")
    if planted and chance.random() < PLANTED_SHARE:
        place = chance.randrange(2, len(said), 2)
        said[place] += chance.choice(planted) + "。"
    at, timed = 1.0, []
    for line in [*said, *FAREWELL]:
        role, text = line.split(": ", 1)
        end = at + len(plain(text)) / (_CHARACTERS_PER_S * chance.uniform(0.9, 1.1))
        timed.append(f"{role}@{at:.2f}-{end:.2f}: {text}")
        at = end + chance.uniform(*_GAPS_S)
    return timed


def make_call(number: int, planted: Sequence[str] = ()) -> Call:
    """The call of this number."""
    about = {
        "call_id": f"c{number:06}",
        "started_at": "2026-03-02T09:00:00+08:00",
        "agent_id": f"A{number % 2000}",
        "direction": "inbound",
        "hung_up_by": "customer",
    }
    return call_from_lines(lines_of(number, planted), metadata=parse_metadata(about, "benchmark"))


def phrases(count: int, seed: int = 3) -> list[str]:
    """Phrases of four to eight characters, put together from frequent words; the first ones are always the same."""
    chance = random.Random(seed)
    words, weights = frequent_words()
    found: dict[str, None] = {}
    while len(found) < count:
        text = "".join(chance.choices(words, weights, k=chance.choice((2, 3, 3, 4))))
        if 4 <= len(text) <= 8:
            found[text] = None
    return list(found)
