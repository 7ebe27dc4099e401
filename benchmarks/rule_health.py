"""Coverage of the intervals of rule health, and how often the scope of an error is named rightly.

``python -m benchmarks.rule_health`` prints both tables of docs/sampling.md; seeded, so it prints the same each time.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import stats

from quality.error_scope import Scope, error_scope
from quality.rule_health import rule_health

CALLS, PREVALENCE, RECALL, PRECISION = 10_000, 0.03, 0.8, 0.6
GROUPS, IN_GROUP, BASE = 6, 8, 0.05


def recall_coverage(
    random: np.random.Generator, reviewed_flagged: int, reviewed_clear: int, rounds: int
) -> list[float]:
    """Coverage of the naive, Wald and Jeffreys intervals of recall, mean naive recall, mean width, precision's."""
    violations = round(CALLS * PREVALENCE)
    found = round(violations * RECALL)
    flagged_calls = round(found / PRECISION)
    clear_calls, missed = CALLS - flagged_calls, violations - found
    naive = wald = jeffreys = precise = 0
    widths, naives = [], []
    for number in range(rounds):
        right = random.hypergeometric(found, flagged_calls - found, reviewed_flagged)
        wrong = random.hypergeometric(missed, clear_calls - missed, reviewed_clear)
        flagged = np.repeat([True, False], [reviewed_flagged, reviewed_clear])
        violated = np.zeros(len(flagged), dtype=np.bool_)
        violated[:right] = True
        violated[reviewed_flagged : reviewed_flagged + wrong] = True
        health = rule_health(
            "R", CALLS, flagged_calls, flagged, violated, np.ones(len(flagged)), draws=4000, seed=number
        )
        low, high = health.recall.low or 0.0, health.recall.high or 0.0
        jeffreys += low <= RECALL <= high
        widths.append(high - low)
        seen = right / (right + wrong)
        naives.append(seen)
        low, high = stats.binomtest(int(right), int(right + wrong)).proportion_ci(method="wilson")
        naive += low <= RECALL <= high
        wald += _wald_holds(right, wrong, reviewed_flagged, reviewed_clear, flagged_calls, clear_calls)
        precise += (health.precision.low or 0.0) <= found / flagged_calls <= (health.precision.high or 0.0)
    counts = [count / rounds for count in (naive, wald, jeffreys, precise)]
    return [float(np.mean(naives)), *counts[:3], float(np.mean(widths)), counts[3]]


def _wald_holds(right: int, wrong: int, m: int, k: int, flagged: int, clear: int) -> bool:
    """Begg and Greenes' own interval: normal, by the delta method on the log of missed to found."""
    a, b = right / m, wrong / k
    estimate = flagged * a / (flagged * a + clear * b)
    if b in (0.0, 1.0):
        return abs(estimate - RECALL) < 1e-12
    ratio = clear * b / (flagged * a)
    error = np.sqrt((1 - a) / (a * m) + (1 - b) / (b * k)) * ratio / (1 + ratio) ** 2
    return bool(abs(estimate - RECALL) <= 1.96 * error)


def scope_labels(random: np.random.Generator, reviews: int, rounds: int) -> dict[str, float]:
    """How often each true scope is named rightly."""
    agents = [f"A{number}" for number in range(GROUPS * IN_GROUP)]
    groups = [f"G{number // IN_GROUP}" for number in range(GROUPS * IN_GROUP)]
    right = {}
    for truth in Scope:
        count = 0
        for _ in range(rounds):
            odds = np.full(len(agents), BASE / (1 - BASE))
            if truth is Scope.INDIVIDUAL:
                odds[random.choice(len(agents), 2, replace=False)] *= 8
            elif truth is Scope.GROUP:
                first = int(random.integers(GROUPS)) * IN_GROUP
                odds[first : first + IN_GROUP] *= 4
            elif truth is Scope.UNIVERSAL:
                odds *= 3
            fails = random.binomial(reviews, odds / (1 + odds)).astype(np.float64)
            found = error_scope("R", agents, groups, fails, np.full(len(agents), float(reviews)), target=BASE)
            count += found.scope is truth
        right[truth.value] = count / rounds
    return right


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    wanted = parser.parse_args()
    random = np.random.default_rng(1)
    print(
        f"Recall of a rule: {CALLS} calls, {PREVALENCE:.0%} violations, true recall {RECALL}, precision {PRECISION}; "
        f"{wanted.rounds} rounds"
    )
    print(
        "| flagged reviewed | clear reviewed | naive recall | naive | Wald | Jeffreys MC | width | precision (Wilson) |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for clear in (100, 300, 1000):
        values = recall_coverage(random, 200, clear, wanted.rounds)
        print(f"| 200 | {clear} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    print()
    print(f"Scope of an error: {GROUPS} groups of {IN_GROUP} agents, base rate {BASE:.0%}; right label")
    print("| reviews an agent | none | individual | group | universal |")
    print("|---|---|---|---|---|")
    for reviews in (10, 30, 100):
        labels = scope_labels(random, reviews, wanted.rounds)
        print(f"| {reviews} | " + " | ".join(f"{value:.3f}" for value in labels.values()) + " |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
