"""Every operator on small calls: what it finds, what it leaves alone, and when nobody can tell."""

from __future__ import annotations

from datetime import datetime

import pytest

from pipeline.errors import RulebookError
from pipeline.features.measure import measure_call
from pipeline.rules import safe_regex
from pipeline.rules.operators.regular_expression import TOO_LONG
from pipeline.rules.safe_regex import SafeRegex
from pipeline.types import Call, ChannelLayout
from tests.builders import call
from tests.rules.operator_calls import HELD, LOUD, SLOW, TALK_OVER, found, quotes
from tests.rules.rulebook_text import rule_when, small, unknown

MARCH = datetime.fromisoformat("2026-03-02T09:30:00+08:00")


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
        small(rule_when(f"{{regex: {{role: agent, pattern: '{pattern}'}}}}"))


def test_regex_that_gives_nothing_back_looks_at_one_turn_alone() -> None:
    spoken = call("agent: 不行。", "customer: 好的再见。")
    assert quotes("{regex: {role: agent, pattern: '(?>[^天]{5}|不)行'}}", spoken) == ["不行"]


def test_regex_on_a_very_long_turn_ends() -> None:
    spoken = call("agent: " + "好" * 20000)
    assert unknown("{regex: {role: agent, pattern: 好+一好+二}}", spoken) in (None, TOO_LONG)


@pytest.mark.parametrize("pattern", ["(打|拨)了(两|三|四)次", ".*打.*不.*开", "(退|办).{0,9}不了"])
def test_expression_finds_the_same_with_a_clock_and_without(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["我打了三次", "办这个业务也办不了", "打开不打开", "您好", "拨了两次退不了"]
    quick = [list(SafeRegex(pattern).find(text)) for text in texts]
    monkeypatch.setattr(safe_regex, "MOST_WAYS", 0)
    assert [list(SafeRegex(pattern).find(text)) for text in texts] == quick
