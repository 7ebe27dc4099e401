from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.features.measure import measure_call
from pipeline.rules import Rulebook, judge, load_rulebook
from pipeline.rules.matching import plain
from pipeline.types import (
    Call,
    CategoryScore,
    ChannelLayout,
    Evidence,
    MatchKind,
    Measure,
    Outcome,
    Role,
    RuleFailure,
    Severity,
)
from tests.builders import call, measure
from tests.rules.rulebook_text import HEADER, LATE, TALK, small

RUDE = call("agent: 别烦我", "customer: 别烦我", "agent: 你好，别烦我。")
FATAL = TALK.replace("deduct", "fatal").replace("  points: 10\n", "")


def latency(seconds: float | str) -> dict[str, Measure]:
    name = "greeting_latency_s"
    return {name: measure(name, seconds, "s", Evidence(Role.AGENT, 0.0, 4.0, "您好"))}


def test_judge_of_rude_and_late_agent_finds_all_in_order_of_time() -> None:
    verdict = judge(RUDE, latency(3.4), small())
    assert [(finding.rule, finding.points, finding.role) for finding in verdict.findings] == [
        ("LATE.01", 5.0, Role.AGENT),
        ("TALK.01", 10.0, Role.AGENT),
        ("TALK.01", 10.0, Role.AGENT),
    ]
    late, first, second = verdict.findings
    assert late.message == "等了 3.4 秒，要求不超过 2 秒。"
    assert first.message == "坐席在 0:00 说“别烦我”。"
    assert (first.severity, first.match, first.confidence) == (Severity.DEDUCT, MatchKind.EXACT, 0.9)
    assert first.end_s <= second.start_s
    assert verdict.failures == verdict.not_assessable == ()


@pytest.mark.parametrize(
    ("change", "points"),
    [
        pytest.param(("per: hit", "per: hit\n  cap: 15"), [10.0, 5.0], id="cap"),
        pytest.param(("per: hit", "per: call"), [10.0], id="per_call"),
        pytest.param(("deduct\n  points: 10", "warn"), [0.0, 0.0], id="warn"),
    ],
)
def test_judge_points_follow_the_rule(change: tuple[str, str], points: list[float]) -> None:
    other = (
        LATE.replace("category: time", "category: talk").replace("LATE.01", "LATE.02").replace("name: late", "name: b")
    )
    verdict = judge(RUDE, latency(1), small(TALK.replace(*change), LATE, other))
    assert [finding.points for finding in verdict.findings] == points


def test_message_start_after_a_minute_is_minutes_and_seconds() -> None:
    (finding,) = judge(call("agent@65.9-67: 别烦我"), latency(1), small()).findings
    assert finding.message == "坐席在 1:05 说“别烦我”。"


def test_message_with_braces_in_the_transcript_is_left_as_spoken() -> None:
    talk = TALK.replace("any: [别烦我]", "any: ['别*我']")
    (finding,) = judge(call("agent: 别{start}我"), latency(1), small(talk, LATE)).findings
    assert finding.message == "坐席在 0:00 说“别{start}我”。"


def test_score_of_clean_call_is_full() -> None:
    verdict = judge(call("agent: 您好"), latency(1), small())
    assert (verdict.score.total, verdict.score.maximum, verdict.score.fatal) == (100.0, 100.0, False)
    assert verdict.route.must_review is False
    assert verdict.route.reasons == ()


def test_score_of_category_never_falls_below_zero() -> None:
    verdict = judge(call(*["agent: 别烦我"] * 9), latency(3), small())
    assert verdict.score.categories["talk"] == CategoryScore(0.0, 60.0)
    assert verdict.score.categories["time"] == CategoryScore(35.0, 40.0)
    assert verdict.score.total == pytest.approx(35.0)


def test_score_when_a_category_is_not_assessable_leaves_it_out() -> None:
    verdict = judge(RUDE, {}, small())
    assert [item.rule for item in verdict.not_assessable] == ["LATE.01"]
    assert verdict.score.categories == {"talk": CategoryScore(40.0, 60.0), "time": CategoryScore(0.0, 0.0)}
    assert verdict.score.total == pytest.approx(100 * 40 / 60)


def test_score_when_one_rule_of_a_category_is_assessable_keeps_its_maximum() -> None:
    other = (
        LATE.replace("LATE.01", "LATE.02")
        .replace("name: late", "name: silent")
        .replace("greeting_latency_s", "longest_silence_s")
    )
    verdict = judge(RUDE, latency(1), small(TALK, LATE, other))
    assert verdict.score.categories["time"] == CategoryScore(40.0, 40.0)


def test_score_when_nothing_is_assessable_is_none_and_goes_to_a_person() -> None:
    verdict = judge(call("agent: 别烦我", layout=ChannelLayout.MONO), {}, small())
    assert verdict.score.total is None
    assert len(verdict.not_assessable) == 2
    assert verdict.route.must_review


@pytest.mark.parametrize(("share", "total"), [(0.6, pytest.approx(100 * 40 / 60)), (0.61, None)])
def test_score_when_too_few_points_are_assessable_is_none(share: float, total: float | None) -> None:
    header = HEADER.replace("categories:", f"min_assessable_share: {share}\ncategories:", 1)
    verdict = judge(RUDE, {}, small(TALK, LATE, header=header))
    assert verdict.score.total == total
    assert ("能判断的计分规则太少，没有预评分" in verdict.route.reasons) is (total is None)


def test_score_of_fatal_finding_is_zero_and_goes_to_a_person() -> None:
    verdict = judge(RUDE, latency(1), small(FATAL, LATE))
    assert (verdict.score.total, verdict.score.fatal) == (0.0, True)
    assert verdict.score.categories["talk"] == CategoryScore(60.0, 60.0)
    assert verdict.route.reasons[0] == "一票否决：不礼貌（TALK.01）"


NO_ROUTING = HEADER.replace("  total_below: 60\n  findings_at_least: {talk: 3}\n  rules: [TALK.01]\n", "")


@pytest.mark.parametrize(
    ("routing", "spoken", "reasons"),
    [
        pytest.param("total_below: 100", call("agent: 别烦我"), ["预评分 90.0 分，低于 100 分"], id="total_below"),
        pytest.param("total_below: 90", call("agent: 别烦我"), [], id="total_at_its_limit"),
        pytest.param("findings_at_least: {talk: 2}", RUDE, ["“语言”类扣分 2 处，达到 2 处"], id="findings"),
        pytest.param("findings_at_least: {talk: 3}", RUDE, [], id="fewer_findings"),
        pytest.param("rules: [TALK.01]", RUDE, ["命中必听规则：不礼貌（TALK.01）"], id="named_rule"),
        pytest.param("rules: [LATE.01]", RUDE, [], id="named_rule_not_hit"),
        pytest.param("fatal: true", call("agent:", "customer: 您好"), ["坐席说了话，但没有识别出文字"], id="no_words"),
        pytest.param(
            "agent_unknown: true", call("customer: 您好"), ["坐席声道里没有听到说话，坐席的规则没有判断"], id="no_agent"
        ),
        pytest.param("agent_unknown: false", call("customer: 您好"), [], id="no_agent_wanted"),
    ],
)
def test_route_gives_every_reason_that_holds(routing: str, spoken: Call, reasons: list[str]) -> None:
    header = NO_ROUTING.replace("must_review:\n", f"must_review:\n  {routing}\n")
    verdict = judge(spoken, latency(1), small(TALK, LATE, header=header))
    assert list(verdict.route.reasons) == reasons
    assert verdict.route.must_review is bool(reasons)


@pytest.mark.parametrize(("confidence", "doubtful"), [(0.39, True), (0.40, False)])
def test_route_of_doubtful_transcript_goes_to_a_person(confidence: float, doubtful: bool) -> None:
    measures = latency(1) | {"transcript_confidence": measure("transcript_confidence", confidence)}
    verdict = judge(call("agent: 您好"), measures, small())
    assert verdict.route.must_review is doubtful


@pytest.mark.parametrize("layout", [ChannelLayout.MONO, ChannelLayout.DUAL_MONO, ChannelLayout.DEAD_CHANNEL])
def test_route_when_agent_cannot_be_told_apart_goes_to_a_person(layout: ChannelLayout) -> None:
    spoken = call("agent: 您好", layout=layout)
    verdict = judge(spoken, measure_call(spoken), small())
    assert any("坐席的规则没有判断" in reason for reason in verdict.route.reasons)


def test_rule_that_breaks_is_reported_by_itself_and_the_others_go_on() -> None:
    verdict = judge(RUDE, latency("别烦我"), small())
    (failure,) = verdict.failures
    assert isinstance(failure, RuleFailure)
    assert failure.rule == "LATE.01"
    assert failure.error.startswith("TypeError in ")
    assert "别烦我" not in failure.error
    assert [finding.rule for finding in verdict.findings] == ["TALK.01", "TALK.01"]
    assert verdict.score.categories["time"] == CategoryScore(0.0, 0.0)
    assert "规则 LATE.01 判断时出错，没有结论" in verdict.route.reasons


def test_rule_that_breaks_raises_when_asked_to() -> None:
    with pytest.raises(TypeError):
        judge(RUDE, latency("三秒"), small(), raise_failures=True)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook("mobile_service")


WORDS = st.lists(
    st.sampled_from(
        [
            "您好",
            "喂",
            "不行",
            "不知道",
            "没办法",
            "抱歉",
            "你问我",
            "我问谁",
            "滚",
            "，",
            "。",
            " ",
            "再见",
            "挂了再打",
            "嗯",
            "A",
            "{quote}",
        ]
    ),
    max_size=8,
).map("".join)
LINES = st.lists(st.tuples(st.sampled_from(["agent", "customer", "unknown"]), WORDS | st.text(max_size=12)), max_size=6)
LAYOUTS = st.sampled_from(list(ChannelLayout))


def as_call(lines: list[tuple[str, str]], layout: ChannelLayout, confidence: float | None) -> Call:
    return call(*(f"{role}: {text}" for role, text in lines), layout=layout, confidence=confidence)


@settings(deadline=None, max_examples=60)
@given(lines=LINES, layout=LAYOUTS, confidence=st.none() | st.floats(0, 1))
def test_judge_on_any_transcript_never_breaks_and_quotes_what_stands_there(
    rulebook: Rulebook, lines: list[tuple[str, str]], layout: ChannelLayout, confidence: float | None
) -> None:
    spoken = as_call(lines, layout, confidence)
    measures = measure_call(spoken)
    verdict = judge(spoken, measures, rulebook, raise_failures=True)
    assert verdict == judge(spoken, measures, rulebook)
    agent_says = {plain(one.text) for one in spoken.transcript.utterances if one.role is Role.AGENT}
    for finding in verdict.findings:
        if finding.rule.startswith("LANG."):
            assert any(plain(finding.quote) in text for text in agent_says)
        assert 0 <= finding.start_s <= finding.end_s <= spoken.recording.duration_s + 1e-6
    judged = {finding.rule for finding in verdict.findings}
    assert judged.isdisjoint(item.rule for item in verdict.not_assessable)
    total = verdict.score.total
    assert total is None or 0 <= total <= 100
    assert verdict.route.must_review == bool(verdict.route.reasons)


@settings(deadline=None, max_examples=40)
@given(lines=LINES, order=st.randoms(use_true_random=False))
def test_judge_does_not_depend_on_the_order_of_rules(
    rulebook: Rulebook, lines: list[tuple[str, str]], order: object
) -> None:
    spoken = as_call(lines, ChannelLayout.STEREO, 0.9)
    measures = measure_call(spoken)
    rules = list(rulebook.rules)
    order.shuffle(rules)  # type: ignore[attr-defined]
    assert judge(spoken, measures, replace(rulebook, rules=tuple(rules))) == judge(spoken, measures, rulebook)


def test_measures_not_assessable_in_mono_leave_the_rules_over_the_agent_out(rulebook: Rulebook) -> None:
    spoken = call("agent: 神经病", "customer: 您好", layout=ChannelLayout.MONO)
    verdict = judge(spoken, measure_call(spoken), rulebook)
    left_out = {item.rule for item in verdict.not_assessable}
    # Silence needs no roles; the other two ask for a longer call, whoever speaks in it.
    assert {rule.id for rule in rulebook.rules} - left_out == {"SIL.01", "LONG.01", "QUIET.01"}
    assert all(item.reason for item in verdict.not_assessable)
    assert not any(one.outcome is Outcome.MEASURED and one.value is None for one in measure_call(spoken).values())
