from __future__ import annotations

import numpy as np
import pytest

from benchmarks.statistics import study
from quality import simulate


def test_world_when_made_then_scores_look_like_a_real_centre() -> None:
    world = simulate.world_with_correlation(0.8)
    generator = np.random.default_rng(5)
    month = simulate.month_of_calls(world, simulate.population(world, generator), generator)
    scores = month.human
    centred = scores - scores.mean()
    assert (scores == 100).mean() == pytest.approx(0.48, abs=0.03)
    assert (centred**3).mean() / scores.std() ** 3 == pytest.approx(-2.9, abs=0.4)
    assert scores.std(axis=1).mean() == pytest.approx(9.5, abs=0.7)
    assert simulate.correlation_within(month) == pytest.approx(0.8, abs=0.02)


def test_coverage_when_nine_reviews_at_correlation_08_then_the_claim_holds() -> None:
    table = study(simulate.world_with_correlation(0.8), (9,), populations=2, replicates=2)
    found = table[9, "direct"]
    # 400 intervals: a Monte Carlo error of .011; the full table is made by bench-statistics.
    assert 0.93 <= found.coverage <= 0.99
    assert found.half <= 3.05


def test_coverage_when_four_reviews_by_the_textbook_then_far_below_its_word() -> None:
    table = study(simulate.world_with_correlation(0.8), (4,), populations=2, replicates=2)
    assert table[4, "textbook z"].coverage < 0.8
    assert table[4, "direct"].coverage >= 0.92
