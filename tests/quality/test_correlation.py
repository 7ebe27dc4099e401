from __future__ import annotations

import numpy as np
import pytest

from quality.correlation import correlation_within, reviews_needed, saving
from quality.score_model import Training, fit_score_model, flat_model


def double_scored(rho: float, *, seed: int = 1, agents: int = 100, each: int = 12, sd: float = 10.0) -> Training:
    generator = np.random.default_rng(seed)
    agent = np.repeat(np.arange(agents), each)
    x = generator.normal(0, 1, agent.size)
    y = rho * x + np.sqrt(1 - rho**2) * generator.normal(0, 1, agent.size)
    level = 20 * generator.normal(0, 1, agents)
    return Training(60 + sd * x, 60 + sd * y + level[agent], np.ones(agent.size), agent)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_correlation_when_agents_differ_in_level_then_only_within_agents(rho: float) -> None:
    found = correlation_within(double_scored(rho))
    assert found is not None
    assert found.value == pytest.approx(rho, abs=0.06)
    assert found.low < rho < found.high
    assert found.high - found.low < 0.15


@pytest.mark.parametrize("field", ["machine", "value"])
def test_correlation_when_all_scores_are_equal_then_none(field: str) -> None:
    data = double_scored(0.8)
    same = np.full(data.size, 90.0)
    data = Training(
        same if field == "machine" else data.machine, same if field == "value" else data.value, data.weight, data.agent
    )
    assert correlation_within(data) is None


def test_saving_when_the_correlation_is_low_then_none_claimed() -> None:
    data = double_scored(0.4)
    model = fit_score_model(data, largest=100)
    claim = saving(data, model, correlation_within(data), data.machine, calls=1000, half_width=3)
    assert claim.multiplier is None
    assert "0.5" in (claim.reason or "")


def test_saving_when_the_correlation_is_high_then_textbook_over_needed() -> None:
    data = double_scored(0.9)
    model = fit_score_model(data, largest=100)
    claim = saving(data, model, correlation_within(data), data.machine, calls=1000, half_width=3)
    # (1.96 x 10 / 3)^2 = 42.7; residual sd about 4.4.
    assert claim.textbook == pytest.approx(43, abs=4)
    assert claim.needed == pytest.approx(10, abs=2)
    assert claim.multiplier == pytest.approx(claim.textbook / claim.needed)


def test_needed_when_the_month_is_too_short_then_none() -> None:
    assert reviews_needed(flat_model(400.0), np.full(10, 90.0), calls=6, half_width=1) is None
