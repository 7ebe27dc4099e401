from __future__ import annotations

from dataclasses import replace

import pytest

from quality.agent_month import Quantity
from quality.estimates import Estimate, Method
from quality.greg import Interval
from quality.groups import together


def an_estimate(value: float, error: float, calls: int, df: float = 19.0) -> Estimate:
    interval = Interval(value, value - 2 * error, value + 2 * error, 2 * error, error, df)
    return Estimate("A", "T", "2026-03", Quantity.SCORE, Method.GREG, interval, calls, 10, 1, ())


def test_means_weigh_by_calls_and_variances_by_their_squares() -> None:
    found = together("T", [an_estimate(90, 3, 100), an_estimate(80, 1, 300)], maximum=100.0)
    assert found is not None
    assert found.interval is not None
    assert found.interval.value == pytest.approx(82.5)
    assert found.interval.standard_error == pytest.approx((0.25**2 * 9 + 0.75**2) ** 0.5)
    assert (found.calls, found.reviews, found.certain) == (400, 20, 2)


def test_degrees_of_freedom_lie_between_one_agents_and_all_together() -> None:
    alike = together("T", [an_estimate(90, 2, 100)] * 4, maximum=100.0)
    assert alike is not None
    assert alike.interval is not None
    assert alike.interval.df == pytest.approx(4 * 19)
    one = together("T", [an_estimate(90, 2, 100), an_estimate(90, 0.001, 100)], maximum=100.0)
    assert one is not None
    assert one.interval is not None
    assert one.interval.df == pytest.approx(19, rel=0.01)


def test_interval_stays_on_the_scale() -> None:
    found = together("T", [an_estimate(99.5, 3, 100)], maximum=100.0)
    assert found is not None
    assert found.interval is not None
    assert found.interval.high == 100.0


def test_agent_without_such_an_estimate_leaves_the_group_without_one() -> None:
    known = an_estimate(90, 2, 100)
    assert together("T", [known, replace(known, interval=None, method=None)], maximum=100.0) is None
    assert together("T", [known, replace(known, method=Method.ROLLING)], maximum=100.0) is None
    assert together("T", [], maximum=100.0) is None
