from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from pipeline.errors import StatisticsError
from quality.compare import AgentMonths, benjamini_hochberg, compare_with_team


def team(truth: np.ndarray, *, sd: float = 2.0, seed: int = 1) -> list[AgentMonths]:
    generator = np.random.default_rng(seed)
    return [
        AgentMonths(f"A{i}", level + generator.normal(0, sd, 3), np.full(3, sd**2), np.full(3, 25.0))
        for i, level in enumerate(truth)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_discoveries_when_compared_with_statsmodels_then_the_same(seed: int) -> None:
    p_values = np.random.default_rng(seed).beta(0.3, 1, 60)
    theirs = multipletests(p_values, alpha=0.1, method="fdr_bh")[0]
    assert benjamini_hochberg(p_values).tolist() == theirs.tolist()


def test_team_when_all_are_equal_then_hardly_anybody_is_found() -> None:
    accused = [any(gap.act for gap in compare_with_team(team(np.full(30, 90.0), seed=seed))) for seed in range(200)]
    assert np.mean(accused) <= 0.12


def test_team_when_one_is_far_below_then_this_one() -> None:
    truth = np.full(30, 90.0)
    truth[7] = 82
    found = [gap.agent for gap in compare_with_team(team(truth)) if gap.act]
    assert found == ["A7"]


def test_gap_when_real_but_small_then_found_and_nothing_done() -> None:
    truth = np.full(30, 90.0)
    truth[7] = 88
    gap = compare_with_team(team(truth, sd=0.3))[7]
    assert gap.discovered
    assert not gap.act


def test_team_when_too_small_or_broken_then_says_so() -> None:
    with pytest.raises(StatisticsError, match="at least 5"):
        compare_with_team(team(np.full(3, 90.0)))
    broken = team(np.full(8, 90.0))
    broken[2] = AgentMonths("A2", np.array([1.0, np.nan, 2.0]), np.ones(3), np.ones(3))
    with pytest.raises(StatisticsError, match="not a finite number"):
        compare_with_team(broken)
