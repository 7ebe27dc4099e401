from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from pipeline.errors import StatisticsError
from quality.intervals import Counts, effective_counts, tail_at_least, upper_bound, wilson


@pytest.mark.parametrize(("yes", "n"), [(0, 10), (3, 10), (10, 10), (184, 200)])
def test_wilson_when_whole_counts_then_as_statsmodels(yes: int, n: int) -> None:
    assert wilson(Counts(yes, n)) == pytest.approx(proportion_confint(yes, n, method="wilson"))


@pytest.mark.parametrize(("yes", "n"), [(0, 300), (0, 600), (3, 50)])
def test_upper_bound_when_whole_counts_then_as_scipys_exact_one(yes: int, n: int) -> None:
    exact = stats.binomtest(yes, n, alternative="less").proportion_ci(0.95, method="exact").high
    assert upper_bound(Counts(yes, n)) == pytest.approx(exact)


def test_upper_bound_when_none_of_300_then_one_percent_is_still_possible() -> None:
    assert upper_bound(Counts(0, 300)) == pytest.approx(0.0099, abs=5e-5)
    assert upper_bound(Counts(0, 600)) < 0.005 < upper_bound(Counts(0, 590))


def test_tail_when_whole_counts_then_binomial() -> None:
    for yes, n, rate in ((3, 10, 0.05), (1, 40, 0.01), (0, 5, 0.2), (5, 5, 0.5)):
        assert tail_at_least(Counts(yes, n), rate) == pytest.approx(stats.binom.sf(yes - 1, n, rate))


def test_effective_counts_when_weights_differ_then_kish_and_hajek() -> None:
    counts = effective_counts(np.array([True, False, False]), np.array([2.0, 1.0, 1.0]))
    assert (counts.n, counts.share) == (pytest.approx(16 / 6), pytest.approx(0.5))
    assert effective_counts(np.array([True, False]), np.array([3.0, 3.0])) == Counts(1.0, 2.0)


def test_counts_when_there_is_nothing_then_no_nan() -> None:
    nothing = effective_counts(np.zeros(0, dtype=bool), np.zeros(0))
    assert (nothing.share, wilson(nothing), upper_bound(nothing)) == (None, (0.0, 1.0), 1.0)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_effective_counts_when_weight_is_impossible_then_refused(weight: float) -> None:
    with pytest.raises(StatisticsError, match="expected 1 / probability"):
        effective_counts(np.array([True, True]), np.array([1.0, weight]))
