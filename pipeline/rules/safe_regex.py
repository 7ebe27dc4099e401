"""Regular expressions that cannot run away: what could is refused at loading, the rest is bounded in time."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import regex

from pipeline.rules.matching import plain

TIMEOUT_S = 0.2
"""For one turn; the expressions that are let in need microseconds."""
MOST_REPEATS = 1000
MOST_OPEN_REPEATS = 4
"""Each open-ended repeat multiplies the work by the length of a turn."""

_parser: Any = importlib.import_module("re._parser")


def checked(pattern: str) -> str:
    """The pattern, when it can be used.

    Raises:
        ValueError: with what was expected instead.
    """
    try:
        tree = _parser.parse(pattern, re.IGNORECASE)
        compiled = regex.compile(pattern, regex.IGNORECASE)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}; correct it") from error
    if compiled.search("") is not None:
        raise ValueError("it matches where nothing is said; expected at least one character that must occur; add it")
    open_repeats = _check(tree, inside_repeat=False)
    if open_repeats > MOST_OPEN_REPEATS:
        raise ValueError(
            f"it has {open_repeats} repeats without an end (* or +); expected at most {MOST_OPEN_REPEATS}; "
            f"give them limits such as {{0,6}}"
        )
    return pattern


def _check(tree: Any, *, inside_repeat: bool) -> int:
    count = 0
    for operation, argument in tree:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _low, high, part = argument
            is_open = high == _parser.MAXREPEAT
            if not is_open and int(high) > MOST_REPEATS:
                raise ValueError(f"it repeats up to {high} times; expected at most {MOST_REPEATS}; lower it")
            if inside_repeat and (is_open or int(high) > 1):
                raise ValueError(
                    "a repeat inside a repeat, such as (a+)+, can run for ever; expected repeats side by side; "
                    "rewrite it"
                )
            count += int(is_open)
            count += _check(part, inside_repeat=inside_repeat or is_open or int(high) > 1)
        elif name in ("GROUPREF", "GROUPREF_EXISTS"):
            raise ValueError("it refers back to a group (\\1); expected an expression without; write the words out")
        elif name == "SUBPATTERN":
            count += _check(argument[-1], inside_repeat=inside_repeat)
        elif name == "BRANCH":
            for part in argument[1]:
                count += _check(part, inside_repeat=inside_repeat)
        elif name in ("ASSERT", "ASSERT_NOT"):
            count += _check(argument[1], inside_repeat=inside_repeat)
        elif name == "ATOMIC_GROUP":
            count += _check(argument, inside_repeat=inside_repeat)
        elif name == "LITERAL" and not plain(chr(argument)):
            raise ValueError(
                f"it asks for {chr(argument)!r}, which never stands in the compared words (characters, digits and "
                f"letters only); expected none; remove it"
            )
    return count


def _names(tree: Any) -> Iterator[str]:
    """The names of all operations of an expression."""
    for operation, argument in tree:
        yield str(operation)
        parts = argument if isinstance(argument, tuple | list) else (argument,)
        for part in parts:
            if isinstance(part, _parser.SubPattern):
                yield from _names(part)
            elif isinstance(part, list):
                for inner in part:
                    if isinstance(inner, _parser.SubPattern):
                        yield from _names(inner)


_LOOKING_FURTHER = frozenset(("AT", "ASSERT", "ASSERT_NOT", "ATOMIC_GROUP", "POSSESSIVE_REPEAT"))
"""What the characters around a place can change: an end, a look at neighbours, greed that gives nothing back."""


class SafeRegex:
    """A checked expression, ready to search turns in their plain form."""

    def __init__(self, pattern: str) -> None:
        """Compile; the pattern was ``checked`` before."""
        # The compared words are in lower case; an expression without letters needs no look at the case of others.
        flags = 0 if pattern.lower() == pattern.upper() else regex.IGNORECASE
        self._compiled: Any = regex.compile(pattern, flags)
        # What looks at nothing but its own characters is found in a whole call if it is found in one of its turns.
        self._alone = _LOOKING_FURTHER.isdisjoint(_names(_parser.parse(pattern, re.IGNORECASE)))

    def possible(self, text: str) -> bool:
        """Whether the expression can occur in any turn of a call, given the plain text of all; False is sure."""
        try:
            return not self._alone or self.occurs(text)
        except TimeoutError:
            # Too long a text for a quick look; each turn is searched by itself.
            return True

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Every place, none of them empty.

        Raises:
            TimeoutError: after ``TIMEOUT_S``.
        """
        for match in self._compiled.finditer(text, timeout=TIMEOUT_S):
            if match.end() > match.start():
                yield match.start(), match.end()

    def occurs(self, text: str) -> bool:
        """Whether there is any place.

        Raises:
            TimeoutError: as ``find``.
        """
        return self._compiled.search(text, timeout=TIMEOUT_S) is not None
