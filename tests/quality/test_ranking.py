from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import StatisticsError
from quality.ranking import fay_herriot, rank_agents, robust_critical_value


def agents(count: int = 60, *, error: float = 2.0, seed: int = 1) -> tuple[list[str], np.ndarray, np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    guess = generator.normal(90, 3, count)
    truth = guess + generator.normal(0, 1.5, count)
    variance = np.full(count, error**2)
    return [f"A{i:02d}" for i in range(count)], truth + generator.normal(0, error, count), variance, guess, truth


def test_line_when_fitted_over_many_agents_then_near_the_truth() -> None:
    _, y, v, x, _ = agents(4000)
    line, _ = fay_herriot(y, v, x)
    assert line.slope == pytest.approx(1.0, abs=0.05)
    assert line.variance == pytest.approx(2.25, rel=0.15)


def test_shrunk_when_guesses_help_then_nearer_the_truth_than_the_direct_estimates() -> None:
    names, y, v, x, truth = agents(400)
    found = {one.agent: one for one in rank_agents(names, y, v, x).agents}
    shrunk = np.array([found[name].shrunk for name in names])
    assert ((shrunk - truth) ** 2).mean() < 0.6 * ((y - truth) ** 2).mean()


def test_half_width_when_agents_are_normal_then_covers_on_average() -> None:
    hits = []
    for seed in range(10):
        names, y, v, x, truth = agents(200, seed=seed)
        found = {one.agent: one for one in rank_agents(names, y, v, x).agents}
        hits += [abs(found[n].shrunk - t) <= found[n].half_width for n, t in zip(names, truth, strict=True)]
    assert np.mean(hits) >= 0.95


def test_bottom_tenth_when_summed_then_the_chances_are_as_many_agents_and_calibrated() -> None:
    said, was = [], []
    for seed in range(40):
        names, y, v, x, truth = agents(50, seed=seed)
        found = {one.agent: one for one in rank_agents(names, y, v, x).agents}
        chances = np.array([found[name].bottom_tenth for name in names])
        assert chances.sum() == pytest.approx(5, abs=1e-6)
        said.append(chances)
        was.append(np.argsort(np.argsort(truth)) < 5)
    chance, true = np.concatenate(said), np.concatenate(was)
    sure = chance > 0.5
    assert true[sure].mean() == pytest.approx(chance[sure].mean(), abs=0.1)


def test_neighbours_when_estimates_are_noise_then_none_is_distinguishable() -> None:
    names, y, v, x, _ = agents(30, error=4.0)
    assert not any(one.distinguishable for one in rank_agents(names, y, v, x).agents)


def test_neighbours_when_far_apart_and_exact_then_all_are_and_grades_are_certain() -> None:
    values = np.arange(20.0) * 3
    found = rank_agents([f"A{i}" for i in range(20)], values, np.full(20, 0.01), np.zeros(20)).agents
    assert [one.agent for one in found] == [f"A{i}" for i in reversed(range(20))]
    assert all(one.distinguishable for one in found[:-1])
    assert (found[-1].better_than_next, found[-1].distinguishable) == (None, False)
    assert [one.grade for one in found] == [1] * 2 + [2] * 4 + [3] * 8 + [4] * 4 + [5] * 2
    assert min(one.grade_chance for one in found) > 0.99
    assert (found[3].rank_low, found[3].rank_high) == (4, 4)


def test_ranking_when_asked_again_then_the_same() -> None:
    names, y, v, x, _ = agents()
    assert rank_agents(names, y, v, x) == rank_agents(names, y, v, x)


def test_ranking_when_all_are_equal_then_no_order_and_no_nan() -> None:
    found = rank_agents([f"A{i}" for i in range(12)], np.full(12, 100.0), np.zeros(12), np.full(12, 100.0)).agents
    assert all(np.isfinite([one.shrunk, one.half_width, one.bottom_tenth]).all() for one in found)
    assert not any(one.distinguishable for one in found)


@pytest.mark.parametrize(("bias_square", "least", "most"), [(0.0, 1.95, 1.97), (0.5, 2.3, 2.9), (4.0, 4.0, 9.2)])
def test_critical_value_when_nothing_is_known_of_the_bias_then_larger(bias_square: float, least: float, most: float):
    # Without bias the normal's; with second moment t at most by Chebyshev's bound sqrt((1+t)/.05).
    assert least <= robust_critical_value(bias_square) <= min(most, np.sqrt((1 + bias_square) / 0.05))


def test_ranking_when_too_few_or_broken_then_says_so() -> None:
    names, y, v, x, _ = agents(12)
    with pytest.raises(StatisticsError, match="at least 10"):
        rank_agents(names[:5], y[:5], v[:5], x[:5])
    y[3] = np.nan
    with pytest.raises(StatisticsError, match="not a finite number"):
        rank_agents(names, y, v, x)
    with pytest.raises(StatisticsError, match="add up to 90"):
        rank_agents(*agents(12)[:4], shares=[10, 20, 40, 20])
