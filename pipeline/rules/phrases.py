"""The phrases of a rulebook, as they are spoken: what a recogniser may be told to expect."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from pipeline.rules.matching import WILDCARD
from pipeline.rules.operators.phrase import Phrase
from pipeline.rules.rulebook import Rulebook


def spoken_phrases(rulebook: Rulebook) -> tuple[str, ...]:
    """Every phrase that a rule looks for, the parts around a wildcard apart, in order of the rulebook, each once."""
    found: dict[str, None] = {}
    for rule in rulebook.rules:
        # The examples of a rule are sentences, and exceptions are looked for only beside a hit.
        for part in (rule.parameters.when, rule.parameters.unless):
            for phrase in _phrases(part):
                for text in (phrase.text, *phrase.variants):
                    found.update(dict.fromkeys(piece.strip() for piece in text.split(WILDCARD) if piece.strip()))
    return tuple(found)


def _phrases(value: object) -> Iterator[Phrase]:
    if isinstance(value, Phrase):
        yield value
    elif isinstance(value, BaseModel):
        for _, part in value:
            yield from _phrases(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from _phrases(part)
