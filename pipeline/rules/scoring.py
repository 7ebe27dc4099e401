"""The pre-score of a call."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.rules.rulebook import Category, Rulebook
from pipeline.types import CategoryScore, Finding, Score, Severity

FULL_SCORE = 100.0
MOST_KEPT = 1000
"""Scores of calls without a finding that counts are kept by what could not be judged: no more than these."""


def score(findings: Sequence[Finding], not_judged: frozenset[str], rulebook: Rulebook) -> Score:
    """Points left out of points possible, as a score out of 100.

    Each category has a maximum, and the maxima of a rulebook add up to 100. A category that starts full keeps what
    its findings leave of it; one that starts empty has what its findings give; never less than 0 nor more than its
    maximum. What cannot be judged (``not_judged``) leaves the sum: a full category of which no rule that changes the
    score could be judged has the maximum 0 on this call; an empty one loses the points that its rules could have
    given. The total is ``100 x weighted points left / weighted points possible``; None when nothing is possible, or
    less than the rulebook's ``min_assessable_share`` of all points. A fatal finding makes the total 0, or its
    category's score where the rule says so; the categories still show what the other findings took.
    """
    if any(finding.points or finding.severity is Severity.FATAL for finding in findings):
        return _score(findings, not_judged, rulebook)
    # As mostly: nobody lost or won anything, and the same few rules cannot be judged of call after call.
    known = rulebook.untouched.get(not_judged)
    if known is None:
        if len(rulebook.untouched) >= MOST_KEPT:
            rulebook.untouched.clear()
        known = rulebook.untouched[not_judged] = _score((), not_judged, rulebook)
    return known


def _score(findings: Sequence[Finding], not_judged: frozenset[str], rulebook: Rulebook) -> Score:
    taken: dict[str, float] = {}
    fatal = False
    fatal_categories: set[str] = set()
    for finding in findings:
        if finding.severity is Severity.FATAL:
            rule = rulebook.by_id.get(finding.rule)
            if rule is not None and rule.parameters.fatal_to == "category":
                fatal_categories.add(finding.category)
            else:
                fatal = True
        elif finding.points:
            points = -finding.points if finding.severity is Severity.ADD else finding.points
            taken[finding.category] = taken.get(finding.category, 0.0) + points
    categories: dict[str, CategoryScore] = {}
    possible = left = assessable = 0.0
    for name, category in rulebook.categories.items():
        maximum = _maximum(name, category, not_judged, rulebook)
        start = 0.0 if category.starts_empty else maximum
        points = min(maximum, max(0.0, start - taken.get(name, 0.0)))
        if name in fatal_categories:
            points = 0.0
        categories[name] = CategoryScore(points, maximum)
        assessable += maximum
        possible += maximum * category.weight
        left += points * category.weight
    enough = possible > 0 and assessable >= FULL_SCORE * (rulebook.min_assessable_share or 0.0)
    total = FULL_SCORE * left / possible if enough else None
    return Score(0.0 if fatal else total, FULL_SCORE, fatal, categories)


def _maximum(name: str, category: Category, not_judged: frozenset[str], rulebook: Rulebook) -> float:
    rules = rulebook.scoring[name]
    if not not_judged or rules.isdisjoint(not_judged):
        return category.maximum if rules else 0.0
    if rules <= not_judged:
        return 0.0
    if not category.starts_empty:
        return category.maximum
    given = math.fsum(
        rulebook.by_id[rule].most_points for rule in rules - not_judged if rulebook.by_id[rule].severity is Severity.ADD
    )
    return min(category.maximum, given)
