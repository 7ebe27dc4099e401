"""Who is on which channel, by what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.audio.roles import name_voices, verify_roles
from pipeline.features.measure import measure_call
from pipeline.rules import judge, load_rulebook
from pipeline.types import (
    Call,
    CallMetadata,
    ChannelLayout,
    ChannelSpan,
    Outcome,
    Recording,
    Role,
    Span,
    Transcript,
    Turn,
    Utterance,
)

AGENT_SAYS = ("您好，很高兴为您服务，工号一零二四。", "好的，我帮您查一下，请您稍等。", "感谢您的来电，祝您生活愉快。")
CUSTOMER_SAYS = ("我想查一下这个月的话费。", "你们怎么多扣了我十块钱？", "好吧，再见。")


def call(first: tuple[str, ...], second: tuple[str, ...], agent_channel: int | None = 0, **more) -> Call:
    """Channel 0 says the first lines, channel 1 the second, by turns of two seconds."""
    roles = [Role.UNKNOWN, Role.UNKNOWN]
    if agent_channel is not None:
        roles[agent_channel], roles[1 - agent_channel] = Role.AGENT, Role.CUSTOMER
    turns, utterances, at_s = [], [], 1.0
    for pair in zip(first, second, strict=True):
        for channel, text in enumerate(pair):
            if text:
                turns.append(Turn(roles[channel], channel, at_s, at_s + 2, (Span(at_s, at_s + 2),), -20.0))
                utterances.append(Utterance(roles[channel], channel, at_s, at_s + 2, text, 0.9))
            at_s += 2.5
    metadata = CallMetadata(call_id="c", agent_channel=more.pop("manifest", None))
    layout = more.pop("layout", ChannelLayout.STEREO)
    recording = Recording("c", "0" * 64, at_s, 8000, 2, layout, agent_channel, metadata)
    return Call(recording, tuple(turns), Transcript("t", "t", "0" * 64, "zh", {}, tuple(utterances), at_s, at_s / 2))


def test_script_on_the_agents_channel_confirms_it() -> None:
    for channel, lines in enumerate(((AGENT_SAYS, CUSTOMER_SAYS), (CUSTOMER_SAYS, AGENT_SAYS))):
        heard = verify_roles(call(*lines, agent_channel=channel, manifest=channel))
        assert heard.recording.agent_channel == channel
        assert heard.recording.agent_channel_confidence > 0.95
        assert heard.recording.problems == ()


@pytest.mark.parametrize(("manifest", "source"), [(0, "清单"), (None, "默认设置")])
def test_script_on_the_other_channel_is_reported_and_nobody_is_judged(manifest, source) -> None:
    heard = verify_roles(call(CUSTOMER_SAYS, AGENT_SAYS, manifest=manifest))
    assert heard.recording.agent_channel is None
    assert heard.recording.agent_channel_confidence < 0.05
    (problem,) = heard.recording.problems
    assert (problem.code, source in problem.message) == ("swapped_channels", True)
    assert problem.confidence > 0.95
    assert {turn.role for turn in heard.turns} == {Role.UNKNOWN}
    assert {one.role for one in heard.transcript.utterances} == {Role.UNKNOWN}
    measures = measure_call(heard)
    assert measures["greeting_latency_s"].outcome is Outcome.NOT_ASSESSABLE
    assert "接反" in measures["greeting_latency_s"].reason
    judged = judge(heard, measures, load_rulebook("mobile_service"))
    assert not [one for one in judged.findings if one.role is Role.AGENT]
    assert judged.route.must_review
    assert any("接反" in reason for reason in judged.route.reasons)


def test_short_call_with_an_opening_formula_and_a_leave_taking_is_enough_to_contradict() -> None:
    agent = ("您好，请问您有什么需要", "可以在手机上办理", "那就不打扰您了，再见")
    heard = verify_roles(call(("这个月的账单我看不懂", "明白了", "再见"), agent, manifest=0))
    assert [problem.code for problem in heard.recording.problems] == ["swapped_channels"]
    assert heard.recording.agent_channel is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("嗯。", "对。", "好。"), ("喂。", "嗯。", "再见。"), id="no script at all"),
        pytest.param(
            ("喂。", "嗯。", "好。"), ("请稍等，我找一下工号。", "好。", "再见。"), id="one phrase of the other"
        ),
        pytest.param(AGENT_SAYS, AGENT_SAYS, id="script on both"),
    ],
)
def test_words_that_tell_little_change_nothing(first, second) -> None:
    heard = verify_roles(call(first, second, manifest=0))
    assert heard.recording.agent_channel == 0
    assert heard.recording.problems == ()
    assert {turn.role for turn in heard.turns} == {Role.AGENT, Role.CUSTOMER}


@pytest.mark.parametrize("layout", [ChannelLayout.MONO, ChannelLayout.DUAL_MONO, ChannelLayout.DEAD_CHANNEL])
def test_other_layouts_have_nothing_to_verify(layout) -> None:
    agent = 0 if layout is ChannelLayout.DEAD_CHANNEL else None
    heard = verify_roles(call(CUSTOMER_SAYS, AGENT_SAYS, agent_channel=agent, layout=layout))
    assert heard.recording.problems == ()
    assert heard.recording.agent_channel == agent


def test_announcements_are_nobodys_words_and_no_greeting() -> None:
    notice = "为了提升服务质量，您的来电将被录音。"
    heard = verify_roles(call((notice, *AGENT_SAYS), ("", *CUSTOMER_SAYS), manifest=0))
    assert heard.acoustics.announcements == (ChannelSpan(0, 1.0, 3.0),)
    assert [turn.role for turn in heard.turns][:2] == [Role.UNKNOWN, Role.AGENT]
    assert measure_call(heard)["greeting_spoken"].value is True


def test_agent_who_says_that_the_call_is_recorded_while_greeting_is_no_machine() -> None:
    greeting = "您好，工号一零二四为您服务，本次通话将被录音。"
    heard = verify_roles(call((greeting, *AGENT_SAYS[1:]), CUSTOMER_SAYS, manifest=0))
    assert heard.acoustics.announcements == ()
    assert heard.turns[0].role is Role.AGENT


def test_roles_are_verified_the_same_again() -> None:
    once = verify_roles(call(AGENT_SAYS, CUSTOMER_SAYS, manifest=0))
    assert verify_roles(replace(once, acoustics=once.acoustics)) == once


def voices(first: tuple[str, ...], second: tuple[str, ...]) -> Call:
    return call(first, second, agent_channel=None, layout=ChannelLayout.MONO)


@pytest.mark.parametrize(
    ("lines", "swaps"), [((AGENT_SAYS, CUSTOMER_SAYS), False), ((CUSTOMER_SAYS, AGENT_SAYS), True)]
)
def test_voice_that_says_the_script_is_the_agent_on_channel_0(lines, swaps) -> None:
    heard = voices(*lines)
    named = name_voices(heard.turns, heard.transcript)
    assert named.agent_channel == 0
    assert named.confidence > 0.9
    said = {one.channel: "".join(u.text for u in named.transcript.utterances if u.channel == one.channel)
            for one in named.turns}  # fmt: skip
    assert (said[0], said[1]) == ("".join(AGENT_SAYS), "".join(CUSTOMER_SAYS))
    assert {(turn.channel, turn.role) for turn in named.turns} == {(0, Role.AGENT), (1, Role.CUSTOMER)}
    assert (named.turns[0].channel == 1) == swaps


@pytest.mark.parametrize(
    "lines",
    [
        (("你好。", "是的。", "再见。"), ("喂。", "知道了。", "好。")),
        ((AGENT_SAYS[0], CUSTOMER_SAYS[0], AGENT_SAYS[2]), (CUSTOMER_SAYS[1], AGENT_SAYS[1], CUSTOMER_SAYS[2])),
    ],
    ids=["no script", "mixed up"],
)
def test_voices_without_a_clear_script_stay_unknown(lines) -> None:
    heard = voices(*lines)
    named = name_voices(heard.turns, heard.transcript)
    assert named.agent_channel is None
    assert named.confidence < 0.9
    assert {turn.role for turn in named.turns} == {Role.UNKNOWN}
