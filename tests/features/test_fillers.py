from dataclasses import replace

import pytest

from pipeline.features.measure import measure_call
from pipeline.types import Acoustics, Call, Outcome, Role, Span, VoiceEvent
from tests.features.scenes import agent, customer, measures_of, scene, value_of


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("嗯您好呃请问", 2),
        ("好的，我帮您查询", 0),
        ("是啊", 0),
        ("啊您的套餐", 1),
        ("这个啊资费是这样的", 1),
        ("就是说您的套餐就是说", 2),
        ("那个套餐很好", 0),
        ("哦，好的", 1),
        ("嗯嗯", 2),
        ("好的哦", 0),
        ("嗯啊", 2),
    ],
    ids=str,
)
def test_filler_count_over_written_fillers(text, count):
    assert value_of("filler_count", agent(0.0, 5.0, text)) == count


def test_filler_count_is_the_agents_alone():
    assert value_of("filler_count", agent(0.0, 2.0, "您好"), customer(3.0, 5.0, "嗯呃嗯")) == 0


def test_fillers_per_100_chars_relates_to_what_the_agent_said():
    assert value_of("fillers_per_100_chars", agent(0.0, 9.0, "嗯" + "好" * 49)) == pytest.approx(2.0)


def test_filler_evidence_points_at_the_place_in_the_utterance():
    evidence = measures_of(agent(10.0, 20.0, "您好请问嗯您要办理什"))["filler_count"].evidence
    assert [item.text for item in evidence] == ["嗯"]
    assert evidence[0].start_s == pytest.approx(14.0)
    assert evidence[0].end_s == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("那个，我帮您查一下", 1, id="sentence-initial before a pause"),
        pytest.param("我看一下这个……您稍等", 1, id="before a pause"),
        pytest.param("然后，您的套餐是", 1, id="connective before a pause"),
        pytest.param("那个那个套餐", 1, id="said again at once"),
        pytest.param("这个、这个、这个套餐", 1, id="said again after a mark"),
        pytest.param("嗯那个，您好", 2, id="after another filler"),
        pytest.param("那个套餐很好", 0, id="determiner"),
        pytest.param("这个月的话费，那个号码", 0, id="determiners"),
        pytest.param("然后您再拨打一次", 0, id="connective"),
        pytest.param("我要那个，谢谢", 0, id="an object before a pause"),
        pytest.param("您说的这个，我来查", 0, id="an object after 的"),
        pytest.param("就是这个。", 0, id="end of a sentence"),
        pytest.param("您要哪个？这个", 0, id="an answer"),
    ],
)
def test_filler_words_count_by_their_use_alone(text, count):
    assert value_of("filler_count", agent(0.0, 5.0, text)) == count


def timed(text: str, *durations_s: float, gap_after: int | None = None, gap_s: float = 0.0) -> Call:
    """One agent's turn whose characters last so long; all of them 0.2 s unless given."""
    lengths = durations_s or (0.2,) * len(text)
    at, spans = 1.0, []
    for place, length in enumerate(lengths):
        spans.append(Span(at, at + length))
        at += length + (gap_s if place == gap_after else 0.0)
    call = scene(agent(1.0, at, text))
    (said,) = call.transcript.utterances
    return replace(call, transcript=replace(call.transcript, utterances=(replace(said, characters=tuple(spans)),)))


def test_filler_word_before_a_pause_by_the_clock_counts_without_a_mark():
    assert measure_call(timed("那个您的套餐", gap_after=1, gap_s=0.3))["filler_count"].value == 1
    assert measure_call(timed("那个您的套餐", gap_after=1, gap_s=0.1))["filler_count"].value == 0


def test_filler_word_that_is_lengthened_counts():
    evidence = measure_call(timed("那个套餐", 0.2, 0.6, 0.2, 0.2))["filler_count"].evidence
    assert [(item.text, item.start_s, item.end_s) for item in evidence] == [("那个", 1.0, pytest.approx(1.8))]
    assert measure_call(timed("那个套餐", 0.2, 0.4, 0.2, 0.2))["filler_count"].value == 0


def heard(*events: VoiceEvent) -> Call:
    call = timed("您的套餐")
    return replace(call, acoustics=Acoustics(probable_fillers=events))


def test_probable_fillers_are_counted_apart_with_their_time():
    measures = measure_call(heard(VoiceEvent(Role.AGENT, 0, 1.5, 1.9), VoiceEvent(Role.CUSTOMER, 1, 3.0, 3.4)))
    probable = measures["probable_filler_count"]
    assert probable.value == 1
    assert [(item.start_s, item.end_s) for item in probable.evidence] == [(1.5, 1.9)]
    assert measures["filler_count"].value == 0


def test_probable_fillers_of_a_call_that_nobody_listened_to_are_not_assessable():
    measure = measure_call(timed("您的套餐"))["probable_filler_count"]
    assert (measure.outcome, measure.value) == (Outcome.NOT_ASSESSABLE, None)


def test_probable_fillers_without_times_of_characters_are_not_assessable():
    call = replace(scene(agent(1.0, 3.0, "您的套餐")), acoustics=Acoustics(probable_fillers=()))
    measure = measure_call(call)["probable_filler_count"]
    assert measure.outcome is Outcome.NOT_ASSESSABLE
    assert "每个字的时间" in (measure.reason or "")
