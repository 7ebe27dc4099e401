from __future__ import annotations

import numpy as np
import pytest

from quality.change import Change, rate_change
from quality.intervals import Counts


def test_interval_is_newcombes() -> None:
    # Newcombe 1998, table II, 56/70 against 48/80: 0.0524 to 0.3339.
    found = rate_change(Counts(48, 80), Counts(56, 70))
    assert found.difference == pytest.approx(0.2)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)
    assert found.change is Change.ROSE


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ((20, 100), (5, 100), Change.FELL),
        ((5, 100), (20, 100), Change.ROSE),
        ((10, 100), (8, 100), Change.UNCLEAR),
        ((15, 20), (0, 100), Change.NOT_ENOUGH_DATA),
        ((5, 100), (0, 0), Change.NOT_ENOUGH_DATA),
    ],
)
def test_change_is_named_only_where_the_data_carry_it(before, after, change) -> None:
    assert rate_change(Counts(*before), Counts(*after)).change is change


def test_unchanged_rate_is_seldom_called_changed() -> None:
    rng = np.random.default_rng(5)
    drawn = rng.binomial(80, 0.08, (2000, 2))
    changed = [rate_change(Counts(a, 80), Counts(b, 80)).change is not Change.UNCLEAR for a, b in drawn.tolist()]
    assert np.mean(changed) <= 0.06
