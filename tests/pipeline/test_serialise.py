import json
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from pipeline.features.dialogue import time_in_utterance
from pipeline.features.measure import measure_call
from pipeline.serialise import (
    call_from_document,
    call_to_document,
    measures_from_document,
    measures_to_document,
)
from pipeline.types import (
    Acoustics,
    ChannelLayout,
    ChannelSound,
    ChannelSpan,
    Problem,
    Rejected,
    Role,
    Span,
    VoiceEvent,
    VoicePitch,
)
from tests.features.scenes import agent, customer, scene

times = st.integers(0, 90_000).map(lambda milliseconds: milliseconds / 1000)


@given(
    st.lists(st.tuples(times, times, st.text(max_size=12), st.booleans()), max_size=6),
    st.sampled_from(ChannelLayout),
    st.none() | times,
)
def test_call_document_read_back_gives_the_same_call(lines, layout, answered_at_s):
    call = scene(
        *(
            (agent if is_agent else customer)(start, start + length + 0.001, text)
            for start, length, text, is_agent in lines
        ),
        layout=layout,
        answered_at_s=answered_at_s,
        hung_up_by=Role.AGENT,
        started_at=datetime.fromisoformat("2026-03-02T08:31:10+08:00"),
        extra={"等级": "五星"},
    )
    document = json.loads(json.dumps(call_to_document(call)))
    again = call_from_document(document)
    assert call_to_document(again) == document
    assert [turn.role for turn in again.turns] == [turn.role for turn in call.turns]
    assert again.recording.metadata == call.recording.metadata


def test_measures_document_read_back_gives_the_same_measures():
    measures = measure_call(scene(agent(1.0, 9.0, "您好请问有什么可以帮您"), customer(10.0, 12.0)))
    document = json.loads(json.dumps(measures_to_document(measures)))
    again = measures_from_document(document)
    assert list(again) == list(measures)
    assert measures_to_document(again) == document


def test_measures_of_a_stored_call_are_those_of_the_call_itself():
    call = scene(
        agent(1.0, 9.0, "您好请问有什么可以帮您"),
        customer(8.0, 12.0),
        agent(13.0, 16.0, "嗯好的再见", pieces=((13.0, 14.0), (14.5, 16.0))),
        answered_at_s=0.5,
    )
    stored = call_from_document(json.loads(json.dumps(call_to_document(call))))
    assert measures_to_document(measure_call(stored)) == measures_to_document(measure_call(call))


def test_call_document_keeps_what_was_rejected_and_what_was_heard_in_the_voice():
    call = scene(agent(1.0, 9.0, "您好"))
    call = replace(
        call,
        transcript=replace(
            call.transcript, rejected=(Rejected(Role.AGENT, 0, 10.0, 12.5, "谢谢观看", "credit_line", 0.97),)
        ),
        acoustics=Acoustics(probable_fillers=(VoiceEvent(Role.AGENT, 0, 3.0, 3.4),)),
    )
    assert call_from_document(json.loads(json.dumps(call_to_document(call)))) == call


def test_call_document_of_an_older_version_says_that_nobody_listened_for_fillers():
    document = call_to_document(scene(agent(1.0, 9.0, "您好")))
    del document["acoustics"], document["transcript"]["rejected"]
    del document["recording"]["layout_confidence"], document["recording"]["agent_channel_confidence"]
    call = call_from_document(document)
    assert call.transcript.rejected == ()
    assert call.acoustics.probable_fillers is None
    assert call.acoustics.music is None
    assert (call.recording.layout_confidence, call.recording.agent_channel_confidence) == (None, None)


def test_call_document_keeps_what_was_observed_of_the_sound():
    pitch = VoicePitch(151.5, 130.25, 180.0, 9.1, (Span(1.0, 4.0), Span(9.0, 12.0)))
    acoustics = Acoustics(
        channels=(
            ChannelSound(0, -50.5, 28.25, 0.000125, 15.0, (Span(2.0, 2.125),), pitch),
            ChannelSound(1, None, None, None),
        ),
        music=(ChannelSpan(0, 12.0, 25.5),),
        announcements=(),
        leaks=(ChannelSpan(1, 1.5, 2.0),),
    )
    call = scene(agent(1.0, 3.0), customer(4.0, 6.0), acoustics=acoustics)
    found = Problem("cross_talk", "串音", 0.97)
    recording = replace(call.recording, problems=(found,), layout_confidence=0.99, agent_channel_confidence=0.8)
    call = replace(call, recording=recording)
    document = json.loads(json.dumps(call_to_document(call)))
    assert call_from_document(document) == call


def test_measures_document_keeps_the_inputs_of_the_formulas():
    measures = measure_call(scene(agent(1.0, 9.0, "您好请问有什么可以帮您查询")))
    read = measures_from_document(json.loads(json.dumps(measures_to_document(measures))))
    assert read["agent_speaking_rate_cpm"].inputs == {"characters": 13, "turn_s": 8.0}


def test_call_document_keeps_the_times_of_characters_where_the_engine_gives_them():
    call = scene(agent(1.0, 3.0, "您好"), customer(4.0, 5.0, "喂"))
    first, second = call.transcript.utterances
    timed = replace(first, characters=(Span(1.0, 1.5), Span(2.4, 3.0)))
    call = replace(call, transcript=replace(call.transcript, utterances=(timed, second)))
    document = json.loads(json.dumps(call_to_document(call)))
    assert call_from_document(document) == call
    assert "characters" not in document["transcript"]["utterances"][1]


def test_time_of_words_is_the_engines_where_it_knows_it():
    (said,) = scene(agent(1.0, 3.0, "您好")).transcript.utterances
    assert time_in_utterance(said, 1, 2) == Span(2.0, 3.0)
    timed = replace(said, characters=(Span(1.0, 1.5), Span(2.4, 3.0)))
    assert time_in_utterance(timed, 1, 2) == Span(2.4, 3.0)
    assert time_in_utterance(timed, 0, 2) == Span(1.0, 3.0)
