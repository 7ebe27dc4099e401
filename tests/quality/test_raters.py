from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from pipeline.errors import StatisticsError
from quality.raters import LIMIT, cusum, drift_scores, severity, spreads


def reviews(raters: int = 12, each: int = 120, groups: int = 4, sd: float = 2.0, seed: int = 1):
    """Raters nested in teams; teams and raters differ; the machine sees the calls with noise (correlation about .8)."""
    generator = np.random.default_rng(seed)
    strict = generator.normal(0, sd, raters)
    strict -= strict.mean()
    team = np.arange(raters) % groups
    level = generator.normal(88, 4, groups)
    who = np.repeat(np.arange(raters), each)
    group = team[who]
    true = level[group] + generator.normal(0, 8, who.size)
    machine = true + generator.normal(0, 6, who.size)
    return who, true - strict[who], machine, group, level, strict


def test_severity_when_teams_differ_then_anchored_is_nearer_than_raw() -> None:
    who, human, machine, group, level, strict = reviews()
    found = severity(who, human, machine, group, level).raters
    anchored = np.array([one.severity for one in found]) - strict
    raw = np.array([one.raw for one in found]) - strict
    assert np.sqrt((anchored**2).mean()) < 0.75
    assert np.sqrt((raw**2).mean()) > 2 * np.sqrt((anchored**2).mean())
    inside = [one.low <= true <= one.high for one, true in zip(found, strict, strict=True)]
    assert sum(inside) >= 10


def test_severity_when_compared_with_statsmodels_then_the_same_variances_and_effects() -> None:
    who, human, machine, group, level, _ = reviews(raters=15, each=40)
    found = severity(who, human, machine, group, level)
    theirs = sm.MixedLM(found.residuals, np.ones((who.size, 1)), groups=who).fit(reml=True)
    assert found.residual_sd**2 == pytest.approx(theirs.scale, rel=0.01)
    assert found.rater_sd**2 == pytest.approx(float(theirs.cov_re[0, 0]), rel=0.02)
    effects = [-float(np.ravel(theirs.random_effects[i])[0]) for i in range(15)]
    assert [one.severity for one in found.raters] == pytest.approx(effects, abs=0.05)


def test_severity_when_raters_are_equal_then_hardly_anybody_stands_out() -> None:
    accused = 0
    for seed in range(60):
        who, human, machine, group, level, _ = reviews(sd=0.0, each=40, seed=seed)
        accused += any(one.stands_out for one in severity(who, human, machine, group, level).raters)
    assert accused <= 14


def test_severity_when_all_scores_are_equal_then_nothing_and_no_nan() -> None:
    who = np.repeat(np.arange(3), 5)
    flat = np.full(15, 100.0)
    for one in severity(who, flat, flat, np.zeros(15, dtype=int), np.array([100.0])).raters:
        assert (one.severity, one.stands_out) == (pytest.approx(0), False)


def test_cusum_when_in_control_then_about_460_reviews_between_alarms() -> None:
    generator = np.random.default_rng(3)
    lengths = []
    for _ in range(150):
        found = cusum(generator.normal(size=4000)).signal
        lengths.append(4000 if found is None else found + 1)
    assert 360 <= np.mean(lengths) <= 580


def test_cusum_when_level_moves_one_sd_then_soon_found_with_the_way() -> None:
    generator = np.random.default_rng(4)
    found = cusum(np.concatenate([generator.normal(0, 1, 30), generator.normal(-1, 1, 60)]))
    assert found.signal is not None
    assert 30 <= found.signal <= 60
    assert found.stricter
    assert found.highest > LIMIT
    assert cusum(np.zeros(0)).signal is None


def test_drift_scores_when_nothing_changed_then_standard_normal_though_half_are_equal() -> None:
    generator = np.random.default_rng(5)
    who = np.repeat(np.arange(5), 800)
    residuals = -np.where(generator.random(4000) < 0.5, 0.0, generator.exponential(8, 4000) ** 1.3) - who
    scores = drift_scores(who, residuals, np.tile(np.arange(800) >= 400, 5))
    assert abs(scores.mean()) < 0.06
    assert scores.std() == pytest.approx(1, abs=0.1)
    assert all(abs(part.mean()) < 0.2 for part in np.split(scores, 5))


def test_drift_scores_when_all_move_then_none_and_when_one_moves_then_that_one() -> None:
    generator = np.random.default_rng(6)
    who = np.tile(np.arange(5), 200)
    now = np.arange(1000) >= 500
    residuals = generator.normal(0, 8, 1000)
    everybody = drift_scores(who, residuals - 8.0 * now, now)
    assert all(abs(everybody[who[now] == one].mean()) < 0.45 for one in range(5))
    alone = drift_scores(who, residuals - 8.0 * (now & (who == 3)), now)
    assert alone[who[now] == 3].mean() < -0.8


def test_spread_when_two_raters_are_equal_then_p_is_uniform_and_small_samples_have_none() -> None:
    p_values = []
    for seed in range(25):
        generator = np.random.default_rng(seed)
        human = 100.0 - generator.choice([0, 0, 0, 4, 8, 15, 30], 400)
        found = spreads(np.repeat([0, 1], 200), human, generator.integers(0, 3, 400), seed=seed)
        p_values += [one.p_value for one in found]
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    few = spreads(np.repeat([0, 1], 80), human[:160], np.zeros(160, dtype=int))
    assert [(one.p_value, one.differs) for one in few] == [(None, False)] * 2


def test_spread_when_a_rater_avoids_the_middle_then_found_though_the_mean_is_the_same() -> None:
    generator = np.random.default_rng(6)
    human = 100.0 - generator.choice([0, 4, 8, 15, 30], 900)
    who = np.repeat([0, 1, 2], 300)
    third = who == 2
    human[third] = np.where(generator.random(300) < 0.62, 100.0, 70.0)
    found = spreads(who, human, np.zeros(900, dtype=int))
    assert found[2].differs
    assert sum(found[2].shares) == pytest.approx(1)
    assert sum(found[2].expected) == pytest.approx(1)


def test_raters_when_broken_then_says_so() -> None:
    who = np.array([0, 0, 1, 1])
    with pytest.raises(StatisticsError, match="not a finite number"):
        severity(who, np.array([1.0, np.nan, 2, 3]), np.ones(4), np.zeros(4, dtype=int), np.array([1.0]))
    with pytest.raises(StatisticsError, match="at least 2 raters"):
        severity(np.zeros(4, dtype=int), np.ones(4), np.ones(4), np.zeros(4, dtype=int), np.array([1.0]))
    with pytest.raises(StatisticsError, match="one of each"):
        spreads(who, np.ones(4), np.zeros(3, dtype=int))
