from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from pipeline.errors import StatisticsError
from quality.agreement import (
    Level,
    Weights,
    ac1,
    icc_agreement,
    kappa,
    krippendorff_alpha,
    positive_agreement,
    with_interval,
)

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
RARE = (np.repeat([0, 0, 1, 1], [92, 4, 3, 1]), np.repeat([0, 1, 0, 1], [92, 4, 3, 1]))


def test_icc_when_shrout_and_fleiss_1979_then_their_figure() -> None:
    assert icc_agreement(SHROUT_FLEISS) == pytest.approx(0.290, abs=0.001)


@pytest.mark.parametrize("weights", list(Weights))
def test_kappa_when_compared_with_scikit_learn_and_statsmodels_then_the_same(weights: Weights) -> None:
    generator = np.random.default_rng(1)
    first = generator.integers(0, 4, 200)
    second = np.clip(first + generator.integers(-1, 2, 200), 0, 3)
    ours = kappa(first, second, weights)
    assert ours == pytest.approx(
        cohen_kappa_score(first, second, weights=None if weights is Weights.NONE else weights.value)
    )
    if weights is Weights.NONE:
        table = np.zeros((4, 4))
        np.add.at(table, (first, second), 1)
        assert ours == pytest.approx(cohens_kappa(table).kappa)


def test_rare_failures_then_kappa_is_low_and_ac1_is_not() -> None:
    assert kappa(*RARE) == pytest.approx(0.186, abs=0.001)
    assert ac1(*RARE) == pytest.approx(0.923, abs=0.001)
    assert positive_agreement(*RARE) == pytest.approx(2 / 9)


def test_alpha_when_krippendorffs_example_with_gaps_then_his_figures() -> None:
    nan = np.nan
    raters = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]
    calls = np.array(raters).T
    assert krippendorff_alpha(calls, Level.NOMINAL) == pytest.approx(0.743, abs=0.001)
    assert krippendorff_alpha(calls, Level.ORDINAL) == pytest.approx(0.815, abs=0.001)
    assert krippendorff_alpha(calls, Level.INTERVAL) == pytest.approx(0.849, abs=0.001)


def test_agreement_when_everything_is_equal_then_no_nan() -> None:
    same = np.ones(10)
    assert kappa(same, same) is None
    assert ac1(same, same) == 1
    assert positive_agreement(same * 0, same * 0) is None
    assert icc_agreement(np.ones((5, 2))) is None
    assert krippendorff_alpha(np.ones((5, 2))) is None
    assert krippendorff_alpha(np.full((5, 2), np.nan)) is None


def test_agreement_when_input_is_wrong_then_said() -> None:
    with pytest.raises(StatisticsError, match="at least 2 raters"):
        icc_agreement([[1.0], [2.0]])
    with pytest.raises(StatisticsError, match="missing"):
        icc_agreement([[1.0, np.nan], [2.0, 3.0]])
    with pytest.raises(StatisticsError, match="same calls"):
        kappa([1, 2], [1])


def test_interval_when_drawn_again_then_holds_the_value_and_none_of_nothing() -> None:
    generator = np.random.default_rng(2)
    hits = []
    for seed in range(40):
        true = generator.normal(90, 6, 40)
        table = np.column_stack([true + generator.normal(0, 3, 40), true + generator.normal(0, 3, 40)])
        found = with_interval(icc_agreement, table, draws=100, seed=seed)
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        hits.append(found.low <= 36 / 45 <= found.high)
    assert np.mean(hits) >= 0.8
    assert with_interval(icc_agreement, table) == with_interval(icc_agreement, table)
    assert with_interval(icc_agreement, np.ones((8, 2))).value is None
    assert with_interval(icc_agreement, np.zeros((0, 2))).calls == 0
