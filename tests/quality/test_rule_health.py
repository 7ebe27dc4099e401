from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from pipeline.errors import StatisticsError
from quality.rule_health import RuleHealth, rule_health


def health(right: int, wrong: int, missed: int, clear: int, *, calls: int = 10_000, flagged: int = 400) -> RuleHealth:
    hit = np.repeat([True, True, False, False], [right, wrong, missed, clear])
    violated = np.repeat([True, False, True, False], [right, wrong, missed, clear])
    return rule_health("R", calls, flagged, hit, violated, np.ones(len(hit)))


def test_precision_when_equal_weights_then_wilson_as_statsmodels() -> None:
    found = health(120, 80, 2, 298).precision
    assert found.value == pytest.approx(0.6)
    assert (found.low, found.high) == pytest.approx(proportion_confint(120, 200, method="wilson"))


def test_recall_when_misses_were_seen_then_begg_and_greenes() -> None:
    found = health(120, 80, 2, 298)
    right, wrong = 400 * 0.6, 9600 * 2 / 300
    assert found.recall.value == pytest.approx(right / (right + wrong))
    assert found.recall.low is not None
    assert found.recall.high is not None
    assert found.recall.low < right / (right + wrong) < found.recall.high
    assert (found.reviewed_flagged, found.reviewed_clear, found.missed) == (200, 300, 2)


def test_recall_when_no_miss_was_seen_then_the_interval_says_how_little_that_proves() -> None:
    few, many = health(120, 80, 0, 100).recall, health(120, 80, 0, 3000).recall
    assert (few.value, many.value) == (1.0, 1.0)
    assert few.low is not None
    assert many.low is not None
    assert few.low < 0.6 < 0.85 < many.low


def test_recall_when_truth_is_known_then_the_interval_covers_it() -> None:
    random = np.random.default_rng(2)
    calls, flagged, found, missed = 10_000, 400, 240, 60
    held = 0
    for number in range(150):
        right, wrong = random.hypergeometric(found, flagged - found, 200), random.hypergeometric(missed, 9540, 300)
        hit = np.repeat([True, False], [200, 300])
        violated = np.zeros(500, dtype=bool)
        violated[:right] = violated[200 : 200 + wrong] = True
        recall = rule_health("R", calls, flagged, hit, violated, np.ones(500), draws=2000, seed=number).recall
        assert recall.low is not None
        assert recall.high is not None
        held += recall.low <= 0.8 <= recall.high
    assert held / 150 >= 0.9


def test_recall_when_weights_differ_then_weighted_shares() -> None:
    hit = np.array([True, True, False, False, False])
    violated = np.array([True, False, True, False, False])
    weights = np.array([3.0, 1.0, 1.0, 5.0, 4.0])
    found = rule_health("R", 1000, 100, hit, violated, weights)
    assert found.precision.value == pytest.approx(0.75)
    assert found.precision.n == pytest.approx(1.6)
    assert found.recall.value == pytest.approx(75 / (75 + 900 * 0.1))


def test_health_when_same_input_then_same_interval() -> None:
    assert health(10, 5, 1, 40) == health(10, 5, 1, 40)


@pytest.mark.parametrize(
    ("found", "precision", "recall"),
    [
        pytest.param(health(0, 0, 0, 0), "no call with a hit was reviewed", "no random call without a hit", id="none"),
        pytest.param(health(5, 5, 0, 0), None, "no random call without a hit was reviewed", id="flags alone"),
        pytest.param(health(0, 0, 1, 9), "no call with a hit was reviewed", "no call with a hit", id="no flags"),
        pytest.param(health(0, 9, 0, 99), None, "no violation was found", id="no violation"),
    ],
)
def test_health_when_something_is_lacking_then_reason_instead_of_a_number(
    found: RuleHealth, precision: str | None, recall: str
) -> None:
    assert (found.precision.reason or "").startswith(precision or "")
    assert (found.precision.value is None) == (precision is not None)
    assert found.recall.value is None
    assert (found.recall.reason or "").startswith(recall)


def test_health_when_rule_never_fires_then_recall_is_zero_or_unknown() -> None:
    violated = np.array([True, False, False])
    found = rule_health("R", 100, 0, np.zeros(3, dtype=bool), violated, np.ones(3))
    assert found.precision.reason == "the rule has no hit"
    assert (found.recall.value, found.recall.low, found.recall.high) == (0.0, 0.0, 0.0)


def test_health_when_every_call_is_flagged_then_recall_is_one() -> None:
    found = rule_health("R", 3, 3, np.ones(3, dtype=bool), np.array([True, False, True]), np.ones(3))
    assert (found.recall.value, found.recall.low) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("calls", "flagged", "weight", "says"),
    [(1, 1, 1.0, "expected no more than there are"), (10, 11, 1.0, "11 of 10"), (10, 5, 0.0, "weight")],
)
def test_wrong_input_then_told(calls: int, flagged: int, weight: float, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        rule_health("R", calls, flagged, np.array([True, False]), np.array([True, False]), np.full(2, weight))
