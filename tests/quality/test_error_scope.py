from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import StatisticsError
from quality.error_scope import ErrorScope, Scope, error_scope, funnel

AGENTS = tuple(f"A{number:02d}" for number in range(48))
GROUPS = tuple(f"G{number // 8}" for number in range(48))


def scope(fails: np.ndarray, reviews: float = 40.0, **more) -> ErrorScope:
    given = {"target": 0.05} | more
    return error_scope("LANG.03", AGENTS, GROUPS, fails.astype(float), np.full(48, reviews), **given)


def rates(**more: float) -> np.ndarray:
    """Two failures of forty everywhere, but for the agents or groups named."""
    fails = np.full(48, 2.0)
    for name, count in more.items():
        for row in range(48):
            if name in (AGENTS[row], GROUPS[row], "everybody"):
                fails[row] = count
    return fails


def test_scope_when_nobody_stands_out_then_none() -> None:
    found = scope(rates())
    assert (found.scope, found.agents, found.groups) == (Scope.NONE, (), ())
    assert (found.rate, found.remaining_rate) == (0.05, 0.05)


def test_scope_when_two_agents_are_bad_then_individual_and_named() -> None:
    found = scope(rates(A03=14.0, A17=15.0))
    assert found.scope is Scope.INDIVIDUAL
    assert {unit.name for unit in found.agents} == {"A03", "A17"}
    worst = found.agents[0]
    assert (worst.name, worst.rate) == ("A17", 0.375)
    assert worst.compared_with < 0.1
    assert worst.q_value < 0.1
    assert found.remaining_rate == pytest.approx(0.05)


def test_scope_when_a_group_is_bad_then_group_and_none_of_its_agents_alone() -> None:
    found = scope(rates(G2=9.0))
    assert found.scope is Scope.GROUP
    assert [unit.name for unit in found.groups] == ["G2"]
    assert found.agents == ()


def test_scope_when_everybody_is_bad_then_universal() -> None:
    found = scope(rates(everybody=6.0))
    assert (found.scope, found.remaining_rate) == (Scope.UNIVERSAL, 0.15)


def test_scope_when_several_levels_then_widest_with_the_others_beside_it() -> None:
    fails = rates(everybody=6.0)
    fails[8:16] = 20.0
    fails[40] = 30.0
    found = scope(fails)
    assert found.scope is Scope.UNIVERSAL
    assert [unit.name for unit in found.groups] == ["G1"]
    assert [unit.name for unit in found.agents] == ["A40"]


def test_scope_when_many_reviews_then_normal_spread_between_people_is_not_flagged() -> None:
    random = np.random.default_rng(1)
    flagged = 0
    for _ in range(40):
        logits = np.log(0.05 / 0.95) + random.normal(0, 0.25, 48)
        fails = random.binomial(400, 1 / (1 + np.exp(-logits)))
        flagged += scope(fails, reviews=400.0).scope is not Scope.NONE
    assert flagged <= 8


def test_scope_when_few_reviews_then_said_that_they_are_not_enough() -> None:
    assert not scope(rates() / 4, reviews=10.0).enough
    assert scope(rates()).enough


def test_scope_when_counts_are_fractions_then_works_alike() -> None:
    found = scope(rates(A03=14.0) * 0.9, reviews=36.3)
    assert found.scope is Scope.INDIVIDUAL


@pytest.mark.parametrize(
    ("agents", "groups", "fails", "reviews"),
    [
        pytest.param(["A"], ["G"], [1.0], [5.0], id="one agent"),
        pytest.param(["A", "B"], ["G", "G"], [0.0, 0.0], [5.0, 5.0], id="no failures"),
        pytest.param(["A", "B"], ["G", "G"], [5.0, 5.0], [5.0, 5.0], id="failures alone"),
        pytest.param(["A", "B"], ["G", "H"], [1.0, 0.0], [5.0, 0.0], id="one without reviews"),
        pytest.param(["A", "B", "C"], ["G", "H", "I"], [1.0, 0.0, 2.0], [5.0, 3.0, 4.0], id="groups of one"),
    ],
)
def test_scope_when_little_is_there_then_an_answer_without_nan(agents, groups, fails, reviews) -> None:
    found = error_scope("R", agents, groups, np.array(fails), np.array(reviews), target=0.05)
    assert "nan" not in str(found)
    assert "nan" not in str(funnel("R", agents, groups, np.array(fails), np.array(reviews)))


def test_funnel_when_spread_is_chance_alone_then_binomial_limits() -> None:
    fails = np.full(48, 4.0)
    found = funnel("R", AGENTS, GROUPS, fails, np.full(48, 40.0))
    assert (found.centre, found.spread) == (0.1, 0.0)
    point = found.points[0]
    assert point.high_95 == pytest.approx(0.1 + 1.959964 * (0.09 / 40) ** 0.5)
    assert point.low_998 == 0.0


def test_funnel_when_agents_differ_beyond_chance_then_limits_widen() -> None:
    random = np.random.default_rng(4)
    true = np.clip(random.normal(0.2, 0.06, 48), 0.01, 1)
    fails = random.binomial(400, true).astype(float)
    found = funnel("R", AGENTS, GROUPS, fails, np.full(48, 400.0))
    assert 0.035 < found.spread < 0.075
    outside = [point for point in found.points if not point.low_998 <= point.rate <= point.high_998]
    assert len(outside) <= 1
    assert found.points[3].group == "G0"


@pytest.mark.parametrize(
    ("fails", "reviews", "target", "says"),
    [
        pytest.param([1.0], [0.0], 0.05, "more failures than reviews", id="more fails"),
        pytest.param([0.0], [0.0], 0.05, "no call was reviewed", id="empty month"),
        pytest.param([float("nan")], [5.0], 0.05, "not a number", id="nan"),
        pytest.param([1.0], [5.0], 0.0, "the target is 0", id="target 0"),
        pytest.param([1.0, 2.0], [5.0, 5.0], 0.05, "differ in length", id="length"),
    ],
)
def test_wrong_input_then_told(fails, reviews, target: float, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        error_scope("R", ["A"], ["G"], np.array(fails), np.array(reviews), target=target)
