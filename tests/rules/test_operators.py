"""Every operator on small calls: what it finds, what it leaves alone, and when nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from pipeline.errors import RulebookError
from pipeline.features.measure import measure_call
from pipeline.rules import Rulebook, judge, safe_regex
from pipeline.rules.operators import OPERATORS
from pipeline.rules.operators.regular_expression import TOO_LONG
from pipeline.rules.operators.scope import ScopedOperator
from pipeline.rules.safe_regex import SafeRegex
from pipeline.types import Call, ChannelLayout, Finding, Role
from tests.builders import call, turn, with_turns
from tests.rules.rulebook_text import HEADER, judgement, rule_when, small, unknown

MARCH = datetime.fromisoformat("2026-03-02T09:30:00+08:00")


def found(when: str, spoken: Call, *, unless: str = "") -> list[Finding]:
    verdict = judgement(when, spoken, measure_call(spoken), unless=unless)
    assert not verdict.not_assessable, verdict.not_assessable
    return [finding for finding in verdict.findings if finding.rule == "TALK.01"]


def quotes(when: str, spoken: Call) -> list[str]:
    return [finding.quote for finding in found(when, spoken)]


SLOW = call("agent@1-3: 您好，请讲", "customer@4-8: 我想查话费", "agent@18-20: 好的三十六元", "customer@21-22: 谢谢")
TALK_OVER = call(
    "agent@0.5-2: 您好",
    "customer@3-9: 我想问一下为什么每个月都要交十块钱",
    "agent@6-9.5: 您先听我说是您自己开的",
    "customer@10-14: 我没有开过这个业务",
    "agent@12-12.5: 嗯",
)
HELD = call(
    "agent@1-4: 我帮您查询一下，请别挂机，稍等片刻，好吗",
    "customer@5-6: 好",
    "agent@30-33: 感谢您的耐心等候，您的话费是三十元",
    hung_up_by=Role.AGENT,
)


@pytest.mark.parametrize(
    ("when", "spoken", "expected"),
    [
        pytest.param("{regex: {role: agent, pattern: (退|办)不了}}", "agent: 退不了，办不了。", ["退不了", "办不了"]),
        pytest.param("{regex: {role: agent, pattern: (退|办)不了, except: 抱歉}}", "agent: 抱歉，退不了。", []),
        pytest.param("{regex: {role: agent, pattern: 'app.{0,3}打不开'}}", "agent: APP，我打不开", ["APP，我打不开"]),
        pytest.param("{regex: {role: customer, pattern: 退不了}}", "customer: 可以退。", []),
        pytest.param(
            "{similar: {role: agent, sentences: [请问还有什么可以帮您的吗], score: 70}}",
            "agent: 查好了。请问您还有什么可以帮您吗？再见。",
            ["请问您还有什么可以帮您吗"],
        ),
        pytest.param(
            "{similar: {role: agent, sentences: [请问还有什么可以帮您的吗], score: 70}}",
            "agent: 请问您的号码是多少？",
            [],
        ),
        pytest.param(
            "{entity: {role: agent, kind: phone}}", "agent: 请打幺三八零零一三八零零零。", ["幺三八零零一三八零零零"]
        ),
        pytest.param(
            "{entity: {role: agent, kind: phone}}",
            "agent: 请打13800138000或010-12345678",
            ["13800138000", "010-12345678"],
        ),
        pytest.param("{entity: {role: agent, kind: phone}}", "agent: 您的账单是一百三十八元", []),
        pytest.param(
            "{entity: {role: customer, kind: id_card}}",
            "customer: 我的身份证是11010119900307123X。",
            ["11010119900307123X"],
        ),
        pytest.param("{entity: {role: customer, kind: id_card}}", "customer: 是110101199013071234。", []),
        pytest.param("{entity: {role: agent, kind: amount}}", "agent: 八十八块五，送十元。", ["八十八块五", "十元"]),
        pytest.param("{entity: {role: agent, kind: amount, above: 100}}", "agent: 补偿一百五十块钱", ["一百五十块钱"]),
        pytest.param("{entity: {role: agent, kind: amount, above: 100}}", "agent: 补偿您五十块钱", []),
        pytest.param("{entity: {role: agent, kind: amount, below: 1}}", "agent: 短信一毛钱一条", ["一毛钱"]),
        pytest.param("{entity: {role: agent, kind: digits}}", "agent: 验证码是三零二七", ["三零二七"]),
        pytest.param("{entity: {role: agent, kind: digits, below: 6}}", "agent: 验证码是三零二七五八", []),
        pytest.param("{entity: {role: agent, kind: date}}", "agent: 三月十五号之前，后天也行", ["三月十五号", "后天"]),
        pytest.param(
            "{repeat: {role: customer}}",
            "customer: 我的话费多扣了三十块。我的话费多扣了三十块！",
            ["我的话费多扣了三十块"],
        ),
        pytest.param("{repeat: {role: customer}}", "customer: 好的。好的。好的。", []),
        pytest.param(
            "{repeat: {role: customer, except: [话费]}}", "customer: 我的话费多扣了三十块。我的话费多扣了三十块！", []
        ),
        pytest.param("{backchannel: {role: agent, words: [嗯, 哦]}}", "agent: 嗯。", ["嗯。"]),
        pytest.param("{backchannel: {role: agent, words: [嗯, 哦]}}", "agent: 好的。", []),
        pytest.param("{turn_count: {role: agent, at_most: 1}}", "agent: 您好，请讲。", ["您好，请讲。"]),
        pytest.param("{turn_count: {role: agent, at_least: 2}}", "agent: 您好，请讲。", []),
    ],
)
def test_operator_over_words_finds_what_is_said(when: str, spoken: str, expected: list[str]) -> None:
    lines = [spoken] if spoken.startswith("agent") else ["agent: 您好", spoken]
    assert quotes(when, call(*lines)) == expected


@pytest.mark.parametrize(
    ("when", "spoken", "measured"),
    [
        pytest.param("{silence: {above_s: 8}}", SLOW, ["10.0 秒"], id="silence"),
        pytest.param("{silence: {above_s: 8, after: agent}}", SLOW, [], id="silence_after_agent"),
        pytest.param("{silence: {above_s: 8, after: customer, before: agent}}", SLOW, ["10.0 秒"], id="silence_after"),
        pytest.param("{silence: {above_s: 0.9, below_s: 5, between: different_roles}}", SLOW, ["1.0 秒"] * 2),
        pytest.param("{silence: {above_s: 0.5, between: same_role}}", SLOW, [], id="silence_same_role"),
        pytest.param("{silence: {above_s: 8, times: 2}}", SLOW, [], id="silence_times"),
        pytest.param("{silence: {above_s: 8, first_s: 5}}", SLOW, [], id="silence_in_window"),
        pytest.param("{silence: {above_s: 8}}", HELD, [], id="silence_hold_excluded"),
        pytest.param("{silence: {above_s: 8, hold: included}}", HELD, ["24.0 秒"], id="silence_hold_included"),
        pytest.param("{response: {above_s: 5}}", SLOW, ["10.0 秒"], id="response"),
        pytest.param("{response: {above_s: 11}}", SLOW, [], id="response_in_time"),
        pytest.param("{response: {above_s: 5, average: true}}", SLOW, ["平均 10.0 秒（1 次）"], id="response_average"),
        pytest.param("{interruption: {role: agent}}", TALK_OVER, ["同时说话 3.0 秒"], id="interruption"),
        pytest.param("{interruption: {role: agent, min_overlap_s: 3.5}}", TALK_OVER, [], id="interruption_short"),
        pytest.param("{interruption: {role: customer}}", TALK_OVER, [], id="interruption_by_other"),
        pytest.param("{interruption: {role: agent, times: 2}}", TALK_OVER, [], id="interruption_times"),
        pytest.param("{backchannel: {role: agent}}", TALK_OVER, ["只说了“嗯”"], id="backchannel"),
        pytest.param("{hold: {announced: true}}", HELD, ["24.0 秒"], id="hold_announced"),
        pytest.param("{hold: {announced: false}}", HELD, [], id="hold_not_announced"),
        pytest.param("{hold: {consented: true, above_s: 20}}", HELD, ["24.0 秒"], id="hold_long"),
        pytest.param("{hold: {resumed: false}}", HELD, [], id="hold_resumed"),
        pytest.param("{duration: {of: call, above_s: 20}}", SLOW, ["22.5 秒"], id="duration_call"),
        pytest.param("{duration: {of: call, above_s: 30}}", SLOW, [], id="duration_call_short"),
        pytest.param("{duration: {of: turn, role: customer, above_s: 3}}", SLOW, ["4.0 秒"], id="duration_turn"),
        pytest.param("{duration: {of: monologue, role: customer, above_s: 5}}", SLOW, [], id="duration_monologue"),
        pytest.param("{rate: {per: turn, above_cpm: 150, min_characters: 5}}", SLOW, ["180 字/分钟（6 字）"]),
        pytest.param(
            "{rate: {role: agent, above_cpm: 100, min_characters: 5}}", SLOW, ["150 字/分钟（10 字）"], id="rate"
        ),
        pytest.param(
            "{rate: {role: customer, per: minute, above_cpm: 50, min_characters: 5}}",
            SLOW,
            [],
            id="rate_minute_too_little",
        ),
        pytest.param("{hang_up: {by: agent, below_s: 2}}", HELD, ["坐席先挂机，离最后一句话 0.5 秒"], id="hang_up"),
        pytest.param("{hang_up: {by: customer}}", HELD, [], id="hang_up_by_other"),
        pytest.param("{hang_up: {last_speaker: customer}}", SLOW, ["离最后一句话 0.5 秒"], id="last_speaker"),
    ],
)
def test_operator_over_events_finds_what_happens(when: str, spoken: Call, measured: list[str]) -> None:
    assert [finding.measured for finding in found(when, spoken)] == measured


def test_repeat_counts_repetitions_of_the_other_and_of_older_turns() -> None:
    said = "customer: 我的话费多扣了三十块"
    spoken = call(said, "agent: 请问什么事", said, "agent: 您的话费多扣了三十块是吗", said)
    assert len(found("{repeat: {role: customer}}", spoken)) == 2
    assert len(found("{repeat: {role: customer, from_repetition: 2}}", spoken)) == 1
    assert len(found("{repeat: {role: customer, within_turns: 1}}", spoken)) == 0
    assert len(found("{repeat: {role: agent, of: other, score: 70}}", spoken)) == 1


LOUD = with_turns(
    call("agent: 您好", "customer@16-18: 你好"),
    *(turn(Role.AGENT, (at, at + 2), level_dbfs=level) for at, level in ((0, -20), (4, -21), (8, -9), (12, -20))),
    turn(Role.CUSTOMER, (16, 18)),
)


@pytest.mark.parametrize(
    ("when", "measured"),
    [
        pytest.param("{level: {role: agent, rise_db: 8}}", ["高出 11.0 dB"], id="rise"),
        pytest.param("{level: {role: agent, rise_db: 12}}", [], id="not_so_much"),
        pytest.param("{level: {role: agent, drop_db: 8, compared_with: previous}}", ["低了 11.0 dB"], id="previous"),
        pytest.param("{level: {role: agent, above_dbfs: -10}}", ["-9.0 dBFS"], id="above"),
        pytest.param("{level: {role: agent, below_dbfs: -20.5}}", ["-21.0 dBFS"], id="below"),
        pytest.param("{level: {role: agent, turns: [1, 2], above_dbfs: -10}}", [], id="in_turns"),
    ],
)
def test_level_is_compared_with_a_limit_or_with_itself(when: str, measured: list[str]) -> None:
    assert [finding.measured for finding in found(when, LOUD)] == measured


@pytest.mark.parametrize(
    ("compare", "hits"),
    [("same_as: customer", 0), ("different_from: customer", 1), ("same_as: callback", 1)],
)
def test_entity_is_compared_with_the_manifest(compare: str, hits: int) -> None:
    spoken = call(
        "agent: 您的号码是幺三八零零一三八零零零吗", customer="13900139000", extra={"callback": "138 0013 8000"}
    )
    assert len(found(f"{{entity: {{role: agent, kind: phone, {compare}}}}}", spoken)) == hits
    assert unknown(f"{{entity: {{role: agent, kind: phone, {compare.split(':')[0]}: none}}}}", spoken)


def test_date_counts_from_the_day_of_the_call() -> None:
    spoken = call("agent: 三月十五号之前给您回复", started_at=MARCH)
    assert [one.measured for one in found("{entity: {role: agent, kind: date, above: 7}}", spoken)] == ["13 天"]
    assert not found("{entity: {role: agent, kind: date, above: 14}}", spoken)


QUESTION = "{question: {role: customer, asked: [怎么退订], expected: [回复TD, {text: 去营业厅, variants: [到营业厅]}]}}"


@pytest.mark.parametrize(
    ("lines", "answered", "left"),
    [
        pytest.param(["customer: 怎么退订？", "agent: 您可以回复TD。"], ["怎么退订 → 回复TD"], [], id="answered"),
        pytest.param(["customer: 怎么退订？", "agent: 我不清楚。"], [], ["怎么退订"], id="left"),
        pytest.param(["customer: 怎么退订？"], [], ["怎么退订"], id="no_answer_at_all"),
        pytest.param(["customer: 你好", "agent: 回复TD。"], [], [], id="not_asked"),
        pytest.param(["agent: 回复TD。", "customer: 怎么退订？", "agent: 嗯"], [], ["怎么退订"], id="before"),
    ],
)
def test_question_wants_its_answer_afterwards(lines: list[str], answered: list[str], left: list[str]) -> None:
    spoken = call("agent: 您好", *lines)
    assert quotes(QUESTION, spoken) == answered
    assert quotes(f"{{not: {QUESTION}}}", spoken) == left


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        pytest.param("{field: tags, contains: [vip]}", True, id="tag"),
        pytest.param("{field: tags, contains: [vi]}", False, id="part_of_a_tag"),
        pytest.param("{field: ring_count, above: 3}", True, id="above"),
        pytest.param("{field: ring_count, below: 4}", False, id="not_below"),
    ],
)
def test_metadata_has_tags_and_numbers(condition: str, fires: bool) -> None:
    spoken = call("agent: 您好", ring_count=4, extra={"tags": "new, vip；gold"})
    assert bool(found(f"{{metadata: {condition}}}", spoken)) is fires
    assert bool(found(f"{{not: {{metadata: {condition}}}}}", spoken)) is not fires


def test_metadata_that_is_no_number_is_not_assessable() -> None:
    spoken = call("agent: 您好", team="甲组")
    assert unknown("{metadata: {field: team, above: 3}}", spoken) == "清单里的“team”不是数字"


MONO = call("agent: 您好", "customer: 你好", layout=ChannelLayout.MONO)


@pytest.mark.parametrize(
    "when",
    [
        "{regex: {role: agent, pattern: 您好}}",
        "{similar: {role: agent, sentences: [请问有什么可以帮您]}}",
        "{repeat: {role: anyone}}",
        "{question: {role: customer, asked: [你好], expected: [您好]}}",
        "{entity: {role: agent, kind: phone}}",
        "{silence: {above_s: 8, after: agent}}",
        "{response: {above_s: 5}}",
        "{rate: {role: agent, above_cpm: 300}}",
        "{interruption: {role: agent}}",
        "{backchannel: {role: agent}}",
        "{hold: {announced: false}}",
        "{level: {role: agent, rise_db: 8}}",
        "{duration: {of: turn, role: agent, above_s: 3}}",
        "{turn_count: {role: agent, at_most: 1}}",
        "{hang_up: {by: agent}}",
    ],
)
def test_operator_in_mono_is_not_assessable_either_way(when: str) -> None:
    for condition in (when, f"{{not: {when}}}"):
        assert unknown(condition, MONO, measure_call(MONO)), condition


LATE_EVENTS = {
    "say": ("role: agent, any: [三十六元]", SLOW),
    "regex": ("role: agent, pattern: 三十.元", SLOW),
    "similar": ("role: agent, sentences: [好的三十五元], score: 60", SLOW),
    "repeat": ("role: customer", call("customer: 我的话费多扣了三十块", "customer: 我的话费多扣了三十块")),
    "question": ("role: customer, asked: [查话费], expected: [三十六元]", SLOW),
    "entity": ("role: agent, kind: amount", SLOW),
    "silence": ("above_s: 8", SLOW),
    "response": ("above_s: 5", SLOW),
    "rate": ("role: agent, per: turn, above_cpm: 100, min_characters: 5", SLOW),
    "interruption": ("role: agent", TALK_OVER),
    "backchannel": ("role: agent", TALK_OVER),
    "hold": ("announced: true", HELD),
    "level": ("role: agent, rise_db: 8", LOUD),
    "duration": ("of: turn, role: customer, above_s: 3", SLOW),
    "turn_count": ("role: agent, at_least: 2", SLOW),
    "hang_up": ("by: agent", HELD),
    "measure": ("name: interruption_count, above: 0", TALK_OVER),
}


def test_scope_is_taken_by_every_operator() -> None:
    scoped = {name for name, operator in OPERATORS.items() if issubclass(operator, ScopedOperator)}
    assert LATE_EVENTS.keys() == scoped - {"rule"}


@pytest.mark.parametrize("name", LATE_EVENTS)
@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        pytest.param("between_percent: [0, 100]", "between_percent: [0, 3]", id="percent"),
        pytest.param("first_s: 1000", "first_s: 0.6", id="first_seconds"),
        pytest.param("between_s: [0.6, -0.001]", "between_s: [0, 0.6]", id="seconds"),
        pytest.param("last_s: 1000", "last_s: 0.001", id="last_seconds"),
    ],
)
def test_operator_in_scope_and_out_of_it(name: str, inside: str, outside: str) -> None:
    keys, spoken = LATE_EVENTS[name]
    taken = judgement(f"{{{name}: {{{keys}, {inside}}}}}", spoken, measure_call(spoken))
    assert taken.findings
    left = judgement(f"{{{name}: {{{keys}, {outside}}}}}", spoken, measure_call(spoken))
    assert not left.findings


@pytest.mark.parametrize("name", ["say", "regex", "similar", "entity", "rate", "duration", "level"])
def test_operator_in_chosen_turns(name: str) -> None:
    keys, spoken = LATE_EVENTS[name]
    every = judgement(f"{{{name}: {{{keys}, turns: [1, -1]}}}}", spoken, measure_call(spoken)).findings
    none = judgement(f"{{{name}: {{{keys}, turns: [9, 9]}}}}", spoken, measure_call(spoken)).findings
    assert (bool(every), none) == (True, ())


THANKED = "{say: {role: agent, any: [感谢您的耐心等候], near: {anchor: hold, hit: %s, within: 2 turns after}}}"
TWO_HOLDS = call(
    "agent@1-4: 请别挂机，稍等片刻",
    "agent@10-12: 感谢您的耐心等候",
    "customer@13-14: 还要查别的",
    "agent@15-17: 请别挂机，稍等片刻",
    "agent@30-31: 查好了",
    "agent@33-34: 再见",
)


def anchored(when: str, *anchors: str) -> Rulebook:
    header = HEADER.replace("maximum: 60", "maximum: 100").replace("  time: {title: 时间, maximum: 40}\n", "")
    text = "".join(f"    {anchor}\n" for anchor in anchors or ("hold: {hold: {announced: true}}",))
    rule = rule_when(when).replace("  when:", f"  anchors:\n{text}  when:")
    return small(rule, header=header)


def near(when: str, spoken: Call, *anchors: str) -> list[float]:
    verdict = judge(spoken, measure_call(spoken), anchored(when, *anchors), raise_failures=True)
    assert not verdict.not_assessable, verdict.not_assessable
    return [finding.start_s for finding in verdict.findings]


@pytest.mark.parametrize(
    ("hit", "said_at", "missing_at"),
    [
        pytest.param("first", [10.0], [], id="first"),
        pytest.param("last", [], [30.0], id="last"),
        pytest.param("1", [10.0], [], id="nth"),
        pytest.param("2", [], [30.0], id="second"),
        pytest.param("3", [], [], id="no_such_hit"),
        pytest.param("any", [10.0], [], id="any"),
        pytest.param("each", [], [30.0], id="each"),
    ],
)
def test_near_an_anchor_looks_around_the_chosen_hit(hit: str, said_at: list[float], missing_at: list[float]) -> None:
    # Turns of the agent after the hold: the announcement's own turn is the hold's, the thanks come after it.
    assert near(THANKED % hit, TWO_HOLDS) == said_at
    assert near("{not: %s}" % (THANKED % hit), TWO_HOLDS) == missing_at


def test_near_an_anchor_that_never_hits_is_neither_found_nor_missing() -> None:
    spoken = call("agent: 您好", "customer: 你好")
    assert near(THANKED % "any", spoken) == near("{not: %s}" % (THANKED % "each"), spoken) == []


def test_near_seconds_and_anchors_of_anchors() -> None:
    spoken = call("customer@1-2: 我要投诉", "agent@3-4: 您好", "agent@20-21: 对不起", "agent@60-61: 再见")
    complaint = "complaint: {say: {role: customer, any: [投诉]}}"
    sorry = "sorry: {say: {role: agent, any: [对不起], near: {anchor: complaint, within: 30 seconds after}}}"
    bye = "{say: {role: agent, any: [再见], near: {anchor: sorry, within: %s}}}"
    assert near(bye % "45 seconds after", spoken, complaint, sorry) == [60.0]
    assert near(bye % "30 seconds after", spoken, complaint, sorry) == []


@pytest.mark.parametrize(
    ("scope", "count"),
    [
        pytest.param("between_s: [0, 5]", 1, id="seconds"),
        pytest.param("between_s: [-3, -0.1]", 1, id="seconds_from_the_end"),
        pytest.param("between_percent: [0, 50]", 1, id="percent"),
        pytest.param("between_percent: [50, 100]", 2, id="percent_rest"),
        pytest.param("times: 3", 3, id="often_enough"),
        pytest.param("times: 4", 0, id="not_often_enough"),
        pytest.param("every_turn: true", 0, id="not_every_turn"),
        pytest.param("turns: [1, 1], every_turn: true", 1, id="every_turn_in_scope"),
    ],
)
def test_say_in_wider_scopes(scope: str, count: int) -> None:
    spoken = call("agent@1-2: 一二", "agent@10-12: 五六一二", "agent@14-15: 七八", "agent@18-19: 一二", duration_s=20.0)
    assert len(found(f"{{say: {{role: agent, any: [一二], {scope}}}}}", spoken)) == count


def test_not_every_turn_names_each_turn_without() -> None:
    spoken = call("agent: 请讲", "customer: 你好", "agent: 稍等", "agent: 请稍等", "agent: 再见")
    assert quotes("{not: {say: {role: agent, any: [{text: 请, clause_at_most: 9}], every_turn: true}}}", spoken) == [
        "稍等",
        "再见",
    ]


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        pytest.param("any: [一二, 三四, 五六], at_least: 2", 1, id="two_of_three"),
        pytest.param("any: [一二, 三四, 五六], at_least: 3", 0, id="three_of_three"),
        pytest.param("any: [一二, 三四], at_least: 2, same_turn: true", 0, id="in_one_turn"),
        pytest.param("any: [一二, 七八], at_least: 2, same_turn: true", 1, id="both_in_one_turn"),
        pytest.param("none: [五六]", 1, id="none"),
        pytest.param("none: [五六, 三四]", 0, id="none_but_one"),
    ],
)
def test_say_some_or_none(words: str, hits: int) -> None:
    spoken = call("agent: 一二，七八", "agent: 三四")
    assert len(found(f"{{say: {{role: agent, {words}}}}}", spoken)) == hits


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        pytest.param("(a+)+b", "inside a repeat", id="nested"),
        pytest.param("(a|b*)*", "where nothing is said", id="empty"),
        pytest.param("(好)\\1", "refers back", id="reference"),
        pytest.param("好{1,5000}", "at most 1000", id="too_many"),
        pytest.param("好*一*二*三*四*五", "repeats without an end", id="open"),
        pytest.param("好，不", "never stands", id="punctuation"),
        pytest.param("(好", "not a regular expression", id="not_closed"),
    ],
)
def test_regex_that_could_run_away_or_never_matches_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(RulebookError, match=told):
        anchored(f"{{regex: {{role: agent, pattern: '{pattern}'}}}}", "none: {hold: {}}")


def test_regex_that_gives_nothing_back_looks_at_one_turn_alone() -> None:
    spoken = call("agent: 不行。", "customer: 好的再见。")
    assert quotes("{regex: {role: agent, pattern: '(?>[^天]{5}|不)行'}}", spoken) == ["不行"]


def test_regex_on_a_very_long_turn_ends() -> None:
    spoken = call("agent: " + "好" * 20000)
    assert unknown("{regex: {role: agent, pattern: 好+一好+二}}", spoken) in (None, TOO_LONG)


def other(rule: str, number: int, when: str) -> str:
    text = rule_when(when).replace("TALK.01", f"TALK.{number:02d}").replace("name: rude", f"name: rude{number}")
    return text if rule == "deduct" else text.replace("severity: deduct\n  points: 10", f"severity: {rule}")


def book(*rules: str) -> Rulebook:
    header = HEADER.replace("maximum: 60", "maximum: 100").replace("  time: {title: 时间, maximum: 40}\n", "")
    return small(*rules, header=header)


def rules_hit(rulebook: Rulebook, spoken: Call) -> list[str]:
    return [one.rule for one in judge(spoken, measure_call(spoken), rulebook, raise_failures=True).findings]


def test_other_rule_is_a_prerequisite_whatever_the_order() -> None:
    later = other("deduct", 2, "{say: {role: agent, any: [别烦我]}}")
    first = other("deduct", 1, "{all: [{say: {role: customer, any: [投诉]}}, {rule: {id: TALK.02}}]}")
    for rules in ((first, later), (later, first)):
        assert rules_hit(book(*rules), call("agent: 别烦我", "customer: 投诉你")) == ["TALK.02", "TALK.01"]
        assert rules_hit(book(*rules), call("agent: 您好", "customer: 投诉你")) == []
        assert rules_hit(book(*rules), call("agent: 别烦我", "customer: 好")) == ["TALK.02"]


def test_rules_in_a_circle_are_refused() -> None:
    with pytest.raises(RulebookError, match="circle"):
        book(other("deduct", 1, "{rule: {id: TALK.02}}"), other("warn", 2, "{rule: {id: TALK.01}}"))


def test_judge_of_call_before_the_rule_counts_only_warns() -> None:
    rule = other("deduct", 1, "{say: {role: agent, any: [别烦我]}}").replace(
        "  when:", "  effective_from: '2026-03-09'\n  effective_until: '2026-03-31'\n  when:"
    )
    rulebook = book(rule)

    def points(day: str) -> list[tuple[str, float]]:
        spoken = call("agent: 别烦我", started_at=datetime.fromisoformat(day))
        return [(one.severity.value, one.points) for one in judge(spoken, measure_call(spoken), rulebook).findings]

    assert points("2026-03-08T23:59:00+08:00") == [("warn", 0.0)]
    assert points("2026-03-09T00:00:00+08:00") == [("deduct", 10.0)]
    assert points("2026-03-31T15:59:00+00:00") == [("deduct", 10.0)]
    assert points("2026-04-01T00:00:00+08:00") == []


def with_keys(rule: str, keys: str) -> str:
    return rule.replace("  when:", f"  {keys}\n  when:")


def scored(rule: str, *lines: str, header: str | None = None) -> Any:
    rulebook = book(rule) if header is None else small(rule, header=header)
    spoken = call(*lines)
    return judge(spoken, measure_call(spoken), rulebook, raise_failures=True)


LADDER = with_keys(
    rule_when("{say: {role: agent, any: [{text: 嗯, clause_at_most: 20}]}}").replace("  points: 10\n", ""),
    "ladder: [{hits: 1, each: 1}, {hits: 4, total: 5}]",
)


@pytest.mark.parametrize(("fillers", "points"), [(1, [1]), (3, [1, 1, 1]), (4, [1, 1, 1, 2]), (6, [1, 1, 1, 2, 0, 0])])
def test_ladder_of_the_old_filler_rule(fillers: int, points: list[int]) -> None:
    verdict = scored(LADDER, "agent: " + "嗯，" * fillers)
    assert [one.points for one in verdict.findings] == points
    assert verdict.score.total == 100 - sum(points)


def test_category_that_starts_empty_is_filled_by_rules_that_add() -> None:
    header = HEADER.replace("maximum: 60", "maximum: 100, starts: empty").replace(
        "  time: {title: 时间, maximum: 40}\n", ""
    )
    rule = rule_when("{say: {role: agent, any: [您好]}}").replace("deduct\n  points: 10", "add\n  points: 30")
    assert scored(rule, "agent: 您好", header=header).score.total == 30
    assert scored(rule, *["agent: 您好"] * 5, header=header).score.total == 100
    assert scored(rule, "agent: 请讲", header=header).score.total == 0


def test_fatal_to_a_category_leaves_the_others() -> None:
    header = HEADER.replace("talk: {title: 语言, maximum: 60}", "talk: {title: 语言, maximum: 60, weight: 2}")
    fatal = with_keys(rule_when("{say: {role: agent, any: [别烦我]}}"), "fatal_to: category").replace(
        "deduct\n  points: 10", "fatal"
    )
    late = other("deduct", 2, "{say: {role: agent, any: [再见]}}").replace("category: talk", "category: time")
    spoken = call("agent: 别烦我")
    verdict = judge(spoken, measure_call(spoken), small(fatal, late, header=header))
    assert verdict.score.fatal is False
    assert verdict.score.categories["talk"].score == 0
    assert verdict.score.total == pytest.approx(100 * 40 / 160)


def test_hit_on_doubtful_words_is_not_held_against_anyone() -> None:
    rule = with_keys(rule_when("{say: {role: agent, any: [别烦我]}}"), "min_hit_confidence: 0.6")
    spoken = call("agent: 别烦我", "agent: 您好")
    doubtful, sure = spoken.transcript.utterances
    spoken = replace(
        spoken, transcript=replace(spoken.transcript, utterances=(replace(doubtful, confidence=0.3), sure))
    )
    verdict = judge(spoken, measure_call(spoken), book(rule))
    assert not verdict.findings
    assert [item.reason for item in verdict.not_assessable] == ["命中处转写置信度 0.30 低于 0.60，不足以判断"]


def test_routing_of_a_rule_is_its_own() -> None:
    plain_rule = rule_when("{say: {role: agent, any: [再烦我]}}")
    must = with_keys(plain_rule, "review: must\n  risk: 2.5")
    never = with_keys(plain_rule, "review: never\n  risk: 1")
    verdict = scored(must, "agent: 再烦我")
    assert verdict.route.reasons == ("命中必听规则：不礼貌（TALK.01）",)
    assert verdict.route.risk == 2.5
    verdict = scored(never, "agent: 再烦我")
    assert (verdict.route.reasons, verdict.route.risk) == ((), 1.0)


@pytest.mark.parametrize("pattern", ["(打|拨)了(两|三|四)次", ".*打.*不.*开", "(退|办).{0,9}不了"])
def test_expression_finds_the_same_with_a_clock_and_without(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["我打了三次", "办这个业务也办不了", "打开不打开", "您好", "拨了两次退不了"]
    quick = [list(SafeRegex(pattern).find(text)) for text in texts]
    monkeypatch.setattr(safe_regex, "MOST_WAYS", 0)
    assert [list(SafeRegex(pattern).find(text)) for text in texts] == quick
