from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from pipeline.errors import StatisticsError
from quality.allocation import allocate, budget, steadied_sds
from quality.words import Allocation

CALLS = np.array([1000.0, 1200.0, 800.0, 1500.0])
SDS = np.array([5.0, 10.0, 15.0, 20.0])


@pytest.mark.parametrize("how", list(Allocation))
@pytest.mark.parametrize("total", [8.0, 40.0, 400.0, 3999.0])
def test_allocate_when_possible_then_adds_up_within_limits(how: Allocation, total: float) -> None:
    shares = allocate(how, total, CALLS, SDS)
    assert shares.sum() == pytest.approx(total, rel=1e-6)
    assert np.all((shares >= 2.0) & (shares <= CALLS))


def test_allocate_when_equal_then_equal() -> None:
    assert allocate(Allocation.EQUAL, 40, CALLS, SDS) == pytest.approx([10, 10, 10, 10])


def test_allocate_when_precision_then_every_interval_has_the_same_width() -> None:
    shares = allocate(Allocation.PRECISION, 100, CALLS, SDS)
    widths = SDS * np.sqrt(1 / shares - 1 / CALLS)
    assert widths == pytest.approx([widths[0]] * 4, rel=1e-6)
    many = allocate(Allocation.PRECISION, 100, CALLS * 1e6, SDS)
    assert many / many[0] == pytest.approx(SDS**2 / SDS[0] ** 2, rel=1e-3), "in proportion to the variance"


def test_allocate_when_neyman_then_in_proportion_and_the_best_for_the_centre() -> None:
    shares = allocate(Allocation.NEYMAN, 100, CALLS, SDS)
    assert shares / (CALLS * SDS) == pytest.approx([100 / (CALLS * SDS).sum()] * 4)

    def variance(candidate: np.ndarray) -> float:
        return float((CALLS**2 * SDS**2 * (1 / candidate - 1 / CALLS)).sum() / CALLS.sum() ** 2)

    best = optimize.minimize(
        variance,
        np.full(4, 25.0),
        constraints={"type": "eq", "fun": lambda candidate: candidate.sum() - 100},
        bounds=[(2, 1000)] * 4,
    )
    assert variance(shares) <= best.fun * 1.0001


def test_allocate_when_agent_has_fewer_calls_than_its_share_then_all_of_them_and_the_rest_elsewhere() -> None:
    shares = allocate(Allocation.EQUAL, 33, np.array([1.0, 100.0, 100.0]), np.ones(3))
    assert shares == pytest.approx([1, 16, 16])
    assert allocate(Allocation.NEYMAN, 999, np.array([1.0, 100.0]), np.ones(2)).tolist() == [1, 100]


def test_allocate_when_no_score_varies_then_equally() -> None:
    for how in (Allocation.PRECISION, Allocation.NEYMAN):
        assert allocate(how, 12, np.full(3, 100.0), np.zeros(3)) == pytest.approx([4, 4, 4])


def test_steadied_when_few_calls_then_near_the_pooled_spread() -> None:
    calls = np.array([2.0, 1000.0, 1000.0])
    steady = steadied_sds(np.array([40.0, 10.0, 10.0]), calls)
    assert steady[0] < 15
    assert steady[1:] == pytest.approx([10, 10], abs=0.05)
    assert steadied_sds(np.array([0.0, 10.0]), np.array([1.0, 50.0])) == pytest.approx([10, 10])


def test_budget_when_plan_is_enough_then_rest_goes_to_the_probability_lane() -> None:
    found = budget(capacity=1000, must=200, risk=100, agents=50)
    assert (found.probability, found.short) == (700, 0)


def test_budget_when_flags_eat_the_plan_then_says_how_many_calls_are_short() -> None:
    found = budget(capacity=300, must=250, risk=20, agents=50)
    assert (found.probability, found.short) == (100, 70)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        pytest.param(lambda: allocate(Allocation.EQUAL, 0, CALLS, SDS), "total is 0", id="nothing to draw"),
        pytest.param(lambda: allocate(Allocation.EQUAL, 5, CALLS, SDS), "4 agents need 8", id="too few"),
        pytest.param(lambda: allocate(Allocation.EQUAL, 50, CALLS, SDS[:2]), "4 agents but 2", id="lengths"),
        pytest.param(lambda: allocate(Allocation.EQUAL, 50, CALLS * 0, SDS), "has no calls", id="no calls"),
        pytest.param(lambda: allocate(Allocation.EQUAL, 50, CALLS, SDS * np.nan), "not a finite", id="nan"),
        pytest.param(lambda: steadied_sds(np.zeros(3), np.full(3, 9.0)), "no agent's scores vary", id="no spread"),
        pytest.param(lambda: budget(-1, 0, 0, 5), "capacity is -1", id="capacity"),
        pytest.param(lambda: budget(10, 0, 0, 0), "number of agents is 0", id="empty month"),
    ],
)
def test_wrong_input_then_told_what_was_expected(call, says: str) -> None:
    with pytest.raises(StatisticsError) as caught:
        call()
    assert says in str(caught.value)
