from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.rules import judge
from pipeline.types import CallMetadata, ChannelLayout, MatchKind
from tests.builders import call, measure
from tests.rules.rulebook_text import HEADER, judgement, quotes, rule_when, small, unknown

DIALOGUE = (
    "agent@1-2: 一二",
    "customer@3-4: 三四",
    "agent@10-12: 五六一二",
    "customer@13-14: 一二",
    "agent@50-51: 七八",
    "agent@58-59: 一二",
)


@pytest.mark.parametrize(
    ("when", "count"),
    [
        pytest.param("{say: {role: agent, any: [一二]}}", 3, id="agent"),
        pytest.param("{say: {role: customer, any: [一二]}}", 1, id="customer"),
        pytest.param("{say: {role: anyone, any: [一二]}}", 4, id="anyone"),
        pytest.param("{say: {role: agent, turns: [1, 1], any: [一二]}}", 1, id="first_turn"),
        pytest.param("{say: {role: agent, turns: [2, 3], any: [一二]}}", 1, id="turns_from_to"),
        pytest.param("{say: {role: agent, turns: [-2, -1], any: [一二]}}", 1, id="last_turns"),
        pytest.param("{say: {role: agent, turns: [2, -1], any: [一二]}}", 2, id="second_to_last"),
        pytest.param("{say: {role: agent, turns: [-9, -1], any: [一二]}}", 3, id="more_turns_than_there_are"),
        pytest.param("{say: {role: agent, first_s: 5, any: [一二]}}", 1, id="first_seconds"),
        pytest.param("{say: {role: agent, last_s: 5, any: [一二]}}", 1, id="last_seconds"),
        pytest.param("{say: {role: agent, any: [一二, 七八, 九十]}}", 4, id="any"),
        pytest.param("{say: {role: agent, all: [一二, 七八]}}", 1, id="all_said"),
        pytest.param("{say: {role: agent, all: [一二, 九十]}}", 0, id="all_but_one_said"),
        pytest.param("{say: {role: agent, all: [一二, 三四]}}", 0, id="all_said_by_both"),
        pytest.param("{not: {say: {role: agent, any: [九十]}}}", 1, id="absent"),
        pytest.param("{not: {say: {role: agent, turns: [1, 1], any: [一二]}}}", 0, id="not_absent"),
    ],
)
def test_say_in_scope_finds_every_place(when: str, count: int) -> None:
    assert len(quotes(when, call(*DIALOGUE, duration_s=60.0))) == count


def test_say_first_seconds_count_from_the_answer() -> None:
    spoken = call(*DIALOGUE, duration_s=60.0, answered_at_s=9.0)
    assert quotes("{say: {role: agent, first_s: 2.5, any: [五六]}}", spoken) == ["五六"]
    assert quotes("{say: {role: agent, first_s: 0.5, any: [五六]}}", spoken) == []


@pytest.mark.parametrize(
    ("phrase", "line", "expected"),
    [
        pytest.param(
            "{text: 不行, not_in: [行不行]}", "agent: 行不行？我说不行。", ["不行"], id="not_in_leaves_the_other"
        ),
        pytest.param("{text: 不行, not_in: ['如果*不行']}", "agent: 如果还是不行，请回电", [], id="not_in_wildcard"),
        pytest.param("{text: 没办法, not_with: [抱歉]}", "agent: 抱歉，现在没办法", [], id="not_with"),
        pytest.param("{text: 不知道, clause_at_most: 6}", "agent: 这个我不知道。", ["不知道"], id="clause_short"),
        pytest.param("{text: 不知道, clause_at_most: 6}", "agent: 我不知道您那边方便吗", [], id="clause_long"),
        pytest.param("{text: 滚, clause_at_most: 1}", "agent: 滚！", ["滚"], id="one_character"),
    ],
)
def test_phrase_in_surroundings_counts_or_not(phrase: str, line: str, expected: list[str]) -> None:
    assert quotes(f"{{say: {{role: agent, any: [{phrase}]}}}}", call(line)) == expected


def test_phrase_with_apology_in_another_turn_still_counts() -> None:
    when = "{say: {role: agent, any: [{text: 没办法, not_with: [抱歉]}]}}"
    assert quotes(when, call("agent: 没办法", "customer: 抱歉", "agent: 抱歉")) == ["没办法"]


def test_longer_phrase_hides_the_one_inside() -> None:
    when = "{say: {role: agent, any: [不行, 不行就是不行]}}"
    assert quotes(when, call("agent: 不行就是不行")) == ["不行就是不行"]


def test_variant_is_a_match_of_its_own_kind() -> None:
    when = "{say: {role: agent, any: [{text: 你问我, variants: [您问我]}]}}"
    found = judgement(when, call("agent: 你问我，您问我")).findings
    assert [(finding.quote, finding.match) for finding in found] == [
        ("你问我", MatchKind.EXACT),
        ("您问我", MatchKind.VARIANT),
    ]


@pytest.mark.parametrize(
    ("within", "excused"),
    [
        pytest.param("same turn", {"同段", "段后"}, id="same_turn"),
        pytest.param("1 turn before", {"前一段", "同段"}, id="turns_before"),
        pytest.param("2 turns before", {"前两段", "前一段", "同段"}, id="more_turns_before"),
        pytest.param("1 turn after", {"段后", "后一段"}, id="turns_after"),
        pytest.param("1 turn around", {"前一段", "同段", "段后", "后一段"}, id="turns_around"),
        pytest.param("2 seconds before", {"同段"}, id="seconds_before"),
        pytest.param("12 seconds before", {"同段", "前一段"}, id="more_seconds_before"),
        pytest.param("12 seconds around", {"同段", "段后", "前一段", "后一段"}, id="seconds_around"),
    ],
)
@pytest.mark.parametrize("case", ["前两段", "前一段", "同段", "段后", "后一段"])
def test_unless_within_looks_near_the_hit_only(within: str, excused: set[str], case: str) -> None:
    apology = "抱歉"
    spoken = call(
        f"agent@0-1: {apology if case == '前两段' else '您好'}",
        f"agent@10-11: {apology if case == '前一段' else '您好'}",
        "customer@15-16: 抱歉",
        f"agent@20-22: {apology if case == '同段' else '这个'}没办法{apology if case == '段后' else '好的'}",
        f"agent@30-31: {apology if case == '后一段' else '您好'}",
    )
    found = quotes(
        "{say: {role: agent, any: [没办法]}}",
        spoken,
        unless=f"{{say: {{role: agent, within: {within}, any: [抱歉]}}}}",
    )
    assert found == ([] if case in excused else ["没办法"])


def test_unless_without_within_looks_at_the_whole_call() -> None:
    spoken = call("agent: 没办法", "agent: 您好", "agent: 抱歉")
    assert quotes("{say: {role: agent, any: [没办法]}}", spoken, unless="{say: {role: agent, any: [抱歉]}}") == []


def test_absence_shows_the_window_looked_at() -> None:
    when = "{not: {say: {role: agent, turns: [-2, -1], any: [再见]}}}"
    (finding,) = judgement(when, call(*DIALOGUE)).findings
    assert (finding.start_s, finding.end_s, finding.quote) == (50.0, 59.0, "七八一二")


def test_absence_over_a_long_window_quotes_its_beginning() -> None:
    when = "{not: {say: {role: agent, any: [再见]}}}"
    (finding,) = judgement(when, call("agent: " + "好" * 200)).findings
    assert finding.quote == "好" * 60 + "…"


NOT_HEARD = [
    pytest.param(call("agent: 别烦我", layout=ChannelLayout.MONO), "单声道", id="mono"),
    pytest.param(call("agent: 别烦我", layout=ChannelLayout.DUAL_MONO), "两个声道内容相同", id="dual_mono"),
    pytest.param(call("agent: 别烦我", layout=ChannelLayout.DEAD_CHANNEL), "坐席声道没有声音", id="dead_channel"),
    pytest.param(call("customer: 您好"), "坐席声道里没有听到说话", id="agent_never_speaks"),
    pytest.param(call("agent:", "customer: 您好"), "没有识别出文字", id="agent_not_recognised"),
]


@pytest.mark.parametrize(("spoken", "reason"), NOT_HEARD)
@pytest.mark.parametrize("when", ["{say: {role: agent, any: [别烦我]}}", "{not: {say: {role: agent, any: [再见]}}}"])
def test_say_when_agent_is_not_heard_is_not_assessable(spoken: object, reason: str, when: str) -> None:
    assert reason in (unknown(when, spoken) or "")  # type: ignore[arg-type]


def test_say_of_anyone_in_mono_is_assessable() -> None:
    spoken = call("agent: 别烦我", layout=ChannelLayout.MONO)
    assert quotes("{say: {role: anyone, any: [别烦我]}}", spoken) == ["别烦我"]


def test_absence_in_turns_that_the_call_does_not_have_is_not_assessable() -> None:
    when = "{not: {say: {role: agent, turns: [3, 3], any: [再见]}}}"
    assert unknown(when, call("agent: 您好")) == "通话里没有规则要看的那一段话"


@pytest.mark.parametrize(
    ("confidence", "rule_least", "assessable"),
    [
        pytest.param(0.49, None, False, id="below_the_rulebooks"),
        pytest.param(0.50, None, True, id="at_the_rulebooks"),
        pytest.param(0.49, 0.3, True, id="rule_asks_less"),
        pytest.param(0.60, 0.7, False, id="rule_asks_more"),
    ],
)
def test_say_when_transcript_is_doubtful_is_not_assessable(
    confidence: float, rule_least: float | None, assessable: bool
) -> None:
    rule = rule_when("{say: {role: agent, any: [别烦我]}}")
    if rule_least is not None:
        rule = rule.replace("  per:", f"  min_transcript_confidence: {rule_least}\n  per:")
    header = HEADER.replace("categories:", "min_transcript_confidence: 0.5\ncategories:", 1)
    header = header.replace("maximum: 60", "maximum: 100").replace("  time: {title: 时间, maximum: 40}\n", "")
    measures = {"transcript_confidence": measure("transcript_confidence", confidence)}
    verdict = judge(call("agent: 别烦我"), measures, small(rule, header=header), raise_failures=True)
    assert bool(verdict.findings) is assessable
    assert bool(verdict.not_assessable) is not assessable


def test_say_on_metadata_alone_changes_nothing() -> None:
    spoken = call("agent: 别烦我")
    other = replace(spoken, recording=replace(spoken.recording, metadata=CallMetadata("other", team="甲组")))
    when = "{say: {role: agent, any: [别烦我]}}"
    assert judgement(when, spoken) == judgement(when, other)
