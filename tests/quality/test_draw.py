from __future__ import annotations

import hmac
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.errors import StatisticsError
from quality.draw import MUST, PROBABILITY, RISK, Seed, draw_batch, probabilities_e9, rate_e9
from quality.types import PROBABILITY_UNIT
from tests.quality.months import MONTH, a_month, drawn_by_id, fresh, in_daily_batches, rows

SEED = Seed(b"a secret of enough bytes")


def seeds(count: int) -> list[Seed]:
    return [Seed(b"test seed number %08d" % number) for number in range(count)]


def test_seed_when_hashed_then_hmac_of_the_library() -> None:
    for secret in (b"sixteen bytes is", b"x" * 64, b"y" * 200):
        assert Seed(secret).digest(b"message") == hmac.digest(secret, b"message", "sha256")
    assert Seed(b"x" * 32).id != Seed(b"y" * 32).id
    assert b"x" * 16 not in Seed(b"x" * 32).id.encode()


def test_starts_when_over_many_seeds_then_uniform() -> None:
    starts = np.array([seed.start_e9("A1", MONTH) for seed in seeds(2000)])
    assert starts.min() >= 0
    assert starts.max() < PROBABILITY_UNIT
    assert stats.kstest(starts / PROBABILITY_UNIT, "uniform").pvalue > 0.001
    assert SEED.start_e9("A1", MONTH) != SEED.start_e9("A1", "2026-04")
    assert SEED.start_e9("A1", MONTH) != SEED.start_e9("A1", MONTH, stratum=1)


def test_inclusion_frequencies_over_4000_seeds_match_the_probabilities() -> None:
    frame = a_month(certain=0.0)
    count, hits, sizes = 4000, np.zeros(len(frame.ids)), []
    for seed in seeds(count):
        drawn = draw_batch(frame, fresh(frame, seed), seed)
        hits += drawn.picked
        sizes.append(int(drawn.picked.sum()))
    chances = drawn.probabilities_e9 / PROBABILITY_UNIT
    assert set(sizes) <= {math.floor(chances.sum()), math.ceil(chances.sum())}
    assert np.mean(sizes) == pytest.approx(chances.sum(), abs=4 * 0.5 / count**0.5)
    z = (hits / count - chances) / np.sqrt(chances * (1 - chances) / count)
    assert 0.93 < z.std() < 1.10
    assert abs(z.mean()) < 0.1


def test_draw_when_many_agents_then_each_has_floor_or_ceiling_of_its_expectation() -> None:
    frame = a_month(calls=4000, agents=40)
    for seed in seeds(50):
        drawn = draw_batch(frame, fresh(frame, seed, target=4.3), seed)
        chance = frame.lanes == PROBABILITY
        expected = np.bincount(frame.agents[chance], drawn.probabilities_e9[chance]) / PROBABILITY_UNIT
        got = np.bincount(frame.agents[chance], drawn.picked[chance])
        assert np.all((got == np.floor(expected)) | (got == np.ceil(expected)))


def test_draw_when_replayed_or_shuffled_then_the_same_to_the_bit() -> None:
    frame = a_month(calls=2000, agents=7)
    first = drawn_by_id(frame, draw_batch(frame, fresh(frame, SEED), SEED))
    again = draw_batch(frame, fresh(frame, SEED), SEED)
    assert drawn_by_id(frame, again) == first
    shuffled = rows(frame, np.random.default_rng(5).permutation(len(frame.ids)))
    drawn = draw_batch(shuffled, fresh(frame, SEED), SEED)
    assert drawn_by_id(shuffled, drawn) == first
    assert frame.ids[again.order].tolist() == shuffled.ids[drawn.order].tolist()


def test_draw_when_night_by_night_then_as_all_at_once() -> None:
    frame = a_month(calls=2000, agents=7)
    at_once = drawn_by_id(frame, draw_batch(frame, fresh(frame, SEED), SEED))
    assert in_daily_batches(frame, fresh(frame, SEED), SEED) == at_once


def test_draw_when_late_batch_comes_then_earlier_picks_stay_and_probabilities_keep_their_meaning() -> None:
    frame = a_month(calls=1000, agents=3)
    late = np.zeros(1000, dtype=bool)
    late[::10] = True
    on_time, rest = rows(frame, np.flatnonzero(~late)), rows(frame, np.flatnonzero(late))
    samplers = fresh(frame, SEED)
    first = draw_batch(on_time, samplers, SEED)
    before = drawn_by_id(on_time, first)
    second = draw_batch(rest, replace(samplers, cumulated_e9=first.cumulated_e9), SEED)
    assert drawn_by_id(on_time, draw_batch(on_time, samplers, SEED)) == before
    whole = draw_batch(frame, samplers, SEED)
    assert np.array_equal(whole.cumulated_e9, second.cumulated_e9)
    assert drawn_by_id(rest, second).keys().isdisjoint(before)
    chances = {key: chance for key, (_, chance) in drawn_by_id(frame, whole).items()}
    assert all(chance == chances[key] for key, (_, chance) in drawn_by_id(rest, second).items())


def test_draw_when_another_agents_calls_change_then_mine_do_not() -> None:
    frame = a_month(calls=900, agents=3)
    mine = rows(frame, np.flatnonzero(frame.agents == 1))
    samplers = fresh(frame, SEED)
    together = drawn_by_id(frame, draw_batch(frame, samplers, SEED))
    alone = drawn_by_id(mine, draw_batch(mine, samplers, SEED))
    assert all(together[key] == value for key, value in alone.items())


def test_draw_when_must_or_risk_then_taken_with_certainty_and_outside_the_line() -> None:
    frame = a_month(calls=600)
    drawn = draw_batch(frame, fresh(frame, SEED), SEED)
    certain = np.isin(frame.lanes, [MUST, RISK])
    assert drawn.picked[certain].all()
    assert (drawn.probabilities_e9[certain] == PROBABILITY_UNIT).all()
    rest = rows(frame, np.flatnonzero(~certain))
    assert np.array_equal(draw_batch(rest, fresh(frame, SEED), SEED).cumulated_e9, drawn.cumulated_e9)


def test_draw_when_call_is_short_then_it_has_its_chance() -> None:
    frame = a_month(calls=2000, certain=0.0)
    frame = replace(frame, durations_s=np.where(np.arange(2000) % 2 == 0, 5.0, frame.durations_s))
    chances = probabilities_e9(frame, fresh(frame, SEED).rates_e9)
    assert chances.min() > 0
    by_length = replace(frame, durations_s=frame.durations_s[::-1].copy())
    assert np.array_equal(probabilities_e9(by_length, fresh(frame, SEED).rates_e9), chances)


def test_order_when_serpentine_then_sample_is_closer_to_the_mix_than_chance() -> None:
    frame = a_month(calls=1200, certain=0.0)
    frame = replace(frame, sizes_e6=np.full(1200, 1_000_000))
    kinds = np.eye(4)[frame.applications]
    truth = kinds.mean(axis=0)
    random = np.random.default_rng(3)
    ours, simple = [], []
    for seed in seeds(200):
        picked = draw_batch(frame, fresh(frame, seed, target=40), seed).picked
        ours.append(np.abs(kinds[picked].mean(axis=0) - truth).mean())
        simple.append(np.abs(kinds[random.choice(1200, 40, replace=False)].mean(axis=0) - truth).mean())
    assert np.mean(ours) < 0.8 * np.mean(simple)


def test_draw_when_batch_is_empty_then_nothing_happens() -> None:
    frame = a_month(calls=50)
    empty = rows(frame, np.zeros(0, dtype=np.int64))
    drawn = draw_batch(empty, fresh(frame, SEED), SEED)
    assert (drawn.order.size, drawn.picked.size, drawn.cumulated_e9.tolist()) == (0, 0, [0])


def test_draw_when_one_call_then_picked_as_often_as_its_probability() -> None:
    frame = rows(a_month(calls=50, certain=0.0), np.array([7]))
    picked = [draw_batch(frame, fresh(frame, seed, target=0.25), seed).picked[0] for seed in seeds(2000)]
    assert np.mean(picked) == pytest.approx(0.25, abs=0.04)
    assert draw_batch(frame, fresh(frame, SEED, target=1.0), SEED).picked[0]
    assert draw_batch(frame, fresh(frame, SEED, target=500.0), SEED).picked[0]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(1, 6_000_000)), min_size=1, max_size=60),
    st.integers(1, 10**9),
    st.integers(0, 10**9 - 1),
)
@settings(max_examples=60, deadline=None)
def test_draw_when_anything_is_given_then_size_is_floor_or_ceiling(calls, rate: int, start: int) -> None:
    agents, kinds, sizes = (np.array(column) for column in zip(*calls, strict=True))
    frame = a_month(calls=len(calls), agents=4, certain=0.0)
    frame = replace(frame, agents=agents, applications=kinds, sizes_e6=sizes)
    samplers = fresh(a_month(calls=200, agents=4, certain=0.0), SEED)
    samplers = replace(samplers, rates_e9=np.full(4, rate), starts_e9=np.full(4, start))
    drawn = draw_batch(frame, samplers, SEED)
    for agent in range(4):
        mine = agents == agent
        total = int(drawn.probabilities_e9[mine].sum())
        assert drawn.picked[mine].sum() in (total // PROBABILITY_UNIT, -(-total // PROBABILITY_UNIT))
        assert drawn.cumulated_e9[agent] == total


@pytest.mark.parametrize(
    ("call", "says"),
    [
        pytest.param(lambda: Seed(b"short"), "expected 16 or more", id="seed"),
        pytest.param(lambda: rate_e9(0.0, 10), "0 calls are to be drawn", id="target 0"),
        pytest.param(lambda: rate_e9(float("nan"), 10), "nan calls are to be drawn", id="target nan"),
        pytest.param(lambda: rate_e9(5.0, 0), "forecast size of 0", id="forecast 0"),
        pytest.param(lambda: replace(a_month(3), sizes_e6=np.array([0, 1, 1])), "size 0", id="size 0"),
        pytest.param(lambda: replace(a_month(3), ids=np.array([b"a", b"a", b"b"])), "stands twice", id="same call"),
        pytest.param(lambda: replace(a_month(3), agents=np.array([0, 1, 0])), "not among agent_ids", id="agent"),
        pytest.param(lambda: replace(a_month(3), hours=np.array([1])), "differ in length", id="length"),
        pytest.param(lambda: replace(a_month(3), agent_ids=("B", "A")), "not sorted", id="agents"),
        pytest.param(
            lambda: draw_batch(a_month(3), replace(fresh(a_month(3), SEED), rates_e9=np.array([0])), SEED),
            "agent 'A000': the sampling rate is 0",
            id="rate 0",
        ),
        pytest.param(
            lambda: draw_batch(a_month(3), replace(fresh(a_month(3), SEED), rates_e9=np.array([1, 1])), SEED),
            "one sampler for each agent",
            id="samplers",
        ),
    ],
)
def test_wrong_input_then_told_what_was_expected(call, says: str) -> None:
    with pytest.raises(StatisticsError) as caught:
        call()
    assert says in str(caught.value)
