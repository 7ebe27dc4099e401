from __future__ import annotations

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from pipeline.errors import StatisticsError
from quality.calibration import calibration_result, overturn_rate, pooled_overturns


def test_session_when_all_are_right_but_few_then_not_passed_yet() -> None:
    assert not calibration_result([80] * 5, [82] * 5).passed
    assert calibration_result([80] * 10, [82] * 10).passed


def test_session_when_some_miss_then_the_exact_lower_bound() -> None:
    result = calibration_result([80] * 20, [82] * 17 + [90] * 3)
    exact = stats.binomtest(17, 20, alternative="greater").proportion_ci(0.9, method="exact").low
    assert result.share.low == pytest.approx(exact)
    assert result.share.hits == 17


def test_overturned_when_compared_with_statsmodels_then_the_same() -> None:
    share = overturn_rate(3, 40)
    assert share is not None
    assert (share.low, share.high) == pytest.approx(proportion_confint(3, 40, method="jeffreys"))


def test_overturned_when_nothing_was_appealed_then_none_and_when_impossible_then_said() -> None:
    assert overturn_rate(0, 0) is None
    with pytest.raises(StatisticsError, match="5 overturned of 4"):
        overturn_rate(5, 4)
    with pytest.raises(StatisticsError, match="expected one for each"):
        calibration_result([1.0], [1.0, 2.0])


def test_pooled_when_raters_are_alike_then_drawn_together_and_when_not_then_hardly() -> None:
    alike = pooled_overturns([2, 3, 2, 0], [100, 120, 110, 3])
    assert alike[3].value == pytest.approx(7 / 330, abs=0.01)
    apart = pooled_overturns([1, 60, 2, 0], [100, 120, 110, 0])
    assert apart[0].value < 0.03
    assert apart[1].value > 0.4
    assert 0 < apart[3].low < apart[3].high < 1, "nothing reviewed: what is known of everybody"


def test_pooled_when_nothing_was_overturned_then_upper_ends_only() -> None:
    found = pooled_overturns([0, 0], [50, 80])
    assert all(one.value < 0.01 < one.high for one in found)
    with pytest.raises(StatisticsError, match="more overturned"):
        pooled_overturns([3], [2])
