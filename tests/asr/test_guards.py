from __future__ import annotations

import time

import pytest

from pipeline.asr.guards import (
    CREDIT_LINE,
    HOT_WORD,
    OUTSIDE_SPEECH,
    REJECTION_REASONS,
    REPETITION,
    TOO_FAST,
    GuardSettings,
    goes_in_circles,
    guard,
    reason_to_reject,
    speech_share,
)
from pipeline.types import Role, Span, Transcript, Turn, Utterance

SPEECH = (Span(0.0, 4.0), Span(5.0, 9.0))
ROOM = Span(0.0, 9.0)


def test_segment_with_less_than_30_percent_of_speech_is_refused() -> None:
    said = "您好请问"
    assert reason_to_reject(said, Span(8.72, 9.72), SPEECH) == OUTSIDE_SPEECH  # 28 %
    assert reason_to_reject(said, Span(8.68, 9.68), SPEECH) is None  # 32 %


def test_segment_of_a_moment_counts_by_where_it_lies() -> None:
    assert speech_share(Span(4.5, 4.5), SPEECH) == 0
    assert speech_share(Span(9.0, 9.0), SPEECH) == 0  # moved to the edge of speech: it lay outside
    assert speech_share(Span(5.5, 5.5), SPEECH) == 1


@pytest.mark.parametrize(("characters", "reason"), [(24, None), (26, TOO_FAST)], ids=["12 a second", "13 a second"])
def test_segment_of_more_than_12_characters_a_second_is_refused(characters: int, reason: str | None) -> None:
    text = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余"[:characters]
    assert reason_to_reject(text, Span(1.0, 3.0), SPEECH) == reason


def test_short_word_is_not_too_fast_when_its_edges_are_a_little_off() -> None:
    assert reason_to_reject("好的", Span(1.0, 1.12), SPEECH) is None


@pytest.mark.parametrize(
    "text",
    [
        "谢谢" * 10,
        "我知道了，" * 8,
        "您好，请问有什么可以帮您？" * 3,
        "好" * 30,
        "我想查话费我要查话费我想查流量我要查流量" * 3,
    ],
    ids=["two characters", "with marks", "a sentence", "one character", "circles that vary"],
)
def test_text_in_circles_is_refused(text: str) -> None:
    assert reason_to_reject(text, Span(0.0, 30.0), (Span(0.0, 30.0),)) == REPETITION


@pytest.mark.parametrize(
    "text",
    [
        "对对对对对",
        "好好好，好的好的好的",
        "喂喂喂，喂，听得到吗",
        "没有没有没有没有",
        "号码是一三八八八八八八八八八",
        "您稍等您稍等您稍等",
        "可以可以，这个可以，那个也可以，都可以的",
    ],
)
def test_what_people_do_repeat_is_kept(text: str) -> None:
    assert not goes_in_circles(text)


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由Amara.org社区提供",
        "由 Amara.org 社群提供的字幕",
        "字幕志愿者 李宗盛",
        "作词 李宗盛 作曲 李宗盛",
        "谢谢观看，下期再见！",
        "感谢大家收看",
        "优优独播剧场——YoYo Television Series Exclusive",
        "字幕by索兰娅 请不吝点赞 订阅",
        "记得点赞订阅哦",
        "Thanks for watching!",
    ],
)
def test_known_credit_line_is_refused(text: str) -> None:
    assert reason_to_reject(text, ROOM, SPEECH) == CREDIT_LINE


@pytest.mark.parametrize(
    "text",
    [
        "谢谢",
        "感谢您的来电，再见",
        "我想订阅流量包",
        "订阅",
        "请问字幕由谁提供？我在电视上看不到字幕",
        "字幕组",
        "您的支持是我们的动力",
        "下次再见",
        "演唱会门票还有吗",
        "好的。谢谢观看",
    ],
)
def test_words_of_a_call_are_no_credit_line(text: str) -> None:
    assert reason_to_reject(text, ROOM, SPEECH) is None


def test_credit_lines_take_no_long_time_on_a_nasty_text() -> None:
    started = time.process_time()
    for text in ("点赞" * 39 + "嘛", "字幕由" * 26, "我的" * 39 + "嘛", "subtitlesby" * 7):
        reason_to_reject(text, Span(0.0, 60.0), (Span(0.0, 60.0),))
    assert time.process_time() - started < 2


def transcript(*utterances: Utterance) -> Transcript:
    return Transcript("e", "m", "d", "zh", {}, utterances, 20.0, 8.0)


TURNS = (
    Turn(Role.AGENT, 0, 0.0, 9.0, SPEECH),
    Turn(Role.CUSTOMER, 1, 12.0, 14.0, (Span(12.0, 14.0),)),
)


def test_guard_moves_refused_text_to_the_record_with_the_reason() -> None:
    good = Utterance(Role.AGENT, 0, 0.0, 4.0, "您好请问有什么可以帮您", 0.9)
    bad = Utterance(Role.AGENT, 0, 9.0, 12.0, "谢谢您的等待", 0.95)
    guarded = guard(transcript(good, bad), TURNS)
    assert guarded.utterances == (good,)
    (refused,) = guarded.rejected
    assert (refused.role, refused.start_s, refused.end_s, refused.text) == (Role.AGENT, 9.0, 12.0, "谢谢您的等待")
    assert (refused.reason, refused.confidence) == (OUTSIDE_SPEECH, 0.95)
    assert refused.reason in REJECTION_REASONS


def test_guard_looks_for_speech_on_the_segments_own_channel() -> None:
    said = Utterance(Role.CUSTOMER, 1, 1.0, 3.0, "我想问一下", 0.9)
    assert guard(transcript(said), TURNS).utterances == ()


def test_guard_of_a_foreign_transcript_leaves_its_times_alone_but_reads_its_words() -> None:
    late = Utterance(Role.AGENT, 0, 9.5, 11.0, "谢谢您的等待", None)
    credit = Utterance(Role.AGENT, 0, 1.0, 3.0, "谢谢观看", None)
    guarded = guard(transcript(credit, late), TURNS, GuardSettings(by_time=False))
    assert guarded.utterances == (late,)
    assert [item.reason for item in guarded.rejected] == [CREDIT_LINE]


HOT = ("胜太路", "流量王", "宽带提速", "一号专席")


def said(text: str, start_s: float, end_s: float, *times: tuple[float, float]) -> Utterance:
    characters = tuple(Span(*time) for time in times) or None
    return Utterance(Role.AGENT, 0, start_s, end_s, text, 0.97, characters)


def refused(*utterances: Utterance, hot_words: tuple[str, ...] = HOT) -> list[str]:
    guarded = guard(transcript(*utterances), TURNS, hot_words=hot_words)
    return [item.reason for item in guarded.rejected]


@pytest.mark.parametrize(
    "invented",
    [
        pytest.param(said("胜太路", 9.0, 12.0), id="in silence"),
        pytest.param(said("胜太路", 3.9, 5.05), id="in a pause of a turn"),
        pytest.param(
            said("我住胜太路", 1.0, 5.0, (1, 1.5), (1.5, 2), (4.0, 4.3), (4.3, 4.6), (4.6, 5.0)), id="by clock"
        ),
    ],
)
def test_hot_word_is_not_invented_in_silence(invented: Utterance) -> None:
    assert len(refused(invented)) == 1
    assert guard(transcript(invented), TURNS, hot_words=HOT).utterances == ()


def test_hot_word_without_speech_is_refused_where_any_other_word_would_pass() -> None:
    times = ((1.0, 1.5), (1.5, 2.0), (4.0, 4.3), (4.3, 4.6), (4.6, 5.0))
    assert refused(said("我住生态路", 1.0, 5.0, *times)) == []
    assert refused(said("我住胜太路", 1.0, 5.0, *times)) == [HOT_WORD]
    assert refused(said("我住胜太路", 1.0, 5.0, *times), hot_words=()) == []


def test_hot_word_on_speech_is_kept() -> None:
    spoken = said("我住胜太路", 1.0, 3.0, (1.0, 1.4), (1.4, 1.8), (1.8, 2.2), (2.2, 2.6), (2.6, 3.0))
    stretched = said("我住胜太路", 2.0, 6.0, (2.0, 2.4), (2.4, 3.0), (3.2, 3.6), (3.6, 4.0), (4.0, 6.0))
    untimed = said("我住胜太路，流量王怎么办", 1.0, 8.0)
    assert refused(spoken, stretched, untimed) == []


def test_segment_that_recites_the_list_is_refused_and_two_words_of_it_are_not() -> None:
    assert refused(said("胜太路，流量王，宽带提速", 1.0, 4.0)) == [HOT_WORD]
    assert refused(said("胜太路，流量王", 1.0, 4.0)) == []
    assert refused(said("宽带提速，流量王，胜太路", 1.0, 4.0)) == []
