import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import Outcome
from tests.features.scenes import agent, customer, measures_of, value_of

TWENTY = "您好请问有什么可以帮您查询的业务请您说吧"


def test_speaking_rate_counts_pauses_inside_turns_and_articulation_rate_does_not():
    line = agent(0.0, 10.0, TWENTY, pieces=((0.0, 4.0), (4.5, 8.0), (9.5, 10.0)))
    assert value_of("agent_speaking_rate_cpm", line) == pytest.approx(120.0)
    assert value_of("agent_articulation_rate_cpm", line) == pytest.approx(20 / 8.0 * 60)


def test_speaking_rate_leaves_pauses_between_turns_out():
    lines = (agent(0.0, 5.0, TWENTY), customer(6.0, 9.0), agent(20.0, 25.0, TWENTY))
    assert value_of("agent_speaking_rate_cpm", *lines) == pytest.approx(240.0)


def test_speaking_rate_leaves_turns_without_words_out():
    lines = (agent(0.0, 5.0, TWENTY), agent(10.0, 14.0, ""))
    assert value_of("agent_speaking_rate_cpm", *lines) == pytest.approx(240.0)


def test_speaking_rate_counts_no_punctuation():
    with_marks, without = agent(0.0, 6.0, "您好，请问有什么，可以帮您？"), agent(0.0, 6.0, "您好请问有什么可以帮您")
    assert value_of("agent_speaking_rate_cpm", with_marks) == value_of("agent_speaking_rate_cpm", without)


def test_speaking_rate_of_a_few_words_is_not_assessable():
    measure = measures_of(agent(0.0, 1.0, "您好"))["agent_speaking_rate_cpm"]
    assert measure.outcome is Outcome.NOT_ASSESSABLE
    assert "说话太少" in (measure.reason or "")


def test_customer_rate_is_the_customers_own():
    lines = (agent(0.0, 10.0, TWENTY), customer(11.0, 16.0, TWENTY))
    assert value_of("customer_speaking_rate_cpm", *lines) == pytest.approx(240.0)


def test_character_counts_tell_the_parties_apart():
    measures = measures_of(agent(0.0, 4.0, "您好，VIP 客户"), customer(5.0, 6.0, "一二三"))
    assert measures["agent_character_count"].value == 5
    assert measures["customer_character_count"].value == 3


@given(st.floats(0.5, 3.0), st.integers(1, 5))
def test_speaking_rate_with_everything_slower_falls_in_proportion(slower, turns):
    def call(scale: float):
        return [agent(i * 20 * scale, (i * 20 + 5) * scale, TWENTY) for i in range(turns)]

    base = value_of("agent_speaking_rate_cpm", *call(1.0), duration_s=400.0)
    if 5 * turns * slower >= 3.0:
        assert value_of("agent_speaking_rate_cpm", *call(slower), duration_s=400.0) == pytest.approx(base / slower)
