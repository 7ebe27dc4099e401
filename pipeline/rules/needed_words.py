"""Words of which one must occur wherever a regular expression matches, so that most calls need no look for it.

They are searched with the phrases of the rulebook, in the same pass, and cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.rules.matching import plain
from pipeline.rules.safe_regex import PARSER

MOST_WORDS = 600
"""An expression that needs one of more words than these is searched without them."""
LEAST_CHARACTERS = 2
"""A single character occurs in most calls."""

_Texts = frozenset[str]


def needed_words(pattern: str) -> frozenset[str] | None:
    """Texts in plain form of which one stands in all that the expression matches; None where there are none that help.

    Args:
        pattern: an expression that ``safe_regex.checked`` lets in, matched against words in plain form.
    """
    return _needed(PARSER.parse(pattern, re.IGNORECASE))


def _needed(tree: Iterable[tuple[Any, Any]]) -> _Texts | None:
    """The best choice among the stretches of the expression of which all texts are known."""
    steps = list(tree)
    known = [_texts_of(operation, argument) for operation, argument in steps]
    choices = [words for place in range(len(known)) if (words := _beginnings(known[place:])) is not None]
    for operation, argument in steps:
        inside = _needed_inside(str(operation), argument)
        if inside is not None:
            choices.append(inside)
    return max(choices, key=lambda words: (min(map(len, words)), -len(words)), default=None)


def _needed_inside(name: str, argument: Any) -> _Texts | None:
    if name == "SUBPATTERN":
        return _needed(argument[-1])
    if name == "BRANCH":
        each = [_needed(part) for part in argument[1]]
        some = [words for words in each if words is not None]
        return _few(frozenset().union(*some)) if len(some) == len(each) else None
    if name in ("MAX_REPEAT", "MIN_REPEAT") and int(argument[0]) > 0:
        return _needed(argument[2])
    return None


def _beginnings(known: Sequence[_Texts | None]) -> _Texts | None:
    """How the texts of steps that follow each other can begin, as far as it takes to be long enough and no further."""
    begun: set[str] = {""}
    done: set[str] = set()
    for texts in known:
        if texts is None or not begun:
            break
        longer = {one + text for one in begun for text in texts}
        # What is longer is rarer, but there are more of them.
        done |= {one[: LEAST_CHARACTERS + 1] for one in longer if len(one) > LEAST_CHARACTERS}
        begun = {one for one in longer if len(one) <= LEAST_CHARACTERS}
        if len(begun) + len(done) > MOST_WORDS:
            return None
    words = frozenset(done | begun)
    return words if all(len(word) >= LEAST_CHARACTERS for word in words) else None


def _texts_of(operation: Any, argument: Any) -> _Texts | None:
    """All texts that one step can match, None where they are too many or cannot be told."""
    name = str(operation)
    if name == "LITERAL":
        return _character(argument)
    if name == "IN":
        characters = [_character(code) if str(kind) == "LITERAL" else None for kind, code in argument]
        some = [one for one in characters if one is not None]
        return _few(frozenset().union(*some)) if len(some) == len(characters) else None
    if name == "SUBPATTERN":
        _group, added, removed, part = argument
        return None if added or removed else _all_texts(part)
    if name == "BRANCH":
        each = [_all_texts(part) for part in argument[1]]
        told = [texts for texts in each if texts is not None]
        return _few(frozenset().union(*told)) if len(told) == len(each) else None
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, part = argument
        texts = _all_texts(part)
        if texts is None or high == PARSER.MAXREPEAT or (int(low), int(high)) not in ((0, 1), (1, 1)):
            return None
        return texts if low else texts | {""}
    return None


def _all_texts(tree: Iterable[tuple[Any, Any]]) -> _Texts | None:
    whole: _Texts | None = frozenset(("",))
    for operation, argument in tree:
        texts = _texts_of(operation, argument)
        if texts is None or whole is None:
            return None
        whole = _few(frozenset(one + text for one in whole for text in texts))
    return whole


def _character(code: int) -> _Texts | None:
    """A character that stands for itself alone, whatever its case."""
    character = chr(code)
    alone = plain(character) == character and character.lower() == character.upper()
    return frozenset((character,)) if alone else None


def _few(texts: _Texts) -> _Texts | None:
    return texts if len(texts) <= MOST_WORDS else None
