from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import StatisticsError
from quality.sizes import COLD_START, SizeModel, fitted


def sizes(model: SizeModel, scores: list[float], suspicious: bool = False) -> list[float]:
    return (model.sizes(np.array(scores), np.full(len(scores), suspicious)) / 1e6).tolist()


def test_cold_start_when_score_falls_then_size_grows_from_1_to_6() -> None:
    assert sizes(COLD_START, [100, 99.9, 95, 94, 85, 70, 59, 0, float("nan")]) == [1, 1.5, 1.5, 2, 3, 4, 5, 5, 5]


def test_sizes_when_suspicious_then_uplifted_but_never_beyond_6() -> None:
    assert sizes(COLD_START, [100, 85, 0, float("nan")], suspicious=True) == [1.5, 4.5, 6, 6]


def test_fitted_when_spreads_are_known_then_seventy_percent_by_spread() -> None:
    model = fitted("v2", [90.0], [8.0, 2.0], [25, 75])
    mean = (8 * 25 + 2 * 75) / 100
    ratio = (0.3 + 0.7 * 8 / mean) / (0.3 + 0.7 * 2 / mean)
    assert sizes(model, [50, 95]) == [pytest.approx(ratio, abs=1e-6), 1.0]
    assert model.unknown_e6 == model.sizes_e6[0]


def test_fitted_when_no_spread_anywhere_then_all_sizes_equal() -> None:
    assert fitted("v2", [90.0], [0.0, 0.0], [1, 1]).sizes_e6 == (1_000_000, 1_000_000)


def test_fitted_when_one_bin_is_wild_then_at_most_6_times_the_smallest() -> None:
    assert fitted("v2", [50.0], [60.0, 0.0], [1, 999]).sizes_e6 == (6_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        pytest.param(lambda: fitted("v", [90.0], [1.0], [1]), "one spread", id="bins"),
        pytest.param(lambda: fitted("v", [90.0], [1.0, float("nan")], [1, 1]), "not a finite number", id="nan"),
        pytest.param(lambda: fitted("v", [90.0], [1.0, 1.0], [0, 0]), "more than none", id="empty"),
        pytest.param(lambda: SizeModel("v", (90.0,), (0, 1_000_000), 1_000_000), "from 1 to 6", id="size 0"),
        pytest.param(lambda: SizeModel("v", (90.0, 80.0), (10**6,) * 3, 10**6), "ascending", id="edges"),
        pytest.param(lambda: SizeModel("v", (), (10**6,), 10**6, uplift_e3=500), "1 or more", id="uplift"),
    ],
)
def test_wrong_model_then_refused(call, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        call()
