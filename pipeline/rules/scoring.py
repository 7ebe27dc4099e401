"""The pre-score of a call."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.rules.rulebook import Rulebook
from pipeline.types import CategoryScore, Finding, Score, Severity

FULL_SCORE = 100.0


def score(findings: Sequence[Finding], not_judged: frozenset[str], rulebook: Rulebook) -> Score:
    """Points left out of points possible, as a score out of 100.

    Each category has a maximum, and the maxima of a rulebook add up to 100. A category keeps what its findings leave
    of it, never less than 0. A category of which no rule that takes points could be judged (``not_judged``) leaves
    the sum: its maximum is 0 on this call. The total is ``100 x points left / points possible``; None when nothing is
    possible, or less than the rulebook's ``min_assessable_share`` of all points. A fatal finding makes the total 0;
    the categories still show what the other findings took.
    """
    categories: dict[str, CategoryScore] = {}
    for name, category in rulebook.categories.items():
        judged = any(
            rule.category == name and rule.takes_points and rule.id not in not_judged for rule in rulebook.rules
        )
        maximum = category.maximum if judged else 0.0
        taken = math.fsum(finding.points for finding in findings if finding.category == name)
        categories[name] = CategoryScore(max(0.0, maximum - taken), maximum)
    fatal = any(finding.severity is Severity.FATAL for finding in findings)
    possible = math.fsum(category.maximum for category in categories.values())
    left = math.fsum(category.score for category in categories.values())
    enough = possible > 0 and possible >= FULL_SCORE * (rulebook.min_assessable_share or 0.0)
    total = FULL_SCORE * left / possible if enough else None
    return Score(0.0 if fatal else total, FULL_SCORE, fatal, categories)
