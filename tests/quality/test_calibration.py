from __future__ import annotations

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from pipeline.errors import StatisticsError
from quality.calibration import calibration_result, overturn_rate


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
