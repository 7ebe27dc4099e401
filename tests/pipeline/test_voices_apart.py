"""A mono recording with its two voices told apart, from sound to measures."""

from __future__ import annotations

import pytest

from benchmarks.voices import RATE, ErringSeparator, PieceEngine, hear_voices, mono_call
from pipeline.assess import hear
from pipeline.audio.vad import make_detector
from pipeline.features.measure import measure_call
from pipeline.rules import judge, load_rulebook
from pipeline.serialise import call_from_document, call_to_document
from pipeline.types import CallMetadata, ChannelLayout, Outcome, Role

NUMBER = 38


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    return mono_call(NUMBER, tmp_path_factory.mktemp("mono"))


@pytest.fixture(scope="module")
def detector():
    return make_detector("silero")


def test_voices_told_apart_make_the_agent_assessable(spoken, detector) -> None:
    path, truth, true = spoken
    call = hear_voices(path, truth, 0.0, NUMBER, detector)
    recording = call.recording
    assert (recording.channel_layout, recording.channels, recording.agent_channel) == (ChannelLayout.MONO, 1, 0)
    assert recording.agent_channel_confidence > 0.9
    assert recording.voices_told_apart_by == "truth 1"
    measures = measure_call(call)
    assert measures[RATE].value == pytest.approx(true[RATE], rel=0.05)
    assert measures["greeting_latency_s"].value == pytest.approx(true["greeting_latency_s"], abs=0.1)
    # Both voices share a line: who speaks into whose words stays unknown.
    for name in ("interruption_count", "overlap_s", "agent_backchannel_count"):
        assert measures[name].outcome is Outcome.NOT_ASSESSABLE
        assert "同一个声道" in measures[name].reason
    judged = judge(call, measures, load_rulebook("mobile_service"))
    unjudged = {one.rule for one in judged.not_assessable}
    assert "INT.01" in unjudged
    assert not {"GREET.01", "RATE.01"} & unjudged
    assert call_from_document(call_to_document(call)).recording.voices_told_apart_by == "truth 1"


def test_voices_mixed_up_leave_the_agent_unknown(spoken, detector) -> None:
    path, truth, _ = spoken
    call = hear_voices(path, truth, 0.5, NUMBER, detector)
    assert call.recording.agent_channel is None
    assert {turn.role for turn in call.turns} == {Role.UNKNOWN}
    measure = measure_call(call)[RATE]
    assert measure.outcome is Outcome.NOT_ASSESSABLE
    assert "看不出谁是坐席" in measure.reason


def test_without_a_separator_nobody_is_named(spoken, detector) -> None:
    path, truth, _ = spoken
    call = hear(path, CallMetadata(call_id="c"), PieceEngine(ErringSeparator(truth, 0.0, 0)), detector)
    assert call.recording.agent_channel is None
    assert call.recording.voices_told_apart_by is None
    assert {turn.channel for turn in call.turns} == {0}
