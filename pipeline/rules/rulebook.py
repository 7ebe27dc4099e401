"""A rulebook that was read, checked and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.rules.matching import Lexicon
from pipeline.rules.operators.base import Condition
from pipeline.rules.schema import RoutingParameters, RuleParameters
from pipeline.types import Severity


@dataclass(frozen=True, slots=True)
class Category:
    """One part of the score with its points."""

    title: str
    maximum: float


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

    @property
    def takes_points(self) -> bool:
        """Whether the rule can lower the score."""
        return self.severity is not Severity.WARN


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules with their categories and routing; ``sha256`` is of the bytes of the file.

    Holds a compiled automaton that does not travel between processes: load it in each.
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
