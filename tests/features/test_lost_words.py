from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.features.measure import measure_call
from pipeline.types import Call, Measure, Outcome, Rejected, Role
from tests.features.scenes import agent, customer, scene


def heard(*lost_lines: int) -> Call:
    """A call whose text of these lines was refused by the guards."""
    call = scene(
        agent(1.0, 4.0, "您好请问有什么可以帮您"),
        customer(5.0, 7.0, "我想查话费"),
        agent(8.0, 12.0, "您的话费是五十元整嗯"),
        agent(20.0, 24.0, "感谢您的来电祝您生活愉快再见"),
    )
    utterances = call.transcript.utterances
    refused = tuple(
        Rejected(one.role, one.channel, one.start_s, one.end_s, "谢谢观看", "credit_line", 0.9)
        for at, one in enumerate(utterances)
        if at in lost_lines
    )
    kept = tuple(one for at, one in enumerate(utterances) if at not in lost_lines)
    return replace(call, transcript=replace(call.transcript, utterances=kept, rejected=refused))


def outcome(measures: dict[str, Measure], name: str) -> object:
    measure = measures[name]
    return measure.value if measure.outcome is Outcome.MEASURED else "not assessable"


def test_greeting_in_lost_words_is_not_assessable_instead_of_missing() -> None:
    assert outcome(measure_call(heard(0)), "greeting_spoken") == "not assessable"
    assert outcome(measure_call(heard(2)), "greeting_spoken") is True


def test_closing_in_lost_words_is_not_assessable_unless_heard_in_the_other_turn() -> None:
    assert outcome(measure_call(heard(3)), "closing_spoken") == "not assessable"
    assert outcome(measure_call(heard(2)), "closing_spoken") is True


def test_counts_of_words_and_fillers_with_lost_words_are_not_assessable() -> None:
    measures = measure_call(heard(2))
    for name in ("agent_character_count", "filler_count", "fillers_per_100_chars"):
        assert outcome(measures, name) == "not assessable"
        assert "0:08 到 0:12" in (measures[name].reason or "")
    assert outcome(measures, "customer_character_count") == 5


def test_lost_words_of_the_customer_leave_the_agents_measures_alone() -> None:
    measures = measure_call(heard(1))
    assert outcome(measures, "filler_count") == 1
    assert outcome(measures, "customer_character_count") == "not assessable"


def test_speaking_rate_leaves_out_a_turn_whose_words_are_lost_in_part() -> None:
    call = heard()
    part = Rejected(Role.AGENT, 0, 10.0, 12.0, "好" * 40, "repetition")
    first, second, third, last = call.transcript.utterances
    kept = (first, second, replace(third, end_s=10.0), last)
    partly = replace(call, transcript=replace(call.transcript, utterances=kept, rejected=(part,)))
    rate = measure_call(partly)["agent_speaking_rate_cpm"]
    assert rate.value == pytest.approx((11 + 14) * 60 / (3.0 + 4.0))


def test_reason_names_the_whole_stretch_of_a_turn_that_is_lost_in_pieces() -> None:
    call = scene(agent(10.2, 17.1, "好的", pieces=((10.2, 10.9), (11.5, 13.0), (14.0, 17.1))))
    (said,) = call.transcript.utterances
    refused = Rejected(said.role, said.channel, said.start_s, said.end_s, "谢谢观看", "credit_line")
    call = replace(call, transcript=replace(call.transcript, utterances=(), rejected=(refused,)))
    assert "0:10 到 0:18 有人说话" in (measure_call(call)["filler_count"].reason or "")
