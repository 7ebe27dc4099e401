import pytest

from pipeline.types import Acoustics, ChannelLayout, ChannelSound, Outcome, Role
from tests.features.scenes import agent, customer, measures_of, value_of


def test_greeting_latency_with_answer_in_manifest_counts_from_the_answer():
    assert value_of("greeting_latency_s", agent(7.5, 9.0, "您好"), answered_at_s=6.0) == pytest.approx(1.5)


def test_greeting_latency_without_answer_counts_from_the_end_of_ringing():
    assert value_of("greeting_latency_s", agent(7.5, 9.0, "您好"), ringing_end_s=5.0) == pytest.approx(2.5)


def test_greeting_latency_when_manifest_and_ringing_differ_believes_the_manifest():
    latency = value_of("greeting_latency_s", agent(7.5, 9.0, "您好"), answered_at_s=6.5, ringing_end_s=5.0)
    assert latency == pytest.approx(1.0)


def test_greeting_latency_when_agent_speaks_before_the_answer_is_zero():
    assert value_of("greeting_latency_s", agent(1.0, 2.0, "您好"), answered_at_s=1.5) == 0.0


def test_greeting_latency_when_customer_speaks_first_still_waits_for_the_agent():
    latency = value_of("greeting_latency_s", customer(0.2, 0.8, "喂"), agent(3.0, 4.0, "您好"))
    assert latency == pytest.approx(3.0)


def test_greeting_latency_on_a_line_on_which_first_words_drown_is_not_assessable():
    lines = agent(3.0, 5.0, "您好"), customer(6.0, 8.0)

    def latency(agent_snr_db, customer_snr_db):
        sound = Acoustics(channels=(ChannelSound(0, -40.0, agent_snr_db), ChannelSound(1, -40.0, customer_snr_db)))
        return measures_of(*lines, acoustics=sound)["greeting_latency_s"]

    assert latency(10.4, 30.0).outcome is Outcome.NOT_ASSESSABLE
    assert "信噪比 10 dB" in (latency(10.4, 30.0).reason or "")
    assert latency(15.0, 10.0).value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (ChannelLayout.MONO, "单声道"),
        (ChannelLayout.DUAL_MONO, "两个声道内容相同"),
        (ChannelLayout.DEAD_CHANNEL, "坐席声道没有声音"),
    ],
    ids=str,
)
def test_agent_measures_when_roles_are_unknown_are_not_assessable_with_the_reason(layout, words):
    measures = measures_of(agent(1.0, 9.0, "您好您好您好您好您好您好"), layout=layout, agent_channel=None)
    for name in ("greeting_latency_s", "greeting_spoken", "agent_speaking_rate_cpm", "filler_count", "closing_spoken"):
        assert measures[name].outcome is Outcome.NOT_ASSESSABLE, name
        assert measures[name].value is None
        assert words in (measures[name].reason or "")


def test_agent_measures_when_the_agent_never_speaks_are_not_assessable():
    measures = measures_of(customer(1.0, 3.0, "喂有人吗"))
    assert measures["greeting_latency_s"].outcome is Outcome.NOT_ASSESSABLE
    assert "没有听到说话" in (measures["greeting_latency_s"].reason or "")


@pytest.mark.parametrize(
    ("text", "greeted"), [("您好请问有什么可以帮您", True), ("喂什么事", False), ("晚上好", True)], ids=str
)
def test_greeting_spoken_looks_for_greeting_words_in_the_first_turn(text, greeted):
    assert value_of("greeting_spoken", agent(1.0, 3.0, text), agent(8.0, 9.0, "您好")) is greeted


def test_greeting_spoken_when_first_turn_was_not_recognised_is_not_assessable():
    assert measures_of(agent(1.0, 3.0, ""))["greeting_spoken"].outcome is Outcome.NOT_ASSESSABLE


def test_closing_spoken_in_the_last_turn_but_one_counts():
    lines = (agent(1.0, 3.0, "您好"), agent(9.0, 12.0, "感谢您的来电再见"), agent(15.0, 16.0, "嗯"))
    assert value_of("closing_spoken", *lines) is True


def test_closing_spoken_when_only_the_customer_says_goodbye_is_false():
    assert value_of("closing_spoken", agent(1.0, 3.0, "您好"), customer(9.0, 10.0, "再见")) is False


def test_hang_up_by_without_metadata_is_not_assessable():
    measure = measures_of(agent(1.0, 3.0))["hang_up_by"]
    assert measure.outcome is Outcome.NOT_ASSESSABLE
    assert "hung_up_by" in (measure.reason or "")


def test_hang_up_by_with_metadata_points_at_the_end_of_the_call():
    measure = measures_of(agent(1.0, 3.0), hung_up_by=Role.AGENT)["hang_up_by"]
    assert measure.value == "agent"
    assert measure.evidence[0].end_s == 30.0


def test_call_duration_leaves_the_ringing_out():
    assert value_of("call_duration_s", agent(7.0, 8.0), answered_at_s=6.0) == pytest.approx(24.0)
