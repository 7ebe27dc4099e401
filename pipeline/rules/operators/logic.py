"""``all``, ``any`` and ``not``: conditions made of conditions, true, false or unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.rules.operators.base import Condition
from pipeline.rules.operators.metadata import CompiledMetadata
from pipeline.rules.outcome import CLEAR, Match, Result
from pipeline.rules.view import CallView


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds; the evidence is the first one's, with the values of the others beside it.

    One that does not hold makes it clear, whatever is unknown of the others.
    """

    parts: tuple[Condition, ...]
    cheapest_first: tuple[int, ...]

    @classmethod
    def of(cls, parts: tuple[Condition, ...]) -> AllOf:
        """Conditions in their order; what is cheap to look at is looked at first, for it may be the end of it."""
        return cls(parts, tuple(sorted(range(len(parts)), key=lambda place: cost_of(parts[place]))))

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """Evidence of the first condition when all hold."""
        results: list[Result] = [CLEAR] * len(self.parts)
        doubt = False
        for place in self.cheapest_first:
            part = self.parts[place]
            # Beside what is unknown no evidence is shown.
            result = part.told(view) if doubt and isinstance(part, CompiledMetadata) else part.evaluate(view, around)
            results[place] = result
            if result.unknown is not None:
                doubt = True
            elif not result.matches:
                return CLEAR
        return _every(results)

    def missing(self, view: CallView, around: Match | None) -> Result:
        """Evidence of the first condition that does not hold."""
        return _some([part.missing(view, around) for part in self.parts], every_evidence=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds; the evidence of every one that does."""

    parts: tuple[Condition, ...]

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """Evidence of all conditions that hold; unknown when none does and one is unknown."""
        return _some([part.evaluate(view, around) for part in self.parts], every_evidence=True)

    def missing(self, view: CallView, around: Match | None) -> Result:
        """Evidence that the first condition does not hold, when none does."""
        return _every(part.missing(view, around) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold; the evidence is the window that was looked at."""

    part: Condition

    def evaluate(self, view: CallView, around: Match | None) -> Result:
        """The window looked at, when nothing was found in it."""
        return self.part.missing(view, around)

    def missing(self, view: CallView, around: Match | None) -> Result:
        """What was found after all."""
        return self.part.evaluate(view, around)


def cost_of(condition: Condition) -> int:
    """How much work a condition is beside others: manifest and measures are there already, words must be searched."""
    if isinstance(condition, Not):
        return cost_of(condition.part)
    if isinstance(condition, AllOf | AnyOf):
        return sum(map(cost_of, condition.parts))
    return getattr(condition, "COST", 1)


def _every(parts: Iterable[Result]) -> Result:
    results = []
    for result in parts:
        if not result.holds and result.unknown is None:
            return CLEAR
        results.append(result)
    for result in results:
        if result.unknown is not None:
            return result
    beside = [result.matches[0] for result in results[1:]]
    if not beside:
        return results[0]
    return Result(tuple(_with_values_of(match, beside) for match in results[0].matches))


def _some(results: list[Result], *, every_evidence: bool) -> Result:
    holding = [result for result in results if result.holds]
    if holding and not every_evidence:
        return holding[0]
    if holding:
        return Result(tuple(match for result in holding for match in result.matches))
    return next((result for result in results if result.unknown is not None), CLEAR)


def _with_values_of(match: Match, others: list[Match]) -> Match:
    if not any(one.measured is not None or one.threshold is not None for one in others):
        return match
    measured = [one.measured for one in (match, *others) if one.measured is not None]
    threshold = [one.threshold for one in (match, *others) if one.threshold is not None]
    return replace(
        match,
        measured="；".join(measured) if measured else None,
        threshold="；".join(threshold) if threshold else None,
    )
