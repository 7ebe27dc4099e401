"""Phrases known by their sound: found in spite of recognition errors, weaker than words, and never invented."""

from __future__ import annotations

import pytest

from benchmarks.homophones import false_hits, long_phrases, recalls, rulebook_of
from pipeline.features.measure import measure_call
from pipeline.rules import judge, load_rulebook
from pipeline.rules.matching import sounds_enough
from pipeline.rules.sound import confusions, sounds
from pipeline.types import MatchKind, Severity
from tests.builders import call
from tests.rules.rulebook_text import judgement, quotes


@pytest.mark.parametrize(("share", "least"), [(0.1, 0.95), (0.2, 0.90)])
@pytest.mark.parametrize("confused", [False, True])
def test_recall_of_long_phrases_under_recognition_errors(share: float, least: float, confused: bool) -> None:
    exact, found = recalls(long_phrases(load_rulebook("mobile_service")), share, confusions=confused, repeats=2)
    print(f"{share:.0%} of characters replaced: {exact:.3f} found as written, {found:.3f} with their sound")
    assert found >= least
    assert exact < found


def test_ordinary_talk_holds_no_phrase_by_sound() -> None:
    hits = false_hits(long_phrases(load_rulebook("mobile_service")), 100_000, seed=11)
    assert len([quote for quote, kind in hits if kind is MatchKind.HOMOPHONE]) <= 1, hits


@pytest.mark.parametrize(
    ("phrase", "heard", "found"),
    [
        pytest.param("用不起就别用", "用不其就别用", True, id="same_sound"),
        pytest.param("用不起就别用", "涌不起就别用", True, id="other_tone"),
        pytest.param("你到底想怎么样", "里到底想怎么样", True, id="n_and_l"),
        pytest.param("有意见找领导去", "有意见早领导去", True, id="zh_and_z"),
        pytest.param("这是规定就不行", "这四规定就不行", True, id="sh_and_s"),
        pytest.param("不行就是不行", "不新就是不行", True, id="ing_and_in"),
        pytest.param("你有完没完呢", "你有玩没玩呢", True, id="twice"),
        pytest.param("我们回复您的", "我们飞复您的", True, id="f_and_hu"),
        pytest.param("要咨询你打10086好了", "要咨询你打幺零零八六好了", True, id="digits_read_aloud"),
        pytest.param("用不起就别用", "用得起就别用", False, id="other_word"),
        pytest.param("这是规定就不行", "这是贵宾就不行", False, id="other_words"),
        pytest.param("你有完没完", "里又玩煤丸", False, id="nothing_as_written"),
        pytest.param("不关我的事", "不馆我的是", True, id="short_but_long_enough"),
    ],
)
def test_sound_is_found_when_near_enough(phrase: str, heard: str, found: bool) -> None:
    verdict = judge(call(f"agent: 好，{heard}。"), {}, rulebook_of([phrase]), raise_failures=True)
    assert [finding.match for finding in verdict.findings] == ([MatchKind.HOMOPHONE] if found else [])


def test_hit_by_sound_says_what_was_heard_and_only_warns() -> None:
    spoken = call("agent: 用不其，就别用。")
    verdict = judge(spoken, measure_call(spoken), rulebook_of(["用不起就别用"]), raise_failures=True)
    (finding,) = verdict.findings
    assert (finding.quote, finding.severity, finding.points) == ("用不其，就别用", Severity.WARN, 0.0)
    assert (finding.measured, finding.threshold) == ("听到的是“用不其，就别用”", "规则要的是“用不起就别用”")
    assert (
        finding.message
        == "0:00：“用不其，就别用”（听到的是“用不其，就别用”，规则要的是“用不起就别用”，只是读音相近，请听录音核对。）"
    )
    assert verdict.score.total == 100
    assert verdict.route.reasons == ("只是读音相近，请听录音核对：短语（BENCH.00）",)


def test_hit_as_written_leaves_no_room_for_its_sound() -> None:
    when = "{say: {role: agent, homophones: true, any: [用不起就别用, 用不其就别永]}}"
    found = judgement(when, call("agent: 用不起就别用")).findings
    assert [(finding.quote, finding.match) for finding in found] == [("用不起就别用", MatchKind.EXACT)]


@pytest.mark.parametrize("phrase", ["不行", "没办法", "找*去", "abcdef", "10086"])
def test_short_phrase_is_never_known_by_its_sound(phrase: str) -> None:
    assert not sounds_enough(phrase)


def test_what_excuses_words_excuses_their_sound() -> None:
    when = "{say: {role: agent, any: [{text: 我们一向都是这样的, homophones: true, not_in: [我们一向都是这样的价格]}]}}"
    assert quotes(when, call("agent: 我们一像都是这样的")) == ["我们一像都是这样的"]
    assert quotes(when, call("agent: 我们一像都是这样的价格")) == []


def test_absence_is_not_invented_by_a_recognition_error() -> None:
    when = "{not: {say: {role: agent, homophones: %s, any: [感谢您的来电]}}}"
    spoken = call("agent: 甘谢您的来电")
    assert quotes(when % "false", spoken) == ["甘谢您的来电"]
    assert quotes(when % "true", spoken) == []


def test_sounds_keep_the_places_of_characters() -> None:
    text = "打10086，app\n喂"
    assert len(sounds(text)) == len(text)
    assert sounds("知道") == sounds("资道") == sounds("之到")
    assert sounds("放") == sounds("荒")
    assert sounds("放") != sounds("航")
    assert (confusions("zhi", "zi"), confusions("ning", "lin"), confusions("zi", "zi")) == (1, 2, 0)
