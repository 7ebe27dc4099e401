"""``all``, ``any`` and ``not``: conditions made of conditions, true, false or unknown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.rules.operators.base import Condition
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds; the evidence is the first one's, with the values of the others beside it.

    One that does not hold makes it clear, whatever is unknown of the others.
    """

    parts: tuple[Condition, ...]

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """Evidence of the first condition when all hold."""
        results = [part.evaluate(view, around) for part in self.parts]
        if any(not result.holds and result.unknown is None for result in results):
            return CLEAR
        for result in results:
            if result.unknown is not None:
                return result
        beside = [result.matches[0] for result in results[1:]]
        return Result(tuple(_with_values_of(match, beside) for match in results[0].matches))

    def absence(self, view: CallView, around: Match | None) -> Match:
        """The window of the first condition."""
        return self.parts[0].absence(view, around)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds; the evidence of every one that does."""

    parts: tuple[Condition, ...]

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """Evidence of all conditions that hold; unknown when none does and one is unknown."""
        results = [part.evaluate(view, around) for part in self.parts]
        matches = tuple(match for result in results for match in result.matches)
        if matches:
            return Result(matches)
        return next((result for result in results if result.unknown is not None), CLEAR)

    def absence(self, view: CallView, around: Match | None) -> Match:
        """The window of the first condition."""
        return self.parts[0].absence(view, around)


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold; the evidence is the window that was looked at."""

    part: Condition

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """The window looked at, when nothing was found in it."""
        result = self.part.evaluate(view, around)
        if result.unknown is not None:
            return result
        return CLEAR if result.holds else Result((self.part.absence(view, around),))

    def absence(self, view: CallView, around: Match | None) -> Match:
        """The same window."""
        return self.part.absence(view, around)


def _with_values_of(match: Match, others: list[Match]) -> Match:
    measured = [one.measured for one in (match, *others) if one.measured is not None]
    threshold = [one.threshold for one in (match, *others) if one.threshold is not None]
    return replace(
        match,
        measured="；".join(measured) if measured else None,
        threshold="；".join(threshold) if threshold else None,
    )
