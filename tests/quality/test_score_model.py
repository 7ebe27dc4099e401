from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from pipeline.errors import StatisticsError
from quality.score_model import Training, fit_score_model, flat_model


def training(seed: int = 1, rows: int = 600, agents: int = 40) -> Training:
    generator = np.random.default_rng(seed)
    machine = 100.0 - generator.choice([0, 0, 0, 3, 5, 8, 15, 40], rows)
    value = np.clip(machine + generator.normal(0, 1 + (100 - machine) / 5), 0, 100)
    return Training(machine, value, generator.uniform(50, 200, rows), generator.integers(0, agents, rows))


@pytest.mark.parametrize("increasing", [True, False])
def test_map_when_weighted_and_tied_then_same_as_scikit_learn(increasing: bool) -> None:
    data = training()
    values = data.value if increasing else -data.value
    data = Training(data.machine, values, data.weight, data.agent)
    ours = fit_score_model(data, largest=100, increasing=increasing)
    theirs = IsotonicRegression(increasing=increasing, out_of_bounds="clip")
    theirs.fit(data.machine, values, sample_weight=data.weight)
    asked = np.linspace(0, 100, 211)
    np.testing.assert_allclose(ours.predict(asked), theirs.predict(asked), atol=1e-9)


def test_variance_when_spread_differs_by_score_then_follows_it() -> None:
    generator = np.random.default_rng(3)
    rows = 4000
    machine = generator.choice([60.0, 80.0, 100.0], rows)
    sd = np.where(machine == 60, 12.0, np.where(machine == 80, 6.0, 2.0))
    data = Training(machine, machine + generator.normal(0, 1, rows) * sd, np.ones(rows), np.arange(rows) // 4)
    model = fit_score_model(data, largest=100)
    np.testing.assert_allclose(
        np.sqrt(model.variance(np.array([55.0, 60.0, 80.0, 99.0, 100.0]))), [12, 12, 6, 2, 2], rtol=0.08
    )


def test_variance_when_agents_differ_in_level_then_only_the_spread_within_counts() -> None:
    generator = np.random.default_rng(4)
    agent = np.repeat(np.arange(200), 5)
    value = 50 + 10 * generator.normal(0, 1, 200)[agent] + 3 * generator.normal(0, 1, 1000)
    model = fit_score_model(Training(np.full(1000, 70.0), value, np.ones(1000), agent), largest=100)
    assert np.sqrt(model.variance(np.array([70.0]))[0]) == pytest.approx(3, rel=0.06)


def test_variance_when_the_machine_is_always_right_then_floor_of_one_point() -> None:
    machine = np.repeat(np.arange(0.0, 100.0), 10)
    model = fit_score_model(Training(machine, machine, np.ones(1000), np.arange(1000) // 10), largest=100)
    assert model.variance(machine).min() == 1.0


def test_bins_when_scores_are_rare_then_joined_to_at_least_twenty_rows() -> None:
    machine = np.concatenate([np.full(500, 100.0), np.arange(30.0)])
    value = np.concatenate([np.full(500, 100.0), np.tile([0.0, 40.0, 80.0, 20.0, 60.0], 6)])
    model = fit_score_model(Training(machine, value, np.ones(530), np.arange(530) // 5), largest=100)
    assert model.variances.size == 2
    assert model.variance(np.array([3.0]))[0] > 100 * model.variance(np.array([100.0]))[0]


def test_unscored_calls_when_many_then_guess_of_their_own() -> None:
    data = training()
    machine = np.where(np.arange(600) % 5 == 0, np.nan, data.machine)
    value = np.where(np.isnan(machine), 42.0, data.value)
    model = fit_score_model(Training(machine, value, data.weight, data.agent), largest=100)
    assert model.predict(np.array([np.nan, 100.0]))[0] == pytest.approx(42.0)
    assert np.isfinite(model.variance(np.array([np.nan, 100.0]))).all()


def test_unscored_calls_when_few_then_the_overall_mean() -> None:
    data = training()
    model = fit_score_model(data, largest=100)
    assert model.predict(np.array([np.nan]))[0] == pytest.approx(np.average(data.value, weights=data.weight))


def test_all_scores_equal_then_one_guess_and_the_plain_spread() -> None:
    generator = np.random.default_rng(5)
    data = Training(np.full(600, 90.0), generator.normal(80, 8, 600), np.ones(600), np.arange(600) // 6)
    model = fit_score_model(data, largest=100)
    assert model.predict(np.array([0.0, 90.0, 100.0])) == pytest.approx([data.value.mean()] * 3)


def test_fit_when_nothing_was_scored_then_says_so() -> None:
    nothing = np.full(30, np.nan)
    with pytest.raises(StatisticsError, match="expected at least 2"):
        fit_score_model(Training(nothing, np.ones(30), np.ones(30), np.arange(30)), largest=100)


def test_flat_model_then_guesses_nothing() -> None:
    model = flat_model(9.0)
    assert model.predict(np.array([1.0, np.nan])).tolist() == [0.0, 0.0]
    assert model.variance(np.array([1.0, np.nan])).tolist() == [9.0, 9.0]
