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
MOST_WAYS = 10_000
"""An expression with no more ways to go on from a place needs no clock: a call of 10,000 characters takes it less than
a second at the worst, and looking at a clock costs more than most searches."""
MOST_REPEATS = 1000
MOST_OPEN_REPEATS = 4
"""Each open-ended repeat multiplies the work by the length of a turn."""

PARSER: Any = importlib.import_module("re._parser")


def checked(pattern: str) -> str:
    """The pattern, when it can be used.

    Raises:
        ValueError: with what was expected instead.
    """
    try:
        tree = PARSER.parse(pattern, re.IGNORECASE)
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
            is_open = high == PARSER.MAXREPEAT
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
            if isinstance(part, PARSER.SubPattern):
                yield from _names(part)
            elif isinstance(part, list):
                for inner in part:
                    if isinstance(inner, PARSER.SubPattern):
                        yield from _names(inner)


_LOOKING_FURTHER = frozenset(("AT", "ASSERT", "ASSERT_NOT", "ATOMIC_GROUP", "POSSESSIVE_REPEAT"))
"""What the characters around a place can change: an end, a look at neighbours, greed that gives nothing back."""


def ways(tree: Any) -> int:
    """How many ways to go on an expression can have from one place at most, ``MOST_WAYS`` + 1 for more than those."""
    total = 1
    for operation, argument in tree:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, part = argument
            total *= MOST_WAYS + 1 if high == PARSER.MAXREPEAT else int(high) - int(low) + 1
            for _ in range(min(int(high), 20)):
                # Each round of the repeat chooses among the ways of what is repeated.
                total = min(total * ways(part), MOST_WAYS + 1)
        elif name == "BRANCH":
            total *= sum(map(ways, argument[1]))
        elif name in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
            total *= ways(argument[-1])
        elif name == "ATOMIC_GROUP":
            total *= ways(argument)
        total = min(total, MOST_WAYS + 1)
    return total


class SafeRegex:
    """A checked expression, ready to search turns in their plain form."""

    def __init__(self, pattern: str) -> None:
        """Compile; the pattern was ``checked`` before."""
        # The compared words are in lower case; an expression without letters needs no look at the case of others.
        flags = 0 if pattern.lower() == pattern.upper() else re.IGNORECASE
        tree = PARSER.parse(pattern, re.IGNORECASE)
        bounded = ways(tree) <= MOST_WAYS
        self._compiled: Any = re.compile(pattern, flags) if bounded else regex.compile(pattern, flags)
        self._limit: dict[str, float] = {} if bounded else {"timeout": TIMEOUT_S}
        # What looks at nothing but its own characters is found in a whole call if it is found in one of its turns.
        self._alone = _LOOKING_FURTHER.isdisjoint(_names(tree))

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
        for match in self._compiled.finditer(text, **self._limit):
            if match.end() > match.start():
                yield match.start(), match.end()

    def occurs(self, text: str) -> bool:
        """Whether there is any place.

        Raises:
            TimeoutError: as ``find``.
        """
        return self._compiled.search(text, **self._limit) is not None
