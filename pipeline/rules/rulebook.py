"""A rulebook that was read, checked and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.rules.matching import Lexicon
from pipeline.rules.operators.base import Condition
from pipeline.rules.schema import HeaderParameters, RoutingParameters, RuleParameters
from pipeline.rules.triggers import Triggers
from pipeline.types import Score, Severity


@dataclass(frozen=True, slots=True)
class Category:
    """One part of the score with its points; ``starts_empty`` when points are given, not taken."""

    title: str
    maximum: float
    starts_empty: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of calendar time, ``start`` inclusive, ``end`` exclusive; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def not_yet(self, moment: datetime | None) -> bool:
        """Whether a moment is before it; a moment that nobody knows is not."""
        return moment is not None and self.start is not None and moment < self.start

    def over(self, moment: datetime | None) -> bool:
        """Whether a moment is after it."""
        return moment is not None and self.end is not None and moment >= self.end

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment is inside."""
        return not self.not_yet(moment) and not self.over(moment)


ALWAYS = Period()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule ready to judge; ``parameters`` is what the file says, word for word."""

    id: str
    name: str
    title: str
    category: str
    severity: Severity
    points: float
    cap: float | None
    every_hit: bool
    message: str
    condition: Condition
    unless: Condition | None
    parameters: RuleParameters
    period: Period = ALWAYS

    @property
    def changes_score(self) -> bool:
        """Whether the rule can lower or raise the score."""
        return self.severity is not Severity.WARN

    @property
    def most_points(self) -> float:
        """The most that the rule can give or take; of one without a cap that counts every hit, one hit's points."""
        return self.cap if self.cap is not None else self.points_of(1)

    def points_of(self, hits: int) -> float:
        """Points for so many hits."""
        ladder = self.parameters.ladder
        if ladder:
            step = max((step for step in ladder if step.hits <= hits), key=lambda step: step.hits, default=None)
            total = 0.0 if step is None else step.points(hits)
        else:
            total = self.points * hits
        return total if self.cap is None else min(total, self.cap)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules with their categories and routing; ``sha256`` is of the bytes of the file.

    Holds a compiled automaton that does not travel between processes: load it in each.

    Attributes:
        period: the calls that it is meant for, by their start.
        ordered: the rules in order of their ids, as they are judged.
        by_id: the rules by their ids.
        scoring: for each category, the ids of the rules that change its score.
        triggers: which of the rules the words of a call can trigger.
        least_confidence: a transcript as sure as this is sure enough for every rule.
        untouched: the score of a call whose findings change nothing, by the rules that could not be judged of it; kept
            by ``scoring``.
    """

    name: str
    version: str
    title: str
    sha256: str
    categories: Mapping[str, Category]
    rules: tuple[Rule, ...]
    routing: RoutingParameters
    min_transcript_confidence: float | None
    min_assessable_share: float | None
    lexicon: Lexicon
    header: HeaderParameters
    period: Period = ALWAYS
    ordered: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    by_id: Mapping[str, Rule] = field(init=False, repr=False, compare=False)
    scoring: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)
    triggers: Triggers = field(init=False, repr=False, compare=False)
    least_confidence: float = field(init=False, repr=False, compare=False)
    untouched: dict[frozenset[str], Score] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Put the rules in order once, not for every call."""
        ordered = tuple(sorted(self.rules, key=lambda rule: rule.id))
        scoring = {
            name: frozenset(rule.id for rule in ordered if rule.category == name and rule.changes_score)
            for name in self.categories
        }
        object.__setattr__(self, "ordered", ordered)
        object.__setattr__(self, "by_id", {rule.id: rule for rule in ordered})
        object.__setattr__(self, "scoring", scoring)
        object.__setattr__(self, "triggers", Triggers(ordered))
        asked = [self.min_transcript_confidence, *(rule.parameters.min_transcript_confidence for rule in ordered)]
        object.__setattr__(self, "least_confidence", max((least for least in asked if least is not None), default=0.0))


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One line of ``tingjian rules list``."""

    id: str
    name: str
    title: str
    category: str
    severity: Severity
    points: float
    per: str


def rules_table(rulebook: Rulebook) -> tuple[RuleRow, ...]:
    """All rules in the order of the file, with the title of their category."""
    return tuple(
        RuleRow(
            id=rule.id,
            name=rule.name,
            title=rule.title,
            category=rulebook.categories[rule.category].title,
            severity=rule.severity,
            points=rule.points,
            per="hit" if rule.every_hit else "call",
        )
        for rule in rulebook.rules
    )
