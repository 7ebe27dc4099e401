"""Which rules a call can trigger at all, told from the phrases that occur in it and from what was measured.

Most rules look for words that most calls do not hold. They need no look at a call of which nothing is in doubt: judging
a month again is as quick as the few rules that are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.rules.operators.backchannel import CompiledBackchannel
from pipeline.rules.operators.duration import CompiledDuration
from pipeline.rules.operators.hang_up import CompiledHangUp
from pipeline.rules.operators.hold import ANY_HOLD, CompiledHold
from pipeline.rules.operators.logic import AllOf, AnyOf, Not, cost_of
from pipeline.rules.operators.measure import CompiledMeasure, Limit
from pipeline.rules.operators.metadata import CompiledMetadata
from pipeline.rules.operators.regular_expression import CompiledRegex
from pipeline.rules.operators.say import Said
from pipeline.rules.operators.turn_count import CompiledTurnCount

if TYPE_CHECKING:
    from pipeline.rules.operators.base import Condition
    from pipeline.rules.rulebook import Rule
    from pipeline.rules.view import CallView

Clear = Callable[["CallView"], bool]
"""Whether a condition is clear on a call of which nothing is in doubt, told at once; False says nothing."""


def needed_books(condition: Condition) -> frozenset[int] | None:
    """Groups of phrases of which one must occur for the condition to hold; None where it can hold without.

    True for a call whose words are all known and whose parties both speak (``CallView.nothing_in_doubt``): there, the
    condition is clear without the phrases, and never unknown.
    """
    if isinstance(condition, AllOf):
        # One part that is clear makes the whole clear.
        known = [books for part in condition.parts if (books := needed_books(part)) is not None]
        return min(known, key=len, default=None)
    if isinstance(condition, AnyOf):
        each = [needed_books(part) for part in condition.parts]
        known = [books for books in each if books is not None]
        return frozenset().union(*known) if len(known) == len(each) else None
    if isinstance(condition, Not):
        anchor = condition.part.scope.anchor if isinstance(condition.part, Said) else None
        return None if anchor is None else needed_books(anchor.condition)
    if isinstance(condition, Said) and (condition.plain_scope or condition.scope.anchor is not None):
        return frozenset((condition.book.number,))
    if isinstance(condition, CompiledBackchannel | CompiledRegex) and condition.plain_scope:
        return None if condition.book_number is None else frozenset((condition.book_number,))
    return None


def needed_measures(condition: Condition) -> Iterator[Limit]:
    """Limits of which each must be passed, or the measure be unknown, before the condition can hold or be unknown."""
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from needed_measures(part)
    elif isinstance(condition, CompiledMeasure):
        yield from condition.limits
    elif isinstance(condition, CompiledHold):
        yield ANY_HOLD
    elif isinstance(condition, Not) and isinstance(condition.part, Said) and condition.part.scope.anchor is not None:
        # Near an anchor that is nowhere nothing can be missing.
        yield from needed_measures(condition.part.scope.anchor.condition)


def needed_metadata(condition: Condition) -> Iterator[CompiledMetadata]:
    """What the manifest must not say otherwise before the condition can hold or be unknown."""
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from needed_metadata(part)
    elif isinstance(condition, CompiledMetadata):
        yield condition


def clear_by(condition: Condition) -> Clear | None:
    """What tells at once that a condition is clear, measures and manifest left out; None where nothing does."""
    if isinstance(condition, AllOf):
        in_order = sorted(condition.parts, key=cost_of)
        known = [clear for part in in_order if (clear := clear_by(part)) is not None]
        return _any_of(known) if known else None
    if isinstance(condition, Not):
        said = condition.part
        if not isinstance(said, Said):
            return None
        return said.found_at_once if said.scope.anchor is None else clear_by(said.scope.anchor.condition)
    if isinstance(condition, Said):
        return condition.clear_at_once if condition.plain_scope else None
    if isinstance(condition, CompiledDuration | CompiledHangUp | CompiledTurnCount):
        return condition.clear_at_once
    return None


def _any_of(known: Sequence[Clear]) -> Clear:
    if len(known) == 1:
        return known[0]

    def clear(view: CallView) -> bool:
        for one in known:
            if one(view):
                return True
        return False

    return clear


class Triggers:
    """The rules of a rulebook by what triggers them."""

    __slots__ = ("_always", "_by_book", "_clear", "_measured", "_on_manifest", "_rules")

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Look at every rule's condition once."""
        self._rules = tuple(rules)
        always: list[int] = []
        measured: list[tuple[int, tuple[Limit, ...]]] = []
        by_book: dict[int, list[int]] = {}
        on_manifest: dict[CompiledMetadata, list[int]] = {}
        for place, rule in enumerate(self._rules):
            books = needed_books(rule.condition)
            if books is None:
                limits = tuple(needed_measures(rule.condition))
                if limits:
                    measured.append((place, limits))
                else:
                    always.append(place)
            for book in books or ():
                by_book.setdefault(book, []).append(place)
            for asked in needed_metadata(rule.condition):
                on_manifest.setdefault(asked, []).append(place)
        self._always = frozenset(always)
        self._by_book = by_book
        self._measured = tuple(measured)
        # What many rules ask of the manifest is looked up once.
        self._on_manifest = tuple((asked.clear_at_once, tuple(some)) for asked, some in on_manifest.items())
        self._clear = tuple(clear_by(rule.condition) for rule in self._rules)

    def rules_for(self, view: CallView) -> Sequence[Rule]:
        """The rules that can say anything of a call by its phrases and measures, in their order."""
        places = set(self._always)
        value_of = view.value
        for place, limits in self._measured:
            for name, passes, limit, kinds in limits:
                value = value_of(name)
                # A value of another kind than the rule asks for is for the rule to complain of.
                if value is not None and type(value) in kinds and not passes(value, limit):
                    break
            else:
                places.add(place)
        by_book = self._by_book
        for book in view.text.books:
            if book in by_book:
                places.update(by_book[book])
        for otherwise, some in self._on_manifest:
            if otherwise(view):
                places.difference_update(some)
        rules, clear = self._rules, self._clear
        return [rules[place] for place in sorted(places) if (by := clear[place]) is None or not by(view)]
