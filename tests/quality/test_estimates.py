from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from quality.agent_month import AgentMonth, Quantity, Reviews, Scale, no_reviews, reviews_from
from quality.estimates import Estimate, EstimateOptions, Method, Use, estimate_agents
from quality.greg import Part, certain_part, hajek, moderated, probability_part
from quality.rolling import learn_drift, narrower, roll
from quality.score_model import flat_model

OPTIONS = EstimateOptions()


def past_month(seed: int = 1, agents: int = 60, reviews: int = 10, noise: float = 4.0) -> list[AgentMonth]:
    """A month of reviews to learn from; the machine is right up to some noise."""
    generator = np.random.default_rng(seed)
    months = []
    for agent in range(agents):
        machine = 100.0 - generator.choice([0, 0, 5, 10, 20, 40], reviews)
        human = np.clip(machine + generator.normal(0, noise, reviews), 0, 100)
        months.append(
            AgentMonth(
                f"A{agent:02d}",
                "2026-02",
                np.zeros(0),
                np.zeros(0),
                reviews_from(machine, human, np.full(reviews, 0.01)),
            )
        )
    return months


def month(
    agent: str = "A00",
    calls: int = 800,
    n: int = 8,
    *,
    seed: int = 2,
    certain: int = 0,
    shift: float = 0.0,
) -> AgentMonth:
    """A month with all calls; the people find ``shift`` points more than the machine."""
    generator = np.random.default_rng(seed)
    machine = 100.0 - generator.choice([0, 0, 5, 10, 20, 40], calls)
    probability = np.full(calls, n / (calls - certain) if n else 0.01)
    probability[:certain] = 1.0
    which = np.concatenate([np.arange(certain), certain + generator.permutation(calls - certain)[:n]]).astype(int)
    human = np.clip(machine[which] + shift + generator.normal(0, 4, which.size), 0, 100)
    return AgentMonth(
        agent, "2026-03", machine, probability, reviews_from(machine[which], human, probability[which]), picked=n
    )


def one(this: AgentMonth, earlier: list[list[AgentMonth]] | None = None, **options: object) -> Estimate:
    settings = replace(OPTIONS, **options)
    past = [past_month()] if earlier is None else earlier
    return estimate_agents([this], past, Quantity.SCORE, settings).estimates[0]


def test_hajek_when_all_probabilities_are_equal_then_the_textbook_mean_and_variance() -> None:
    values = np.array([84.0, 90, 71, 95, 100, 66, 88, 79, 91, 80])
    mean, variance = hajek(values, np.full(10, 0.01))
    assert mean == pytest.approx(values.mean())
    assert variance == pytest.approx(0.99 * values.var(ddof=1) / 10)


def test_hajek_when_probabilities_differ_then_the_formula_written_out() -> None:
    values, probability = np.array([3.0, -1.0, 2.5]), np.array([0.1, 0.02, 0.5])
    mean, variance = hajek(values, probability)
    weights = [1 / p for p in probability]
    slow_mean = sum(w * e for w, e in zip(weights, values, strict=True)) / sum(weights)
    slow = sum((1 - p) * w**2 * (e - slow_mean) ** 2 for p, w, e in zip(probability, weights, values, strict=True))
    assert mean == pytest.approx(slow_mean)
    assert variance == pytest.approx(3 / 2 * slow / sum(weights) ** 2)


def test_moderated_when_one_review_then_the_predicted_variance_alone() -> None:
    assert moderated(0.0, 1, 7.0) == 7.0
    assert moderated(4.0, 11, 7.0) == pytest.approx((20 * 7 + 10 * 4) / 30)


def test_estimate_when_calls_come_in_groups_then_the_same_as_one_by_one() -> None:
    single = month()
    scores, count = np.unique(single.machine, return_counts=True)
    grouped = replace(single, machine=scores, probability=np.full(scores.size, 0.01), count=count)
    assert one(grouped).interval == pytest.approx(one(single).interval)
    assert one(grouped).calls == 800


def test_estimate_when_certain_calls_exist_then_each_lane_counts_with_its_calls() -> None:
    this = month(certain=40)
    found = one(this)
    basis_part = probability_part(this, flat_model(1.0), Quantity.SCORE, Scale())
    assert basis_part is not None
    assert basis_part.calls == 760
    certain_mean = this.reviews.human[:40].mean()
    without = replace(
        this,
        machine=this.machine[40:],
        probability=this.probability[40:],
        reviews=this.reviews.take(this.reviews.probability < 1),
    )
    rest = one(without)
    assert found.interval is not None
    assert rest.interval is not None
    assert found.interval.value == pytest.approx((40 * certain_mean + 760 * rest.interval.value) / 800)
    assert found.interval.half_width == pytest.approx(760 / 800 * rest.interval.half_width)
    assert (found.reviews, found.certain) == (8, 40)


def test_estimate_when_the_people_are_stricter_than_the_machine_then_the_people_count() -> None:
    lenient, strict = one(month(n=60)).interval, one(month(n=60, shift=-20)).interval
    assert lenient is not None
    assert strict is not None
    assert lenient.value - strict.value == pytest.approx(20, abs=1.5)


def test_cold_start_when_fewer_than_500_reviews_then_simple_wide_and_said() -> None:
    cold = one(month(), [past_month(agents=40)])
    warm = one(month(), [past_month(agents=60)])
    assert cold.method is Method.SIMPLE
    assert "400" in (cold.reason or "")
    assert "500" in (cold.reason or "")
    assert warm.method is Method.GREG
    assert warm.reason is None
    assert cold.interval is not None
    assert warm.interval is not None
    assert cold.interval.half_width > 2 * warm.interval.half_width


def test_cold_start_when_there_is_no_past_at_all_then_an_interval_that_nobody_takes_for_knowledge() -> None:
    four_equal = replace(month(n=4), reviews=reviews_from([100] * 4, [100] * 4, [0.005] * 4))
    found = one(four_equal, [])
    assert found.method is Method.SIMPLE
    assert found.interval is not None
    assert found.interval.value == 100
    assert found.interval.low < 85
    assert found.uses == (Use.COACHING,)


def test_uses_when_narrow_then_pay_and_when_wide_only_ranking_and_coaching() -> None:
    assert one(month(n=30)).uses == (Use.PAY, Use.RANKING, Use.COACHING)
    assert one(month(n=4)).uses == (Use.RANKING, Use.COACHING)


def test_uses_when_a_fifth_of_the_picks_is_not_reviewed_yet_then_no_pay() -> None:
    this = month(n=40)
    partly = replace(this, reviews=this.reviews.take(np.arange(40) >= 8), picked=40)
    found = one(partly)
    assert Use.PAY in one(this).uses
    assert Use.PAY not in found.uses
    assert any("8 通尚未复核" in remark for remark in found.remarks)
    assert found.interval is not None
    assert found.interval.half_width > one(this).interval.half_width  # type: ignore[union-attr]


def broken(**change: object) -> AgentMonth:
    return replace(month(), **change)


@pytest.mark.parametrize(
    ("this", "why"),
    [
        pytest.param(
            broken(machine=np.zeros(0), probability=np.zeros(0), reviews=no_reviews()), "没有通话", id="empty"
        ),
        pytest.param(
            AgentMonth("A00", "2026-03", np.array([90.0]), np.array([0.01])), "没有已复核", id="one call, not drawn"
        ),
        pytest.param(broken(probability=np.zeros(800)), "抽取概率为 0", id="probability 0"),
        pytest.param(broken(probability=np.full(800, np.nan)), "缺少抽取概率", id="probability NaN"),
        pytest.param(broken(probability=np.full(800, 1.5)), "大于 1", id="probability 1.5"),
        pytest.param(broken(probability=np.full(10, 0.1)), "不一致", id="lengths"),
        pytest.param(broken(machine=np.full(800, 101.0)), "超出", id="machine 101"),
        pytest.param(broken(machine=np.full(800, np.inf)), "超出", id="machine infinite"),
        pytest.param(broken(reviews=reviews_from([90.0], [np.nan], [0.01])), "没有分数", id="human NaN"),
        pytest.param(broken(reviews=reviews_from([90.0], [120.0], [0.01])), "超出", id="human 120"),
        pytest.param(broken(reviews=reviews_from([90.0], [90.0], [0.0])), "抽取概率", id="review probability 0"),
        pytest.param(broken(reviews=no_reviews()), "没有已复核", id="no review"),
        pytest.param(
            broken(reviews=Reviews(np.zeros(2), np.zeros(1), np.ones(1), np.zeros(1, dtype=bool))),
            "不一致",
            id="ragged",
        ),
        pytest.param(replace(month(certain=30), reviews=month().reviews), "都还没有复核", id="certain calls waiting"),
    ],
)
@pytest.mark.parametrize("earlier", [[past_month()], []], ids=["warm", "cold"])
def test_estimate_when_input_is_wrong_then_a_reason_and_no_number(
    this: AgentMonth, why: str, earlier: list[list[AgentMonth]]
) -> None:
    found = one(this, earlier)
    assert found.interval is None
    assert found.uses == ()
    assert why in (found.reason or "")


@pytest.mark.parametrize("quantity", list(Quantity))
@pytest.mark.parametrize("rolling", [False, True])
@pytest.mark.parametrize(
    "this",
    [
        pytest.param(month(n=1), id="one review"),
        pytest.param(
            AgentMonth("A00", "2026-03", np.array([90.0]), np.array([1.0]), reviews_from([90], [85], [1.0])),
            id="one call, certain",
        ),
        pytest.param(
            AgentMonth("A00", "2026-03", np.array([90.0]), np.array([0.4]), reviews_from([90], [85], [0.4])),
            id="one call, drawn",
        ),
        pytest.param(broken(machine=np.full(800, np.nan)), id="machine knows nothing"),
        pytest.param(broken(machine=np.full(800, 100.0)), id="all machine scores equal"),
        pytest.param(broken(reviews=reviews_from([100] * 8, [100] * 8, [0.01] * 8)), id="all human scores equal"),
        pytest.param(broken(reviews=reviews_from([np.nan] * 8, [90] * 8, [0.01] * 8)), id="unscored reviews"),
        pytest.param(broken(probability=np.full(800, 1e-9)), id="tiny probabilities"),
    ],
)
@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param([past_month()], id="warm"),
        pytest.param([], id="cold"),
        pytest.param([[replace(one, reviews=no_reviews()) for one in past_month()]], id="past without reviews"),
        pytest.param(
            [[replace(one, reviews=reviews_from([90] * 10, [90] * 10, [0.1] * 10)) for one in past_month()]],
            id="past all equal",
        ),
    ],
)
def test_report_when_input_is_odd_then_every_number_is_finite(
    this: AgentMonth, earlier: list[list[AgentMonth]], quantity: Quantity, rolling: bool
) -> None:
    report = estimate_agents([this], earlier, quantity, replace(OPTIONS, rolling=rolling))
    found = report.estimates[0].interval
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= OPTIONS.scale.of(quantity)
    # JSON of Python writes NaN without complaint unless it is told not to.
    json.dumps(asdict(report), allow_nan=False)


def test_only_certain_calls_when_all_are_reviewed_then_exact() -> None:
    human = [80.0, 90.0, 60.0]
    this = AgentMonth("A00", "2026-03", np.full(3, 90.0), np.ones(3), reviews_from([90] * 3, human, [1.0] * 3))
    found = one(this)
    assert found.method is Method.CENSUS
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (found.interval.value, found.interval.value)
    assert found.interval.value == pytest.approx(np.mean(human))


def test_certain_calls_when_some_wait_then_uncertain() -> None:
    this = replace(month(certain=40), reviews=month(certain=40).reviews.take(np.arange(48) >= 20))
    part = certain_part(this, flat_model(25.0), Quantity.SCORE, Scale())
    assert part is not None
    assert (part.calls, part.reviews) == (40, 20)
    assert part.variance > 0
    assert Use.PAY not in one(this).uses


def test_one_broken_agent_never_loses_the_others() -> None:
    months = [month("A00"), broken(agent="A01", probability=np.zeros(800)), month("A02", seed=9)]
    report = estimate_agents(months, [past_month()], Quantity.SCORE, OPTIONS)
    assert [found.interval is not None for found in report.estimates] == [True, False, True]


def test_no_agents_then_an_empty_report() -> None:
    report = estimate_agents([], [], Quantity.SCORE, OPTIONS)
    assert report.estimates == ()
    assert report.pool.saving.multiplier is None


def test_rates_when_people_fail_every_fifth_call_then_the_rates_are_near() -> None:
    generator = np.random.default_rng(8)
    human = np.where(generator.random(200) < 0.2, 60.0, 95.0)
    fatal = generator.random(200) < 0.05
    this = AgentMonth(
        "A00", "2026-03", np.full(2000, 90.0), np.full(2000, 0.1), reviews_from([90] * 200, human, [0.1] * 200, fatal)
    )
    passing = estimate_agents([this], [], Quantity.PASS_RATE, OPTIONS).estimates[0].interval
    deadly = estimate_agents([this], [], Quantity.FATAL_RATE, OPTIONS).estimates[0].interval
    assert passing is not None
    assert deadly is not None
    assert passing.value == pytest.approx(((human >= 80) & ~fatal).mean())
    assert deadly.value == pytest.approx(fatal.mean())
    assert passing.low < passing.value < passing.high


def parts(corrections: tuple[float, ...], guesses: tuple[float, ...] = (90, 90, 90), n: int = 8) -> list[Part]:
    return [Part(800, n, guess, correction, 1.0) for guess, correction in zip(guesses, corrections, strict=True)]


def test_rolling_when_nothing_changes_then_a_third_of_the_variance() -> None:
    drift = learn_drift([parts((-2, -2, -2))] * 12)
    assert drift is not None
    assert drift.wander == 0
    rolled = roll(parts((-2, -2, -2)), drift)
    assert rolled.value == 88
    assert rolled.variance == pytest.approx(1 / 3)
    assert rolled.df == 20 + 3 * 7
    assert not rolled.jumped


def test_rolling_when_corrections_follow_the_guess_then_earlier_ones_move_along() -> None:
    generator = np.random.default_rng(1)
    levels = generator.normal(90, 4, (40, 3))
    histories = [parts(tuple(0.5 * (row - 90)), tuple(row)) for row in levels]
    drift = learn_drift(histories)
    assert drift is not None
    assert drift.slope == pytest.approx(0.5)
    fallen = roll(parts((0, 0, -5), (90, 90, 80)), drift)
    assert fallen.value == pytest.approx(75)
    assert not fallen.jumped


def test_rolling_when_an_agent_jumps_then_the_month_alone() -> None:
    drift = learn_drift([parts((-2, -2, -2))] * 12)
    assert drift is not None
    assert roll(parts((-2, -2, -6)), drift).jumped


def test_rolling_when_corrections_wander_then_wider() -> None:
    generator = np.random.default_rng(2)
    histories = [parts(tuple(generator.normal(0, 3, 3))) for _ in range(200)]
    drift = learn_drift(histories)
    assert drift is not None
    # Mean of two minus one, sd 3 each: 9 x 1.5; the sampling variance of 1.5 taken off.
    assert drift.wander == pytest.approx(13.5 - 1.5, rel=0.2)


def test_rolling_when_corrections_wander_much_then_three_months_are_no_better_than_one() -> None:
    steady = [parts((-2, -2, -2))] * 12
    drift = learn_drift(steady)
    assert drift is not None
    assert narrower(steady, drift)
    generator = np.random.default_rng(3)
    restless = [parts(tuple(generator.normal(0, 3, 3))) for _ in range(60)]
    drift = learn_drift(restless)
    assert drift is not None
    assert not narrower(restless, drift)


def fallen_by(points: float, n: int = 10) -> list[list[AgentMonth]]:
    """Three months of thirty agents, after enough reviews to learn from; A00 falls in the last one."""
    every = [[month(f"A{i:02d}", n=n, seed=100 * m + i) for i in range(30)] for m in range(3)]
    worse = month("A00", n=n, seed=200, shift=-points)
    return [past_month(), *every[:2], [worse, *every[2][1:]]]


def test_rolling_when_an_agent_falls_then_that_agent_alone_goes_back_to_the_month() -> None:
    months = fallen_by(9.0)
    found = estimate_agents(months[-1], months[:-1], Quantity.SCORE, replace(OPTIONS, rolling=True)).estimates
    assert found[0].method is Method.GREG
    assert "变化明显" in (found[0].reason or "")
    assert {one.method for one in found[1:]} == {Method.ROLLING}
    direct = estimate_agents(months[-1], months[:-1], Quantity.SCORE, OPTIONS).estimates
    assert found[0].interval == direct[0].interval
    assert Use.PAY in direct[1].uses
    assert Use.PAY not in found[1].uses


def test_fatal_rate_when_none_was_ever_seen_then_not_known_to_be_zero() -> None:
    (found,) = estimate_agents([month(n=13)], [past_month()], Quantity.FATAL_RATE, OPTIONS).estimates
    assert found.method is Method.GREG
    assert found.interval is not None
    assert found.interval.value == 0
    # Half a case among the 600 reviews learned from, seen through 13 of this month.
    expected = float(stats.t.ppf(0.975, 32)) * np.sqrt((20 / 32) * (0.5 / 601) / 13 * (1 - 13 / 800))
    assert found.interval.half_width == pytest.approx(expected, rel=1e-6)
    assert Use.PAY not in found.uses


def test_rolling_when_too_few_agents_then_none() -> None:
    assert learn_drift([parts((0, 0, 0))] * 9) is None


def test_rolling_when_the_past_is_missing_then_direct_with_the_reason() -> None:
    found = one(month(), rolling=True)
    assert found.method is Method.GREG
    assert "只用本月" in (found.reason or "")


def test_interval_when_confidence_is_higher_then_wider_by_the_quantile() -> None:
    usual, wide = one(month()).interval, one(month(), confidence=0.99).interval
    assert usual is not None
    assert wide is not None
    expected = stats.t.ppf(0.995, usual.df) / stats.t.ppf(0.975, usual.df)
    assert wide.half_width / usual.half_width == pytest.approx(expected)
    assert math.isfinite(usual.half_width)
