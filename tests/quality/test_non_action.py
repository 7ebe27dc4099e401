from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import StatisticsError
from quality.non_action import non_action


def verdicts(seed: int, skip: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    rater = np.repeat(np.arange(20), 150)
    bins = generator.integers(0, 4, rater.size)
    lenient = generator.normal(0, 0.05, 20)[rater]
    clean = generator.random(rater.size) < np.array([0.2, 0.4, 0.6, 0.8])[bins] + lenient
    return rater, bins, clean | ((rater < 2) & (generator.random(rater.size) < skip))


def test_rater_when_half_is_skipped_then_found() -> None:
    found = [{one.rater for one in non_action(*verdicts(seed, 0.5)) if one.suspicious} for seed in range(20)]
    assert sum({0, 1} <= names for names in found) >= 18


def test_raters_when_nobody_skips_then_seldom_accused() -> None:
    accused = [any(one.suspicious for one in non_action(*verdicts(seed, 0.0))) for seed in range(40)]
    assert np.mean(accused) < 0.4


def test_input_when_too_few_raters_then_said() -> None:
    with pytest.raises(StatisticsError, match="at least 5 raters"):
        non_action(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64), np.ones(3, dtype=np.bool_))
