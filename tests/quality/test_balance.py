from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pipeline.errors import StatisticsError
from quality.balance import (
    Balance,
    Check,
    Dimension,
    Lines,
    by_name,
    check_draw,
    check_hand_picks,
    in_classes,
    with_false_discovery_control,
)
from quality.draw import PROBABILITY, Frame, Seed, draw_batch
from tests.quality.months import a_month, fresh


def lines_of(frame: Frame, probabilities_e9: np.ndarray, picked: np.ndarray | None = None) -> Lines:
    return Lines(
        ids=frame.ids,
        lines=np.zeros(len(frame.ids), dtype=np.int64),
        blocks=frame.days,
        applications=frame.applications,
        hours=frame.hours,
        durations_s=frame.durations_s,
        probabilities_e9=probabilities_e9,
        certain=frame.lanes != PROBABILITY,
        picked=np.ones(len(frame.ids), dtype=bool) if picked is None else picked,
    )


def dimensions_of(frame: Frame) -> list[Dimension]:
    return [
        in_classes("length", frame.durations_s, (60, 180, 300), ("<1", "1-3", "3-5", ">5")),
        in_classes("time", frame.hours.astype(float), (12, 18), ("morning", "afternoon", "evening")),
        by_name("type", [f"type {code}" for code in frame.applications]),
    ]


def checked(frame: Frame, seed: Seed, taken=None, redraws: int = 199, target: float = 12.0) -> Balance:
    drawn = draw_batch(frame, fresh(frame, seed, target=target), seed)
    taken = drawn.picked if taken is None else taken(drawn.picked)
    return check_draw(
        "A", dimensions_of(frame), lines_of(frame, drawn.probabilities_e9, drawn.picked), taken, redraws=redraws
    )


def test_check_draw_when_drawn_by_the_sampler_then_p_values_are_uniform() -> None:
    frame = a_month(calls=400)
    p_values = []
    for number in range(60):
        found = checked(frame, Seed(b"seed of a real draw %06d" % number), redraws=999)
        p_values.append([check.p_value for check in found.checks])
    for column in np.array(p_values).T:
        assert stats.kstest(column, "uniform").pvalue > 0.001
        assert (column <= 0.05).mean() < 0.15


def test_check_draw_when_redrawn_then_inclusion_follows_the_probabilities() -> None:
    from quality.balance import _redrawn

    frame = a_month(calls=150)
    seed = Seed(b"seed of a real draw")
    drawn = draw_batch(frame, fresh(frame, seed, target=12.0), seed)
    lines = lines_of(frame, drawn.probabilities_e9, drawn.picked)
    samples = _redrawn(lines, drawn.picked, 4000)
    hits = np.bincount(np.concatenate(samples), minlength=150) / len(samples)
    chances = drawn.probabilities_e9 / 1e9
    certain = chances == 1
    assert (hits[certain] == 1).all()
    z = (hits - chances)[~certain] / np.sqrt(chances * (1 - chances) / len(samples))[~certain]
    assert 0.8 < z.std() < 1.25


def test_check_draw_when_only_short_calls_were_heard_then_length_stands_out() -> None:
    frame = a_month(calls=900, certain=0.0)
    found = checked(frame, Seed(b"seed of a real draw"), lambda picked: picked & (frame.durations_s < 100), target=60)
    (marked,) = with_false_discovery_control([found])
    assert "length" in marked.unusual
    assert "time" not in marked.unusual
    short = next(margin for margin in marked.margins if margin.level == "<1")
    assert short.smd is not None
    assert short.of_sample > short.of_calls


def test_check_draw_when_a_random_part_was_heard_then_nothing_stands_out() -> None:
    frame = a_month(calls=900, certain=0.0)
    random = np.random.default_rng(1)
    reports = [
        checked(
            frame,
            Seed(b"seed of a real draw %06d" % number),
            lambda picked: picked & (random.random(900) < 0.6),
            redraws=99,
            target=40,
        )
        for number in range(20)
    ]
    marked = with_false_discovery_control(reports)
    assert sum(bool(report.unusual) for report in marked) <= 3


def test_margins_when_weighted_then_as_numpy_has_it() -> None:
    frame = a_month(calls=300)
    seed = Seed(b"seed of a real draw")
    drawn = draw_batch(frame, fresh(frame, seed, target=12.0), seed)
    found = checked(frame, seed, redraws=10)
    weights = 1e9 / drawn.probabilities_e9[drawn.picked]
    for code in range(4):
        margin = next(item for item in found.margins if item.level == f"type {code}")
        truth = (frame.applications == code).mean()
        seen = np.average(frame.applications[drawn.picked] == code, weights=weights)
        assert (margin.of_calls, margin.of_sample) == (pytest.approx(truth), pytest.approx(seen))
        assert margin.smd == pytest.approx((seen - truth) / np.sqrt(truth * (1 - truth)))


def hand(frame: Frame, picked: np.ndarray, agents: np.ndarray | None = None) -> Balance:
    codes = np.zeros(len(frame.ids), dtype=np.int64) if agents is None else agents
    (found,) = with_false_discovery_control(
        [check_hand_picks("质检一", dimensions_of(frame), codes, picked, draws=1999)]
    )
    return found


def test_hand_picks_when_cherry_picked_then_stands_out() -> None:
    frame = a_month(calls=800)
    picked = np.zeros(800, dtype=bool)
    picked[np.flatnonzero(frame.durations_s < 60)[:25]] = True
    assert "length" in hand(frame, picked).unusual


def test_hand_picks_when_random_then_p_values_are_about_uniform() -> None:
    frame = a_month(calls=800)
    random = np.random.default_rng(8)
    p_values = []
    for _ in range(80):
        picked = np.zeros(800, dtype=bool)
        picked[random.choice(800, 25, replace=False)] = True
        p_values.append([check.p_value for check in hand(frame, picked).checks])
    rejected = (np.array(p_values) <= 0.1).mean(axis=0)
    assert (rejected < 0.2).all()


def test_hand_picks_when_agents_differ_then_each_is_compared_with_itself() -> None:
    # One agent has short calls only, the other long ones; twenty random calls of the first are no cherry-picking.
    frame = a_month(calls=800)
    agents = np.repeat([0, 1], 400)
    frame = replace(frame, durations_s=np.where(agents == 0, 30.0, 400.0))
    picked = np.zeros(800, dtype=bool)
    picked[:20] = True
    found = hand(frame, picked, agents)
    assert found.calls == 400
    assert found.checks[0] == Check("length", None, None)


def test_check_when_there_is_nothing_to_compare_then_said_and_no_nan() -> None:
    frame = a_month(calls=30)
    none = np.zeros(30, dtype=bool)
    assert hand(frame, none).reason == "there are no calls"
    drawn = np.full(30, 10**8)
    found = check_draw("A", dimensions_of(frame), lines_of(frame, drawn), none)
    assert (found.reason, found.checks) == ("no call is in the sample", ())
    assert with_false_discovery_control([found]) == [found]


def test_check_when_one_call_then_a_number_for_everything() -> None:
    frame = replace(a_month(calls=1), lanes=np.array([PROBABILITY]))
    found = check_draw("A", dimensions_of(frame), lines_of(frame, np.array([10**9])), np.array([True]), redraws=10)
    assert [check.p_value for check in found.checks] == [None, None, None]
    assert [margin.smd for margin in found.margins] == [None] * len(found.margins)


def test_check_when_agent_has_only_certain_calls_then_balanced() -> None:
    frame = replace(a_month(calls=40), lanes=np.ones(40, dtype=np.int64))
    taken = np.ones(40, dtype=bool)
    found = check_draw("A", dimensions_of(frame), lines_of(frame, np.full(40, 10**9)), taken, redraws=10)
    assert {check.p_value for check in found.checks} == {1.0}
    assert max(check.mean_smd or 0.0 for check in found.checks) < 1e-12


def test_by_name_when_many_types_then_rare_ones_together() -> None:
    found = by_name("type", ["a"] * 5 + ["b"] * 4 + ["c", "d", ""], most=2)
    assert (found.levels, found.classes.tolist()[-3:]) == (("a", "b", "other"), [2, 2, 2])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        pytest.param(lambda: in_classes("x", np.zeros(2), (1.0,), ("a",)), "1 levels for 1 edges", id="levels"),
        pytest.param(
            lambda: check_hand_picks("x", [], np.zeros(2, dtype=int), np.ones(2, dtype=bool)), "no dimensions", id="no"
        ),
        pytest.param(
            lambda: check_draw("x", dimensions_of(a_month(2)), lines_of(a_month(2), np.zeros(2)), np.ones(2, bool)),
            "probability 0",
            id="probability 0",
        ),
        pytest.param(
            lambda: check_draw(
                "x", dimensions_of(a_month(2)), lines_of(a_month(2), np.ones(2), np.zeros(2, bool)), np.ones(2, bool)
            ),
            "was not picked",
            id="not picked",
        ),
        pytest.param(
            lambda: check_draw("x", dimensions_of(a_month(3)), lines_of(a_month(2), np.ones(2)), np.ones(2, bool)),
            "differ in length",
            id="length",
        ),
    ],
)
def test_wrong_input_then_told_what_was_expected(call, says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        call()
