import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.features.dialogue import intersection, merged, shared_s
from pipeline.types import Acoustics, ChannelLayout, ChannelSound, Outcome, Span
from tests.features.scenes import agent, customer, measures_of, value_of


def test_longest_silence_is_the_longest_stretch_without_a_turn():
    lines = (agent(1.0, 3.0), customer(4.5, 6.0), agent(16.0, 29.5))
    measures = measures_of(*lines)
    assert measures["longest_silence_s"].value == pytest.approx(10.0)
    longest = measures["longest_silence_s"].evidence[0]
    assert (longest.start_s, longest.end_s) == (6, 16)
    assert measures["silence_count"].value == 3
    assert measures["silence_total_s"].value == pytest.approx(1.0 + 1.5 + 10.0)
    assert measures["silence_ratio"].value == pytest.approx(12.5 / 30)


def test_silence_before_the_answer_does_not_count():
    assert value_of("longest_silence_s", agent(9.5, 20.0), answered_at_s=8.0, duration_s=20.0) == pytest.approx(1.5)


def test_pause_inside_a_turn_is_no_silence():
    line = agent(0.0, 30.0, pieces=((0.0, 10.0), (12.0, 30.0)))
    assert value_of("longest_silence_s", line) == 0.0


def test_silences_need_no_roles():
    measures = measures_of(agent(0.0, 5.0), agent(20.0, 30.0), layout=ChannelLayout.MONO, agent_channel=None)
    assert measures["longest_silence_s"].value == pytest.approx(15.0)


def test_silences_with_a_dead_channel_are_not_assessable():
    measures = measures_of(agent(0.0, 5.0), layout=ChannelLayout.DEAD_CHANNEL)
    assert measures["longest_silence_s"].outcome is Outcome.NOT_ASSESSABLE


def test_longest_response_is_from_the_customers_end_to_the_agents_start():
    lines = (agent(0.0, 2.0), customer(3.0, 5.0), agent(6.0, 8.0), customer(9.0, 10.0), agent(16.5, 18.0))
    assert value_of("agent_longest_response_s", *lines) == pytest.approx(6.5)


def test_longest_response_leaves_the_greeting_out():
    lines = (customer(0.0, 1.0, "喂"), agent(9.0, 10.0), customer(11.0, 12.0), agent(13.0, 14.0))
    assert value_of("agent_longest_response_s", *lines) == pytest.approx(1.0)


def test_longest_response_when_the_agent_goes_on_after_a_pause_of_its_own_is_no_response():
    lines = (agent(0.0, 1.0), customer(2.0, 3.0), agent(4.0, 5.0), agent(15.0, 16.0))
    assert value_of("agent_longest_response_s", *lines) == pytest.approx(1.0)


def test_longest_response_without_any_answer_is_not_assessable():
    measure = measures_of(agent(0.0, 2.0), customer(3.0, 5.0))["agent_longest_response_s"]
    assert measure.outcome is Outcome.NOT_ASSESSABLE


def test_agent_starting_inside_the_customers_turn_is_an_interruption():
    measures = measures_of(customer(5.0, 10.0), agent(8.0, 12.0, "您先听我说"))
    assert measures["interruption_count"].value == 1
    evidence = measures["interruption_count"].evidence[0]
    assert (evidence.start_s, evidence.end_s) == (8.0, 10.0)
    assert measures["overlap_s"].value == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (agent(9.7, 12.0, "您先听我说"), "talk-over too short"),
        (agent(5.2, 9.0, "您先听我说"), "the customer had hardly begun"),
        (agent(7.0, 7.6, "嗯"), "back-channel"),
        (agent(7.0, 7.9, "好的好的"), "back-channel of several words"),
        (agent(4.0, 9.0, "您先听我说"), "the agent spoke first"),
        (agent(10.1, 12.0, "您先听我说"), "after the customer"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_no_interruption(line, why):
    assert value_of("interruption_count", customer(5.0, 10.0), line) == 0, why


def test_long_acknowledgement_takes_the_floor():
    assert value_of("interruption_count", customer(5.0, 10.0), agent(7.0, 9.0, "好的好的好的好的")) == 1


def test_talk_over_in_the_customers_pause_alone_is_no_interruption():
    pausing = customer(5.0, 10.0, pieces=((5.0, 7.0), (7.9, 10.0)))
    assert value_of("interruption_count", pausing, agent(7.05, 7.85, "您先听我说")) == 0


def test_agent_talk_ratio_compares_turn_times():
    assert value_of("agent_talk_ratio", agent(0.0, 6.0), customer(7.0, 9.0)) == pytest.approx(0.75)


def test_turn_taking_with_one_party_silent_is_not_assessable():
    measures = measures_of(agent(0.0, 6.0))
    for name in ("interruption_count", "overlap_s", "agent_longest_response_s", "agent_talk_ratio"):
        assert measures[name].outcome is Outcome.NOT_ASSESSABLE, name
    assert measures["agent_turn_count"].value == 1


@pytest.mark.parametrize(
    ("customer_snr_db", "assessable"), [(6.0, False), (10.0, True), (None, True)], ids=["6 dB", "10 dB", "not measured"]
)
def test_turn_taking_on_a_line_noisier_than_was_verified_is_not_assessable(customer_snr_db, assessable):
    sound = Acoustics(channels=(ChannelSound(0, -60.0, 30.0), ChannelSound(1, -40.0, customer_snr_db)))
    measures = measures_of(agent(0.0, 2.0), customer(3.0, 8.0), agent(12.0, 14.0), acoustics=sound)
    for name in ("longest_silence_s", "interruption_count", "agent_longest_response_s", "hold_count"):
        assert (measures[name].outcome is Outcome.MEASURED) is assessable, name
        assert assessable or "6 dB" in (measures[name].reason or "")


spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 10)).map(lambda pair: Span(pair[0], pair[0] + pair[1])), max_size=8
)


@given(spans, spans)
def test_shared_time_agrees_with_counting_seconds(first, second):
    def seconds(these):
        return {second for span in these for second in range(int(span.start_s), int(span.end_s))}

    assert shared_s(first, second) == len(seconds(first) & seconds(second))
    assert sum(span.duration_s for span in merged(first)) == len(seconds(first))
    assert intersection(first, second) == intersection(second, first)
