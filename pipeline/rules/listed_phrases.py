"""Phrases of one list of which the longer holds the shorter: whoever says the one has said the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.rules.matching import WILDCARD, plain
from pipeline.rules.operators.base import Parameters
from pipeline.rules.operators.phrase import Phrase
from pipeline.rules.operators.say import Say
from pipeline.rules.schema import ConditionParameters
from pipeline.rules.yaml_source import Path

Place = tuple[str, str, int]
"""Operator, list and number of a phrase in a condition."""


def lists_of(condition: ConditionParameters) -> Iterator[tuple[str, str, Parameters, tuple[Phrase, ...]]]:
    """Every list of phrases that stands directly in a condition."""
    for name, operator in condition:
        if not isinstance(operator, Parameters) or isinstance(operator, ConditionParameters):
            continue
        for key, value in operator:
            if isinstance(value, tuple) and value and all(isinstance(one, Phrase) for one in value):
                yield name, key, operator, value


def held_phrases(condition: ConditionParameters) -> Iterator[tuple[Path, str, str, Path, bool]]:
    """Pairs in one list: place and text of the longer, text and place of the shorter, whether both are counted apart.

    A shorter phrase that is stricter (``not_in``, ``not_with``, ``clause_at_most``) may leave what the longer one
    finds; a wildcard in the shorter one leaves the question open.
    """
    for name, key, operator, phrases in lists_of(condition):
        counted_apart = key == "all" or (isinstance(operator, Say) and key == "any" and operator.at_least > 1)
        for outer_number, outer in enumerate(phrases):
            for longer in (outer.text, *outer.variants):
                found = _held(longer, outer, phrases)
                if found is not None:
                    inner_number, shorter = found
                    apart = counted_apart and inner_number != outer_number
                    yield (name, key, outer_number), longer, shorter, (name, key, inner_number), apart


def _held(longer: str, outer: Phrase, phrases: Sequence[Phrase]) -> tuple[int, str] | None:
    pieces = [plain(piece) for piece in longer.split(WILDCARD)]
    for number, inner in enumerate(phrases):
        if inner.clause_at_most is not None or inner.not_with:
            continue
        if inner is outer and longer == outer.text:
            # The wording of the rule itself, word for word; its variants are another kind of hit.
            continue
        for shorter in (inner.text, *inner.variants):
            small = plain(shorter)
            if WILDCARD in shorter or shorter == longer or small == plain(longer.replace(WILDCARD, "")):
                continue
            holding = [piece for piece in pieces if small in piece]
            excluded = any(small in plain(one) and plain(one) in piece for one in inner.not_in for piece in holding)
            if holding and not excluded:
                return number, shorter
    return None
